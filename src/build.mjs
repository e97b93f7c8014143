// Builds what is shipped: CommonJS bundles, their code caches, and the licences of what is in them.
// ipvsadm has four bundles and one for its help, lvsctl one and one for its monitor
// (docs/contributing/architecture.md). Needs nothing but esbuild and AssemblyScript.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { CODE_FILE, generated, generatedParts } from './fast/build/plugin.mjs';
import { notices } from './notices.mjs';
import { buildPage } from './page.mjs';
import { beginBuild, isBuilt } from './unchanged.mjs';
import { define } from './version.mjs';

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  charset: 'ascii',
  // finds the native binding without a search; the package's own search costs more than all the rest
  // at start-up
  alias: { 'node-gyp-build': './src/backend/binding.cts' },
  external: ['netlink/package.json'],
  minify: true,
  // a stack trace shows a line of the source
  lineLimit: 320,
  // the bundles run without a loader for ES modules
  supported: { 'dynamic-import': false },
  logLevel: 'warning',
  // for the licences
  metafile: true,
  define,
};

/** Help text and hints are read by those commands alone that need them; help brings commander. */
const rareApart = {
  name: 'rare-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/program\.js$/ }, () => ({ path: './help.cjs', external: true }));
    onResolve({ filter: /^\.\/hints\/table\.js$/ }, () => ({
      path: './hints.cjs',
      external: true,
    }));
  },
};

/** The texts of errno, which few commands print: loaded when the first of them is asked for. */
const errnoApart = {
  name: 'errno-apart',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/errno\.js$/ }, () => ({ path: 'errno', namespace: 'later' }));
    onResolve({ filter: /^\.\/errno\.cjs$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /.*/, namespace: 'later' }, () => ({
      contents: "export const errnoText = (code) => require('./errno.cjs').errnoText(code);",
    }));
  },
};

/** The sentences of the options are for `--help` alone, which is in a bundle of its own. */
const helpApart = {
  name: 'help-apart',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]ipvsadm[/\\]options\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const contents = source.replace(/\b(help|metavar): ('[^'\n]*'|`[^`\n]*`),? ?/g, '');
      if (/\bhelp: ['`]/.test(contents)) throw new Error(`${path}: help that is not on its row`);
      return { contents, loader: 'ts' };
    });
  },
};

/**
 * commander loads it for subcommands that are programs of their own, which the help text has none
 * of; it costs a tenth of a start.
 */
const noChildren = {
  name: 'no-children',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ path }) => ({ path, namespace: 'absent' }));
    onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/**
 * Only the names of errors need `node:os`, which takes a hundredth of a start. So it is loaded when
 * the first error is named. Node finds its own modules sooner when the name begins with `node:`.
 */
const quickRequires = {
  name: 'quick-requires',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:node:)?os$/ }, ({ namespace }) =>
      namespace === 'later-os'
        ? { path: 'node:os', external: true }
        : { path: 'os', namespace: 'later-os' },
    );
    onResolve({ filter: /^events$/ }, () => ({ path: 'node:events', external: true }));
    onLoad({ filter: /.*/, namespace: 'later-os' }, () => ({
      contents: "module.exports = { get constants() { return require('node:os').constants; } };",
    }));
  },
};

/**
 * Modules of Node's that few commands of lvsctl need, and that cost 8 ms of a start: each is loaded
 * when something of it is used for the first time.
 */
const builtinsLater = {
  name: 'builtins-later',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(?:child_process|crypto|net|readline)$/ }, ({ path, namespace }) =>
      namespace === 'later' ? { path, external: true } : { path, namespace: 'later' },
    );
    onLoad({ filter: /.*/, namespace: 'later' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => name !== 'default');
      const getters = names.map((name) => `get ${name}() { return all().${name}; }`);
      const contents = `let loaded; const all = () => (loaded ??= require('${path}'));
        module.exports = { ${getters.join(', ')} };`;
      return { contents };
    });
  },
};

/** A bundle has only the backends that it is asked for, and loads them when it starts. */
const backends = (...names) => ({
  name: 'backends',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]backend[/\\]open\.ts$/ }, ({ path }) => {
      const imports = [];
      const contents = readFileSync(path, 'utf8').replace(
        /\(await import\('(\.\/(?:\w+\/)?(\w+)\.js)'\)\)/g,
        (_, file, name) => {
          if (!names.includes(name)) return "(() => { throw new Error('in another bundle'); })()";
          imports.push(`import * as ${name} from '${file}';`);
          return name;
        },
      );
      if (imports.length !== names.length) throw new Error(`${path}: ${names} are not all there`);
      return { contents: imports.join('\n') + contents, loader: 'ts' };
    });
  },
});

