// Gives `fast/generated.js` to esbuild and to vitest: the text that `module.ts` makes of the tables.
import { build } from 'esbuild';

const GENERATED = /\/generated\.js$/;

let source;

/** The text of the module, made once. */
export function generatedSource() {
  source ??= make();
  return source;
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
  return (await import(`data:text/javascript;base64,${text}`)).moduleSource();
}

/** for esbuild */
export const generated = {
  name: 'generated',
  setup({ onLoad, onResolve }) {
    const resolveDir = new URL('..', import.meta.url).pathname;
    onResolve({ filter: GENERATED }, () => ({ path: 'generated.js', namespace: 'generated' }));
    onLoad({ filter: /.*/, namespace: 'generated' }, async () => ({
      contents: await generatedSource(),
      resolveDir,
    }));
  },
};

/** for vitest */
export const generatedForTests = {
  name: 'generated',
  enforce: 'pre',
  resolveId: (id) =>
    GENERATED.test(id) ? new URL('../generated.js', import.meta.url).pathname : undefined,
  load: (id) => (GENERATED.test(id) ? generatedSource() : undefined),
};
