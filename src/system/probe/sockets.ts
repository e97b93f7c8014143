// Connections of checks that end as nearly all do: made, used, closed by us. Their sockets are used
// again, which Node permits once one has closed; making one costs a third of a check, and most of
// the memory that is to be collected.
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { Attempt } from './attempt.js';
import { disconnect } from './connection.js';
import type { ProbeTarget } from './outcome.js';

/** What happens on a connection, until it is closed. */
export interface SocketUser {
  connected(): void;
  /** So many bytes are in the memory. Nothing more is read until `resume`. */
  received(size: number): void;
  /** The server sends no more. */
  ended(): void;
  failed(error: Error): void;
}

export interface OpenSocket {
  /** @param text a letter a byte */
  write(text: string): void;
  /** Reads on, for the one that it was opened for. */
  resume(user: SocketUser): void;
  /** Nothing is reported any more. */
  close(): void;
}

export interface Sockets {
  /** A connection for a probe, which ends with it. */
  open(target: ProbeTarget, one: Attempt, user: SocketUser): OpenSocket;
}

/** sockets that wait for their next use */
const KEPT = 64;

/** @param memory into which all these connections are read, one after the other */
export function createSockets(memory: Uint8Array): Sockets {
  const free: ReusedSocket[] = [];
  const release = (one: ReusedSocket) => {
    if (free.length < KEPT) free.push(one);
  };
  return {
    open(target, one, user) {
      const socket = free.pop() ?? new ReusedSocket(memory, release);
      one.await('connection');
      one.onEnd(socket.open(target, user, () => one.await('answer')));
      return socket;
    },
  };
}

class ReusedSocket implements OpenSocket {
  readonly #socket: Socket;
  #user: SocketUser | undefined;
  #onConnect = () => {};
  #localPort: number | undefined;
  /** connected, and neither end nor error came: only such a one is used again */
  #isClean = false;

  constructor(memory: Uint8Array, release: (one: ReusedSocket) => void) {
    const callback = (size: number) => {
      this.#user?.received(size);
      return false;
    };
    // missing in the types, but documented for `net.connect`, which makes its sockets so
    const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
      onread: { buffer: memory, callback },
    };
    this.#socket = new Socket(options)
      .on('connect', () => {
        this.#isClean = true;
        this.#onConnect();
        this.#user?.connected();
      })
      .on('end', () => {
        this.#isClean = false;
        this.#user?.ended();
      })
      .on('error', (error) => {
        this.#isClean = false;
        this.#user?.failed(error);
      })
      .on('close', () => {
        if (this.#isClean) release(this);
      });
  }

  /** @returns what closes it, and does nothing once it is another's */
  open(
    { address, port, source, localPort }: ProbeTarget,
    user: SocketUser,
    onConnect: () => void,
  ): () => void {
    this.#user = user;
    this.#onConnect = onConnect;
    this.#localPort = localPort;
    this.#isClean = false;
    this.#socket.connect({
      host: address,
      port,
      ...(source === undefined ? {} : { localAddress: source }),
      ...(localPort === undefined ? {} : { localPort }),
    });
    return () => {
      if (this.#user === user) this.close();
    };
  }

  write(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  resume(user: SocketUser): void {
    if (this.#user === user) this.#socket.resume();
  }

  close(): void {
    this.#user = undefined;
    if (this.#socket.writableLength > 0) this.#isClean = false;
    disconnect(this.#socket, this.#localPort);
  }
}
