// etcd 3 by its JSON gateway, with Node's own HTTP. Facts of the gateway: keys and values are
// base64, 64-bit numbers are text, false and 0 are left out of answers; a watch is an answer without
// an end, one JSON value a line.
import { EtcdConnection, type EtcdOptions, type Json } from './etcdhttp.js';

export interface EtcdEntry {
  readonly key: string;
  readonly value: string;
  /** of the last change: grows with every change in the whole cluster */
  readonly version: string;
}

interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision: string;
  readonly lease?: string;
}

/** One cluster. What the methods throw is an Error; it names the cluster when none answers. */
export class Etcd {
  readonly #connection: EtcdConnection;

  /** @param timeoutMs of an answer; a watch has none */
  constructor(options: EtcdOptions, timeoutMs?: number) {
    this.#connection = new EtcdConnection(options, timeoutMs);
  }

  async get(key: string): Promise<EtcdEntry | undefined> {
    const { body } = await this.#connection.ask('/v3/kv/range', { key: encoded(key) });
    return keyValues(body).map(decodedEntry)[0];
  }

  /** All whose key begins so, sorted by key. */
  async list(prefix: string): Promise<EtcdEntry[]> {
    const range = { key: encoded(prefix), range_end: encoded(afterPrefix(prefix)) };
    const { body } = await this.#connection.ask('/v3/kv/range', range);
    return keyValues(body).map(decodedEntry);
  }

  /** @param lease with whose end the key goes */
  async put(key: string, value: string, lease?: string): Promise<void> {
    await this.#connection.ask('/v3/kv/put', putOf(key, value, lease));
  }

  /**
   * Writes a key only if it was not written by another since.
   * @param version that was read; `0` = there was no such key
   * @returns its new version; undefined when it was written by another
   */
  async replace(
    key: string,
    version: string,
    value: string,
    lease?: string,
  ): Promise<string | undefined> {
    const { body, repeated } = await this.#connection.ask('/v3/kv/txn', {
      compare: [{ key: encoded(key), target: 'MOD', mod_revision: version }],
      success: [{ request_put: putOf(key, value, lease) }],
      failure: [{ request_range: { key: encoded(key) } }],
    });
    if (body.succeeded === true) return revisionOf(body);
    // a member that died may have written before it could answer
    const there = repeated ? foundIn(body) : undefined;
    const isOwn = there?.value === encoded(value) && (there.lease ?? '0') === (lease ?? '0');
    return isOwn ? there?.mod_revision : undefined;
  }

  async remove(key: string): Promise<void> {
    await this.#connection.ask('/v3/kv/deleterange', { key: encoded(key) });
  }

  /** @returns the id of a lease that ends after so many seconds */
  async grant(seconds: number): Promise<string> {
    const { body } = await this.#connection.ask('/v3/lease/grant', { TTL: String(seconds) });
    return textOf(body.ID, 'a lease');
  }

  /** @returns whether the lease is still there */
  async keepAlive(lease: string): Promise<boolean> {
    const { body } = await this.#connection.ask('/v3/lease/keepalive', { ID: lease });
    const { result } = body as { readonly result?: { readonly TTL?: string } };
    return Number(result?.TTL ?? 0) > 0;
  }

  async revoke(lease: string): Promise<void> {
    await this.#connection.ask('/v3/lease/revoke', { ID: lease });
  }

  /**
   * Waits for changes of keys, from now on.
   * @param first the first key
   * @param last the last key, in the order of their bytes
   * @param changed is called for each, without its value
   * @param ended when the connection is lost: what changed in between is not known
   * @returns what ends it
   */
  watch(first: string, last: string, changed: () => void, ended: () => void): () => void {
    const range = { key: encoded(first), range_end: encoded(`${last}\0`) };
    let isOver = false;
    const end = this.#connection.stream(
      '/v3/watch',
      { create_request: range },
      (line) => {
        if (line.includes('"events"')) changed();
        if (!line.includes('"canceled"') || isOver) return;
        isOver = true;
        end();
        ended();
      },
      ended,
    );
    return end;
  }
}

function putOf(key: string, value: string, lease: string | undefined): Json {
  return { key: encoded(key), value: encoded(value), ...(lease === undefined ? {} : { lease }) };
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decodedEntry({ key, value = '', mod_revision: version }: KeyValue): EtcdEntry {
  const text = (base64: string) => Buffer.from(base64, 'base64').toString();
  return { key: text(key), value: text(value), version };
}

/** The first key that does not begin so any more. */
function afterPrefix(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return `${prefix.slice(0, -1)}${String.fromCharCode(last + 1)}`;
}

/** @throws Error for what no etcd answers */
function keyValues({ kvs = [] }: Json): readonly KeyValue[] {
  const isEntry = (one: Partial<KeyValue> | null) =>
    typeof one?.key === 'string' && typeof one.mod_revision === 'string';
  if (Array.isArray(kvs) && kvs.every(isEntry)) return kvs as KeyValue[];
  throw new Error('etcd: an answer without keys');
}

/** What the branch `failure` of a transaction found at the key. */
function foundIn({ responses }: Json): KeyValue | undefined {
  const [first] = Array.isArray(responses) ? (responses as Json[]) : [];
  const range = first?.response_range;
  return typeof range === 'object' && range !== null ? keyValues(range as Json)[0] : undefined;
}

function revisionOf({ header }: Json): string {
  return textOf((header as { readonly revision?: unknown } | undefined)?.revision, 'a revision');
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`etcd: an answer without ${what}`);
}
