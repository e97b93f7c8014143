// diff, plan, apply, confirm, undo, history as command lines, on a table in memory.
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { guardTransaction } from '../../../src/lvsctl/transaction/guard.js';
import type { World } from '../../../src/lvsctl/world.js';
import { answer } from '../../support/inprocess.js';
import { keptBy } from '../../support/keptby.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';
import { simulatedRuntime } from '../../support/simulated.js';
import { memoryStore } from '../../support/transactions.js';

const START = `-A -t 192.0.2.1:80 -s wlc
-a -t 192.0.2.1:80 -r 10.0.0.11:80 -g -w 1
-a -t 192.0.2.1:80 -r 10.0.0.12:80 -g -w 1
-A -u 192.0.2.1:53 -s rr
-a -u 192.0.2.1:53 -r 10.0.0.11:53 -g -w 1
`;
const FILE = `vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: dr
    scheduler: mh
    flags: [mh-port]
    servers: [{address: 10.0.0.13}, {address: 10.0.0.12, weight: 2}]
`;
const RULES = `# the same
-A -t 192.0.2.1:80 -s mh -b mh-port
-a -t 192.0.2.1:80 -r 10.0.0.13:80 -g -w 1
-a -t 192.0.2.1:80 -r 10.0.0.12:80 -g -w 2
`;
const EDITED = `-A -t 192.0.2.1:80 -s mh -b mh-port
-a -t 192.0.2.1:80 -r 10.0.0.12:80 -g -w 2
-a -t 192.0.2.1:80 -r 10.0.0.13:80 -g -w 1
`;
const DNS = `-A -u 192.0.2.1:53 -s rr
-a -u 192.0.2.1:53 -r 10.0.0.11:53 -g -w 1
`;

async function scene(more: Partial<World> = {}, machineFiles: Record<string, string> = {}) {
  const backend = new MemoryBackend();
  const store = memoryStore();
  const ask = async () => {
    throw Object.assign(new Error('connect ENOENT'), { code: 'ENOENT', syscall: 'connect' });
  };
  const runtime = {
    ...simulatedRuntime({ probe: () => ({ outcome: { outcome: 'pass' }, tookMs: 1 }) }),
    ask,
  };
  const world = {
    machine: fakeMachine(machineFiles, {}, backend),
    transactions: () => store,
    runtime: async () => runtime,
    env: { SUDO_USER: 'zoë' },
    ...more,
  };
  const files = { 'lvs.yaml': FILE, rules: RULES, empty: '# nothing\n', bad: '-A -t nonsense\n' };
  await answer('ipvsadm', ['-R'], { backend, stdin: START });
  return {
    backend,
    store,
    world,
    run: (...args: string[]) => lvsctl(args, files, world),
    ipvsadm: (stdin: string) => answer('ipvsadm', ['-R'], { backend, stdin }),
    saved: async () => (await answer('ipvsadm', ['-S', '-n'], { backend })).stdout,
  };
}

const PLAN = `1 add     ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.13:80 -g -w 1
2 edit    ipvsadm -E -t 192.0.2.1:80 -s mh -b mh-port         was: -s wlc
3 edit    ipvsadm -e -t 192.0.2.1:80 -r 10.0.0.12:80 -g -w 2  was: -g -w 1
4 remove  ipvsadm -d -t 192.0.2.1:80 -r 10.0.0.11:80
`;
const COUNTS = '1 to add, 2 to edit, 1 to remove; 1 service not in the file is left alone\n';

describe.each(['lvs.yaml', 'rules'])('%s', (file) => {
  test('plan, diff, apply, and then there is no difference', async () => {
    const { run, saved } = await scene();
    expect(await run('plan', file)).toEqual({ status: 0, stdout: PLAN + COUNTS, stderr: '' });
    const diff = await run('diff', file);
    expect(diff.status).toBe(1);
    expect(diff.stdout.replace(/^. /gm, '').split('\n').length).toBe(6);
    expect(await saved()).toBe(START);
    expect(await run('apply', file)).toEqual({ status: 0, stdout: PLAN + COUNTS, stderr: '' });
    expect(await saved()).toBe(EDITED + DNS);
    expect(await run('diff', file)).toMatchObject({ status: 0 });
    expect(await run('diff', file, '--prune')).toMatchObject({ status: 1 });
  });

  test('undo takes it back, and undo of the undo applies it again', async () => {
    const { run, saved, store } = await scene();
    await run('apply', file, '--prune', '--label', 'Übung');
    expect(await saved()).toBe(EDITED);
    expect((await run('undo', '--quiet')).status).toBe(0);
    expect((await saved()).split('\n').sort()).toEqual(START.split('\n').sort());
    expect((await run('undo', '--quiet')).status).toBe(0);
    expect(await saved()).toBe(EDITED);
    expect(store.locked).toBe(false);
    const { stdout } = await run('history');
    expect(stdout).toMatch(/1 .* zoë +undone +5 +apply \S+ +Übung\n/);
    expect(stdout).toMatch(/2 .* undone +6 +undo 1\n +3 .* done +5 +undo 2\n/);
  });
});

