// A directory made by several processes at the same time.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { expect, test } from 'vitest';
import { makeDirectory } from '../../src/system/directory.js';

const ROUNDS = 300;

test('several processes make the same directories at once, and none fails', async () => {
  const place = mkdtempSync(join(tmpdir(), 'lvs-directory-'));
  try {
    const racer = join(place, 'racer.mjs');
    const { outputFiles } = buildSync({
      stdin: {
        contents: `import { makeDirectory } from './src/system/directory.ts';
          const [, , place, begin] = process.argv;
          // nearly all of the wait costs nothing
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, begin - Date.now() - 5);
          while (Date.now() < Number(begin));
          for (let i = 0; i < ${ROUNDS}; i++) makeDirectory(\`\${place}/made/\${i}/a/b\`);`,
        resolveDir: new URL('../..', import.meta.url).pathname,
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false,
    });
    writeFileSync(racer, outputFiles[0]?.contents ?? '');
    const begin = String(Date.now() + 500);
    const racers = Array.from({ length: 2 }, () => spawn('node', [racer, place, begin]));
    const ends = await Promise.all(racers.map(ended));
    expect(ends).toEqual(racers.map(() => ({ status: 0, errors: '' })));
    expect(readdirSync(join(place, 'made'))).toHaveLength(ROUNDS);
  } finally {
    rmSync(place, { recursive: true });
  }
});

test('each is for its owner alone; what cannot be made is named', () => {
  const place = mkdtempSync(join(tmpdir(), 'lvs-directory-'));
  makeDirectory(join(place, 'a/b'));
  for (const made of ['a', 'a/b']) expect(statSync(join(place, made)).mode & 0o777).toBe(0o700);
  writeFileSync(join(place, 'file'), '');
  expect(() => makeDirectory(join(place, 'file/a'))).toThrow(/ENOTDIR/);
  expect(() => makeDirectory('/proc/lvs/a')).toThrow(/ENOENT/);
  rmSync(place, { recursive: true });
});

async function ended(racer: ChildProcess): Promise<unknown> {
  let errors = '';
  racer.stderr?.on('data', (data) => {
    errors += data;
  });
  const [status] = await once(racer, 'close');
  return { status, errors };
}
