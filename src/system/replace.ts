// Replaces the content of a file in one step: a reader sees the previous content or the new
// one, and after an error or a crash the previous one is still there.
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { blockFor } from './blockfor.js';
import { isDead, ownIdentity, type ProcessIdentity } from './identity.js';

export interface ReplaceOptions {
  /** permissions of a file that does not exist yet, independent of the umask; 0600 by default */
  readonly mode?: number;
}

const { O_CREAT, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_WRONLY } = constants;
/** as the kernel */
const MOST_LINKS = 40;
const ATTEMPTS = 100;
const RETRY_MS = 5;

/**
 * Replaces a file by means of a temporary file beside it and rename(2).
 *
 * - A symbolic link is followed: its target is replaced, a missing target is created.
 * - Owner, group and permissions of an existing file stay. A user who may not give files away
 *   becomes the owner; where not even the group can be kept, the file is for the owner alone.
 * - A device, FIFO or terminal is written to instead; `/dev/stdout` and the like are the open
 *   descriptor.
 * - Other hard links to the file keep the previous content. Access control lists are not copied.
 *
 * @throws a system error (EISDIR for a directory), and the previous content stays
 */
export function replaceFile(path: string, text: string, options: ReplaceOptions = {}): void {
  const bytes = Buffer.from(text);
  const descriptor = ownDescriptor(path);
  if (descriptor !== undefined) {
    writeOut(descriptor, bytes);
    return;
  }
  const target = targetOf(path);
  const previous = statSync(target, { throwIfNoEntry: false });
  if (previous !== undefined && !previous.isFile()) {
    writeInPlace(target, bytes);
    return;
  }
  replaceRegular(target, bytes, previous, options.mode ?? 0o600);
  syncDirectory(dirname(target));
  removeLeftovers(dirname(target), previous?.uid);
}

/**
 * The same for a regular file that is replaced often, by one process at a time: nothing is promised
 * about power cuts but that no file is torn, and leftovers are looked for by the caller.
 * @param target no link (`targetOf`)
 * @throws a system error, and the previous content stays
 */
export function replaceUnderLock(target: string, text: string): void {
  const previous = statSync(target, { throwIfNoEntry: false });
  replaceRegular(target, Buffer.from(text), previous, 0o600);
}

/**
 * The file that a path leads to: itself, or what is at the end of its symbolic links, there or not.
 * A link to something without a path of its own (a pipe, a deleted file) is its own target.
 * @throws a system error: ELOOP, EACCES
 */
export function targetOf(path: string): string {
  if (!isLink(path)) return path;
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) return missingTarget(path);
  if (!there.isFile()) return path;
  const target = realPath(path);
  const found = target === undefined ? undefined : statSync(target, { throwIfNoEntry: false });
  return target !== undefined && found?.ino === there.ino && found.dev === there.dev
    ? target
    : path;
}

/**
 * Removes temporary files that dead processes of this machine left in a directory. Only a regular
 * file is removed that has the name `openTemporary` gives, names a process that is certainly dead,
 * and belongs to this user or to `owner`.
 * @param owner also removes those of this user id
 */
export function removeLeftovers(directory: string, owner?: number): void {
  const own = writerNow();
  for (const name of namesIn(directory)) {
    const writer = writerOf(name);
    if (writer === undefined || !isDead(writer, own)) continue;
    const path = join(directory, name);
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there?.isFile() && (there.uid === process.geteuid?.() || there.uid === owner))
      unlessForbidden(() => remove(path));
  }
}

function replaceRegular(
  target: string,
  bytes: Uint8Array,
  previous: Stats | undefined,
  mode: number,
): void {
  const { fd, path: temporary } = openTemporary(dirname(target));
  try {
    try {
      setOwnerAndMode(fd, previous, mode);
      writeAll(fd, bytes);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, target);
  } catch (error) {
    remove(temporary);
    throw error;
  }
}

