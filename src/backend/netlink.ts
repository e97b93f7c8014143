// The one place that touches the `netlink` package: a generic-netlink conversation over its raw
// socket.
//
// Three habits of the package would end the process and are prevented here: a throw inside one of
// its callbacks (every body is wrapped), an error event without a listener (there is always a
// listener), and an overrun of the receive queue (what is in flight is bounded).
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { BackendError, WireError } from '../model/errors.js';
import {
  errnoOf,
  FLAG,
  MESSAGE,
  type Message,
  messagesIn,
  NETLINK_GENERIC,
  type Requests,
} from '../wire/genl.js';

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

interface Sender {
  readonly port: number;
}

export interface ChannelOptions {
  readonly open?: () => RawSocket;
  /** puts something between the channel and its socket, such as a count */
  readonly wrap?: (socket: RawSocket) => RawSocket;
  /** how long the kernel may take to answer */
  readonly timeoutMs?: number;
}

/** The package allocates this much for every answer, so it is no larger than dumps profit from. */
const RECEIVE_BYTES = 8192;
/**
 * What one answer may take of the receive queue: 1280 bytes, and a fifth of the queue stays free.
 */
const ANSWER_BYTES = 1280 * 1.2;
/** what the kernel keeps of the send buffer for itself: netlink(7) refuses more with EMSGSIZE */
const SEND_RESERVE = 32;
const MOST_IN_FLIGHT = 128;
const MOST_DUMPS = 10;
const DEFAULT_TIMEOUT_MS = 10_000;

/** The kernel took nothing of what was sent, because it was too much at once. */
class TooMuch extends Error {}
const TOO_MUCH = ['EMSGSIZE', 'ENOBUFS'];

interface Conversation {
  readonly first: number;
  readonly last: number;
  /** @returns true when the conversation is over */
  readonly onMessage: (message: Message) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One socket, one conversation at a time; later ones wait for their turn. */
export class Channel {
  readonly #socket: RawSocket;
  readonly #timeoutMs: number;
  /** requests that may be sent at once */
  readonly batchSize: number;
  /** bytes that may be sent at once */
  #sendBytes: number;
  #sequence = 0;
  #current: Conversation | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;
  /**
   * when the kernel has not answered in time, in milliseconds since 1970; one timer serves all
   * conversations
   */
  #deadline = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** sends so far, for tests and the bench */
  sends = 0;

