// Files of a daemon: what it reads, writes and adds to, and whether others can be used.
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import { makeDirectory } from './directory.js';
import { describe } from './probe/attempt.js';
import { type RegularFile, readRegularFile } from './regular.js';
import { replaceFile } from './replace.js';

/** bytes of a file that is read whole: more than any settings of a person */
const LONGEST_FILE = 64 * 1024 * 1024;

/** A regular file, undefined when there is none. @throws a system error */
export function readFile(path: string): RegularFile | undefined {
  try {
    return readRegularFile(path, LONGEST_FILE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The text of a regular file. @throws a system error */
export function readConfigFile(path: string): string {
  return readRegularFile(path, LONGEST_FILE).text;
}

/** Identifies the content of a file: another one by name, size or time of a change. '' = none. */
export function fileStamp(path: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return ''; // it is missing, or for others
  }
}

/** Replaces a file in one step, mode 0600, in a directory (0700) that is made when it is missing. */
export function writeText(path: string, text: string): void {
  makeDirectory(dirname(path));
  replaceFile(path, text);
}

/** Adds to a file, mode 0600 when it is new, in a directory (0700) that is made. */
export function appendText(path: string, text: string): void {
  try {
    append(path, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    makeDirectory(dirname(path));
    append(path, text);
  }
}

/** Never waits: a FIFO without a reader is an error. */
function append(path: string, text: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0o600);
  try {
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** @throws an error for certificates that are garbled, or do not fit their key */
function secureContext(options: SecureContextOptions): void {
  process.getBuiltinModule('node:tls').createSecureContext(options);
}

/** Why a file of certificates (PEM) cannot be used; undefined = it can. */
export function certificateError(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    secureContext({ ca: text });
    return /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/.test(text)
      ? undefined
      : 'no certificate is in it';
  } catch (error) {
    return describe(error);
  }
}

/** Why a certificate and its key cannot be used together; undefined = they can. */
export function keyPairError(cert: string, key: string): string | undefined {
  try {
    const pem = (path: string) => ({ path, text: readFileSync(path, 'utf8') });
    const [one, other] = [pem(cert), pem(key)];
    secureContext({ cert: one.text, key: other.text });
    return undefined;
  } catch (error) {
    const { path = `${cert}, ${key}` } = error as NodeJS.ErrnoException;
    return `${path}: ${describe(error)}`;
  }
}

/** Whether this user can run a program. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // absent, or not for this user
  }
}
