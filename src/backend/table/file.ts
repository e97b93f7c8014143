// The memory model kept in one file. Readers need no lock, since a new table replaces the old one
// in one step; writers take turns.
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Change } from '../../model/change.js';
import { BackendError, type IpvsError } from '../../model/errors.js';
import type { ServiceId } from '../../model/service.js';
import { removeLeftovers, replaceUnderLock, targetOf } from '../../system/replace.js';
import type { Backend, FailedChange } from '../backend.js';
import { MemoryBackend } from '../memory/memory.js';
import { EMPTY_TABLE, type TableState } from '../memory/state.js';
import type { PacketRun, PacketSink } from '../packetsink.js';
import { withLock } from './lock.js';
import { decodeTable, encodeTable, TableFileError } from './tablefile.js';

/**
 * Opens a table file; one that does not exist yet, or is empty, is an empty table and is made by
 * the first change.
 * @throws BackendError when it is no readable table file
 */
export function openFile(path: string): Backend {
  const real = guard(path, () => targetOf(path));
  const backend = new FileBackend(real);
  backend.load();
  return backend;
}

/** of a run that other processes change the table under */
const PLAY_ATTEMPTS = 3;

interface Changed<T> {
  readonly result: T;
  /** the table in memory replaces the file */
  readonly write: boolean;
  /** the table in memory is that of the file; else it is read again */
  readonly keep: boolean;
}

class FileBackend implements Backend, PacketSink {
  /** large, since each batch writes the whole file */
  readonly batchSize = 100_000;
  readonly #path: string;
  #read: { readonly stamp: string; readonly table: MemoryBackend } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The table as it is in the file now; read again only when another file has taken its place.
   * @throws BackendError
   */
  load(): MemoryBackend {
    return guard(this.#path, () => {
      const stamp = stampOf(this.#path);
      if (this.#read?.stamp !== stamp)
        this.#read = { stamp, table: new MemoryBackend(read(this.#path)) };
      return this.#read.table;
    });
  }

  async apply(changes: readonly Change[]): Promise<readonly (IpvsError | undefined)[]> {
    return this.#change((table) => {
      const errors = table.applyNow(changes);
      return { result: errors, write: errors.includes(undefined), keep: true };
    });
  }

  async applyWhole(changes: readonly Change[]): Promise<FailedChange | undefined> {
    return this.#change((table) => {
      const errors = table.applyNow(changes);
      const at = errors.findIndex((error) => error !== undefined);
      const error = errors[at];
      const refusal = error && { at, error };
      return { result: refusal, write: refusal === undefined, keep: refusal === undefined };
    });
  }

  /**
   * Plays beside the table, without its lock, and puts the outcome in its place if the table is
   * still the same; else plays again.
   */
  async play<T>(work: PacketRun<T>): Promise<T> {
    for (let attempt = 1; attempt <= PLAY_ATTEMPTS; attempt++) {
      const stamp = stampOf(this.#path);
      const table = guard(this.#path, () => new MemoryBackend(read(this.#path)));
      const result = table.playNow(work);
      if (this.#replaceIfStill(stamp, table.state())) return result;
    }
    throw new BackendError(
      `table file ${this.#path}: another process changed it during the run, ${PLAY_ATTEMPTS} ` +
        'times; nothing was kept',
    );
  }

  /** @returns whether the table was still the one that the stamp is of */
  #replaceIfStill(stamp: string, state: TableState): boolean {
    const text = guard(this.#path, () => encodeTable(state));
    return this.#locked((isHeld) => {
      if (stampOf(this.#path) !== stamp) return false;
      this.#write(text, isHeld);
      return true;
    });
  }

  /** Changes the table while no other process does. */
  #change<T>(work: (table: MemoryBackend) => Changed<T>): T {
    return this.#locked((isHeld) => {
      const table = this.load();
      // what is in memory is ahead of the file until the file is replaced
      this.#read = undefined;
      const { result, write, keep } = work(table);
      if (write) this.#write(encodeTable(table.state()), isHeld);
      if (keep) this.#read = { stamp: stampOf(this.#path), table };
      return result;
    });
  }

  #locked<T>(work: (isHeld: () => boolean) => T): T {
    const onDead = () => removeLeftovers(dirname(this.#path), ownerOf(this.#path));
    return guard(this.#path, () => withLock(lockPath(this.#path), work, { onDead }));
  }

  #write(text: string, isHeld: () => boolean): void {
    if (!isHeld())
      throw new BackendError(`${lockPath(this.#path)}: removed by hand; the table was not changed`);
    replaceUnderLock(this.#path, text);
  }

  info = () => this.load().info();
  services = () => this.load().services();
  service = (id: ServiceId) => this.load().service(id);
  destinations = (id: ServiceId) => this.load().destinations(id);
  timeouts = () => this.load().timeouts();
  daemons = () => this.load().daemons();
  connections = () => this.load().connections();
  close = async () => {};
}

function lockPath(path: string): string {
  return `${path}.lock`;
}

/** Identifies one state of the file: every change puts a new file in its place. */
function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined
    ? ''
    : `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

function ownerOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.uid;
}

function read(path: string): TableState {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return EMPTY_TABLE;
  if (!stat.isFile())
    throw new TableFileError(stat.isDirectory() ? 'is a directory' : 'not a regular file');
  const text = readFileSync(path, 'utf8');
  return text === '' ? EMPTY_TABLE : decodeTable(text);
}

// biome-ignore format: a table
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied', EPERM: 'operation not permitted', EISDIR: 'is a directory', ENOTDIR: 'a part of the path is not a directory',
  ENOENT: 'no such directory', ELOOP: 'symbolic links in a circle', ENOSPC: 'no space left on device', EDQUOT: 'disk quota exceeded',
  EROFS: 'read-only file system', EIO: 'input/output error', ENAMETOOLONG: 'name too long', EFBIG: 'file too large',
};

/**
 * Turns an error of a file system or of a damaged file into the error that names the file. The
 * table on disk is as it was.
 */
function guard<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TableFileError)
      throw new BackendError(`table file ${path}: ${error.message}`);
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof BackendError) throw error;
    throw new BackendError(`table file ${path}: ${REASONS[code] ?? code}`);
  }
}
