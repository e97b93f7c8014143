// A unix socket on which one line is answered by one line. For its owner alone: it appears with mode 0600.
import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { makeDirectory } from './directory.js';

const LIMIT_MS = 5000;
/** more than any question */
const LONGEST_LINE = 64 * 1024;
/** who may ask at a time */
const CLIENTS = 32;
/** bytes of a path that the kernel takes */
const LONGEST_PATH = 100;

/**
 * Listens at a path. A socket there on which nobody answers is replaced, anything else is left alone.
 * @throws Error when another process answers there, or the path is no socket's
 */
export async function serveLines(path: string, answer: (line: string) => Promise<string>): Promise<{ close(): void }> {
  makeDirectory(dirname(path));
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there && !there.isSocket()) throw new Error(`${path}: something else than a socket is there`);
  if (there && (await isAnswered(path))) throw new Error(`${path}: another process answers there`);
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket)).on('error', () => socket.destroy());
    socket.setTimeout(LIMIT_MS, () => socket.destroy());
    readLine(socket, (line) => void answer(line).then((text) => socket.end(`${text}\n`)));
  });
  server.maxConnections = CLIENTS;
  // born where nobody else can reach it, then moved: at no moment is it open to others
  const nursery = mkdtempSync(join(dirname(path), '.new-'));
  const born = join(nursery, 's');
  if (Buffer.byteLength(born) > LONGEST_PATH) {
    rmSync(nursery, { recursive: true });
    throw new Error(`${path}: too long for a socket`);
  }
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(born, resolve));
    chmodSync(born, 0o600);
    renameSync(born, path);
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

/** Asks the socket at a path. @throws a system error when nobody is there, Error when nothing comes back */
export function askLine(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error(`${basename(path)}: no answer within ${LIMIT_MS / 1000} s`)));
    socket
      .on('error', reject)
      .on('data', (piece) => {
        text += piece;
      })
      .on('close', () =>
        text.endsWith('\n') ? resolve(text.slice(0, -1)) : reject(new Error(`${basename(path)}: closed without an answer`)),
      )
      .end(`${line}\n`);
  });
}

function readLine(socket: Socket, take: (line: string) => void): void {
  let text = '';
  const listen = (piece: Buffer) => {
    text += piece;
    const end = text.indexOf('\n');
    if (end >= 0) {
      socket.off('data', listen).resume();
      take(text.slice(0, end));
    } else if (text.length > LONGEST_LINE) socket.destroy();
  };
  socket.on('data', listen);
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
