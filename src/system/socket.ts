// A unix socket that answers HTTP. For its owner alone: it appears with mode 0600.
import { chmodSync, linkSync, lstatSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { type ClientLimits, createConnections, type HttpHandler } from './connections.js';
import { makeDirectory } from './directory.js';
import { socketOwner, stagingPrefix } from './socketowner.js';

/** bytes of a path that the kernel takes */
const LONGEST_PATH = 100;
/** attempts to take a path that other processes take as well */
const ATTEMPTS = 10;
/** between two checks whether the socket is still in its place */
const CHECK_MS = 2000;

/** What happened to the socket's file. */
export type SocketEvent = { readonly rebound: true } | { readonly problem: string };

interface Bound {
  readonly server: Server;
  readonly inode: number;
}

/**
 * Listens at a path. A socket there on which nothing answers is replaced, anything else is left
 * alone. Where its file is removed it is bound anew within seconds.
 * @param onEvent takes what happened to the file, each problem once
 * @throws Error with code EADDRINUSE, and where known the `pid`, when another process listens for
 *   this path; Error when the path is no socket's; a system error
 */
export async function serveSocket(
  path: string,
  handle: HttpHandler,
  onEvent: (event: SocketEvent) => void = () => {},
  checkMs = CHECK_MS,
  limits?: ClientLimits,
): Promise<{ close(): void }> {
  makeDirectory(dirname(path));
  const pid = socketOwner(path);
  if (pid !== undefined) throw inUse(path, pid);
  const connections = createConnections(handle, limits);
  let bound = await bind(path, connections.accept);
  let closed = false;
  let problem: string | undefined;

  async function bindAgain(): Promise<void> {
    try {
      const next = await bind(path, connections.accept);
      bound.server.close();
      bound = next;
      problem = undefined;
      if (closed) release(path, bound);
      else onEvent({ rebound: true });
    } catch (error) {
      const { message } = error as Error;
      if (message !== problem && !closed) onEvent({ problem: message });
      problem = message;
    }
  }
  let timer: NodeJS.Timeout;
  const lookAfter = async () => {
    if (inodeOf(path) !== bound.inode) await bindAgain();
    if (!closed) timer = setTimeout(lookAfter, checkMs).unref();
  };
  timer = setTimeout(lookAfter, checkMs).unref();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      connections.close();
      release(path, bound);
    },
  };
}

function release(path: string, { server, inode }: Bound): void {
  server.close();
  if (inodeOf(path) === inode) rmSync(path, { force: true });
}

function inodeOf(path: string): number | undefined {
  try {
    return lstatSync(path).ino;
  } catch {
    return undefined; // removed, or in a directory that cannot be entered
  }
}

/**
 * Bound where no other user can reach it, then moved to its place: it is never open to others.
 */
async function bind(path: string, accept: (socket: Socket) => void): Promise<Bound> {
  makeDirectory(dirname(path));
  const server = createServer({ allowHalfOpen: true }, accept);
  const staging = mkdtempSync(join(dirname(path), stagingPrefix(path)));
  try {
    await bindStaged(server, join(staging, 's'), path);
    await claim(join(staging, 's'), path, join(staging, 'stale'));
    return { server, inode: lstatSync(path).ino };
  } catch (error) {
    server.close();
    throw error;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

async function bindStaged(server: Server, staged: string, path: string): Promise<void> {
  if (Math.max(Buffer.byteLength(staged), Buffer.byteLength(path)) > LONGEST_PATH)
    throw new Error(`${path}: too long for a socket`);
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(staged, resolve),
  );
  chmodSync(staged, 0o600);
}

/**
 * Puts the socket in its place unless something answers there. Of several processes that try at the
 * same time one succeeds.
 */
async function claim(staged: string, path: string, stale: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      linkSync(staged, path); // fails where something is
      if (!(await isAnswered(path))) move(staged, path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there && !there.isSocket())
      throw new Error(`${path}: something else than a socket is there`);
    if (there && (await isAnswered(path))) break;
    if (there) removeStale(path, there.ino, stale);
  }
  throw inUse(path, socketOwner(path));
}

function inUse(path: string, pid: number | undefined): Error {
  const by = pid === undefined ? '' : ` (pid ${pid})`;
  return Object.assign(new Error(`${path}: another process listens there${by}`), {
    code: 'EADDRINUSE',
    ...(pid === undefined ? {} : { pid }),
  });
}

/**
 * For file systems (hostfs) on which a second name of a socket leads nowhere, and which keep it
 * when it gets another name.
 */
function move(staged: string, path: string): void {
  rmSync(path); // a rename between two names of one file does nothing
  renameSync(staged, path);
}

/**
 * Removes a socket on which nothing answers; when another process has put its own there at the
 * same time, that one is restored.
 */
function removeStale(path: string, inode: number, stale: string): void {
  try {
    renameSync(path, stale);
    if (lstatSync(stale).ino !== inode) linkSync(stale, path);
  } catch {
    // another process was faster: the next attempt sees
  }
  rmSync(stale, { force: true });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