test('colours only where they are wanted', async () => {
  const { run } = await scene({ colour: true });
  expect((await run('diff', 'rules')).stdout).toContain('\u001b[32m+  ipvsadm -a');
});

test('the dry run of apply is the plan, and nothing is recorded', async () => {
  const { run, saved, store } = await scene();
  expect((await run('apply', '-n', 'rules')).stdout).toBe(PLAN + COUNTS);
  expect(await saved()).toBe(START);
  expect(store.entries.size).toBe(0);
});

test('--keep-weights and --only', async () => {
  const { run, saved } = await scene();
  const { status, stdout } = await run('apply', 'rules', '--keep-weights', '--only', 'add,edit');
  expect(status).toBe(1);
  expect(stdout).toContain('left out by --only:\n-  ipvsadm -d -t 192.0.2.1:80 -r 10.0.0.11:80\n');
  expect(await saved()).toContain('-r 10.0.0.12:80 -g -w 1\n-a -t 192.0.2.1:80 -r 10.0.0.13:80');
  expect((await run('apply', 'rules', '--only', 'nothing')).stderr).toContain('use add, edit');
});

test('--json of apply', async () => {
  const { run } = await scene();
  const first = JSON.parse((await run('apply', 'rules', '--json')).stdout);
  expect(first).toMatchObject({ changed: true, result: 'done', transaction: 1, unmanaged: 1 });
  expect(first.steps[3]).toEqual({
    action: 'remove',
    command: 'ipvsadm -d -t 192.0.2.1:80 -r 10.0.0.11:80',
    service: 'tcp 192.0.2.1:80',
    server: '10.0.0.11:80',
    was: null,
    lost: { active: 0, inactive: 0, persistent: 0, counted: 0, effect: 'stalled' },
  });
  const second = JSON.parse((await run('apply', 'rules', '--json')).stdout);
  expect(second).toMatchObject({ changed: false, result: 'done', transaction: null, steps: [] });
});

test.each([
  ['apply', 'bad', /^lvsctl: bad:1:7: /],
  ['diff', 'nosuch', /^lvsctl: nosuch: No such file/],
  ['plan', 'empty', /^lvsctl: empty/],
])('%s %s is refused', async (verb, file, message) => {
  const { run, saved } = await scene();
  expect(await run(verb, file)).toEqual({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(message),
  });
  expect(await saved()).toBe(START);
});

test('a full disk: nothing is changed', async () => {
  const { run, saved, store } = await scene();
  store.space = 0;
  expect(await run('apply', 'rules')).toEqual({
    status: 2,
    stdout: '',
    stderr:
      'lvsctl: /var/history/000001.json: No space left on device\nhint: make room on this file system\n',
  });
  expect(await saved()).toBe(START);
  expect(store.locked).toBe(false);
});

test('a disk that is full afterwards: it is done, and the outcome is missing', async () => {
  const { run, saved, store } = await scene();
  store.space = 1;
  const { status, stderr } = await run('apply', 'rules');
  expect(status).toBe(0);
  expect(stderr).toContain('the outcome of transaction 1 is not recorded');
  expect(await saved()).toBe(EDITED + DNS);
});

test('what others changed since stays when the guard takes it back', async () => {
  const { run, saved, store, world, ipvsadm } = await scene();
  const waiting = run('apply', 'rules', '--quiet', '--confirm-timeout', '60');
  await expect.poll(() => store.guards).toEqual([[1, 60]]);
  await expect.poll(() => store.locked).toBe(false);
  expect(await run('apply', 'lvs.yaml')).toEqual({
    status: 2,
    stdout: '',
    stderr:
      'lvsctl: transaction 1 (lvsctl apply rules) waits for its confirmation until 1970-01-12T13:47:40.000Z\n' +
      'hint: `lvsctl confirm` keeps it, `lvsctl undo 1` takes it back\n',
  });
  await ipvsadm('-e -t 192.0.2.1:80 -r 10.0.0.13:80 -g -w 9\n-A -t 192.0.2.9:1 -s rr\n');
  const whole = { names: world, ...world } as unknown as World;
  await guardTransaction(1, 0, () => {}, { ...whole, now: () => 1, err: () => {} });
  expect(await saved()).toContain('-A -t 192.0.2.9:1 -s rr\n');
  expect(await saved()).toContain('-r 10.0.0.13:80 -g -w 9\n');
  expect(await saved()).toContain('-A -t 192.0.2.1:80 -s wlc\n');
  expect(await saved()).toContain('-r 10.0.0.11:80 -g -w 1\n');
  expect((await run('history')).stdout).toMatch(/not confirmed/);
  void waiting;
});

