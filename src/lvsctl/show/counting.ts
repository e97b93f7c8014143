// Counting a million connections: of the bytes of /proc/net/ip_vs_conn, lines that are alike in all
// that counts are read as an address and a state once.
import type { Connection } from '../../model/connection.js';
import { parseConnection } from '../../render/connections.js';
import { AT, hexNumber, isPlainLine, PLAIN_LINE } from '../../render/connrows.js';
import { LvsctlError } from '../errors.js';
import {
  type ConnectionFilter,
  type CountEntry,
  type Counter,
  matchesFilter,
  serverText,
} from './connections.js';

/** @throws LvsctlError SYSTEM when it makes no sense @param number of the line, from 1 */
export function connectionOf(line: string, number: number, path: string): Connection {
  const connection = parseConnection(line);
  if (connection) return connection;
  throw new LvsctlError('SYSTEM', `${path}: line ${number} makes no sense`);
}

/** Lines that only differ in what does not count, and in their clients. */
interface Kind {
  /** the columns that they have in common, from `#from` on, and the protocol's before them */
  readonly columns: Uint8Array;
  readonly hasNoPort: boolean;
  readonly isEstablished: boolean;
  /** what the filter decides apart from the client */
  readonly passes: boolean;
  readonly server: string;
  /** where they are counted if it is not by client; undefined until the first one is */
  entry: CountEntry | undefined;
}

/** Where a client is counted; false = the filter leaves it out, true = by something else. */
type Client = CountEntry | boolean;

const NEWLINE = 10;
const ZERO = 48;

/** Adds the lines of a file to a counter, piece by piece. */
export class LineCounting {
  readonly #filter: ConnectionFilter;
  readonly #counter: Counter;
  readonly #path: string;
  readonly #byClient: boolean;
  readonly #needsClient: boolean;
  /** where the columns begin that are in a kind: without those of the service when nothing asks */
  readonly #from: number;
  readonly #kinds = new Map<number, Kind[]>();
  readonly #clients = new Map<number, Client>();
  /** each text once, so that equal ones are compared at once */
  readonly #servers = new Map<string, string>();
  #rest: Uint8Array = new Uint8Array(0);
  #number = 0;

  /** @param by how connections are counted, as the option has it */
  constructor(by: string, filter: ConnectionFilter, counter: Counter, path: string) {
    this.#filter = filter;
    this.#counter = counter;
    this.#path = path;
    this.#byClient = by.startsWith('client');
    this.#needsClient = this.#byClient || filter.client !== undefined;
    const { service, protocol } = filter;
    const needsService = by === 'service' || service !== undefined || protocol !== undefined;
    this.#from = needsService ? AT.virtual : AT.server;
  }

  /**
   * @param piece the next bytes of the file; it may be used again after the call
   * @throws LvsctlError SYSTEM for a line that makes no sense
   */
  take(piece: Uint8Array): void {
    const input = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at = 0;
    for (;;) {
      if (this.#number > 0 && isPlainLine(input, at)) {
        this.#number++;
        this.#addPlain(input, at);
        at += PLAIN_LINE;
        continue;
      }
      const end = input.indexOf(NEWLINE, at);
      if (end < 0) break;
      this.#addLine(latin1(input, at, end));
      at = end + 1;
    }
    this.#rest = new Uint8Array(input.subarray(at)); // a copy
  }

  /** The last line may have no newline. @throws as `take` */
  end(): void {
    this.#addLine(latin1(this.#rest, 0, this.#rest.length));
  }

  #addLine(line: string): void {
    if (++this.#number === 1 || line.trim() === '') return; // titles
    const one = connectionOf(line, this.#number, this.#path);
    if (matchesFilter(one, this.#filter)) this.#counter.add(one);
  }

  #addPlain(input: Uint8Array, at: number): void {
    // templates have no port of a client
    const hasNoPort = input[at + AT.clientPort] === ZERO && isZero(input, at + AT.clientPort);
    const kind = this.#kindOf(input, at, hasNoPort);
    if (!kind.passes) return;
    const client = this.#needsClient ? this.#clientOf(input, at) : true;
    if (client === false) return;
    if (client === true) kind.entry ??= this.#counter.entryFor(this.#read(input, at));
    const entry = client === true ? kind.entry : client;
    if (entry !== undefined) this.#counter.addTo(entry, kind.server, kind.isEstablished);
  }

  #clientOf(input: Uint8Array, at: number): Client {
    const address = hexNumber(input, at + AT.client);
    const known = this.#clients.get(address);
    if (known !== undefined) return known;
    const one = this.#read(input, at);
    const passes = matchesFilter(one, { client: this.#filter.client });
    const client = passes && this.#byClient ? this.#counter.entryFor(one) : passes;
    this.#clients.set(address, client);
    return client;
  }

  #read(input: Uint8Array, at: number): Connection {
    return connectionOf(latin1(input, at, at + PLAIN_LINE - 1), this.#number, this.#path);
  }

  #kindOf(input: Uint8Array, at: number, hasNoPort: boolean): Kind {
    const from = at + this.#from;
    const to = at + AT.expires;
    let hash = hasNoPort ? 1 : 0;
    for (let i = at; i < at + AT.client; i++) hash = Math.imul(hash ^ (input[i] as number), PRIME);
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ (input[i] as number), PRIME);
    const alike = this.#kinds.get(hash);
    if (alike !== undefined)
      for (const kind of alike)
        if (kind.hasNoPort === hasNoPort && isSame(kind.columns, input, at, from)) return kind;
    const columns = new Uint8Array([
      ...input.subarray(at, at + AT.client),
      ...input.subarray(from, to),
    ]);
    const one = this.#read(input, at);
    const server = serverText(one);
    const passes = matchesFilter(one, { ...this.#filter, client: undefined });
    if (!this.#servers.has(server)) this.#servers.set(server, server);
    const kind: Kind = {
      columns,
      hasNoPort,
      passes,
      isEstablished: one.state === 'ESTABLISHED',
      server: this.#servers.get(server) ?? server,
      entry: undefined,
    };
    this.#kinds.set(hash, [...(alike ?? []), kind]);
    return kind;
  }
}

/** of FNV-1a */
const PRIME = 16_777_619;

function isZero(input: Uint8Array, from: number): boolean {
  return input[from + 1] === ZERO && input[from + 2] === ZERO && input[from + 3] === ZERO;
}

/** Whether a kind has the protocol of a line and its columns from `from` on. */
function isSame(columns: Uint8Array, input: Uint8Array, at: number, from: number): boolean {
  for (let i = 0; i < AT.client; i++) if (columns[i] !== input[at + i]) return false;
  for (let i = AT.client; i < columns.length; i++)
    if (columns[i] !== input[from + i - AT.client]) return false;
  return true;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
