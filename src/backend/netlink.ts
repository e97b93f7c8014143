// What one asks the kernel over generic netlink: changes in batches, one object, a whole list.
import { BackendError } from '../model/errors.js';
import { errnoOf, FLAG, MESSAGE, type Message, type Requests } from '../wire/genl.js';
import type { ReplyTaker } from './backend.js';
import { Conversations, TooMuch } from './conversation.js';
import { openRaw, type RawSocket } from './rawsocket.js';

export interface ChannelOptions {
  readonly open?: () => RawSocket;
  /** puts something between the channel and its socket, such as a count */
  readonly wrap?: (socket: RawSocket) => RawSocket;
  /** how long the kernel may take to answer */
  readonly timeoutMs?: number;
}

/** Reads a list; `takeOrdinary` as in ReplyTaker, for messages that need not be read one by one. */
export interface ListReader extends Partial<Pick<ReplyTaker<unknown>, 'takeOrdinary'>> {
  /** called before each reading: what came before it no longer counts */
  begin(): void;
  take(message: Message): void;
}

/**
 * What one answer may take of the receive queue: 1280 bytes, and a fifth of the queue stays free.
 */
const ANSWER_BYTES = 1280 * 1.2;
/** what the kernel keeps of the send buffer for itself: netlink(7) refuses more with EMSGSIZE */
const SEND_RESERVE = 32;
const MOST_IN_FLIGHT = 128;
const MOST_DUMPS = 10;
const DEFAULT_TIMEOUT_MS = 10_000;

/** One socket, one conversation at a time; later ones wait for their turn. */
export class Channel {
  readonly #conversations: Conversations;
  /** requests that may be sent at once */
  readonly batchSize: number;
  /** bytes that may be sent at once */
  #sendBytes: number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor({
    open = openRaw,
    wrap = (socket) => socket,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  }: ChannelOptions = {}) {
    const socket = wrap(open());
    this.#conversations = new Conversations(socket, timeoutMs);
    this.#sendBytes = socket.getSendBufferSize() - SEND_RESERVE;
    this.batchSize = Math.max(
      1,
      Math.min(MOST_IN_FLIGHT, Math.floor(socket.getRecvBufferSize() / ANSWER_BYTES)),
    );
  }

  /** sends so far, for tests and the bench */
  get sends(): number {
    return this.#conversations.sends;
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
      const sending = { requests: request, from: 0, to: 1, lastFlags: FLAG.request | FLAG.ack };
      await this.#conversations.talk(sending, (message) => {
        if (message.type !== MESSAGE.error) {
          // the buffer may be used again before the reply is read
          reply = { ...message, bytes: message.bytes.slice(0, message.to) };
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
    let items: T[] = [];
    const errno = await this.each(request, {
      begin() {
        items = [];
      },
      take: (message) => void items.push(decode(message)),
    });
    return errno !== 0 ? errno : items;
  }

  /**
   * The same for a reader that keeps nothing of the messages.
   * @returns 0, or the errno that came in place of the list
   */
  each(request: Requests, reader: ListReader): Promise<number> {
    return this.#exchange(async () => {
      for (let tries = 0; tries < MOST_DUMPS; tries++) {
        let errno = 0;
        let interrupted = false;
        reader.begin();
        const sending = { requests: request, from: 0, to: 1, lastFlags: FLAG.request | FLAG.dump };
        const onMessage = (message: Message) => {
          if (message.flags & FLAG.dumpInterrupted) interrupted = true;
          if (message.type === MESSAGE.error || message.type === MESSAGE.done) {
            errno = errnoOf(message);
            return true;
          }
          reader.take(message);
          return (message.flags & FLAG.multi) === 0;
        };
        await this.#conversations.talk(sending, onMessage, reader.takeOrdinary);
        if (!interrupted) return errno;
      }
      throw new BackendError('the IPVS table changes faster than it can be read');
    });
  }

  close(): void {
    this.#conversations.close();
  }

  async #sendBatch(requests: Requests, from: number, to: number): Promise<number[]> {
    const errors = new Array<number>(to - from).fill(0);
    const sending = { requests, from, to, lastFlags: FLAG.request | FLAG.ack };
    await this.#conversations.talk(sending, (message, index) => {
      if (message.type === MESSAGE.error) errors[index] = errnoOf(message);
      return message.type === MESSAGE.error && index === errors.length - 1;
    });
    return errors;
  }

  /** Waits for the turn of this exchange, even when the one before failed. */
  #exchange<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

function missing(): never {
  throw new BackendError('netlink: an acknowledgement without an answer');
}
