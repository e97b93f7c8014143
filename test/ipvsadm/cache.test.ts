// V8's code cache: a damaged one is never run.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FULL } from '../support/full.js';

const ROOT = new URL('../..', import.meta.url).pathname;
const DIST = join(ROOT, 'dist');

interface Start {
  pack(code: Buffer, bundle: Buffer): Buffer;
  unpack(cache: Buffer, bundle: Buffer): Uint8Array | undefined;
}
const { pack, unpack: unpackFor } = createRequire(import.meta.url)(
  join(DIST, 'start.cjs'),
) as Start;
const unpack = (cache: Buffer, bundle: Buffer) => {
  const code = unpackFor(cache, bundle);
  return code && Buffer.from(code);
};
const cacheOf = (name: string) => join(DIST, `${name}.${process.version}.cache`);
const read = (name: string) => ({
  cache: readFileSync(cacheOf(name)),
  bundle: readFileSync(join(DIST, `${name}.cjs`)),
});

/** In a process of its own: V8 refuses a cache where its flags were changed, as other tests do. */
const TAKEN = `
const [, ...names] = process.argv;
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');
const { unpack, wrap } = require('./start.cjs');
for (const name of names) {
  const bundle = readFileSync(name + '.cjs');
  const cachedData = unpack(readFileSync(name + '.' + process.version + '.cache'), bundle);
  const script = new Script(wrap(bundle.toString('latin1')), { cachedData });
  console.log(name, script.cachedDataRejected);
}
`;

test('V8 takes the code of each bundle', () => {
  const names = ['ipvsadm', 'change', 'local', 'localchange', 'lvsctl', 'monitor'];
  const { stdout } = spawnSync(process.execPath, ['-e', TAKEN, ...names], {
    cwd: DIST,
    encoding: 'utf8',
  });
  expect(stdout).toBe(names.map((name) => `${name} false\n`).join(''));
});

test('the monitor, which has it in memory of WebAssembly, starts with it', () => {
  const script = `
    const vm = require('node:vm');
    const { Script } = vm;
    vm.Script = class extends Script {
      constructor(...args) {
        super(...args);
        console.log(args[1].cachedData.buffer.byteLength % 65536, this.cachedDataRejected);
      }
    };
    require(process.argv[1])('lvsctl');`;
  const args = ['-e', script, join(DIST, 'start.cjs'), 'monitor', 'FILE'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  // whole pages of it
  expect({ stdout, stderr }).toEqual({ stdout: '0 false\n', stderr: '' });
});

/** xorshift32: the same damages in every run */
function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** One kind of damage each; what comes back differs from what was given. */
const DAMAGES: Readonly<Record<string, (cache: Buffer, below: (n: number) => number) => Buffer>> = {
  'a bit': (cache, below) => {
    const bytes = Buffer.from(cache);
    const at = below(bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << below(8)), at);
    return bytes;
  },
  'a block of zeroes': (cache, below) => {
    const at = below(cache.length - 4096);
    return Buffer.from(cache).fill(0, at, at + 4096);
  },
  'a tail of zeroes': (cache, below) => Buffer.from(cache).fill(0, below(cache.length - 64)),
  'all zeroes': (cache) => Buffer.alloc(cache.length),
  truncated: (cache, below) => cache.subarray(0, below(cache.length)),
  'two blocks swapped': (cache, below) => {
    const blocks = Math.floor(cache.length / 4096);
    const [a, b] = [below(blocks - 1), blocks - 1];
    const bytes = Buffer.from(cache);
    cache.copy(bytes, a * 4096, b * 4096, (b + 1) * 4096);
    cache.copy(bytes, b * 4096, a * 4096, (a + 1) * 4096);
    return bytes;
  },
  'noise at the end': (cache, below) =>
    Buffer.concat([cache, Buffer.from(Array.from({ length: 1 + below(50) }, () => below(256)))]),
};

describe('which caches are used', () => {
  const { cache, bundle } = read('local');

  test('the one that was built, as V8 made it', () => {
    const code = unpack(cache, bundle) as Buffer;
    expect(code.length).toBe((cache.length - bundle.length) / 2);
    expect(pack(code, bundle).equals(cache)).toBe(true);
  });
  test.each(Object.entries(DAMAGES))('none with %s', (_, damage) => {
    const below = random(7);
    for (let i = 0; i < (FULL ? 1000 : 40); i++) {
      const damaged = damage(cache, below);
      expect(damaged.equals(cache)).toBe(false);
      expect(unpack(damaged, bundle)).toBeUndefined();
    }
  });
  test('none of another bundle, be it of the same length', () => {
    const other = Buffer.from(bundle);
    other.writeUInt8(other.readUInt8(1000) ^ 1, 1000);
    expect(unpack(cache, other)).toBeUndefined();
    const { cache: swapped } = read('ipvsadm');
    expect(unpack(swapped, bundle)).toBeUndefined();
    expect(unpack(Buffer.alloc(0), bundle)).toBeUndefined();
    expect(unpack(bundle, bundle)).toBeUndefined();
  });
});

