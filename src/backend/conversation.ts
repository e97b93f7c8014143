// One generic-netlink conversation at a time: requests out, their answers in, and what ends it: the
// last answer, an error, or a kernel that is silent for too long.
//
// Three habits of the `netlink` package would end the process and are made impossible here and in
// netlink.ts: a throw inside one of its callbacks (every body is wrapped), an error event without a
// listener (there is always one), and an overrun of the receive queue (what is in flight is bounded).
import { BackendError, WireError } from '../model/errors.js';
import { behind, FLAG, MESSAGE, type Message, messageAt, type Requests } from '../wire/genl.js';
import type { RawSocket, Sender } from './rawsocket.js';

/** The kernel took nothing of what was sent, because it was too much at once. */
export class TooMuch extends Error {}
const TOO_MUCH = ['EMSGSIZE', 'ENOBUFS'];

/** Takes an answer to request `index` of those sent. @returns true when the conversation is over */
type OnMessage = (message: Message, index: number) => boolean;

interface Conversation {
  readonly first: number;
  readonly last: number;
  readonly onMessage: OnMessage;
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
  #sequence = 0;
  #current: Conversation | undefined;
  #failure: Error | undefined;
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
    socket.on('message', (bytes: Uint8Array, from: Sender) =>
      this.#guard(() => this.#receive(bytes, from.port)),
    );
    socket.on('truncatedMessage', (_: Uint8Array, from: Sender) =>
      this.#guard(() => this.#truncated(from.port)),
    );
    socket.on('error', (error: Error) => this.#fail(new BackendError(`netlink: ${error.message}`)));
  }

  close(): void {
    this.#fail(new BackendError('netlink: socket closed'));
  }

  /**
   * Sends requests and passes the answers on until `onMessage` returns true.
   * @throws TooMuch when the kernel took nothing of several requests; BackendError
   */
  talk({ requests, from, to, lastFlags }: Sending, onMessage: OnMessage): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    const first = this.#sequence + 1;
    this.#sequence += to - from;
    return new Promise((resolve, reject) => {
      this.#current = { first, last: this.#sequence, onMessage, resolve, reject };
      this.#deadline = Date.now() + this.#timeoutMs;
      this.#timer ??= setTimeout(() => this.#watch(), this.#timeoutMs);
      this.sends++;
      const bytes = () => requests.stamped(from, to, first, FLAG.request, lastFlags);
      this.#send(bytes, (error) => this.#notSent(error, to - from));
    });
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
  #receive(bytes: Uint8Array, port: number): void {
    if (port !== 0) return;
    let next: Message | undefined;
    // no generator: most of a long list is read here
    for (let at = 0; ; at = behind(next)) {
      next = messageAt(bytes, at);
      if (next === undefined) return;
      const message = next;
      const conversation = this.#current;
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
