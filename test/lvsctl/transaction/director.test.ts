// The rules of `director up` and `down` as a transaction: checked first, recorded, taken back with
// everything else.
import { describe, expect, test } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import type { World } from '../../../src/lvsctl/world.js';
import { IpvsError } from '../../../src/model/errors.js';
import { wholeMachine } from '../../support/fakeip.js';
import { answer } from '../../support/inprocess.js';
import { keptBy } from '../../support/keptby.js';
import { lvsctl } from '../../support/lvsctl.js';
import { memoryRecords } from '../../support/machine.js';
import { simulatedRuntime } from '../../support/simulated.js';
import { memoryStore } from '../../support/transactions.js';

const file = (servers: string, more = '') => `vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - {name: web, address: 192.0.2.1, port: 80, mode: nat, scheduler: rr, servers: [${servers}]}
${more}`;
const TWO = file(
  '{address: 10.0.0.1}, {address: 10.0.0.2}',
  'timeouts: {tcp: 800, tcp_fin: 60, udp: 200}\n',
);
const ONE = file('{address: 10.0.0.2, weight: 3}');
const RULES = `-A -t 192.0.2.1:80 -s rr
-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1
-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 1
`;

function scene(more: Partial<World> = {}) {
  const machine = wholeMachine();
  for (const name of ['all', 'eth0'])
    machine.files.set(`/proc/sys/net/ipv4/conf/${name}/send_redirects`, '1');
  const store = memoryStore();
  const records = memoryRecords();
  const files: Record<string, string> = { 'lvs.yaml': TWO };
  const world = { machine, records: () => records, transactions: () => store, ...more };
  const run = (...args: string[]) => lvsctl(args, files, world);
  return {
    machine,
    store,
    records,
    files,
    run,
    up: (...args: string[]) => run('director', 'up', '--force', ...args, 'lvs.yaml'),
    down: (...args: string[]) => run('director', 'down', ...args, 'lvs.yaml'),
    saved: async () =>
      (await answer('ipvsadm', ['-S', '-n'], { backend: await machine.backend() })).stdout,
    history: async () =>
      JSON.parse((await run('history', '--json')).stdout).map(
        (one: { command: string; result: string; details: readonly string[] }) => ({
          command: one.command,
          result: one.result,
          details: one.details,
        }),
      ),
  };
}

/** Changes what the backend of a machine does with some change, the `nth` of all. */
async function failAt(
  machine: ReturnType<typeof wholeMachine>,
  fails: (nth: number) => boolean,
): Promise<() => void> {
  const backend = await machine.backend();
  const apply = backend.apply.bind(backend);
  let count = 0;
  backend.apply = async (changes) => {
    const results: (IpvsError | undefined)[] = [];
    for (const change of changes)
      if (fails(++count)) results.push(new IpvsError(change.kind, 'ENOMEM'));
      else results.push(...(await apply([change])));
    return results;
  };
  return () => {
    backend.apply = apply;
  };
}

const done = (command: string) => ({ command, result: 'done', details: [] });

describe('up and down', () => {
  test('are in the history, and in the order of a transaction', async () => {
    const { machine, records, up, down, saved, history } = scene();
    const before = await machine.dump();
    const { status, stdout } = await up();
    expect(status).toBe(0);
    expect(stdout.split('\n').filter((line) => /ipvsadm|ip addr/.test(line))).toEqual([
      'ipvsadm -A -t 192.0.2.1:80 -s rr',
      'ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1',
      'ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 1',
      'ipvsadm --set 800 60 200',
      'ip addr add 192.0.2.1/32 dev eth0',
    ]);
    expect(await saved()).toBe(RULES);
    expect((await up()).stdout).toBe('');
    expect(await history()).toEqual([done('director up lvs.yaml')]);
    expect((await down()).status).toBe(0);
    expect(await history()).toEqual([done('director up lvs.yaml'), done('director down lvs.yaml')]);
    expect(await machine.dump()).toBe(before);
    expect(records.list()).toEqual([]);
  });

  test('a dry run prints the same, and records nothing', async () => {
    const { machine, store, up } = scene();
    const before = await machine.dump();
    const dry = await up('--dry-run');
    expect(await machine.dump()).toBe(before);
    expect(store.entries.size).toBe(0);
    expect(await up()).toEqual(dry);
  });

  test('a second up edits, and removes last', async () => {
    const { files, up, saved } = scene();
    await up();
    files['lvs.yaml'] = ONE;
    const { stdout } = await up();
    expect(stdout).toBe(
      'ipvsadm -e -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 3\n' +
        'ipvsadm --set 900 120 300\n' +
        'ipvsadm -d -t 192.0.2.1:80 -r 10.0.0.1:80\n',
    );
    expect(await saved()).toBe(
      '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 3\n',
    );
  });

  test.each([
    ['undo', 'up', 'down', 'takes back all of it'],
    ['undo', 'down', 'up', 'takes back all of it'],
    ['finish', 'up', 'up', 'makes the rest'],
  ])('%s of %s is refused, and names director %s', async (verb, which, other, does) => {
    const { up, down, run, saved } = scene();
    await up();
    if (which === 'down') await down();
    const before = await saved();
    const words = verb === 'undo' ? ['undo'] : ['history', 'finish', '1'];
    expect(await run(...words)).toEqual({
      status: 2,
      stdout: '',
      stderr:
        `lvsctl: transaction ${which === 'up' ? 1 : 2} is a part of \`director ${which}\` of ` +
        '/etc/lvs.yaml, which changed more than rules\n' +
        `hint: \`lvsctl director ${other} /etc/lvs.yaml\` ${does}\n`,
    });
    expect(await saved()).toBe(before);
  });
});