test('confirm keeps it', async () => {
  const { run, saved, store } = await scene();
  expect(await run('confirm')).toMatchObject({ status: 2 });
  void run('apply', 'rules', '--quiet', '--confirm-timeout', '60');
  await expect.poll(() => store.guards.length).toBe(1);
  await expect.poll(() => store.locked).toBe(false);
  expect(await run('confirm')).toEqual({
    status: 0,
    stdout: 'transaction 1 (lvsctl apply rules) is confirmed\n',
    stderr: '',
  });
  expect(await saved()).toBe(EDITED + DNS);
  expect((await run('history')).stdout).toMatch(/ done /);
});

test('a guard that was killed: apply says so, and undo takes it back', async () => {
  const { run, saved, store } = await scene();
  store.dead.add(8);
  const { status, stderr } = await run('apply', 'rules', '-q', '--confirm-timeout', '60');
  expect(status).toBe(2);
  expect(stderr).toContain('has ended: nothing will be taken back');
  expect((await run('apply', 'rules')).stderr).toContain('was not confirmed, and the process');
  expect((await run('undo', '1', '-q')).status).toBe(0);
  expect(store.waiting.size).toBe(0);
  expect((await saved()).split('\n').sort()).toEqual(START.split('\n').sort());
});

describe('a reboot with a pending confirmation', () => {
  const pending = async () => {
    const all = await scene();
    void all.run('apply', 'rules', '--quiet', '--confirm-timeout', '60');
    await expect.poll(() => all.store.guards.length).toBe(1);
    await expect.poll(() => all.store.locked).toBe(false);
    all.store.boot = 'c';
    return all;
  };

  test('the table of the kernel is lost: the next command says so and goes on', async () => {
    const { run, store } = await pending();
    const { status, stderr } = await run('apply', 'lvs.yaml', '--quiet');
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr:
        'lvsctl: warning: transaction 1 (lvsctl apply rules) waits no more: the table was lost with a reboot\n',
    });
    expect(store.waiting.size).toBe(0);
    expect((await run('history')).stdout).toMatch(/1 .* not confirmed /);
  });

  test('a table in a file is still there: the next command names what to do', async () => {
    const { run, store, saved } = await pending();
    store.lasting = true;
    expect(await run('apply', 'lvs.yaml')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'lvsctl: transaction 1 (lvsctl apply rules) was not confirmed, and the process that was to take it back has ended\n' +
        'hint: `lvsctl confirm` keeps it, `lvsctl undo 1` takes it back\n',
    });
    expect((await run('undo', '1', '-q')).status).toBe(0);
    expect((await saved()).split('\n').sort()).toEqual(START.split('\n').sort());
  });
});

test('interrupted: the next command says so, history says what is left, finish and undo do it', async () => {
  for (const verb of [['history', 'finish', '1'], ['undo']] as const) {
    const { run, saved, store, ipvsadm } = await scene();
    await run('apply', 'rules', '-q');
    const entry = JSON.parse(store.entries.get('000001.json') ?? '');
    store.entries.set('000001.json', JSON.stringify({ ...entry, outcome: null }));
    store.dead.add(7);
    await ipvsadm('-e -t 192.0.2.1:80 -r 10.0.0.12:80 -g -w 1\n');
    expect((await run('history')).stdout).toContain('interrupted');
    expect((await run('history', 'show', '1')).stdout).toContain(
      'left to do (`lvsctl history finish 1`):\n1 edit    ipvsadm -e -t 192.0.2.1:80 -r 10.0.0.12:80 -g -w 2  was: -g -w 1\n',
    );
    expect((await run('apply', '-q', 'lvs.yaml', '--only', 'add')).stderr).toContain(
      'transaction 1 (lvsctl apply rules) was interrupted',
    );
    expect(await run(...verb, '-q')).toEqual({ status: 0, stdout: '', stderr: '' });
    if (verb[0] === 'undo')
      expect((await saved()).split('\n').sort()).toEqual(START.split('\n').sort());
    else expect(await saved()).toBe(EDITED + DNS);
  }
});

test('the history keeps 50 entries, and refuses a damaged one', async () => {
  const { run, store, ipvsadm } = await scene();
  for (let i = 0; i < 52; i++) {
    await ipvsadm(`-e -t 192.0.2.1:80 -r 10.0.0.12:80 -g -w ${i + 10}\n`);
    await run('apply', '-q', 'rules');
  }
  expect([...store.entries.keys()].sort()[0]).toBe('000003.json');
  expect(store.entries.size).toBe(50);
  const path = '000052.json';
  const entry = JSON.parse(store.entries.get(path) ?? '');
  entry.parts[0].set.service.scheduler = 'rr; reboot';
  store.entries.set(path, JSON.stringify(entry));
  expect(await run('undo')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(
      /^lvsctl: \/var\/history\/000052\.json: damaged: parts\[0\]: .*scheduler/,
    ),
  });
});

