// Loads a bundle of dist/ with V8's code cache, which halves what it adds to Node's own start.
//
// The cache is made by `npm run build` beside the bundle and never written afterwards. It is used
// only when it belongs to the owner of the bundle, no other user may write to it, it is not older,
// and it is undamaged and made from this very bundle. V8 itself rejects one of another Node
// version, but does not check what it holds: a damaged one would crash, or run as something else.
// Without a right one the bundle is loaded as any other file.
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
  const found = readCache(path.join(__dirname, `${name}.${process.version}.cache`), file);
  if (found === undefined) return require(file);
  const script = new vm.Script(start.wrap(found.bundle.toString('latin1')), {
    filename: file,
    cachedData: found.code,
  });
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

  /**
   * The content of a cache file: the code twice, then the bundle it was made from. Comparing is
   * done by memcmp, in a tenth of the time that a checksum takes at start-up, where nothing is
   * compiled yet.
   */
  export function pack(code: Buffer, bundle: Buffer): Buffer {
    return Buffer.concat([code, code, bundle]);
  }

  /** The code in a cache file; undefined when it is damaged, or that of another bundle. */
  export function unpack(cache: Buffer, bundle: Buffer): Buffer | undefined {
    const length = (cache.length - bundle.length) / 2;
    if (length <= 0 || !Number.isInteger(length)) return undefined;
    const code = cache.subarray(0, length);
    const intact =
      code.equals(cache.subarray(length, 2 * length)) && bundle.equals(cache.subarray(2 * length));
    return intact ? code : undefined;
  }
}

function readCache(
  cache: string,
  bundle: string,
): { readonly code: Buffer; readonly bundle: Buffer } | undefined {
  try {
    const [made, of] = [fs.statSync(cache), fs.statSync(bundle)];
    const trusted =
      made.uid === of.uid && (made.mode & WRITABLE_BY_OTHERS) === 0 && made.mtimeMs >= of.mtimeMs;
    if (!trusted) return undefined;
    const source = fs.readFileSync(bundle);
    const code = start.unpack(fs.readFileSync(cache), source);
    return code && { code, bundle: source };
  } catch {
    return undefined; // none was made for this version of Node
  }
}

export = start;