describe('processes', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvs-cache-'));
    mkdirSync(join(folder, 'bin'));
    mkdirSync(join(folder, 'dist'));
    copyFileSync(join(ROOT, 'bin/ipvsadm'), join(folder, 'bin/ipvsadm'));
    copyFileSync(join(ROOT, 'bin/package.json'), join(folder, 'bin/package.json'));
    for (const name of ['start', 'local', 'help'])
      copyFileSync(join(DIST, `${name}.cjs`), join(folder, `dist/${name}.cjs`));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const file = () => join(folder, `dist/local.${process.version}.cache`);
  const runWith = (cache: Buffer | undefined, mode = 0o644) => {
    rmSync(file(), { force: true });
    if (cache !== undefined) {
      writeFileSync(file(), cache);
      chmodSync(file(), mode);
    }
    const { stdout, stderr, status, signal } = spawnSync(
      process.execPath,
      [join(folder, 'bin/ipvsadm'), '-Ln'],
      { env: { LVS_BACKEND: 'memory' }, encoding: 'utf8' },
    );
    return { stdout, stderr, status, signal };
  };

  /** one after another in one process: V8 may crash on what it takes */
  const runWithEach = (caches: readonly Buffer[]) => {
    const paths = caches.map((_, i) => join(folder, `${i}.cache`));
    for (const [i, cache] of caches.entries()) writeFileSync(paths[i] ?? '', cache);
    const script = `
      const [, start, cache, ...paths] = process.argv;
      const run = require(start);
      process.argv = [process.argv[0], 'ipvsadm', '-Ln'];
      (async () => {
        for (const path of paths) {
          require('node:fs').copyFileSync(path, cache);
          for (const loaded of Object.keys(require.cache)) delete require.cache[loaded];
          await run('ipvsadm').main();
        }
      })()`;
    const args = ['-e', script, join(folder, 'dist/start.cjs'), file(), ...paths];
    const { stdout, stderr, status, signal } = spawnSync(process.execPath, args, {
      env: { LVS_BACKEND: 'memory' },
      encoding: 'utf8',
    });
    return { stdout, stderr, status, signal };
  };

  test('the same output whatever became of the cache', { timeout: 120_000 }, () => {
    const { cache } = read('local');
    const plain = runWith(undefined);
    expect(plain).toMatchObject({ stderr: '', status: 0, signal: null });
    expect(runWith(cache)).toEqual(plain);
    const below = random(11);
    for (let i = 0; i < (FULL ? 20 : 1); i++) {
      const damaged = Object.values(DAMAGES).map((damage) => damage(cache, below));
      const stdout = plain.stdout.repeat(damaged.length);
      expect(runWithEach(damaged)).toEqual({ ...plain, stdout });
    }
    expect(runWith(cache, 0o666)).toEqual(plain);
    // code of another version in an undamaged file: V8 itself rejects it
    const { bundle } = read('local');
    const code = Buffer.from(unpack(cache, bundle) as Buffer);
    code.fill(0xff, 0, 4); // V8's magic number
    expect(runWith(pack(code, bundle))).toEqual(plain);
  });
});

describe('a binding that was compiled where the package was installed', () => {
  const PREBUILT = `netlink/prebuilds/${process.platform}-${process.arch}/node.napi.node`;
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lvs-binding-'));
    mkdirSync(join(folder, 'dist'));
    mkdirSync(join(folder, 'node_modules/netlink/build/Release'), { recursive: true });
    for (const file of ['start.cjs', 'change.cjs', 'ipvsadm.cjs'])
      copyFileSync(join(DIST, file), join(folder, 'dist', file));
    // a cache is used when it is not older than its bundle
    for (const name of ['change', 'ipvsadm'])
      copyFileSync(cacheOf(name), join(folder, `dist/${name}.${process.version}.cache`));
    const modules = join(ROOT, 'node_modules');
    copyFileSync(
      join(modules, 'netlink/package.json'),
      join(folder, 'node_modules/netlink/package.json'),
    );
    symlinkSync(join(modules, 'node-gyp-build'), join(folder, 'node_modules/node-gyp-build'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Loads a bundle, which takes the binding, and runs its program only when asked to. */
  const loading = (run: '' | '.main()', ...args: readonly string[]) => {
    const start = join(folder, 'dist/start.cjs');
    const script = `require(process.argv[1])('ipvsadm')${run}`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script, start, ...args], {
      env: {},
      encoding: 'utf8',
    });
    return { stdout, stderr, status };
  };

  test.each([
    ['-A', '-t', '192.0.2.1:80'],
    ['-Ln', '--stats', '--exact'],
  ])('is found by the bundle for %s, with its cache; without one there is a message', (...args) => {
    const compiled = join(folder, 'node_modules/netlink/build/Release/netlink.node');
    rmSync(compiled, { force: true });
    const { stdout, stderr, status } = loading('.main()', ...args);
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 });
    expect(stderr).toMatch(/^netlink: No native build was found [^\n]*\n$/);
    copyFileSync(join(ROOT, 'node_modules', PREBUILT), compiled);
    // nothing is run: it might change rules of this machine
    expect(loading('', ...args)).toEqual({ stdout: '', stderr: '', status: 0 });
  });
});
