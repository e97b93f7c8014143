// Loads a bundle of dist/ with V8's code cache, which halves what it adds to Node's own start.
//
// The cache is made by `npm run build` beside the bundle and never written afterwards. It is used
// only when it belongs to whoever owns the bundle, nobody else may write to it, and it is not
// older; V8 itself rejects one of another Node version. Without it the bundle is loaded as any
// other file.
import fs = require('node:fs');
import path = require('node:path');
import vm = require('node:vm');

/** what others than the owner must not be able to do */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * The exports of `dist/NAME.cjs`; ipvsadm has two bundles, for rules in the kernel and for rules in
 * a file or in memory.
 */
function start(program: string): unknown {
  const name = program === 'ipvsadm' && isLocal(process.env.LVS_BACKEND) ? 'local' : program;
  const file = path.join(__dirname, `${name}.cjs`);
  const cachedData = readCache(path.join(__dirname, `${name}.${process.version}.cache`), file);
  if (cachedData === undefined) return require(file);
  const source = start.wrap(fs.readFileSync(file, 'latin1'));
  const script = new vm.Script(source, { filename: file, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, load, module, file, __dirname);
  return module.exports;
}

function isLocal(backend: string | undefined): boolean {
  return backend !== undefined && backend !== '' && backend !== 'kernel';
}

/** What a bundle requires: another bundle through its cache too, everything else as usual. */
function load(id: string): unknown {
  const [, bundle] = /^\.\/([a-z]+)\.cjs$/.exec(id) ?? [];
  return bundle === undefined ? require(id) : start(bundle);
}

namespace start {
  /** The text that is compiled: the same for making and for using the cache. Bundles are ASCII. */
  export function wrap(source: string): string {
    return `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  }
}

function readCache(cache: string, bundle: string): Buffer | undefined {
  try {
    const [made, of] = [fs.statSync(cache), fs.statSync(bundle)];
    const trusted =
      made.uid === of.uid && (made.mode & WRITABLE_BY_OTHERS) === 0 && made.mtimeMs >= of.mtimeMs;
    return trusted ? fs.readFileSync(cache) : undefined;
  } catch {
    return undefined; // none was made for this version of Node
  }
}

export = start;
