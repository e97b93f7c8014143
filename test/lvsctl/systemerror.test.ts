// System errors in the C library's words, with the file that they are about.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectedError, reasonOf } from '../../src/lvsctl/failure.js';
import { naming, systemErrorText, writing } from '../../src/lvsctl/systemerror.js';
import { makeDirectory } from '../../src/system/directory.js';
import { readText } from '../../src/system/readtext.js';

const error = (code: string, message: string, more: object) =>
  Object.assign(new Error(message), { code, syscall: 'open', ...more });

// biome-ignore format: a table
test.each([
  [error('ENOENT', "ENOENT: no such file or directory, open 'a'", { path: 'a' }), 'a: No such file or directory'],
  [error('EROFS', "EROFS: read-only file system, mkdir '/run/x'", { path: '/run/x', syscall: 'mkdir' }), '/run/x: Read-only file system'],
  [error('EACCES', "EACCES: permission denied, rename 'b.tmp' -> 'b'", { path: 'b.tmp', dest: 'b', syscall: 'rename' }), 'b: Permission denied'],
  [error('EISDIR', 'EISDIR: illegal operation on a directory, read', { syscall: 'read' }), 'read: Is a directory'],
  [error('EACCES', 'connect EACCES /run/s', { address: '/run/s', syscall: 'connect' }), '/run/s: Permission denied'],
  [error('ECONNRESET', 'read ECONNRESET', { syscall: 'read' }), 'read: Connection reset by peer'],
  [error('EINVAL', '/a: not a regular file', { path: '/a' }), '/a: not a regular file'],
] as const)('%s', (given, text) => {
  expect(systemErrorText(given)).toBe(text);
  expect(expectedError(given)).toMatchObject({ code: 'SYSTEM', exitStatus: 2, message: text });
  expect(reasonOf(given)).toBe(text);
});

test('an error that names no file gets that of the work, another keeps its own', () => {
  const fail = (more: object) => () => {
    throw error('EISDIR', 'EISDIR: illegal operation on a directory, read', more);
  };
  expect(() => naming('f', fail({}))).toThrow(expect.objectContaining({ path: 'f' }));
  expect(() => naming('f', fail({ path: 'g' }))).toThrow(expect.objectContaining({ path: 'g' }));
  expect(() => writing('f', fail({ path: 'f.tmp' }))).toThrow(
    expect.objectContaining({ path: 'f', dest: 'f' }),
  );
});

describe('reading', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lvs-read-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'f');

  test('a file up to the limit, and none over it', () => {
    writeFileSync(path, 'é'.repeat(40_000));
    expect(readText(path, 80_000)).toBe('é'.repeat(40_000));
    expect(why(() => readText(path, 79_999))).toMatch(/\/f: larger than 0\.07\d* MiB$/);
  });

  test.each([
    ['/dev/zero', /^\/dev\/zero: larger than 1 MiB$/],
    ['/proc', /^\/proc: Is a directory$/],
    ['/nowhere/f', /^\/nowhere\/f: No such file or directory$/],
  ])('%s', (name, expected) => {
    expect(why(() => readText(name, 1 << 20))).toMatch(expected);
  });

  test('a directory that cannot be made is named', () => {
    expect(why(() => makeDirectory('/proc/lvsctl/x'))).toMatch(/^\/proc\/lvsctl: No such file/);
  });
});

function why(work: () => unknown): string {
  try {
    return `no error: ${work()}`;
  } catch (error) {
    return reasonOf(error);
  }
}
