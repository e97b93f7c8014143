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

/** The exports of the bundle of `dist/` that a command line of a program needs. */
function start(program: string): unknown {
  const name = bundleOf(program);
  const file = path.join(__dirname, `${name}.cjs`);
  if (name === 'monitor')
    return execute(new vm.Script(start.wrap(textOf(file)), { filename: file }), file);
  const found = readCache(path.join(__dirname, `${name}.${process.version}.cache`), file);
  if (found === undefined) return require(file);
  const { code, bundle } = found;
  const source = start.wrap(bundle.toString('latin1'));
  return execute(new vm.Script(source, { filename: file, cachedData: code }), file);
}

function execute(script: vm.Script, file: string): unknown {
  const module = { exports: {} };
  script.runInThisContext()(module.exports, load, module, file, __dirname);
  return module.exports;
}

/** arguments after `lvsctl monitor` that ask a running one: these end soon, so start-up counts */
const ASKS = ['status', 'reload', 'events', 'help'];

/**
 * ipvsadm has two: for rules in the kernel, and for rules in a file or in memory. lvsctl has two:
 * what a monitor does not need would stay in its memory for as long as it runs.
 */
function bundleOf(program: string): string {
  if (program === 'ipvsadm') return isLocal(process.env.LVS_BACKEND) ? 'local' : program;
  const [, , command, next = ''] = process.argv;
  const stays = program === 'lvsctl' && command === 'monitor' && !ASKS.includes(next);
  return stays ? 'monitor' : program;
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

/** bytes that are read at a time */
const PIECE = 65_536;

/**
 * The text of a bundle that stays, read in pieces and without a cache. glibc keeps freed memory for
 * each thread, up to twice the largest block that was ever freed (mallopt(3), M_MMAP_THRESHOLD): the
 * large buffers of a cache cost a monitor 10 MB for as long as it runs.
 */
function textOf(file: string): string {
  const piece = Buffer.allocUnsafe(PIECE);
  const fd = fs.openSync(file, 'r');
  try {
    let text = '';
    for (let size = fs.readSync(fd, piece); size > 0; size = fs.readSync(fd, piece))
      text += piece.toString('latin1', 0, size);
    return text;
  } finally {
    fs.closeSync(fd);
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
