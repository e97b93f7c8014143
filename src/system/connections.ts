// The clients of a socket on which one line is answered by one line: how long each may take, and
// which is closed when there are too many.
import type { Socket } from 'node:net';

/** in which a client must have sent its line, from its connection on */
const LINE_LIMIT_MS = 5000;
/**
 * in which it gets its answer and must have read it; the answer may wait for a kernel that takes
 * ten seconds
 */
const ANSWER_LIMIT_MS = 30_000;
/** more than any request */
const LONGEST_LINE = 64 * 1024;
/** at a time */
const CLIENTS = 32;

export interface SocketConnections {
  accept(socket: Socket): void;
  /** Ends all. */
  close(): void;
}

/** With too many clients the oldest is closed that has sent no line or has its answer already. */
export function createConnections(answer: (line: string) => Promise<string>): SocketConnections {
  /** clients that keep us waiting, the oldest first */
  const waiting = new Set<Socket>();
  /** clients that wait for us */
  const served = new Set<Socket>();

  function drop(socket: Socket): void {
    waiting.delete(socket);
    served.delete(socket);
    socket.destroy();
  }

  function makeRoom(): boolean {
    if (waiting.size + served.size < CLIENTS) return true;
    const [oldest] = waiting;
    if (oldest !== undefined) drop(oldest);
    return oldest !== undefined;
  }

  return {
    accept(socket) {
      if (!makeRoom()) return void socket.destroy();
      waiting.add(socket);
      let late = setTimeout(() => drop(socket), LINE_LIMIT_MS);
      socket
        .on('error', () => drop(socket))
        .on('close', () => {
          clearTimeout(late);
          drop(socket);
        });
      readLine(socket, (line) => {
        clearTimeout(late);
        late = setTimeout(() => drop(socket), ANSWER_LIMIT_MS);
        waiting.delete(socket);
        served.add(socket);
        void answer(line).then((text) => {
          if (!served.delete(socket)) return; // it was closed already
          waiting.add(socket);
          socket.end(`${text}\n`);
        });
      });
    },
    close() {
      for (const socket of [...waiting, ...served]) drop(socket);
    },
  };
}

/** One line; a client that ends without one has nothing to wait for. */
function readLine(socket: Socket, take: (line: string) => void): void {
  let text = '';
  const hangUp = () => socket.destroy();
  const listen = (piece: string) => {
    text += piece;
    const end = text.indexOf('\n');
    if (end >= 0) {
      socket.off('data', listen).off('end', hangUp).resume();
      take(text.slice(0, end));
    } else if (text.length > LONGEST_LINE) socket.destroy();
  };
  socket.setEncoding('utf8').on('data', listen).on('end', hangUp);
}
