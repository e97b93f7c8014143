// The one place that touches the `netlink` package.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { BackendError } from '../model/errors.js';
import { NETLINK_GENERIC } from '../wire/genl.js';

/** What is used of the package's socket; tests hand in their own. */
export interface RawSocket {
  /** `message` and `truncatedMessage` bring the bytes and their sender, `error` an error */
  on(
    event: 'message' | 'truncatedMessage' | 'error',
    listener: (...values: never[]) => void,
  ): unknown;
  send(bytes: Uint8Array, options: undefined, done: (error?: Error) => void): void;
  getRecvBufferSize(): number;
  getSendBufferSize(): number;
  close(): void;
  /** absent where only the event loop may read and write */
  readonly direct?: DirectSocket | undefined;
}

/**
 * The same socket without the event loop. The kernel puts its answer into the queue before a send
 * returns, so it is there at once.
 */
export interface DirectSocket {
  /** @throws the system's error */
  send(bytes: Uint8Array): void;
  /** Takes the datagram that comes next. @returns its bytes; 0 = none is there */
  receive(into: Uint8Array): number;
}

/** The sender of a message: port 0 is the kernel. */
export interface Sender {
  readonly port: number;
}

/** The package allocates this much for every answer, so it is no larger than dumps profit from. */
const RECEIVE_BYTES = 8192;

/**
 * A generic-netlink socket.
 * @throws BackendError when there is none on this machine, or no binding for it
 */
export function openRaw(): RawSocket {
  const options = {
    localPort: 0,
    messagePeeking: false,
    msgBufferSize: RECEIVE_BYTES,
    recvBufferSize: 0,
    sendBufferSize: 0,
  };
  try {
    return new RawNetlinkSocket(NETLINK_GENERIC, options) as unknown as RawSocket;
  } catch (error) {
    throw new BackendError(`netlink: ${(error as Error).message.split('\n')[0]}`);
  }
}

/**
 * The same for a process that does nothing else, and so may wait for the kernel: `direct` is there,
 * where the descriptor is known. The package keeps it to itself, but a new one is the lowest that is
 * free. So no other thread may open any at that time.
 */
export function openDirect(): RawSocket {
  const lowest = openSync('/', 'r');
  closeSync(lowest);
  const socket = openRaw();
  if (!isSocket(lowest)) return socket;
  return Object.assign(socket, { direct: directOn(lowest) });
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false; // EBADF
  }
}

function directOn(descriptor: number): DirectSocket {
  return {
    send: (bytes) => void writeSync(descriptor, bytes),
    receive(into) {
      try {
        return readSync(descriptor, into);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
        throw error;
      }
    },
  };
}