/** The number of this process's own descriptor behind `/dev/stdout`, `/proc/self/fd/1` and such. */
function ownDescriptor(path: string): number | undefined {
  for (let at = path, links = 0; links < MOST_LINKS && isLink(at); links++) {
    const [, number] = /(?:^|\/)(\d+)$/.exec(at) ?? [];
    if (number !== undefined && isOwnDescriptors(dirname(at))) return Number(number);
    at = nextOf(at);
  }
  return undefined;
}

/** Also through a thread: `/proc/thread-self/fd`. */
function isOwnDescriptors(directory: string): boolean {
  const real = realPath(directory)?.replace(/\/task\/\d+\/fd$/, '/fd');
  return real !== undefined && real === realPath('/proc/self/fd');
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function nextOf(link: string): string {
  const next = readlinkSync(link);
  return isAbsolute(next) ? next : `${dirname(link)}/${next}`;
}

function missingTarget(path: string): string {
  let at = path;
  for (let links = 0; links < MOST_LINKS && isLink(at); links++) at = nextOf(at);
  return at;
}

/** Undefined for what has no path (any more). */
function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path); // the other one takes `..` behind a link for what it seems
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A reader of a descriptor that went away ends the output quietly, as everywhere. */
function writeOut(fd: number, bytes: Uint8Array): void {
  try {
    writeAll(fd, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

function writeInPlace(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, O_WRONLY | O_NOCTTY);
  try {
    writeAll(fd, bytes);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      blockFor(RETRY_MS);
    }
  }
}

/**
 * A new file that no other user may read, under a name that cannot be foreseen and that holds the
 * process it belongs to: `.lvs-BOOT-NAMESPACE-PID-START-RANDOM.tmp`.
 */
function openTemporary(directory: string): { readonly fd: number; readonly path: string } {
  const { boot, namespace, pid, start } = writerNow();
  for (let attempt = 1; ; attempt++) {
    const random = Math.random().toString(36).slice(2).padEnd(8, '0');
    const path = join(directory, `.lvs-${boot}-${namespace}-${pid}-${start}-${random}.tmp`);
    try {
      return { fd: openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600), path };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === ATTEMPTS) throw error;
    }
  }
}

/** This process as names of temporary files have it: the boot id is cut short. */
function writerNow(): ProcessIdentity {
  const own = ownIdentity();
  return { ...own, boot: own.boot.replace(/[^0-9a-z]/gi, '').slice(0, 16) };
}

function writerOf(name: string): ProcessIdentity | undefined {
  const [, boot = '', namespace = '', pid, start = ''] =
    /^\.lvs-([0-9a-z]*)-(\d*)-(\d+)-(\d*)-[0-9a-z]{8,}\.tmp$/i.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), start, namespace, boot };
}

function setOwnerAndMode(fd: number, previous: Stats | undefined, mode: number): void {
  fchmodSync(fd, previous === undefined ? mode : previous.mode & keepOwner(fd, previous));
}

/** @returns the bits of the previous mode that may stay with the owner and group there are now */
function keepOwner(fd: number, { uid, gid }: Stats): number {
  const own = fstatSync(fd);
  if ((uid === own.uid && gid === own.gid) || changeOwner(fd, uid, gid)) return 0o7777;
  return gid === own.gid || changeOwner(fd, own.uid, gid) ? 0o777 : 0o700;
}

/** @returns whether this user may */
function changeOwner(fd: number, uid: number, gid: number): boolean {
  try {
    fchownSync(fd, uid, gid);
    return true;
  } catch (error) {
    // EINVAL: an id that this user namespace does not have
    if (['EPERM', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Makes the new name survive a power cut. The content is in its place already. */
function syncDirectory(path: string): void {
  const fd = unlessForbidden(() => openSync(path, 'r'));
  if (fd === undefined) return;
  try {
    fsyncSync(fd);
  } catch (error) {
    // a file system without such a sync
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    closeSync(fd);
  }
}

/** A directory that this user may write to and not read is not searched. */
function namesIn(directory: string): readonly string[] {
  return unlessForbidden(() => readdirSync(directory)) ?? [];
}

/** Undefined when this user may not do that. */
function unlessForbidden<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
