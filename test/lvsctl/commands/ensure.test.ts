// ensure, absent, set: what is named changes, what is not named stays.
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { answer } from '../../support/inprocess.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';
import { simulatedRuntime } from '../../support/simulated.js';
import { memoryStore } from '../../support/transactions.js';

const START = `-A -t 192.0.2.1:80 -s sh -p 50 -M 255.255.255.0 -b sh-port
-a -t 192.0.2.1:80 -r 10.0.0.11:8080 -m -w 1 -x 10 -y 5
-a -t 192.0.2.1:80 -r 10.0.0.12:80 -i -w 2 --tun-type gue --tun-port 6080 --tun-csum
-A -t 192.0.2.2:0 -s rr -p 360
-A -u 192.0.2.1:53 -s wlc -o
-A -f 7 -6 -s rr
`;

async function scene(stdin = '') {
  const backend = new MemoryBackend();
  const store = memoryStore();
  const runtime = {
    ...simulatedRuntime({ probe: () => ({ outcome: { outcome: 'pass' }, tookMs: 1 }) }),
    ask: async () => {
      throw Object.assign(new Error('connect ENOENT'), { code: 'ENOENT', syscall: 'connect' });
    },
  };
  const world = {
    machine: fakeMachine({}, {}, backend),
    transactions: () => store,
    runtime: async () => runtime,
  };
  await answer('ipvsadm', ['-R'], { backend, stdin: START });
  return {
    store,
    run: (line: string) => lvsctl(line.split(' '), { '-': stdin }, world),
    saved: async () => (await answer('ipvsadm', ['-S', '-n', '--nosort'], { backend })).stdout,
    lines: async () => {
      const { stdout } = await answer('ipvsadm', ['-S', '-n'], { backend });
      return stdout.split('\n').filter((line) => line !== '' && !START.includes(`${line}\n`));
    },
  };
}

// biome-ignore format: a table
test.each([
  ['ensure -t 192.0.2.9:80', 'added tcp 192.0.2.9:80', ['-A -t 192.0.2.9:80 -s wlc']],
  ['ensure -t 192.0.2.1:80 -r 10.0.0.13', 'added tcp 192.0.2.1:80 10.0.0.13:80', ['-a -t 192.0.2.1:80 -r 10.0.0.13:80 -g -w 1']],
  ['ensure -t 192.0.2.1:80 -r 10.0.0.13:81 -m -w 9', 'added tcp 192.0.2.1:80 10.0.0.13:81', ['-a -t 192.0.2.1:80 -r 10.0.0.13:81 -m -w 9']],
  ['ensure -t 192.0.2.1:80 -r 10.0.0.11:8080 -w 3', 'weight 1 -> 3', ['-a -t 192.0.2.1:80 -r 10.0.0.11:8080 -m -w 3 -x 10 -y 5']],
  ['set -t 192.0.2.1:80 -r 10.0.0.11:8080 -x 0 -y 0', 'upper 10 -> 0, lower 5 -> 0', ['-a -t 192.0.2.1:80 -r 10.0.0.11:8080 -m -w 1']],
  ['set -t 192.0.2.1:80 -r 10.0.0.12 -w 5', 'weight 2 -> 5', ['-a -t 192.0.2.1:80 -r 10.0.0.12:80 -i -w 5 --tun-type gue --tun-port 6080 --tun-csum']],
  ['set -t 192.0.2.1:80 -r 10.0.0.12 -i --tun-type gue --tun-port 6081 --tun-nocsum', 'tunnel gue port 6080 checksum 1 -> gue port 6081', ['-a -t 192.0.2.1:80 -r 10.0.0.12:80 -i -w 2 --tun-type gue --tun-port 6081 --tun-nocsum']],
  ['set -t 192.0.2.1:80 -r 10.0.0.12 -i --tun-nocsum', 'tunnel gue port 6080 checksum 1 -> gue port 6080', ['-a -t 192.0.2.1:80 -r 10.0.0.12:80 -i -w 2 --tun-type gue --tun-port 6080 --tun-nocsum']],
  ['set -t 192.0.2.1:80 -r 10.0.0.12 -i --tun-type ipip', 'tunnel gue port 6080 checksum 1 -> ipip', ['-a -t 192.0.2.1:80 -r 10.0.0.12:80 -i -w 2 --tun-type ipip']],
  ['set -t 192.0.2.1:80 -r 10.0.0.12 -g', 'forwarding -i -> -g, tunnel gue port 6080 checksum 1 -> ipip', ['-a -t 192.0.2.1:80 -r 10.0.0.12:80 -g -w 2']],
  // -i has the port of the service, which is that of the server in the table
  ['ensure -t 192.0.2.1:80 -r 10.0.0.12:9999 -i -w 5', 'weight 2 -> 5', ['-a -t 192.0.2.1:80 -r 10.0.0.12:80 -i -w 5 --tun-type gue --tun-port 6080 --tun-csum']],
  ['ensure -t 192.0.2.1:80 -r 10.0.0.13:9999 -g', 'added tcp 192.0.2.1:80 10.0.0.13:80', ['-a -t 192.0.2.1:80 -r 10.0.0.13:80 -g -w 1']],
  ['set -t 192.0.2.1:80 -p', 'persistence 50 -> 360', ['-A -t 192.0.2.1:80 -s sh -p 360 -M 255.255.255.0 -b sh-port']],
  ['set -t 192.0.2.1:80 -p 60', 'persistence 50 -> 60', ['-A -t 192.0.2.1:80 -s sh -p 60 -M 255.255.255.0 -b sh-port']],
  ['set -t 192.0.2.1:80 -s rr', 'scheduler sh -> rr, flags sh-port -> none', ['-A -t 192.0.2.1:80 -s rr -p 50 -M 255.255.255.0']],
  ['set -t 192.0.2.1:80 -b sh-fallback', 'flags sh-port -> sh-fallback', ['-A -t 192.0.2.1:80 -s sh -p 50 -M 255.255.255.0 -b sh-fallback']],
  ['set -t 192.0.2.2:0 -s wrr', 'scheduler rr -> wrr', ['-A -t 192.0.2.2:0 -s wrr -p 360']],
  ['set -u 192.0.2.1:53 -s rr', 'scheduler wlc -> rr', ['-A -u 192.0.2.1:53 -s rr -o']],
  ['ensure -f 7 -6 -r [2001:db8::1]:0 -g', 'added fwmark 7 ipv6 [2001:db8::1]:0', ['-a -f 7 -6 -r [2001:db8::1]:0 -g -w 1']],
  ['ensure -t 192.0.2.1:80 -s sh', 'unchanged', []],
  ['ensure -t 192.0.2.1:80 -r 10.0.0.12 -i --tun-type gue', 'unchanged', []],
  ['absent -t 192.0.2.1:80 -r 10.0.0.11', 'unchanged', []],
  ['absent -t 192.0.2.77:80', 'unchanged', []],
])('%s: %s', async (line, said, changed) => {
  const { run, lines } = await scene();
  expect(await run(line)).toEqual({ status: 0, stdout: `${said}\n`, stderr: '' });
  expect(await lines()).toEqual(changed);
  // the second time nothing is to be done
  if (!line.startsWith('absent'))
    expect(await run(`${line} --exit-code`)).toEqual({ status: 0, stdout: 'unchanged\n', stderr: '' });
});

