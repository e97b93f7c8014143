// What up asks and warns of before it changes anything, and what down says without a record.
import { describe, expect, test } from 'vitest';
import { wholeMachine } from '../../support/fakeip.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine, memoryRecords } from '../../support/machine.js';

const FILE = `vips: [{address: 192.0.2.1, interface: eth0}]
services: [{name: web, address: 192.0.2.1, port: 80, mode: nat, servers: [{address: 10.0.0.1}]}]
`;
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
