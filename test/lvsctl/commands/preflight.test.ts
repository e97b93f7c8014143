// What up asks and warns of before it changes anything, and what down says without a record.
import { describe, expect, test } from 'vitest';
import { type WholeMachine, wholeMachine } from '../../support/fakeip.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine, memoryRecords } from '../../support/machine.js';

const FILE = `vips: [{address: 192.0.2.1, interface: eth0}]
services: [{name: web, address: 192.0.2.1, port: 80, mode: nat, servers: [{address: 10.0.0.1}]}]
`;
const VIP = {
  kind: 'address',
  protocol: 'tcp',
  address: { family: 'ipv4', value: 0xc0000201 },
  port: 80,
} as const;
const FILES = { 'lvs.yaml': FILE };

/** `ip` of a machine with this address on eth0. */
const ip = (address: string) => (args: readonly string[]) => ({
  stdout: args.includes('addr')
    ? `[{"ifname":"eth0","flags":["UP"],"addr_info":[{"local":"${address}","prefixlen":24}]}]`
    : '[{"ifname":"eth0","ifindex":2,"flags":["UP"],"mtu":1500}]',
});
const SYSCTLS = {
  '/proc/sys/net/ipv4/ip_forward': '0',
  '/proc/sys/net/ipv4/conf/all/send_redirects': '0',
  '/proc/sys/net/ipv4/conf/eth0/send_redirects': '0',
};

describe('director up', () => {
  const taken = () => ({
    status: 1,
    stdout: 'Unicast reply from 192.0.2.1 [02:00:00:00:00:AA]  0.7ms\n',
  });
  const up = (arping: () => object, address: string, ...more: readonly string[]) => {
    const machine = fakeMachine(SYSCTLS, { ip: ip(address), arping });
    return lvsctl(['director', 'up', '-q', ...more, 'lvs.yaml'], FILES, { machine }).then(
      (answer) => ({
        ...answer,
        ran: machine.ran,
        forward: machine.read(Object.keys(SYSCTLS)[0] ?? ''),
      }),
    );
  };

  test('refuses a VIP that another machine answers for, and changes nothing', async () => {
    const answer = await up(taken, '192.0.2.9');
    expect(answer).toMatchObject({ status: 2, forward: '0' });
    expect(answer.stderr).toBe(
      'lvsctl: VIP 192.0.2.1: 02:00:00:00:00:aa answers ARP on eth0\nnothing was changed\n' +
        'hint: take the VIP from that machine first, or add --force\n',
    );
    expect(answer.ran).toContain('arping -D -c 2 -w 1 -I eth0 192.0.2.1');
  });

  test('adds it with --force, and when nobody answers', async () => {
    for (const [arping, more] of [
      [taken, ['--force']],
      [() => ({ status: 0 }), []],
    ] as const) {
      const answer = await up(arping, '192.0.2.9', ...more);
      expect(answer).toMatchObject({ status: 0, stderr: '', forward: '1' });
      expect(answer.ran).toContain('ip addr add 192.0.2.1/32 dev eth0');
    }
  });

  test('says when it could not ask', async () => {
    const answer = await up(() => ({ status: 127 }), '192.0.2.9');
    expect(answer.status).toBe(0);
    expect(answer.stderr).toMatch(/was not asked: arping is not installed/);
  });

  test('warns when a real server of the file is this machine', async () => {
    const answer = await up(() => ({ status: 0 }), '10.0.0.1');
    expect(answer).toMatchObject({
      status: 0,
      stderr:
        'lvsctl: warning: 10.0.0.1, a real server of service web, is this machine (eth0): ' +
        'did you mean realserver up?\n',
    });
  });
});

describe('IPv6', () => {
  const text = FILE.replaceAll('192.0.2.1', '"2001:db8::a"').replace('10.0.0.1', '"2001:db8::b"');
  const up = async (machine: WholeMachine, ...more: readonly string[]) => ({
    ...(await lvsctl(
      ['director', 'up', '-q', ...more, 'lvs.yaml'],
      { 'lvs.yaml': text },
      { machine, records: () => memoryRecords() },
    )),
    vips: [...machine.addresses],
  });

  test('director up refuses a VIP that another machine answers for', async () => {
    const machine = wholeMachine();
    machine.neighbours.set('2001:db8::a', '02:00:00:00:00:aa');
    const answer = await up(machine);
    expect(answer).toMatchObject({ status: 2, vips: [] });
    expect(answer.stderr).toMatch(
      /^lvsctl: VIP 2001:db8::a: 02:00:00:00:00:aa answers neighbour solicitations on eth0\n/,
    );
    expect((await up(machine, '--force')).vips).toEqual(['eth0 2001:db8::a/128']);
  });

  test('adds it when none does, and leaves no neighbour entry behind', async () => {
    const machine = wholeMachine();
    expect(await up(machine)).toMatchObject({ status: 0, vips: ['eth0 2001:db8::a/128'] });
    expect(machine.ran).toContain('ip -6 neigh replace 2001:db8::a dev eth0 use');
    expect(machine.ran).toContain('ip -6 neigh del 2001:db8::a dev eth0');
  });

  test('prints what could not be asked', async () => {
    const machine = wholeMachine();
    const run = machine.run.bind(machine);
    machine.run = (program, args) =>
      args.includes('use') ? { status: 255, stdout: '', stderr: '' } : run(program, args);
    const answer = await up(machine);
    expect(answer.status).toBe(0);
    expect(answer.stderr).toMatch(/IPv6 VIP was not asked: this ip cannot/);
  });
});

