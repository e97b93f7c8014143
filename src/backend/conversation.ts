// One generic-netlink conversation at a time: requests out, their answers in, and what ends it: the
// last answer, an error, or a kernel that is silent for too long.
//
// Three habits of the `netlink` package would end the process and are made impossible here and in
// netlink.ts: a throw inside one of its callbacks (every body is wrapped), an error event without a
// listener (there is always one), and an overrun of the receive queue (what is in flight is
// bounded).
import { BackendError, WireError } from '../model/errors.js';
import { behind, FLAG, MESSAGE, type Message, messageAt, type Requests } from '../wire/genl.js';
import type { ReplyTaker } from './backend.js';
import type { DirectSocket, RawSocket, Sender } from './rawsocket.js';

/** The kernel took nothing of what was sent, because it was too much at once. */
export class TooMuch extends Error {}
/** The kernel's answers to a list are never larger. */
const LARGEST_DATAGRAM = 32_768;
/** the kernel's port */
const KERNEL = 0;
const TOO_MUCH = ['EMSGSIZE', 'ENOBUFS'];

/** Takes an answer to request `index` of those sent. @returns true when the conversation is over */
type OnMessage = (message: Message, index: number) => boolean;

/**
 * Takes messages at a place that need not be read one by one.
 * @returns where the next one begins
 */
type TakeOrdinary = ReplyTaker<unknown>['takeOrdinary'];

interface Conversation {
  readonly first: number;
  readonly last: number;
  readonly onMessage: OnMessage;
  readonly takeOrdinary: TakeOrdinary | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What is sent: requests from..to-1, the last one with flags of its own. */
export interface Sending {
  readonly requests: Requests;
  readonly from: number;
  readonly to: number;
  readonly lastFlags: number;
}

/** The conversations of one socket, one at a time. */
export class Conversations {
  readonly #socket: RawSocket;
  readonly #timeoutMs: number;
  readonly #direct: DirectSocket | undefined;
  /** the datagram that is read, without the event loop */
  readonly #buffer: Uint8Array;
  #sequence = 0;
  #current: Conversation | undefined;
  /** why there are no more conversations */
  #failure: (() => Error) | undefined;
  /**
   * when the kernel has been silent for too long, in milliseconds since 1970; one timer serves all
   * conversations
   */
  #deadline = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** sends so far, for tests and the bench */
  sends = 0;

  /** @param timeoutMs how long the kernel may stay silent */
  constructor(socket: RawSocket, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#socket = socket;
    this.#direct = socket.direct;
    this.#buffer = new Uint8Array(this.#direct ? LARGEST_DATAGRAM : 0);
    socket.on('message', (bytes: Uint8Array, from: Sender) =>
      this.#guard(() => this.#receive(bytes, bytes.length, from.port)),
    );
    socket.on('truncatedMessage', (_: Uint8Array, from: Sender) =>
      this.#guard(() => this.#truncated(from.port)),
    );
    socket.on('error', (error: Error) => this.#fail(new BackendError(`netlink: ${error.message}`)));
  }

  close(): void {
    this.#end(() => new BackendError('netlink: socket closed'));
  }

  /**
   * Sends requests and passes the answers on until `onMessage` returns true.
   * @throws TooMuch when the kernel took nothing of several requests; BackendError
   */
  talk(
    { requests, from, to, lastFlags }: Sending,
    onMessage: OnMessage,
    takeOrdinary?: TakeOrdinary,
  ): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure());
    const first = this.#sequence + 1;
    this.#sequence += to - from;
    return new Promise((resolve, reject) => {
      this.#current = { first, last: this.#sequence, onMessage, takeOrdinary, resolve, reject };
      this.sends++;
      const bytes = () => requests.stamped(from, to, first, FLAG.request, lastFlags);
      const onError = (error: Error) => this.#notSent(error, to - from);
      if (this.#direct) this.#talkDirectly(this.#direct, bytes, onError);
      else this.#send(bytes, onError);
      if (this.#current !== undefined) this.#wait();
    });
  }

  #wait(): void {
    this.#deadline = Date.now() + this.#timeoutMs;
    this.#timer ??= setTimeout(() => this.#watch(), this.#timeoutMs);
  }

  /** Sends, and takes the answers that are there. The event loop brings those that come later. */
  #talkDirectly(
    direct: DirectSocket,
    bytes: () => Uint8Array,
    onError: (error: Error) => void,
  ): void {
    try {
      direct.send(bytes());
    } catch (error) {
      onError(error as Error);
      return;
    }
    this.#guard(() => {
      while (this.#current !== undefined) {
        const length = this.#read(direct);
        if (length === 0) return;
        // only the kernel, or a process that may change its table, can send to this socket
        this.#receive(this.#buffer, length, KERNEL);
      }
    });
  }

  /** The next datagram into the buffer. @returns its length; 0 = none is there */
  #read(direct: DirectSocket): number {
    try {
      return direct.receive(this.#buffer);
    } catch (error) {
      throw new BackendError(`netlink: ${(error as Error).message}`);
    }
  }

  #send(bytes: () => Uint8Array, onError: (error: Error) => void): void {
    try {
      this.#socket.send(bytes(), undefined, (error) => {
        if (error) onError(error);
      });
    } catch (error) {
      onError(error as Error);
    }
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
  #receive(bytes: Uint8Array, length: number, port: number): void {
    if (port !== KERNEL) return;
    let next: Message | undefined;
    // no generator: most of a long list is read here
    for (let at = 0; ; at = behind(next)) {
      const conversation = this.#current;
      at = conversation?.takeOrdinary?.(bytes, at, length, conversation.first) ?? at;
      next = messageAt(bytes, at, length);
      if (next === undefined) return;
      const message = next;
      if (
        conversation === undefined ||
        message.sequence < conversation.first ||
        message.sequence > conversation.last
      )
        continue;
      if (message.type === MESSAGE.overrun) throw new WireError('the kernel lost answers');
      const index = message.sequence - conversation.first;
      if (!conversation.onMessage(message, index)) continue;
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
    this.#end(() => error);
  }

  /** The same with an error that is made only where there is a conversation to end. */
  #end(failure: () => Error): void {
    if (this.#failure === undefined) {
      this.#failure = failure;
      this.#socket.close();
      if (this.#timer !== undefined) clearTimeout(this.#timer);
    }
    const conversation = this.#current;
    this.#current = undefined;
    conversation?.reject(failure());
  }
}
