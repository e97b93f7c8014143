// Many services: each command runs as many programs as for a few.
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { answer } from '../../support/inprocess.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';

const FEW = 25;
const MANY = 150;
/** more than the VIPs that `doctor` asks for by arping, each with a process */
const vipOf = (i: number) => `10.1.${i >> 8}.${i & 255}`;

async function machineOf(count: number) {
  const all = Array.from({ length: count }, (_, i) => vipOf(i));
  const rules = all.flatMap((vip) => [
    `-A -t ${vip}:80 -s rr`,
    ...[11, 12].map((host) => `-a -t ${vip}:80 -r 192.0.2.${host}:80 -g`),
  ]);
  const backend = new MemoryBackend();
  const read = await answer('ipvsadm', ['-R'], { backend, stdin: `${rules.join('\n')}\n` });
  expect(read).toMatchObject({ stderr: '', status: 0 });
  const link = {
    ifname: 'eth0',
    flags: ['UP', 'LOWER_UP'],
    mtu: 1500,
    addr_info: [
      { local: '192.0.2.1', prefixlen: 24, family: 'inet', scope: 'global' },
      ...all.map((local) => ({ local, prefixlen: 32, family: 'inet', scope: 'global' })),
    ],
  };
  const routes = [
    ...all.map((dst) => ({ type: 'local', dst, dev: 'eth0', table: 'local' })),
    { dst: '192.0.2.0/24', dev: 'eth0' },
    { dst: 'default', gateway: '192.0.2.254', dev: 'eth0' },
  ];
  const machine = fakeMachine(
    { '/proc/self/status': 'CapEff:\t000001ffffffffff\n' },
    {
      ip: (args) => {
        const line = args.join(' ');
        if (/(?:addr|link) show/.test(line)) return { stdout: JSON.stringify([link]) };
        return { stdout: line.includes('-4 route') ? JSON.stringify(routes) : '[]' };
      },
      arping: () => ({}),
    },
    backend,
  );
  return { machine, backend };
}

async function fileOf(count: number): Promise<string> {
  const { machine, backend } = await machineOf(count);
  return (await lvsctl(['import'], {}, { machine, openBackend: async () => backend })).stdout;
}

/** The lvsctl files of such tables; each is made once. */
const FILES = new Map([FEW, MANY].map((count) => [count, fileOf(count)]));

/** The programs that a command runs. */
async function programs(count: number, args: readonly string[]) {
  const { machine, backend } = await machineOf(count);
  const world = { machine, openBackend: async () => backend };
  const f = (await FILES.get(count)) ?? '';
  const { status, stdout, stderr } = await lvsctl(args, { f }, world);
  expect(stderr).toBe('');
  expect([0, 1]).toContain(status);
  expect(stdout.length).toBeGreaterThan(0);
  return machine.ran.length;
}

test.each([
  [['doctor']],
  [['doctor', 'f']],
  [['doctor', '--facts']],
  [['director', 'status', 'f']],
  [['import']],
])('%j', { timeout: 60_000 }, async (args) => {
  const few = await programs(FEW, args);
  expect(few).toBeGreaterThan(0);
  expect(await programs(MANY, args)).toBe(few);
});
