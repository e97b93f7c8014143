// Gives `fast/generated.js` to esbuild and to vitest: the text that `module.ts` makes of the
// tables. The code that it names is a file beside the bundles; in tests it is part of the text.
import { build } from 'esbuild';
import { compile } from './compile.mjs';

const GENERATED = /\/generated\.js$/;
/** The file beside the bundles. */
export const CODE_FILE = 'listing.wasm';

let made;

/** What the tables become, made once: the code, and what makes the module around it. */
export function generatedParts() {
  made ??= make();
  return made;
}

async function make() {
  const { outputFiles } = await build({
    entryPoints: [new URL('module.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  const text = Buffer.from(outputFiles[0].contents).toString('base64');
  const { moduleSource, tablesSource } = await import(`data:text/javascript;base64,${text}`);
  const { version, code } = await compile(tablesSource());
  return { moduleSource: (expression) => moduleSource(expression, version), code };
}

/** for esbuild */
export const generated = {
  name: 'generated',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: GENERATED }, () => ({ path: 'generated.js', namespace: 'generated' }));
    onLoad({ filter: /.*/, namespace: 'generated' }, async () => {
      const { moduleSource } = await generatedParts();
      const file = `require('node:fs').readFileSync(__dirname + '/${CODE_FILE}')`;
      return { contents: moduleSource(file) };
    });
  },
};

/** The module for tests, with the code in it. */
export async function generatedSource() {
  const { moduleSource, code } = await generatedParts();
  return moduleSource(`Buffer.from('${Buffer.from(code).toString('base64')}', 'base64')`);
}

/** for vitest */
export const generatedForTests = {
  name: 'generated',
  enforce: 'pre',
  resolveId: (id) =>
    GENERATED.test(id) ? new URL('../generated.js', import.meta.url).pathname : undefined,
  load: (id) => (GENERATED.test(id) ? generatedSource() : undefined),
};