describe('a VIP where neighbours ask for it', () => {
  const text = FILE.replace('mode: nat', 'mode: dr');
  const on = async (vips: readonly string[]) => {
    const machine = wholeMachine();
    machine.files.set('/proc/sys/net/ipv4/conf/eth0/arp_announce', '0');
    for (const one of ['eth0 10.0.0.1/24', ...vips]) machine.addresses.add(one);
    const records = memoryRecords();
    const run = (verb: string) =>
      lvsctl(
        ['realserver', verb, 'lvs.yaml'],
        { 'lvs.yaml': text },
        {
          machine,
          records: () => records,
        },
      );
    return { machine, run, before: await machine.dump() };
  };

  test('realserver up moves it, status sees it, down brings it back', async () => {
    const { machine, run, before } = await on(['eth0 192.0.2.1/24', 'lo 192.0.2.1/24']);
    const status = await run('status');
    expect(status.status).toBe(1);
    expect(status.stdout).toMatch(/address 192\.0\.2\.1\/24 on eth0 +absent +there/);
    expect(status.stdout).toMatch(/address 192\.0\.2\.1\/24 on lo +absent +there/);
    expect(await run('up')).toMatchObject({ status: 0 });
    expect([...machine.addresses].sort()).toEqual(['eth0 10.0.0.1/24', 'lo 192.0.2.1/32']);
    expect(await run('up')).toMatchObject({ status: 0, stdout: '' });
    expect((await run('status')).stdout).toMatch(/all \d as desired/);
    await run('down');
    expect(await machine.dump()).toBe(before);
  });

  test('not on the director, which has services for it', async () => {
    const { machine, run, before } = await on(['eth0 192.0.2.1/24']);
    const service = { id: VIP, scheduler: 'rr', schedulerFlags: 0, persistence: undefined };
    await (await machine.backend()).apply([
      {
        kind: 'add-service',
        service: { ...service, netmask: 0xffffffff, engine: undefined, onePacket: false },
      },
    ]);
    expect(await run('up')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^lvsctl: tcp 192\.0\.2\.1:80 is in the table of this machine, which has the VIP on eth0/,
      ),
    });
    expect(JSON.parse(await machine.dump()).addresses).toEqual(JSON.parse(before).addresses);
  });
});

test('realserver up warns of a nat service without a gateway', async () => {
  const machine = fakeMachine(SYSCTLS, { ip: ip('10.0.0.1') });
  const answer = await lvsctl(['realserver', 'up', 'lvs.yaml'], FILES, { machine });
  expect(answer.status).toBe(0);
  expect(answer.stderr).toMatch(/^lvsctl: warning: service web is nat and has no gateway/);
});

describe('down without a record', () => {
  const down = async (vip: boolean, files: Readonly<Record<string, string>> = FILES) => {
    const machine = wholeMachine();
    if (vip) machine.addresses.add('eth0 192.0.2.1/32');
    return lvsctl(['director', 'down', 'lvs.yaml'], files, {
      machine,
      records: () => memoryRecords(),
    });
  };
  const LINE =
    'lvsctl: no change by director up is recorded for /etc/lvs.yaml: nothing to revert\n';

  test('is 0 where nothing of the file is on the machine', async () => {
    expect(await down(false)).toEqual({ status: 0, stdout: '', stderr: LINE });
  });

  test('is 2 where something is', async () => {
    expect(await down(true)).toEqual({
      status: 2,
      stdout: '',
      stderr: `${LINE}lvsctl: VIP 192.0.2.1 on eth0: on this machine, and not known what was there before\n`,
    });
  });

  test('is 2 where the file cannot be read, or has an error', async () => {
    for (const files of [{}, { 'lvs.yaml': 'vips: 1\n' }]) {
      const answer = await down(false, files);
      expect(answer.status).toBe(2);
      expect(answer.stderr).toContain(
        `${LINE}lvsctl: what the file would have changed is not known:`,
      );
    }
  });

  test('names the records that there are', async () => {
    const machine = wholeMachine();
    const records = memoryRecords();
    const more = {
      machine: fakeMachine(SYSCTLS, { ip: ip('192.0.2.9'), arping: () => ({}) }),
      records: () => records,
    };
    await lvsctl(['director', 'up', '-q', 'lvs.yaml'], FILES, more);
    const answer = await lvsctl(['director', 'down', 'lsv.yaml'], FILES, { ...more, machine });
    expect(answer.stderr).toContain(
      'lvsctl: there is a record of director up of /etc/lvs.yaml (/run/director-lvs.yaml.journal)\n',
    );
    expect(answer.status).toBe(2);
  });
});
