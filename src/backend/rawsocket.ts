// The one place that touches the `netlink` package.
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
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
}

/** The sender of a message: port 0 is the kernel. */
export interface Sender {
  readonly port: number;
}

/** The package allocates this much for every answer, so it is no larger than dumps profit from. */
const RECEIVE_BYTES = 8192;

/** A generic-netlink socket. */
export function openRaw(): RawSocket {
  const options = {
    localPort: 0,
    messagePeeking: false,
    msgBufferSize: RECEIVE_BYTES,
    recvBufferSize: 0,
    sendBufferSize: 0,
  };
  return new RawNetlinkSocket(NETLINK_GENERIC, options) as unknown as RawSocket;
}
