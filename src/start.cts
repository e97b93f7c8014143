// Loads a bundle of dist/ with V8's code cache, which halves what it adds to Node's own start.
//
// The cache is made by `npm run build` beside the bundle and never written afterwards. It is used
// only when it belongs to the owner of the bundle, no other user may write to it, it is not older,
// and it is undamaged and made from this very bundle. V8 itself rejects one of another Node
// version, but does not check what it holds: a damaged one would crash, or run as something else.
// Without a right one the bundle is loaded as any other file.
import fs = require('node:fs');
import vm = require('node:vm');

/** what others than the owner must not be able to do */
const WRITABLE_BY_OTHERS = 0o022;

/** The exports of the bundle of `dist/` that a command line of a program needs. */
function start(program: string): unknown {
  return loadBundle(bundleOf(program));
}

function loadBundle(name: string): unknown {
  const file = `${__dirname}/${name}.cjs`;
  const stays = name === 'monitor';
  const cache = `${__dirname}/${name}.${process.version}.cache`;
  const found = readCache(cache, file, stays ? readOutside : fs.readFileSync);
  if (found === undefined && !stays) return require(file);
  const { code, source } = found ?? { code: undefined, source: textOf(file) };
  const script = new vm.Script(start.wrap(source), { filename: file, cachedData: code });
  return execute(script, file);
}

function execute(script: vm.Script, file: string): unknown {
  const module = { exports: {} };
  script.runInThisContext()(module.exports, load, module, file, __dirname);
  return module.exports;
}

/** arguments after `lvsctl monitor` that ask a running one: these end soon, so start-up counts */
const ASKS = ['status', 'reload', 'events', 'help'];

/** the first argument of a command line that may be one plain change */
const CHANGES = ['-A', '-E', '-D', '-a', '-e', '-d'];

/**
 * ipvsadm has two for rules in the kernel, and two for those in a file or in memory: one for a plain
 * change, one for everything, which its wrappers need. lvsctl has two: what a monitor does not need
 * would stay in its memory for as long as it runs.
 */
function bundleOf(program: string): string {
  const [, , command = '', next = ''] = process.argv;
  if (program === 'lvsctl')
    return command === 'monitor' && !ASKS.includes(next) ? 'monitor' : 'lvsctl';
  const isChange = program === 'ipvsadm' && CHANGES.includes(command);
  if (isLocal(process.env.LVS_BACKEND)) return isChange ? 'localchange' : 'local';
  return isChange ? 'change' : 'ipvsadm';
}

function isLocal(backend: string | undefined): boolean {
  return backend !== undefined && backend !== '' && backend !== 'kernel';
}

/** What a bundle requires: another bundle through its cache too, everything else as usual. */
function load(id: string): unknown {
  return id.startsWith('./') ? loadBundle(id.slice(2, -'.cjs'.length)) : require(id);
}
// a binding that was compiled where it was installed is searched for
load.resolve = require.resolve;

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

  /**
   * The code in a cache file.
   * @param bundle the bundle as it is now
   * @returns undefined when it is damaged, or that of another bundle
   */
  export function unpack(cache: Buffer, bundle: Buffer): Uint8Array | undefined {
    const length = (cache.length - bundle.length) / 2;
    if (length <= 0 || !Number.isInteger(length)) return undefined;
    const intact =
      cache.compare(cache, length, 2 * length, 0, length) === 0 &&
      cache.compare(bundle, 0, bundle.length, 2 * length) === 0;
    return intact ? new Uint8Array(cache.buffer, cache.byteOffset, length) : undefined;
  }
}

/** bytes that are read at a time; and a page of WebAssembly */
const PIECE = 65_536;

/** The part of `WebAssembly` that is needed here, which Node's types leave out. */
interface WebAssembly {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
}

/**
 * A file in memory that is not malloc's. glibc keeps freed memory for each thread, up to twice the
 * largest block that was ever freed (mallopt(3), M_MMAP_THRESHOLD): buffers for a cache cost a
 * program that stays 10 MB for as long as it runs. V8 maps the memory of WebAssembly itself.
 * @throws where there is no WebAssembly, or no room for it
 */
function readOutside(path: string): Buffer {
  const { size } = fs.statSync(path);
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssembly };
  const { buffer } = new WebAssembly.Memory({ initial: Math.ceil(size / PIECE) });
  const bytes = Buffer.from(buffer, 0, size);
  const fd = fs.openSync(path, 'r');
  try {
    for (let at = 0; at < size; ) {
      const count = fs.readSync(fd, bytes, at, size - at, null);
      if (count === 0) throw new Error(`${path} has become shorter`);
      at += count;
    }
    return bytes;
  } finally {
    fs.closeSync(fd);
  }
}

/** The text of a bundle that stays, read in pieces: see `readOutside`. */
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

// Each function of Node's that is called for the first time costs some 20 microseconds: few are.
function readCache(
  cache: string,
  bundle: string,
  read: (path: string) => Buffer,
): { readonly code: Uint8Array; readonly source: string } | undefined {
  try {
    const [made, of] = [fs.statSync(cache), fs.statSync(bundle)];
    const trusted =
      made.uid === of.uid && (made.mode & WRITABLE_BY_OTHERS) === 0 && made.mtimeMs >= of.mtimeMs;
    if (!trusted) return undefined;
    const source = read(bundle);
    const code = start.unpack(read(cache), source);
    return code && { code, source: source.toString('latin1') };
  } catch {
    return undefined; // none was made for this version of Node, or there is no memory for it
  }
}

export = start;
