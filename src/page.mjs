// Builds the status page of `lvsctl serve`: one HTML file with its script and style in it.
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';

const PAGE = 'src/lvsctl/serve/page';

/** @returns its HTML, and what esbuild knows of the packages in it */
export async function buildPage() {
  const common = { bundle: true, minify: true, write: false, metafile: true, logLevel: 'warning' };
  const script = await build({
    ...common,
    entryPoints: [`${PAGE}/main.ts`],
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    charset: 'ascii',
  });
  const style = await build({
    ...common,
    stdin: {
      contents: '@import "uplot/dist/uPlot.min.css"; @import "./page.css";',
      loader: 'css',
      resolveDir: PAGE,
    },
  });
  const text = ({ outputFiles }) => outputFiles[0].text.trim();
  // a function, since $ in the texts means nothing
  const html = readFileSync(`${PAGE}/index.html`, 'utf8')
    .replace('<style></style>', () => `<style>${text(style)}</style>`)
    .replace('<script></script>', () => `<script>${text(script)}</script>`);
  return { html, metafile: script.metafile };
}
