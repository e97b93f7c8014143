// Does the server answer a request as it should? Redirects are followed on the same server: another
// would be another check.
import { readFileSync } from 'node:fs';
import {
  type ClientRequest,
  type IncomingMessage,
  request as plain,
  type RequestOptions,
} from 'node:http';
import { request as secure } from 'node:https';
import { isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  createSecureContext,
  DEFAULT_CIPHERS,
  type SecureContext,
  type TLSSocket,
  connect as tlsConnect,
} from 'node:tls';
import {
  type Attempt,
  attempt,
  describe,
  type Open,
  type Target,
  type Verdict,
  verdictOf,
} from './attempt.js';
import { boundedStream, ExcessError } from './bounded.js';
import { createCounter, createStore } from './limits.js';
import { disconnect, openConnection } from './tcp.js';
import { createTurns, type Turns } from './turns.js';

/** Whether it occurs in a text. */
export interface Pattern {
  readonly source: string;
  readonly test: (text: string) => boolean;
}

export interface HttpQuestion {
  /**
   * `name` is sent as SNI unless it is an address, and the certificate must be for it; `ca` is a
   * file of certificates to trust
   */
  readonly tls:
    | { readonly verify: boolean; readonly ca: string | undefined; readonly name: string }
    | undefined;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: readonly { readonly from: number; readonly to: number }[];
  readonly body: Pattern | undefined;
  readonly redirects: number;
}

/** One request of a probe; a redirect makes another. */
interface Hop {
  readonly target: Target;
  readonly question: HttpQuestion;
  readonly redirects: number;
  /** said behind a reason: where a redirect led */
  readonly where: string;
}

/** What is read of a body to look for the pattern. */
const BODY_LIMIT = 256 * 1024;
/** 16 bytes a chunk on the average, for who flushes every word of a page */
const BODY_LIMITS = { bytes: Number.POSITIVE_INFINITY, pieces: 16_384 };
/** of all that comes over one connection, headers and the marks between chunks as well */
const ANSWER_LIMITS = { bytes: 1024 * 1024, pieces: 16_384 };
/** answers before the answer, such as `100 Continue` */
const INTERIM_LIMIT = 16;
/** TLS sessions to be resumed, of which servers offer two or so */
const SESSION_LIMIT = 16;
/** letters of a redirect's address */
const LOCATION_LIMIT = 8192;

/** @returns the probe; it reads a file of certificates once, and again when the file has changed */
export function createHttp(
  open: Open,
): (target: Target, question: HttpQuestion) => Promise<Verdict> {
  const shared: Shared = { contextOf: createContexts(), turns: createTurns() };
  return (target, question) =>
    attempt(open, target.timeoutMs, (one) =>
      ask({ target, question, redirects: question.redirects, where: '' }, one, shared),
    );
}

/**
 * Key exchange over elliptic curves and by RSA, as browsers do. Over finite fields (DHE) the server
 * chooses the numbers: with 9,984 bits a handshake keeps this process at work for 600 ms.
 */
const KEY_EXCHANGE = {
  ciphers: `${DEFAULT_CIPHERS}:!kDHE`,
  ecdhCurve: 'X25519:P-256:X448:P-521:P-384',
};

type ContextOf = (ca: string | undefined) => SecureContext;

/** What all these probes have in common. */
interface Shared {
  readonly contextOf: ContextOf;
  readonly turns: Turns;
}

function createContexts(): ContextOf {
  const known = new Map<string, { readonly text: string; readonly context: SecureContext }>();
  return (ca) => {
    const text = ca === undefined ? '' : textOf(ca);
    const former = known.get(ca ?? '');
    if (former?.text === text) return former.context;
    const context = createSecureContext({
      ...KEY_EXCHANGE,
      ...(ca === undefined ? {} : { ca: text }),
    });
    known.set(ca ?? '', { text, context });
    return context;
  };
}

/** @throws Error in words for a verdict */
function textOf(ca: string): string {
  try {
    return readFileSync(ca, 'utf8');
  } catch (error) {
    throw new Error(`${ca}: ${describe(error)}`);
  }
}

/** Sends one request; what it throws is a verdict as well. */
function ask(hop: Hop, one: Attempt, shared: Shared): void {
  const said: Attempt = {
    ...one,
    done: (verdict) => one.done(typeof verdict === 'string' ? verdict + hop.where : verdict),
    await: (what) => one.await(what + hop.where),
  };
  try {
    const socket = openConnection(hop.target, said);
    const request = requestOn(socket, hop.question, said, shared);
    let followed = false;
    one.onEnd(() => request.destroy());
    request.on('error', (error) => {
      if (!followed) said.done(failureOf(error));
    });
    let interim = 0;
    request.on('information', () => {
      if (++interim > INTERIM_LIMIT)
        said.done(`more than ${INTERIM_LIMIT} answers of status 1xx before the answer`);
    });
    request.on('upgrade', (response) => said.done(statusVerdict(response, hop.question)));
    request.on('response', (response) => {
      const next = redirected(response, hop);
      if (next === undefined) return judge(response, hop.question, said);
      // its port may be that of the next
      followed = true;
      disconnect(socket, hop.target.localPort);
      if (typeof next === 'string') said.done(next);
      else ask(next, one, shared);
    });
    request.end();
  } catch (error) {
    said.done(verdictOf(error));
  }
}