  constructor({
    open = openRaw,
    wrap = (socket) => socket,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  }: ChannelOptions = {}) {
    this.#timeoutMs = timeoutMs;
    this.#socket = wrap(open());
    this.#socket.on('message', (bytes: Uint8Array, from: Sender) =>
      this.#guard(() => this.#receive(bytes, from.port)),
    );
    this.#socket.on('truncatedMessage', (_: Uint8Array, from: Sender) =>
      this.#guard(() => this.#truncated(from.port)),
    );
    this.#socket.on('error', (error: Error) =>
      this.#fail(new BackendError(`netlink: ${error.message}`)),
    );
    this.#sendBytes = this.#socket.getSendBufferSize() - SEND_RESERVE;
    this.batchSize = Math.max(
      1,
      Math.min(MOST_IN_FLIGHT, Math.floor(this.#socket.getRecvBufferSize() / ANSWER_BYTES)),
    );
  }

  /**
   * Sends requests in their order, `batchSize` at a time or what fits the send buffer; only the
   * last of each batch asks for an acknowledgement. A batch that is too much for the kernel is
   * halved.
   * @returns an errno per request, 0 where it succeeded
   */
  async request(requests: Requests): Promise<number[]> {
    const errors: number[] = [];
    while (errors.length < requests.count) {
      const at = errors.length;
      const end = this.#batchEnd(requests, at);
      try {
        errors.push(...(await this.#exchange(() => this.#sendBatch(requests, at, end))));
      } catch (error) {
        if (!(error instanceof TooMuch)) throw error;
        this.#sendBytes = Math.floor(requests.sizeOf(at, end) / 2);
      }
    }
    return errors;
  }

  /** Where the batch ends that begins at a request: it holds at least this one. */
  #batchEnd(requests: Requests, from: number): number {
    let end = from + 1;
    const most = Math.min(from + this.batchSize, requests.count);
    while (end < most && requests.sizeOf(from, end + 1) <= this.#sendBytes) end++;
    return end;
  }

  /** Asks for one object. @returns the reply, or the errno that came in its place */
  async query(request: Requests): Promise<Message | number> {
    return this.#exchange(async () => {
      let reply: Message | undefined;
      let errno = 0;
      await this.#talk(request, 0, 1, FLAG.request | FLAG.ack, (message) => {
        if (message.type !== MESSAGE.error) {
          reply = message;
          return false;
        }
        errno = errnoOf(message);
        return true;
      });
      return errno !== 0 ? errno : (reply ?? missing());
    });
  }

  /**
   * Reads a whole list. One that changed while it was read is read again.
   * @returns what `decode` made of each message, or the errno that came in their place
   */
  async dump<T>(request: Requests, decode: (message: Message) => T): Promise<T[] | number> {
    return this.#exchange(async () => {
      for (let tries = 0; tries < MOST_DUMPS; tries++) {
        const items: T[] = [];
        let errno = 0;
        let interrupted = false;
        await this.#talk(request, 0, 1, FLAG.request | FLAG.dump, (message) => {
          if (message.flags & FLAG.dumpInterrupted) interrupted = true;
          if (message.type === MESSAGE.error || message.type === MESSAGE.done) {
            errno = errnoOf(message);
            return true;
          }
          items.push(decode(message));
          return (message.flags & FLAG.multi) === 0;
        });
        if (!interrupted) return errno !== 0 ? errno : items;
      }
      throw new BackendError('the IPVS table changes faster than it can be read');
    });
  }

  close(): void {
    this.#fail(new BackendError('netlink: socket closed'));
  }

  async #sendBatch(requests: Requests, from: number, to: number): Promise<number[]> {
    const errors = new Array<number>(to - from).fill(0);
    const first = this.#sequence + 1;
    const last = first + to - from - 1;
    await this.#talk(requests, from, to, FLAG.request | FLAG.ack, (message) => {
      if (message.type === MESSAGE.error) errors[message.sequence - first] = errnoOf(message);
      return message.type === MESSAGE.error && message.sequence === last;
    });
    return errors;
  }

  /** Waits for the turn of this exchange, even when the one before failed. */
  #exchange<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Sends requests from..to-1, the last one with flags of its own, and receives the answers until
   * `onMessage` returns true.
   */
  #talk(
    requests: Requests,
    from: number,
    to: number,
    lastFlags: number,
    onMessage: Conversation['onMessage'],
  ): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    const first = this.#sequence + 1;
    this.#sequence += to - from;
    return new Promise((resolve, reject) => {
      this.#current = { first, last: this.#sequence, onMessage, resolve, reject };
      this.#deadline = Date.now() + this.#timeoutMs;
      this.#timer ??= setTimeout(() => this.#watch(), this.#timeoutMs);
      this.sends++;
      try {
        this.#socket.send(
          requests.stamped(from, to, first, FLAG.request, lastFlags),
          undefined,
          (error) => {
            if (error) this.#notSent(error, to - from);
          },
        );
      } catch (error) {
        this.#notSent(error as Error, to - from);
      }
    });
  }

  /**
   * Ends a conversation whose requests were not sent. Too much at once leaves the socket as it was,
   * since netlink takes a message as a whole or not at all.
   */
  #notSent(error: Error & { readonly code?: string }, count: number): void {
    const conversation = this.#current;
    if (count > 1 && conversation !== undefined && TOO_MUCH.includes(error.code ?? '')) {
      this.#current = undefined;
      conversation.reject(new TooMuch());
    } else this.#fail(new BackendError(`netlink: ${error.message}`));
  }

  /**
   * Ends a conversation in which the kernel has not answered in time; otherwise checks again
   * when that could be.
   */
  #watch(): void {
    this.#timer = undefined;
    if (this.#current === undefined) return;
    const left = this.#deadline - Date.now();
    if (left <= 0)
      this.#fail(new BackendError(`the kernel did not answer within ${this.#timeoutMs / 1000} s`));
    else this.#timer = setTimeout(() => this.#watch(), left);
  }

  /**
   * Anything that is not from the kernel, or answers no request of the current conversation, is
   * ignored.
   */
  #receive(bytes: Uint8Array, port: number): void {
    if (port !== 0) return;
    for (const message of messagesIn(bytes)) {
      const conversation = this.#current;
      if (
        conversation === undefined ||
        message.sequence < conversation.first ||
        message.sequence > conversation.last
      )
        continue;
      if (message.type === MESSAGE.overrun) throw new WireError('the kernel lost answers');
      if (!conversation.onMessage(message)) continue;
      this.#current = undefined;
      conversation.resolve();
    }
  }

  #truncated(port: number): void {
    if (port === 0 && this.#current) throw new WireError('answer cut off');
  }

  #guard(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#fail(
        error instanceof WireError
          ? new BackendError(`netlink: ${error.message}`)
          : (error as Error),
      );
    }
  }

  /**
   * Ends the current conversation and all later ones with this error: after it, what arrives cannot
   * be distinguished any more.
   */
  #fail(error: Error): void {
    if (this.#failure === undefined) {
      this.#failure = error;
      this.#socket.close();
      clearTimeout(this.#timer);
    }
    const conversation = this.#current;
    this.#current = undefined;
    conversation?.reject(error);
  }
}

function openRaw(): RawSocket {
  const options = {
    localPort: 0,
    messagePeeking: false,
    msgBufferSize: RECEIVE_BYTES,
    recvBufferSize: 0,
    sendBufferSize: 0,
  };
  return new RawNetlinkSocket(NETLINK_GENERIC, options) as unknown as RawSocket;
}

function missing(): never {
  throw new BackendError('netlink: an acknowledgement without an answer');
}