test('absent removes, and --exit-code says so', async () => {
  const { run, saved } = await scene();
  expect(await run('absent -t 192.0.2.1:80 -r 10.0.0.12 --exit-code')).toEqual({
    status: 1,
    stdout: 'removed tcp 192.0.2.1:80 10.0.0.12:80\n',
    stderr: '',
  });
  expect((await run('absent -t 192.0.2.1:80')).stdout).toBe('removed tcp 192.0.2.1:80\n');
  expect(await saved()).not.toContain('192.0.2.1:80');
});

// biome-ignore format: a table
test.each([
  ['set -t 192.0.2.9:80 -s rr', 'tcp 192.0.2.9:80 is not in the table'],
  ['set -t 192.0.2.1:80 -r 10.0.0.99 -w 1', 'tcp 192.0.2.1:80 10.0.0.99:80 is not in the table'],
  ['ensure -t 192.0.2.9:80 -r 10.0.0.99 -w 1', 'tcp 192.0.2.9:80 is not in the table'],
  ['ensure -t 192.0.2.1:80 -r 10.0.0.11:8080 -g', '-g and -i do not translate ports'],
  ['ensure -t 192.0.2.1:80 -w 3', "Illegal 'weight' option"],
  ['ensure -A -t 192.0.2.1:80', '-A: the command is ensure already'],
  ['ensure -r 10.0.0.1', "You need to supply the 'service-address' option"],
  ['ensure -t nonsense:x', 'illegal virtual server address'],
  ['ensure -t 192.0.2.1:80 -q', '-q: unknown option'],
  ['ensure -t 192.0.2.1:80 -r 10.0.0.13 -x 1 -y 2', 'its lower threshold 2 is above the upper one, 1'],
  ['ensure -t 192.0.2.1:80 -s nosuch', 'scheduler nosuch is not known'],
  ['absent -t 192.0.2.1:80 -s rr', "Illegal 'scheduler' option"],
  ['ensure', 'ensure what?'],
])('%s is refused: %s', async (line, message) => {
  const { run, lines, store } = await scene();
  const { status, stdout, stderr } = await run(line);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
  expect(await lines()).toEqual([]);
  expect(store.entries.size).toBe(0);
});

test('several lines are one transaction', async () => {
  const { run, lines, store } = await scene(
    '# new\n-t 192.0.2.9:80 -s rr\n\n-t 192.0.2.9:80 -r 10.0.0.1 -m\n-t 192.0.2.9:80 -r 10.0.0.1 -m -w 4\n-u 192.0.2.1:53 -s wlc\n',
  );
  expect(await run('ensure -')).toEqual({
    status: 0,
    stdout:
      'added tcp 192.0.2.9:80\nadded tcp 192.0.2.9:80 10.0.0.1:80\ntcp 192.0.2.9:80 10.0.0.1:80: weight 1 -> 4\nudp 192.0.2.1:53: unchanged\n',
    stderr: '',
  });
  expect(await lines()).toEqual([
    '-A -t 192.0.2.9:80 -s rr',
    '-a -t 192.0.2.9:80 -r 10.0.0.1:80 -m -w 4',
  ]);
  expect(store.entries.size).toBe(1);
});

test('a wrong line of several names its number, and none takes effect', async () => {
  const { run, lines } = await scene('-t 192.0.2.9:80 -s rr\n-t 192.0.2.9:80 -r x.y -m\n');
  const { status, stderr } = await run('ensure -');
  expect(status).toBe(2);
  expect(stderr).toMatch(/^lvsctl: -:2: illegal real server address/);
  expect(await lines()).toEqual([]);
});

test('--json says whether something changed', async () => {
  const { run } = await scene();
  const json = async (line: string) => JSON.parse((await run(line)).stdout);
  expect(await json('ensure -t 192.0.2.1:80 -s rr --json')).toMatchObject({ changed: true });
  expect(await json('ensure -t 192.0.2.1:80 -s rr --json')).toMatchObject({
    changed: false,
    steps: [],
  });
});