describe('a failure', () => {
  test('of a later setting takes the rules back as well', async () => {
    const { machine, up, history } = scene();
    const before = await machine.dump();
    const run = machine.run;
    machine.run = (program, args, input) =>
      args[1] === 'add'
        ? { status: 2, stdout: '', stderr: 'RTNETLINK: no' }
        : run(program, args, input);
    const { status, stderr } = await up('-q');
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr:
        'lvsctl: what this run had changed is as it was before\n' +
        'lvsctl: ip addr add 192.0.2.1/32 dev eth0: RTNETLINK: no\n',
    });
    expect(await machine.dump()).toBe(before);
    expect(await history()).toEqual([
      {
        command: 'director up lvs.yaml',
        result: 'reverted',
        details: ['ip addr add 192.0.2.1/32 dev eth0: RTNETLINK: no'],
      },
    ]);
  });

  test.each([1, 2, 3, 4])('of rule %i takes back all settings', async (nth) => {
    const { machine, records, up, history } = scene();
    const before = await machine.dump();
    await failAt(machine, (n) => n === nth);
    expect(await up('-q')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/ipvsadm .*: /),
    });
    expect(await machine.dump()).toBe(before);
    expect(records.list()).toEqual([]);
    expect((await history())[0]).toMatchObject({ result: 'reverted' });
  });

  test('that cannot be taken back is named, and so it is recorded', async () => {
    const { machine, up, history, down } = scene();
    const before = await machine.dump();
    const mend = await failAt(machine, (n) => n >= 3);
    const { status, stderr } = await up('-q');
    expect(status).toBe(3);
    expect(stderr).toContain('the rules are not as before:\n  tcp 192.0.2.1:80: is in the table');
    expect((await history())[0]).toMatchObject({
      result: 'partial',
      details: expect.arrayContaining(['tcp 192.0.2.1:80: is in the table']),
    });
    mend();
    expect((await down('-q')).status).toBe(0);
    expect(await machine.dump()).toBe(before);
  });

  test('of down keeps all rules, restores the rest, and the next one goes on', async () => {
    const { machine, records, up, down, history } = scene();
    const before = await machine.dump();
    await up('-q');
    const mend = await failAt(machine, (n) => n === 2);
    const first = await down('-q');
    expect(first).toMatchObject({ status: 3, stderr: expect.stringContaining('ipvsadm ') });
    expect([...machine.addresses]).toEqual([]);
    mend();
    expect((await down('-q')).status).toBe(0);
    expect(await machine.dump()).toBe(before);
    expect(records.list()).toEqual([]);
    expect((await history()).map(({ result }: { result: string }) => result)).toEqual([
      'done',
      'reverted',
      'done',
    ]);
  });
});

describe('refused before the first change', () => {
  test('a scheduler that this kernel lacks', async () => {
    const { machine, up, history } = scene();
    machine.files.set('/proc/sys/kernel/osrelease', '6.1.0\n');
    machine.files.set('/lib/modules/6.1.0/modules.builtin', '');
    const run = machine.run;
    machine.run = (program, args, input) =>
      args[0] === '-n' ? { status: 1, stdout: '', stderr: '' } : run(program, args, input);
    Object.assign(machine, { hasKernelRules: true });
    const before = await machine.dump();
    expect(await up('-q')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'lvsctl: tcp 192.0.2.1:80: scheduler rr is not known to this kernel: there is no module ip_vs_rr\n' +
        'hint: nothing was changed\n',
    });
    expect(await machine.dump()).toBe(before);
    expect(await history()).toEqual([]);
  });

  test('a transaction waits for its confirmation', async () => {
    const { machine, store, files, up, down, run } = scene();
    files.rules = '-A -t 192.0.2.9:80 -s rr\n';
    void run('apply', 'rules', '-q', '--confirm-timeout', '60');
    await expect.poll(() => store.guards.length).toBe(1);
    await expect.poll(() => store.locked).toBe(false);
    const before = await machine.dump();
    const refused = {
      status: 2,
      stderr: expect.stringMatching(/waits for its confirmation until/),
    };
    expect(await up('-q')).toMatchObject(refused);
    expect(await machine.dump()).toBe(before);
    await run('confirm');
    expect(await up('-q')).toMatchObject({ status: 0 });
    expect(await down('-q')).toMatchObject({ status: 0 });
    expect(await machine.dump()).toBe(before);
  });

  test('a history that cannot be written; down needs none', async () => {
    const { machine, store, up, down } = scene();
    const before = await machine.dump();
    store.space = 0;
    expect(await up('-q')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('/var/history/000001.json: No space left on device'),
    });
    expect(await machine.dump()).toBe(before);
    store.space = 9;
    await up('-q');
    store.space = 0;
    expect(await down('-q')).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('this transaction is not in the history'),
    });
    expect(await machine.dump()).toBe(before);
  });
});

