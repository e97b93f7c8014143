// Compiles src and test for the tests, each file to a file, in a second for all of them: vitest
// would transform each file by itself, which took a fifth of the processor time of a first run.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { generatedSource } from '../../src/fast/build/plugin.mjs';
import { compiledPath, OPTIONS, ROOT } from './compiled.mjs';

/** Compiles all, and writes what is not the same already. */
export async function compile() {
  const entryPoints = ['src', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .filter((name) => /(?<!\.d)\.ts$/.test(name))
      .map((name) => join(ROOT, folder, name)),
  );
  const { outputFiles } = await build({
    ...OPTIONS,
    entryPoints,
    // beside the sources, for the paths of the source maps; nothing is written there
    outdir: ROOT,
    outbase: ROOT,
    write: false,
    logLevel: 'warning',
  });
  for (const { path, contents } of outputFiles) keep(compiledPath(path), contents);
  // made of the tables: it has no source
  keep(compiledPath(join(ROOT, 'src/fast/generated.js')), Buffer.from(await generatedSource()));
}

/** Another run in the same checkout may read it, or write it too. */
function keep(path, contents) {
  const now = new Date();
  try {
    if (readFileSync(path).equals(contents)) return utimesSync(path, now, now);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
  }
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}
