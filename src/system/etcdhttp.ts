// Requests to the JSON gateway of an etcd cluster: the endpoint that answers, the time limit, TLS,
// the token of a user.
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

export type Json = Readonly<Record<string, unknown>>;

/** An answer, and whether an earlier attempt may have been carried out without being answered. */
export interface EtcdAnswer {
  readonly body: Json;
  readonly repeated: boolean;
}

interface RawAnswer {
  readonly status: number;
  readonly text: string;
  readonly repeated: boolean;
}

/** from the request to the end of its answer; a watch has none */
const TIMEOUT_MS = 5000;
/** bytes of an answer */
const LONGEST_ANSWER = 16 * 1024 * 1024;
const UNAUTHORIZED = 401;
/** from here on the member is at fault, not the request: no leader, overloaded, a proxy's error */
const MEMBER_FAILED = 500;

/** One cluster. What it throws is an Error whose message names the cluster when none answers. */
export class EtcdConnection {
  readonly #options: EtcdOptions;
  readonly #timeoutMs: number;
  #token: string | undefined;
  /** the endpoint that answered last */
  #at = 0;

  constructor(options: EtcdOptions, timeoutMs = TIMEOUT_MS) {
    this.#options = options;
    this.#timeoutMs = timeoutMs;
  }

  async ask(path: string, body: Json): Promise<EtcdAnswer> {
    await this.#authenticated();
    const first = await this.#tryAll(path, body);
    if (first.status !== UNAUTHORIZED || this.#options.user === undefined) return checked(first);
    this.#token = undefined; // it has ended
    await this.#authenticated();
    return checked(await this.#tryAll(path, body));
  }

  /**
   * An answer without an end.
   * @param line takes each line that is complete
   * @param ended when the connection is lost, once
   * @returns what ends it; `ended` is not called then
   */
  stream(path: string, body: Json, line: (text: string) => void, ended: () => void): () => void {
    let request: ClientRequest | undefined;
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      request?.destroy();
      ended();
    };
    const open = () => {
      if (over) return;
      request = this.#request(this.#at, path, body, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          const lines = (text + piece).split('\n');
          text = lines.pop() ?? '';
          if (text.length > LONGEST_ANSWER) end();
          for (const one of lines) if (!over) line(one);
        });
        response.once('close', end).once('error', end);
      });
      request.once('error', end);
    };
    this.#authenticated().then(open).catch(end);
    return () => {
      over = true;
      request?.destroy();
    };
  }

  async #authenticated(): Promise<void> {
    const { user } = this.#options;
    if (user === undefined || this.#token !== undefined) return;
    const { body } = checked(await this.#tryAll('/v3/auth/authenticate', { ...user }));
    if (typeof body.token !== 'string') throw new Error('etcd: no token for the user');
    this.#token = body.token;
  }

  /** The endpoint that answered last, then the others. */
  async #tryAll(path: string, body: Json): Promise<RawAnswer> {
    const { endpoints } = this.#options;
    let last = '';
    for (let i = 0; i < endpoints.length; i++) {
      const at = (this.#at + i) % endpoints.length;
      try {
        const found = await this.#post(at, path, body);
        if (found.status >= MEMBER_FAILED) throw new Error(reasonIn(found));
        this.#at = at;
        return { ...found, repeated: i > 0 };
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
      }
    }
    const names = endpoints.map(({ host, port }) => `${host}:${port}`).join(', ');
    throw new Error(`etcd at ${names}: ${last}`);
  }

  #post(at: number, path: string, body: Json): Promise<Omit<RawAnswer, 'repeated'>> {
    return new Promise((resolve, reject) => {
      const request = this.#request(at, path, body, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
          if (text.length > LONGEST_ANSWER) request.destroy(new Error('the answer is too long'));
        });
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.once('error', reject);
      });
      // of the whole answer: one that comes a byte at a time would never be idle
      const end = () => request.destroy(new Error('no answer in time'));
      const late = setTimeout(end, this.#timeoutMs);
      request.once('error', reject).once('close', () => clearTimeout(late));
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

/** @throws Error with etcd's own reason */
function checked({ status, text, repeated }: RawAnswer): EtcdAnswer {
  const body = status === 200 ? objectIn(text) : undefined;
  if (body === undefined) throw new Error(`etcd: ${reasonIn({ status, text })}`);
  return { body, repeated };
}

function objectIn(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** letters of a reason */
const REASON_LENGTH = 200;

function reasonIn({ status, text }: Pick<RawAnswer, 'status' | 'text'>): string {
  const body = objectIn(text);
  const reason = body?.message ?? body?.error;
  if (typeof reason === 'string' && reason !== '') return reason.slice(0, REASON_LENGTH);
  return `status ${status}${body === undefined ? ', and no JSON object' : ''}`;
}