function failureOf(error: Error): Verdict {
  if (error instanceof ExcessError) return `the answer is too long: ${error.message}`;
  return error.message === 'socket hang up' ? 'closed without an answer' : verdictOf(error);
}

function requestOn(
  socket: Socket,
  { tls, method, path, host, headers }: HttpQuestion,
  one: Attempt,
  shared: Shared,
): ClientRequest {
  const upgrades = Object.keys(headers).some((name) => name.toLowerCase() === 'upgrade');
  const options: RequestOptions = {
    method,
    path,
    headers: {
      'User-Agent': 'lvsctl',
      Accept: '*/*',
      ...headers,
      Host: host,
      Connection: upgrades ? 'Upgrade' : 'close',
    },
    setHost: false,
  };
  const stream = tls ? encrypted(socket, tls, shared.contextOf(tls.ca), one) : socket;
  const createConnection = () => boundedStream(stream, ANSWER_LIMITS, shared.turns) as Socket;
  return (tls ? secure : plain)({ ...options, createConnection });
}

function encrypted(
  socket: Socket,
  tls: NonNullable<HttpQuestion['tls']>,
  secureContext: SecureContext,
  one: Attempt,
): TLSSocket {
  let sessions = 0;
  const stream = tlsConnect({
    socket,
    secureContext,
    rejectUnauthorized: tls.verify,
    servername: isIP(tls.name) ? '' : tls.name,
    checkServerIdentity: (_, certificate) => checkServerIdentity(tls.name, certificate),
  });
  socket
    .once('connect', () => one.await('TLS handshake'))
    .on('error', (error) => stream.destroy(error));
  return stream
    .once('secureConnect', () => one.await('answer'))
    .on('session', () => {
      if (++sessions > SESSION_LIMIT) one.done(`more than ${SESSION_LIMIT} TLS sessions offered`);
    });
}

function judge(response: IncomingMessage, question: HttpQuestion, one: Attempt): void {
  response.on('error', (error) => one.done(verdictOf(error)));
  const verdict = statusVerdict(response, question);
  if (verdict !== undefined || question.body === undefined) one.done(verdict);
  else match(response, question.body, one);
}

function statusVerdict(
  { statusCode: code = 0 }: IncomingMessage,
  { status }: HttpQuestion,
): Verdict {
  return status.some(({ from, to }) => code >= from && code <= to) ? undefined : `status ${code}`;
}

/** To the end of the body, for a pattern may speak of it. */
function match(response: IncomingMessage, pattern: Pattern, one: Attempt): void {
  one.await('end of the body');
  const body = createStore(BODY_LIMIT);
  const count = createCounter(BODY_LIMITS);
  const decide = () =>
    one.done(pattern.test(body.content.toString()) ? undefined : 'the body does not match');
  response.on('data', (piece: Buffer) => {
    const excess = count(piece.length);
    if (excess !== undefined) one.done(`the body is in ${excess}`);
    else if (body.add(piece)) decide();
  });
  response.once('end', decide).once('close', () => one.done('the body broke off'));
}

/** The next request, a word about why there is none, or undefined where this answer counts. */
function redirected(
  { statusCode: code = 0, headers: { location } }: IncomingMessage,
  { target, question, redirects }: Hop,
): Hop | string | undefined {
  if (redirects === 0 || location === undefined || ![301, 302, 303, 307, 308].includes(code))
    return undefined;
  if (location.length > LOCATION_LIMIT)
    return `redirected to an address of more than ${LOCATION_LIMIT} letters`;
  const scheme = question.tls ? 'https' : 'http';
  const base = `${scheme}://${question.host}${question.path}`;
  const next = URL.canParse(location, base) ? new URL(location, base) : undefined;
  if (next?.protocol !== 'http:' && next?.protocol !== 'https:')
    return `redirected to ${location}, which is no address of http`;
  const same = next.origin === new URL(base).origin;
  const name = next.hostname.replace(/^\[(.*)\]$/, '$1');
  const tls =
    next.protocol === 'https:'
      ? { verify: question.tls?.verify ?? true, ca: question.tls?.ca, name }
      : undefined;
  const usual = tls ? 443 : 80;
  // as browsers do: what was posted is not posted again
  const method = question.method === 'POST' && code <= 303 ? 'GET' : question.method;
  return {
    target: same ? target : { ...target, port: next.port === '' ? usual : Number(next.port) },
    question: {
      ...question,
      method,
      host: next.host,
      path: next.pathname + next.search,
      tls: same ? question.tls : tls,
    },
    redirects: redirects - 1,
    where: ` (redirected to ${next.href})`,
  };
}
