// etcd 3 by its JSON gateway, with Node's own HTTP. Facts of the gateway: keys and values are
// base64, 64-bit numbers are text, false and 0 are left out of answers; a watch is an answer without
// an end, one JSON value a line.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface EtcdOptions {
  readonly endpoints: readonly { readonly host: string; readonly port: number }[];
  /** PEM texts; undefined = no TLS */
  readonly tls:
    | {
        readonly ca: string | undefined;
        readonly cert: string | undefined;
        readonly key: string | undefined;
      }
    | undefined;
  readonly user: { readonly name: string; readonly password: string } | undefined;
}

export interface EtcdEntry {
  readonly key: string;
  readonly value: string;
  /** of the last change: grows with every change in the whole cluster */
  readonly version: string;
}

/** of an answer; a watch has none */
const TIMEOUT_MS = 5000;
/** bytes of an answer */
const LONGEST_ANSWER = 16 * 1024 * 1024;
const UNAUTHORIZED = 401;

type Json = Readonly<Record<string, unknown>>;
interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision: string;
}

/** One cluster. Every method throws an Error whose message names the cluster when none answers. */
export class Etcd {
  readonly #options: EtcdOptions;
  #token: string | undefined;
  /** the endpoint that answered last */
  #at = 0;

  constructor(options: EtcdOptions) {
    this.#options = options;
  }

  async get(key: string): Promise<EtcdEntry | undefined> {
    const { kvs = [] } = (await this.#ask('/v3/kv/range', { key: encoded(key) })) as Kvs;
    return kvs.map(decodedEntry)[0];
  }

  /** All whose key begins so, sorted by key. */
  async list(prefix: string): Promise<EtcdEntry[]> {
    const body = { key: encoded(prefix), range_end: encoded(afterPrefix(prefix)) };
    const { kvs = [] } = (await this.#ask('/v3/kv/range', body)) as Kvs;
    return kvs.map(decodedEntry);
  }

  /** @param lease with whose end the key goes */
  async put(key: string, value: string, lease?: string): Promise<void> {
    await this.#ask('/v3/kv/put', putOf(key, value, lease));
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
    const answer = (await this.#ask('/v3/kv/txn', {
      compare: [{ key: encoded(key), target: 'MOD', mod_revision: version }],
      success: [{ request_put: putOf(key, value, lease) }],
    })) as { readonly succeeded?: boolean; readonly header: { readonly revision: string } };
    return answer.succeeded ? answer.header.revision : undefined;
  }

  async remove(key: string): Promise<void> {
    await this.#ask('/v3/kv/deleterange', { key: encoded(key) });
  }

  /** @returns the id of a lease that ends after so many seconds */
  async grant(seconds: number): Promise<string> {
    const { ID } = (await this.#ask('/v3/lease/grant', { TTL: String(seconds) })) as {
      readonly ID: string;
    };
    return ID;
  }

  /** @returns whether the lease is still there */
  async keepAlive(lease: string): Promise<boolean> {
    const { result } = (await this.#ask('/v3/lease/keepalive', { ID: lease })) as {
      readonly result?: { readonly TTL?: string };
    };
    return Number(result?.TTL ?? 0) > 0;
  }

  async revoke(lease: string): Promise<void> {
    await this.#ask('/v3/lease/revoke', { ID: lease });
  }

  /**
   * Waits for changes of all keys that begin so, from now on.
   * @param changed is called for each, without its value
   * @param ended when the connection is lost: what changed in between is not known
   * @returns what ends it
   */
  watch(prefix: string, changed: () => void, ended: () => void): () => void {
    let request: ClientRequest | undefined;
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      request?.destroy();
      ended();
    };
    const create = { key: encoded(prefix), range_end: encoded(afterPrefix(prefix)) };
    this.#authenticated()
      .then(() => {
        if (over) return;
        request = this.#request(this.#at, '/v3/watch', { create_request: create }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (piece: string) => {
            text += piece;
            const lines = text.split('\n');
            text = lines.pop() ?? '';
            if (lines.some((line) => line.includes('"events"'))) changed();
            if (text.length > LONGEST_ANSWER || lines.some((line) => line.includes('"canceled"')))
              end();
          });
          response.once('close', end).once('error', end);
        });
        request.once('error', end);
      })
      .catch(end);
    return () => {
      over = true;
      request?.destroy();
    };
  }

  async #ask(path: string, body: Json): Promise<unknown> {
    await this.#authenticated();
    const { status, answer } = await this.#tryAll(path, body);
    if (status !== UNAUTHORIZED || this.#options.user === undefined) return checked(status, answer);
    this.#token = undefined; // it has ended
    await this.#authenticated();
    const again = await this.#tryAll(path, body);
    return checked(again.status, again.answer);
  }

  async #authenticated(): Promise<void> {
    const { user } = this.#options;
    if (user === undefined || this.#token !== undefined) return;
    const { status, answer } = await this.#tryAll('/v3/auth/authenticate', { ...user });
    const { token } = checked(status, answer) as { readonly token?: string };
    this.#token = token;
  }

  /** The endpoint that answered last, then the others. */
  async #tryAll(
    path: string,
    body: Json,
  ): Promise<{ readonly status: number; readonly answer: string }> {
    const { endpoints } = this.#options;
    let last: unknown;
    for (let i = 0; i < endpoints.length; i++) {
      const at = (this.#at + i) % endpoints.length;
      try {
        const found = await this.#post(at, path, body);
        this.#at = at;
        return found;
      } catch (error) {
        last = error;
      }
    }
    const names = endpoints.map(({ host, port }) => `${host}:${port}`).join(', ');
    throw new Error(`etcd at ${names}: ${last instanceof Error ? last.message : String(last)}`);
  }

  #post(at: number, path: string, body: Json): Promise<{ status: number; answer: string }> {
    return new Promise((resolve, reject) => {
      const request = this.#request(at, path, body, (response) => {
        let answer = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          answer += piece;
          if (answer.length > LONGEST_ANSWER) request.destroy(new Error('the answer is too long'));
        });
        response.once('end', () => resolve({ status: response.statusCode ?? 0, answer }));
        response.once('error', reject);
      });
      request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error('no answer in time')));
      request.once('error', reject);
    });
  }

  #request(
    at: number,
    path: string,
    body: Json,
    answered: (response: IncomingMessage) => void,
  ): ClientRequest {
    const { endpoints, tls } = this.#options;
    const { host, port } = endpoints[at] ?? { host: '', port: 0 };
    const headers = {
      'content-type': 'application/json',
      ...(this.#token === undefined ? {} : { authorization: this.#token }),
    };
    const options = { host, port, path, method: 'POST', headers, agent: false };
    const request = tls
      ? httpsRequest({ ...options, ca: tls.ca, cert: tls.cert, key: tls.key }, answered)
      : httpRequest(options, answered);
    request.end(JSON.stringify(body));
    return request;
  }
}

interface Kvs {
  readonly kvs?: readonly KeyValue[];
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

/** @throws Error with etcd's own reason */
function checked(status: number, answer: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer);
  } catch {
    throw new Error(`etcd: status ${status}, and no JSON`);
  }
  if (status === 200) return parsed;
  const { error, message } = parsed as { readonly error?: string; readonly message?: string };
  throw new Error(`etcd: ${message ?? error ?? `status ${status}`}`);
}