test('interrupted: history names the director, and up goes on without a warning', async () => {
  const { store, machine, up, run, history } = scene();
  await up('-q');
  const entry = JSON.parse(store.entries.get('000001.json') ?? '');
  store.entries.set('000001.json', JSON.stringify({ ...entry, outcome: null }));
  store.dead.add(7);
  const backend: Backend = await machine.backend();
  await answer('ipvsadm', ['-R'], {
    backend,
    stdin: '-d -t 192.0.2.1:80 -r 10.0.0.2:80\n',
  });
  const { stdout } = await run('history', 'show', '1');
  expect(stdout).toContain('left to do (`lvsctl director up /etc/lvs.yaml`):\n1 add ');
  expect(stdout).toContain('to take it back (`lvsctl director down /etc/lvs.yaml`):\n');
  store.dead.delete(7);
  const last = JSON.parse(store.entries.get('000001.json') ?? '');
  store.entries.set('000001.json', JSON.stringify({ ...last, writer: { ...last.writer, pid: 6 } }));
  store.dead.add(6);
  expect(await up('-q')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(await history()).toEqual([
    { command: 'director up lvs.yaml', result: 'done', details: ['by transaction 2'] },
    done('director up lvs.yaml'),
  ]);
});

test('realserver down of the same file leaves the history of the director alone', async () => {
  const { store, up, run, history } = scene();
  await up('-q');
  const entry = JSON.parse(store.entries.get('000001.json') ?? '');
  store.entries.set('000001.json', JSON.stringify({ ...entry, outcome: null }));
  store.dead.add(7);
  await run('realserver', 'down', 'lvs.yaml');
  expect((await history())[0]).toMatchObject({ result: 'interrupted' });
});

test('what another program changes at the same time is named', async () => {
  const { machine, up, history } = scene();
  const run = machine.run;
  const backend = await machine.backend();
  machine.run = (program, args, input) => {
    // when the VIP is added, the rules are there
    if (args[1] === 'add')
      void answer('ipvsadm', ['-R'], { backend, stdin: '-d -t 192.0.2.1:80 -r 10.0.0.2:80\n' });
    return run(program, args, input);
  };
  const { status, stderr } = await up('-q');
  expect(status).toBe(3);
  expect(stderr).toContain(
    'the table is not as planned:\n  tcp 192.0.2.1:80: server 10.0.0.2:80 is missing',
  );
  expect((await history())[0]).toMatchObject({ result: 'partial' });
});

describe('a running monitor', () => {
  const monitor = keptBy('tcp 192.0.2.1:80');

  test('keeps its services: up leaves them alone, down is refused', async () => {
    let works = false;
    const none = simulatedRuntime({ probe: () => ({ outcome: { outcome: 'pass' }, tookMs: 1 }) });
    const { machine, files, run, up, down, saved } = scene({
      runtime: async () => (works ? monitor : none),
    });
    const before = await machine.dump();
    await up('-q');
    works = true;
    files['lvs.yaml'] = ONE;
    expect(await run('director', 'up', '-q', 'lvs.yaml')).toEqual({
      status: 0,
      stdout: '',
      stderr:
        'lvsctl: service tcp 192.0.2.1:80: left to the running monitor (process 99), which keeps it\n',
    });
    expect(await saved()).toBe(RULES);
    expect(await down('-q')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/kept by the running monitor[\s\S]*\/etc\/lvs\.yaml/),
    });
    expect(await saved()).toBe(RULES);
    expect(await down('-q', '--force')).toMatchObject({ status: 0 });
    expect(await machine.dump()).toBe(before);
  });
});

describe('a VIP that was there before', () => {
  const addresses = (machine: ReturnType<typeof wholeMachine>) =>
    [...machine.addresses].sort().join();

  test.each(['192.0.2.1/32', '192.0.2.1/24'])('%s stays after down, as it was', async (before) => {
    const { machine, up, down, saved } = scene();
    machine.run('ip', ['addr', 'add', before, 'dev', 'eth0']);
    const was = addresses(machine);
    expect(was).toBe(`eth0 ${before}`);
    expect((await up()).status).toBe(0);
    expect(await saved()).toBe(RULES);
    const { status, stderr } = await down();
    expect([status, stderr]).toEqual([0, '']);
    expect(await saved()).toBe('');
    expect(addresses(machine)).toBe(was);
    // and nothing is left to revert
    expect((await down()).stderr).toContain('nothing to revert');
  });
});
