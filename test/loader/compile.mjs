// Compiles src and test for the tests, each file to a file, in a second for all of them: vitest
// would transform each file by itself, which took a fifth of the processor time of a first run.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import { generatedSource } from '../../src/fast/build/plugin.mjs';
import { define } from '../../src/version.mjs';
import { COMPILED, compiledPath, ROOT } from './compiled.mjs';

/** For vitest's `globalSetup`: also before each further run while watching. */
export default async function setup(project) {
  await compile();
  project.onTestsRerun(compile);
}

/** Paths in a test are meant from its source: only there are the files that are no TypeScript. */
const besideSource = {
  name: 'beside-source',
  setup({ onLoad }) {
    onLoad({ filter: /\/test\/.*\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (!/import\.meta\.url|\.mjs'/.test(source)) return;
      const toSource = relative(dirname(compiledPath(path)), path);
      const contents = source
        .replaceAll('import.meta.url', `new URL('${toSource}', import.meta.url).href`)
        .replace(IMPORTED, (_, name) => `'${join(dirname(toSource), name)}'`);
      return { contents, loader: 'ts' };
    });
  },
};
const IMPORTED = /(?<=^(?:import .*|\}) from )'(\..*\.mjs)'/gm;

/** What files depend on besides sources: options, the version, what compiles. */
const COMMON = [
  'test/loader/compile.mjs',
  'test/loader/compiled.mjs',
  'src/version.mjs',
  'src/fast/build/compile.mjs',
  'src/fast/build/plugin.mjs',
  'package.json',
  'node_modules/esbuild/package.json',
  'node_modules/assemblyscript/package.json',
].map((name) => join(ROOT, name));

/** Compiles what changed since it was compiled, and writes what is not the same already. */
async function compile() {
  const begun = new Date();
  const common = Math.max(...COMMON.map(changedAt));
  const isOld = (path) => writtenAt(compiledPath(path)) < Math.max(changedAt(path), common);
  const entryPoints = ['src', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .filter((name) => /(?<!\.d)\.ts$/.test(name))
      .map((name) => join(ROOT, folder, name)),
  );
  // made of the tables: it has no source
  const generated = join(ROOT, 'src/fast/generated.js');
  const complete = writtenAt(compiledPath(generated)) > 0;
  const old = complete ? entryPoints.filter(isOld) : entryPoints;
  if (old.length === 0) return;
  const { outputFiles } = await build({
    entryPoints: old,
    format: 'esm',
    target: 'node20',
    define,
    sourcemap: 'inline',
    sourcesContent: false,
    plugins: [besideSource],
    outdir: COMPILED,
    outbase: ROOT,
    write: false,
    logLevel: 'warning',
  });
  keep(compiledPath(generated), Buffer.from(await generatedSource()), begun);
  for (const { path, contents } of outputFiles) keep(path, contents, begun);
}

/** Also when a file with an older date was put in its place. */
const changedAt = (path) => statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? 0;
const writtenAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/**
 * Another run in the same checkout may read it, or write it too.
 * @param begun its date: what changes while it is compiled is compiled again
 */
function keep(path, contents, begun) {
  try {
    if (readFileSync(path).equals(contents)) return utimesSync(path, begun, begun);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
  }
  writeFileSync(`${path}.${process.pid}`, contents);
  utimesSync(`${path}.${process.pid}`, begun, begun);
  renameSync(`${path}.${process.pid}`, path);
}
