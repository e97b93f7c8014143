// A unix socket on which one line is answered by one line. For its owner alone: it appears with
// mode 0600.
import { chmodSync, linkSync, lstatSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { makeDirectory } from './directory.js';

/** in which a client must have said its line */
const LINE_LIMIT_MS = 5000;
/** in which it gets its answer, which may wait for a kernel that is silent for ten seconds */
const ANSWER_LIMIT_MS = 30_000;
/** more than any question */
const LONGEST_LINE = 64 * 1024;
/** who may ask at a time */
const CLIENTS = 32;
/** bytes of a path that the kernel takes */
const LONGEST_PATH = 100;
/** attempts to take a path that others want as well */
const ATTEMPTS = 10;

/**
 * Listens at a path. A socket there on which nobody answers is replaced, anything else is left
 * alone.
 * @throws Error when another process answers there, or the path is no socket's
 */
export async function serveLines(
  path: string,
  answer: (line: string) => Promise<string>,
): Promise<{ close(): void }> {
  makeDirectory(dirname(path));
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket)).on('error', () => socket.destroy());
    socket.setTimeout(LINE_LIMIT_MS, () => socket.destroy());
    readLine(socket, (line) => {
      socket.setTimeout(ANSWER_LIMIT_MS);
      void answer(line).then((text) => socket.end(`${text}\n`));
    });
  });
  server.maxConnections = CLIENTS;
  // born where nobody else can reach it, then put in its place: at no moment is it open to others
  const nursery = mkdtempSync(join(dirname(path), '.new-'));
  try {
    await bear(server, join(nursery, 's'), path);
    await claim(join(nursery, 's'), path, join(nursery, 'dead'));
  } catch (error) {
    server.close();
    throw error;
  } finally {
    rmSync(nursery, { recursive: true, force: true });
  }
  const own = lstatSync(path).ino;
  return {
    close() {
      server.close();
      for (const socket of clients) socket.destroy();
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === own) rmSync(path, { force: true });
    },
  };
}

async function bear(server: Server, born: string, path: string): Promise<void> {
  if (Math.max(Buffer.byteLength(born), Buffer.byteLength(path)) > LONGEST_PATH)
    throw new Error(`${path}: too long for a socket`);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(born, resolve));
  chmodSync(born, 0o600);
}

/**
 * Puts the socket in its place unless somebody answers there. Of several processes that try at the
 * same time one succeeds.
 */
async function claim(born: string, path: string, grave: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      linkSync(born, path); // fails where something is
      if (!(await isAnswered(path))) move(born, path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there && !there.isSocket())
      throw new Error(`${path}: something else than a socket is there`);
    if (there && (await isAnswered(path))) break;
    if (there) bury(path, there.ino, grave);
  }
  throw Object.assign(new Error(`${path}: another process answers there`), { code: 'EADDRINUSE' });
}

/**
 * For file systems (hostfs) on which a second name of a socket leads nowhere, and which keep it
 * when it gets another name.
 */
function move(born: string, path: string): void {
  rmSync(path); // a rename between two names of one file does nothing
  renameSync(born, path);
}

/**
 * Takes a dead socket away; when another process has put its own there meanwhile, that one comes
 * back.
 */
function bury(path: string, dead: number, grave: string): void {
  try {
    renameSync(path, grave);
    if (lstatSync(grave).ino !== dead) linkSync(grave, path);
  } catch {
    // somebody else was faster: the next attempt sees
  }
  rmSync(grave, { force: true });
}

/**
 * Asks the socket at a path.
 * @throws a system error when nobody is there, Error when nothing comes back
 */
export function askLine(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_LIMIT_MS, () =>
      socket.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS / 1000} s`)),
    );
    socket
      .on('error', reject)
      .on('data', (piece: string) => {
        text += piece;
      })
      .on('close', () =>
        text.endsWith('\n')
          ? resolve(text.slice(0, -1))
          : reject(new Error('closed without an answer')),
      )
      .end(`${line}\n`);
  });
}

/** One line; who ends without one has nothing to wait for. */
function readLine(socket: Socket, take: (line: string) => void): void {
  let text = '';
  const gone = () => socket.destroy();
  const listen = (piece: string) => {
    text += piece;
    const end = text.indexOf('\n');
    if (end >= 0) {
      socket.off('data', listen).off('end', gone).resume();
      take(text.slice(0, end));
    } else if (text.length > LONGEST_LINE) socket.destroy();
  };
  socket.setEncoding('utf8').on('data', listen).on('end', gone);
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