test('rules before are lines that ipvsadm -R reads', async () => {
  const { run } = await scene();
  await run('apply', 'rules', '--prune', '-q');
  const [{ rules_before: text }] = JSON.parse((await run('history', '--json')).stdout);
  const backend = new MemoryBackend();
  expect((await answer('ipvsadm', ['-R'], { backend, stdin: text })).status).toBe(0);
  expect((await answer('ipvsadm', ['-S', '-n'], { backend })).stdout).toBe(START);
});

describe('another writer, which ignores the lock', () => {
  /** Its rules are in the table before our change number `nth` is made. */
  const interfering = (backend: MemoryBackend, nth: number, rules: string) => {
    const apply = backend.apply.bind(backend);
    let count = 0;
    backend.apply = async (changes) => {
      const results: Awaited<ReturnType<typeof apply>>[number][] = [];
      for (const change of changes) {
        if (++count === nth) {
          backend.apply = apply;
          await answer('ipvsadm', ['-R'], { backend, stdin: rules });
        }
        results.push(...(await apply([change])));
      }
      return results;
    };
  };

  test('between plan and apply: apply plans anew', async () => {
    const { run, saved, ipvsadm } = await scene();
    expect((await run('plan', 'rules')).stdout).toBe(PLAN + COUNTS);
    await ipvsadm('-D -t 192.0.2.1:80\n-A -t 192.0.2.1:80 -s sh\n');
    expect((await run('apply', 'rules')).stdout).toContain('2 to add, 1 to edit, 0 to remove');
    expect(await saved()).toBe(EDITED + DNS);
  });

  test('a removed service meanwhile: refused, and its removal is taken back and named', async () => {
    const { run, saved, backend } = await scene();
    interfering(backend, 2, '-D -t 192.0.2.1:80\n');
    const { status, stderr } = await run('apply', 'rules', '-q');
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^lvsctl: ipvsadm -E .*; the table is as before; .*\n {2}another program had changed this at the same time, which is as before too:\n {2}tcp 192\.0\.2\.1:80: is missing\n$/,
    );
    expect((await saved()).split('\n').sort()).toEqual(START.split('\n').sort());
    expect((await run('history')).stdout).toContain('reverted');
  });

  test('another weight after ours: it stays, and status 3 names it', async () => {
    const { run, saved, backend } = await scene();
    interfering(backend, 4, '-e -t 192.0.2.1:80 -r 10.0.0.12:80 -g -w 9\n');
    expect(await run('apply', 'rules', '-q')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('server 10.0.0.12:80: -g -w 9 instead of -g -w 2'),
    });
    expect(await saved()).toContain('-r 10.0.0.12:80 -g -w 9\n');
  });

  test('in another service: it stays, and is no error', async () => {
    const { run, saved, backend } = await scene();
    interfering(backend, 3, '-A -t 192.0.2.7:80 -s rr\n');
    expect(await run('apply', 'rules', '-q')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await saved()).toContain('-A -t 192.0.2.7:80 -s rr\n');
  });
});

describe('a table that others keep', () => {
  test('a service of a running monitor is refused, with its file', async () => {
    const one = keptBy('tcp 192.0.2.1:80');
    const { run, saved } = await scene({ runtime: async () => one });
    expect(await run('apply', 'rules')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /tcp 192\.0\.2\.1:80: kept by the running monitor[\s\S]*\/etc\/lvs\.yaml/,
      ),
    });
    expect(await saved()).toBe(START);
    expect(await run('apply', 'rules', '--force', '-q')).toMatchObject({ status: 0 });
    expect(await saved()).toBe(EDITED + DNS);
  });

  test('kube-proxy keeps the whole table of a machine', async () => {
    const { run, saved, world } = await scene();
    const kube = '/proc/sys/net/ipv4/conf/kube-ipvs0/forwarding';
    const machine = {
      ...fakeMachine({ [kube]: '1' }, {}, await world.machine.backend()),
      hasKernelRules: true,
    };
    const words = ['apply', 'rules', '-q'];
    const answers = await lvsctl(words, { rules: RULES }, { ...world, machine });
    expect(answers).toMatchObject({ status: 2, stderr: expect.stringContaining('kube-ipvs0') });
    expect(await saved()).toBe(START);
    expect((await run('apply', 'rules', '-q')).status).toBe(0);
  });

  test('other services than those of the monitor are free', async () => {
    const one = keptBy('tcp 192.0.2.7:80');
    const { run } = await scene({ runtime: async () => one });
    expect(await run('apply', 'rules', '-q')).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});
