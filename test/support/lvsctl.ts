// A command line of lvsctl inside this process, in a world of its own.
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { run } from '../../src/lvsctl/program.js';
import type { World } from '../../src/lvsctl/world.js';
import { fakeMachine, memoryRecords } from './machine.js';
import { fixtureNames } from './names.js';
import { simulatedRuntime } from './simulated.js';
import { fakeWeb } from './web.js';

export interface LvsctlAnswer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param files by name, as `readText` finds them */
export async function lvsctl(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  more: Partial<World> = {},
): Promise<LvsctlAnswer> {
  let stdout = '';
  let stderr = '';
  const world: World = {
    openBackend: async () => new MemoryBackend(),
    openLastingBackend: async () => new MemoryBackend(),
    machine: fakeMachine({}),
    records: () => memoryRecords(),
    transactions: () => undefined,
    readText(path) {
      const text = files[path];
      if (text === undefined)
        throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), {
          path,
          code: 'ENOENT',
          syscall: 'open',
        });
      return text;
    },
    hostName: () => 'lb1',
    lines: (path) => (files[path] ?? '').split('\n'),
    pieces: (path) => [Buffer.from(files[path] ?? '', 'latin1')],
    filesMatching: (pattern) => matching(pattern, Object.keys(files)),
    writeText: () => {},
    runtime: async () =>
      simulatedRuntime({ probe: () => ({ outcome: { outcome: 'pass' }, tookMs: 1 }) }),
    web: async () => fakeWeb(),
    places: () => ({ socket: '/run/monitor.sock', state: '/var/monitor.json' }),
    names: fixtureNames(),
    out(text) {
      stdout += text;
    },
    err(text) {
      stderr += text;
    },
    flushed: async () => {},
    ignoreOutputErrors: () => {},
    isRoot: true,
    openEtcd: async () => {
      throw new Error('no etcd');
    },
    program: '/usr/sbin/lvsctl',
    docs: '/docs',
    enter: async () => 0,
    attach: async () => 0,
    node: '/usr/bin/node',
    isRead: () => true,
    isTerminal: false,
    colour: false,
    screen: false,
    unicode: true,
    width: 80,
    now: () => 1_000_000,
    env: {},
    netns: undefined,
    ...more,
  };
  return { status: await run(args, world), stdout, stderr };
}

/** The names that a pattern with one `*` matches; it stands for all but slashes and a first dot. */
export function matching(pattern: string, names: readonly string[]): readonly string[] {
  const [head = '', tail] = pattern.split('*');
  return names
    .filter((name) => {
      if (tail === undefined) return name === pattern;
      const inner = name.slice(head.length, name.length - tail.length);
      const fits = name.startsWith(head) && name.endsWith(tail);
      return fits && !inner.includes('/') && !inner.startsWith('.');
    })
    .sort();
}