/** The bundle for plain changes loads that for everything only when it needs it. */
const wholeApart = (bundle) => ({
  name: 'whole-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/main\.js$/ }, () => ({ path: `./${bundle}.cjs`, external: true }));
  },
});

/**
 * The other commands of lvsctl are no part of a monitor's memory. It loads none of them: only the
 * command that is named is loaded.
 */
const monitorAlone = {
  name: 'monitor-alone',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/commands\/\w+\.js$/ }, ({ path, importer }) =>
      /[/\\]program\.ts$/.test(importer) && path !== './commands/monitor.js'
        ? { path, namespace: 'elsewhere' }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'elsewhere' }, ({ path }) => ({
      contents: `throw new Error('${path} is in another bundle');`,
    }));
  },
};

/** Manual pages and completion scripts, by a program of their own that is not shipped. */
async function generate() {
  const outfile = 'dist/generate.mjs';
  const banner = {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  };
  await build({
    ...common,
    format: 'esm',
    entryPoints: ['src/generate.ts'],
    outfile,
    minify: false,
    banner,
  });
  for (const made of ['dist/man', 'dist/completion'])
    rmSync(made, { recursive: true, force: true });
  execFileSync(process.execPath, [outfile], { stdio: 'inherit' });
  rmSync(outfile);
}

/** The library as an ES module with its types: what its declarations have, by name. */
function buildLibrary() {
  const types = readFileSync('src/library/api.d.ts', 'utf8');
  const names = [...types.matchAll(/^export declare (?:function|class) (\w+)/gm)].map(
    ([, name]) => name,
  );
  writeFileSync(
    'dist/library.mjs',
    `import bundle from './library.cjs';\nexport const { ${names.join(', ')} } = bundle.library;\n`,
  );
  writeFileSync('dist/library.d.mts', types);
}

/**
 * Fails for a bundle with other characters: where there is a cache, it is read as Latin-1. esbuild
 * writes those of regular expressions as they are; write them as `\u3001`.
 */
function expectAscii(path) {
  const [found] = /.{0,40}[\u0080-\u{10ffff}].{0,40}/u.exec(readFileSync(path, 'utf8')) ?? [];
  if (found !== undefined) throw new Error(`${path} is not ASCII: ${found}`);
}

// nothing is printed: `npm pack --silent` prints what its scripts print
if (isBuilt('.')) process.exit();
const keepBuilt = beginBuild('.');
const bundles = await Promise.all([
  build({ ...common, entryPoints: ['src/start.cts'], outfile: 'dist/start.cjs' }),
  ...[
    { whole: 'ipvsadm', change: 'change', has: backends('kernel') },
    { whole: 'local', change: 'localchange', has: backends('memory', 'file') },
  ].flatMap(({ whole, change, has }) => [
    build({
      ...common,
      entryPoints: ['src/ipvsadm/main.ts'],
      outfile: `dist/${whole}.cjs`,
      plugins: [rareApart, helpApart, errnoApart, quickRequires, has, generated],
    }),
    build({
      ...common,
      entryPoints: ['src/ipvsadm/change.ts'],
      outfile: `dist/${change}.cjs`,
      plugins: [rareApart, errnoApart, quickRequires, wholeApart(whole), has, generated],
    }),
  ]),
  build({
    ...common,
    entryPoints: ['src/ipvsadm/program.ts'],
    outfile: 'dist/help.cjs',
    plugins: [noChildren],
  }),
  build({ ...common, entryPoints: ['src/ipvsadm/hints/table.ts'], outfile: 'dist/hints.cjs' }),
  build({ ...common, entryPoints: ['src/render/errno.ts'], outfile: 'dist/errno.cjs' }),
  build({
    ...common,
    entryPoints: ['src/lvsctl/main.ts'],
    outfile: 'dist/monitor.cjs',
    plugins: [monitorAlone, generated],
  }),
  ...['lvsctl', 'library'].map((name) =>
    build({
      ...common,
      entryPoints: [`src/${name}/main.ts`],
      outfile: `dist/${name}.cjs`,
      plugins: [builtinsLater, generated],
    }),
  ),
]);
for (const { metafile } of bundles) Object.keys(metafile.outputs).forEach(expectAscii);
const { code } = await generatedParts();
writeFileSync(`dist/${CODE_FILE}`, code);
buildLibrary();
await generate();
const page = await buildPage();
writeFileSync('dist/page.html', page.html);
writeFileSync(
  'dist/THIRD-PARTY-NOTICES',
  notices([...bundles, page].map(({ metafile }) => metafile)),
);
// shipped, because a cache fits one Node alone: it is made where the package is installed
copyFileSync('src/warm.cjs', 'dist/warm.cjs');
execFileSync(process.execPath, [fileURLToPath(new URL('warm.cjs', import.meta.url))], {
  stdio: 'inherit',
});
keepBuilt();
