// Files are replaced in one step: what a path may lead to, owners and modes, failures, leftovers.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ownIdentity } from '../../src/system/identity.js';
import { removeLeftovers, replaceFile, targetOf } from '../../src/system/replace.js';

const ROOT = process.getuid?.() === 0;
const MODULE = new URL('../../src/system/replace.ts', import.meta.url).pathname;
/** the module as a file that a process of its own loads */
let bundleFolder: string;
let bundle: string;
beforeAll(() => {
  bundleFolder = mkdtempSync(join(tmpdir(), 'lvs-replace-'));
  bundle = join(bundleFolder, 'replace.cjs');
  buildSync({ entryPoints: [MODULE], bundle: true, platform: 'node', outfile: bundle });
});
afterAll(() => rmSync(bundleFolder, { recursive: true }));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lvs-replace-'));
  path = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (name = 'file') => readFileSync(join(folder, name), 'utf8');
const modeOf = (name = 'file') => statSync(join(folder, name)).mode & 0o7777;

describe('what a path leads to', () => {
  test('nothing: a file is made', () => {
    replaceFile(path, 'new');
    expect([read(), modeOf(), readdirSync(folder)]).toEqual(['new', 0o600, ['file']]);
  });

  test('a link, a link to a link: the target is replaced', () => {
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    writeFileSync(join(folder, 'a/target'), 'old');
    symlinkSync('../target', join(folder, 'a/b/middle'));
    symlinkSync('a/b', join(folder, 'way'));
    symlinkSync('way/middle', path);
    replaceFile(path, 'new');
    expect(read('a/target')).toBe('new');
    expect(readlinkSync(path)).toBe('way/middle');
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['middle']);
    expect(readdirSync(join(folder, 'a'))).toEqual(['b', 'target']);
  });

  test('a dangling link, also with .. behind a linked directory: its target is made', () => {
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    symlinkSync('a/b', join(folder, 'way'));
    symlinkSync('way/../target', path);
    expect(targetOf(path)).toBe(`${folder}/way/../target`);
    replaceFile(path, 'new');
    expect(read('a/target')).toBe('new');
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(targetOf(path)).toBe(join(folder, 'a/target'));
  });

  test.each([
    ['a directory', () => mkdirSync(path), 'EISDIR'],
    [
      'a link to a directory',
      () => {
        mkdirSync(join(folder, 'd'));
        symlinkSync('d', path);
      },
      'EISDIR',
    ],
    ['links in a circle', () => symlinkSync('file', path), 'ELOOP'],
    ['a dangling link to no directory', () => symlinkSync('no/such', path), 'ENOENT'],
    ['a dangling link that names a directory', () => symlinkSync('no/', path), 'ENOTDIR'],
  ])('%s is refused, and nothing stays', (_, make, code) => {
    make();
    const before = readdirSync(folder);
    expect(() => replaceFile(path, 'new')).toThrow(expect.objectContaining({ code }));
    expect(readdirSync(folder)).toEqual(before);
  });

  test('a FIFO is written to', () => {
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    const reader = spawnSync(
      'sh',
      ['-c', 'cat "$1" & exec "$2" -e "$3" "$1"', 'sh', path, process.execPath, call()],
      { encoding: 'utf8' },
    );
    expect(reader).toMatchObject({ stdout: 'new', stderr: '', status: 0 });
    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  test.runIf(ROOT)('a device, also behind a link, is written to and stays', () => {
    expect(spawnSync('mknod', [join(folder, 'full'), 'c', '1', '7']).status).toBe(0);
    expect(spawnSync('mknod', [join(folder, 'null'), 'c', '1', '3']).status).toBe(0);
    symlinkSync('null', path);
    replaceFile(path, 'new');
    expect(lstatSync(join(folder, 'null')).isCharacterDevice()).toBe(true);
    expect(() => replaceFile(join(folder, 'full'), 'new')).toThrow('ENOSPC');
    expect(readdirSync(folder)).toEqual(['file', 'full', 'null']);
  });
});

/** A program that replaces the files that its arguments name. */
function call(): string {
  return `for (const path of process.argv.slice(1))
    require(${JSON.stringify(bundle)}).replaceFile(path, 'new')`;
}

describe('descriptors of this process', () => {
  const names = ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1', '/proc/thread-self/fd/1'];
  const run = (command: string, ...paths: string[]) =>
    spawnSync('sh', ['-c', command, process.execPath, call(), ...paths], { encoding: 'utf8' });

  test(`a pipe, a file that is open already, a file to append to: ${names.join(' ')}`, () => {
    const all = 'new'.repeat(names.length);
    symlinkSync('/dev/stdout', path); // a link of one's own
    expect(run('"$0" -e "$@" | cat', ...names, path)).toMatchObject({
      stdout: `${all}new`,
      stderr: '',
    });
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    rmSync(path);
    const shell = `cd ${folder} && { echo a; "$0" -e "$@"; echo b; }`;
    expect(run(`${shell} > file`, ...names)).toMatchObject({ stderr: '', status: 0 });
    expect(read()).toBe(`a\n${all}b\n`);
    expect(run(`${shell} >> file`, ...names)).toMatchObject({ stderr: '', status: 0 });
    expect(read()).toBe(`a\n${all}b\n`.repeat(2));
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('a reader that went away', () => {
    expect(run('"$0" -e "$@" | true', '/dev/stdout')).toMatchObject({ stderr: '' });
  });
});

describe('owner, group and mode', () => {
  test.each([0o022, 0o077, 0o777])('a new file has its mode whatever the umask (%s)', (mask) => {
    const previous = process.umask(mask);
    try {
      replaceFile(path, 'x');
      replaceFile(join(folder, 'public'), 'x', { mode: 0o644 });
    } finally {
      process.umask(previous);
    }
    expect([modeOf(), modeOf('public')]).toEqual([0o600, 0o644]);
  });

  test('the mode of an existing file stays', () => {
    writeFileSync(path, 'old');
    chmodSync(path, 0o640);
    replaceFile(path, 'new', { mode: 0o644 });
    expect([read(), modeOf()]).toEqual(['new', 0o640]);
  });

  test('another hard link keeps the previous content', () => {
    writeFileSync(path, 'old');
    linkSync(path, join(folder, 'other'));
    replaceFile(path, 'new');
    expect([read(), read('other')]).toEqual(['new', 'old']);
  });

  test.runIf(ROOT)('root keeps owner and group', () => {
    writeFileSync(path, 'old');
    chownSync(path, 65534, 12);
    chmodSync(path, 0o664);
    replaceFile(path, 'new');
    expect(statSync(path)).toMatchObject({ uid: 65534, gid: 12 });
    expect(modeOf()).toBe(0o664);
  });

  test.runIf(ROOT).each([
    ['in its group, keeps the group and the mode', ['--groups=12'], 12, 0o664],
    ['outside its group, keeps it closed to others', ['--clear-groups'], 65534, 0o600],
  ])('another user, %s', (_, groups, gid, mode) => {
    writeFileSync(path, 'old');
    chownSync(path, 0, 12);
    chmodSync(path, 0o664);
    chmodSync(folder, 0o777);
    const code = readFileSync(bundle, 'utf8');
    const args = ['--reuid=65534', '--regid=65534', ...groups, process.execPath, '-e'];
    const { stderr } = spawnSync(
      'setpriv',
      [...args, `${code};module.exports.replaceFile(process.argv[1], 'new')`, path],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    expect(statSync(path)).toMatchObject({ uid: 65534, gid });
    expect([read(), modeOf()]).toEqual(['new', mode]);
  });
});

test('a disk that is full: the previous content, and nothing beside it', () => {
  replaceFile(path, 'old');
  const big = `require(${JSON.stringify(bundle)}).replaceFile(process.argv[1], 'x'.repeat(1e5))`;
  const { stderr, status } = spawnSync(
    'prlimit',
    ['--fsize=5000', process.execPath, '-e', big, path],
    { encoding: 'utf8' },
  );
  expect(stderr).toContain('EFBIG');
  expect(status).not.toBe(0);
  expect([read(), readdirSync(folder)]).toEqual(['old', ['file']]);
});

describe('leftovers', () => {
  const own = ownIdentity();
  const boot = own.boot.replaceAll('-', '').slice(0, 16);
  const name = (pid: number, start: string, more: { boot?: string; namespace?: string } = {}) =>
    `.lvs-${more.boot ?? boot}-${more.namespace ?? own.namespace}-${pid}-${start}-abcdefgh.tmp`;
  const dead = name(own.pid, '1');

  test("a killed writer's file has a name by which it is found", () => {
    const program = `const fs = require('fs'); fs.renameSync = () => process.abort();
      require(${JSON.stringify(bundle)}).replaceFile(process.argv[1], 'new')`;
    const { signal } = spawnSync('sh', [
      '-c',
      'ulimit -c 0; exec "$0" -e "$1" "$2"',
      process.execPath,
      program,
      path,
    ]);
    expect(signal).toBe('SIGABRT');
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.lvs-.*\.tmp$/)]);
    removeLeftovers(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['of a living process', name(own.pid, own.start)],
    ['of another machine or boot', name(own.pid, '1', { boot: '0123456789abcdef' })],
    ['of another pid namespace', name(own.pid, '1', { namespace: '1' })],
    ['with another name', `${dead}x`],
    ['with another name, too', dead.slice(1)],
  ])('a file %s stays', (_, kept) => {
    writeFileSync(join(folder, kept), '');
    writeFileSync(join(folder, dead), '');
    removeLeftovers(folder);
    expect(readdirSync(folder)).toEqual([kept]);
  });

  test('a link or a directory of that name stays', () => {
    symlinkSync('nowhere', join(folder, dead));
    mkdirSync(join(folder, name(own.pid, '2')));
    removeLeftovers(folder);
    expect(readdirSync(folder).length).toBe(2);
  });

  test.runIf(ROOT)('a file of another user stays, unless he owns the table', () => {
    writeFileSync(join(folder, dead), '');
    chownSync(join(folder, dead), 65534, 65534);
    removeLeftovers(folder);
    expect(readdirSync(folder)).toEqual([dead]);
    removeLeftovers(folder, 65534);
    expect(readdirSync(folder)).toEqual([]);
  });
});
