// Does the server answer a request as it should? Redirects are followed on the same server: another
// would be another check.
import {
  type ClientRequest,
  type IncomingMessage,
  request as plain,
  type RequestOptions,
} from 'node:http';
import { request as secure } from 'node:https';
import type { Socket } from 'node:net';
import { type BodyRules, type Digest, judgeBody } from '../answerbody.js';
import { type Attempt, attempt, type Open, outcomeOf } from '../attempt.js';
import { boundedStream, ExcessError } from '../bounded.js';
import { disconnect, openConnection } from '../connection.js';
import type { ProbeType } from '../kind.js';
import { failed, PASS, type ProbeOutcome, type ProbeTarget } from '../outcome.js';
import { createPatterns } from '../pattern.js';
import { type ContextOf, createContexts, encrypted, type TlsSpec } from '../tls.js';
import { createTurns, type Turns } from '../turns.js';

export interface HttpProbe {
  readonly tls?: TlsSpec;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  /** the body of the request */
  readonly data?: string;
  /** statuses that pass, both ends included */
  readonly status: readonly { readonly from: number; readonly to: number }[];
  /** RE2 pattern that the body must match */
  readonly body?: string;
  /** RE2 pattern that the body must not match */
  readonly notBody?: string;
  readonly digest?: Digest;
  /** RE2 pattern whose first group, else whose match, is the weight of the server */
  readonly weight?: string;
  readonly redirects: number;
}

/** One request of a probe; a redirect makes another. */
interface Hop {
  readonly target: ProbeTarget;
  readonly spec: HttpProbe;
  readonly rules: BodyRules;
  readonly redirects: number;
  /** added to a reason: where a redirect led */
  readonly where: string;
}

/** What all these probes have in common. */
interface Shared {
  readonly contextOf: ContextOf;
  readonly turns: Turns;
}

/** of all that comes over one connection, headers and the marks between chunks as well */
const ANSWER_LIMITS = { bytes: 1024 * 1024, pieces: 16_384 };
/** answers before the answer, such as `100 Continue` */
const INTERIM_LIMIT = 16;
/** letters of a redirect's address */
const LOCATION_LIMIT = 8192;

export const http: ProbeType<HttpProbe> = { inNetns: true, make: createHttp };

function createHttp(open: Open): (spec: HttpProbe, target: ProbeTarget) => Promise<ProbeOutcome> {
  const shared: Shared = { contextOf: createContexts(), turns: createTurns() };
  const patternOf = createPatterns();
  const rule = (source: string | undefined) =>
    source === undefined ? undefined : patternOf(source);
  return (spec, target) =>
    attempt(open, target.timeoutMs, (one) => {
      const rules: BodyRules = {
        match: rule(spec.body),
        notMatch: rule(spec.notBody),
        digest: spec.digest,
        weight: rule(spec.weight),
      };
      send({ target, spec, rules, redirects: spec.redirects, where: '' }, one, shared);
    });
}

/** Sends one request; what it throws is an outcome as well. */
function send(hop: Hop, one: Attempt, shared: Shared): void {
  const reported: Attempt = {
    ...one,
    done: (outcome) =>
      one.done(
        outcome.outcome === 'fail' ? { ...outcome, reason: outcome.reason + hop.where } : outcome,
      ),
    await: (what) => one.await(what + hop.where),
  };
  try {
    const socket = openConnection(hop.target, reported);
    const request = requestOn(socket, hop.spec, reported, shared);
    let followed = false;
    one.onEnd(() => request.destroy());
    request.on('error', (error) => {
      if (!followed) reported.done(failureOf(error));
    });
    let interim = 0;
    request.on('information', () => {
      if (++interim > INTERIM_LIMIT)
        reported.done(failed(`more than ${INTERIM_LIMIT} answers of status 1xx before the answer`));
    });
    request.on('upgrade', (response) => reported.done(statusFailure(response, hop.spec) ?? PASS));
    request.on('response', (response) => {
      const next = redirected(response, hop);
      if (next === undefined) return judge(response, hop, reported);
      // its port may be that of the next
      followed = true;
      disconnect(socket, hop.target.localPort);
      if (typeof next === 'string') reported.done(failed(next));
      else send(next, one, shared);
    });
    request.end(hop.spec.data);
  } catch (error) {
    reported.done(outcomeOf(error));
  }
}

function failureOf(error: Error): ProbeOutcome {
  if (error instanceof ExcessError) return failed(`the answer is too long: ${error.message}`);
  return error.message === 'socket hang up' ? failed('closed without an answer') : outcomeOf(error);
}

function requestOn(
  socket: Socket,
  { tls, method, path, host, headers, data }: HttpProbe,
  one: Attempt,
  shared: Shared,
): ClientRequest {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const options: RequestOptions = {
    method,
    path,
    headers: {
      'User-Agent': 'lvsctl',
      Accept: '*/*',
      ...(data === undefined || names.includes('content-type') ? {} : FORM),
      ...(data === undefined ? {} : { 'Content-Length': Buffer.byteLength(data) }),
      ...headers,
      Host: host,
      Connection: names.includes('upgrade') ? 'Upgrade' : 'close',
    },
    setHost: false,
  };
  const stream = tls ? encrypted(socket, tls, shared.contextOf(tls), one) : socket;
  const createConnection = () => boundedStream(stream, ANSWER_LIMITS, shared.turns) as Socket;
  return (tls ? secure : plain)({ ...options, createConnection });
}

/** what a form sends, as curl does where nothing else is set */
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

function judge(response: IncomingMessage, { spec, rules }: Hop, one: Attempt): void {
  response.on('error', (error) => one.done(outcomeOf(error)));
  const failure = statusFailure(response, spec);
  if (failure === undefined) judgeBody(response, rules, one);
  else one.done(failure);
}

function statusFailure(
  { statusCode: code = 0 }: IncomingMessage,
  { status }: HttpProbe,
): ProbeOutcome | undefined {
  return status.some(({ from, to }) => code >= from && code <= to)
    ? undefined
    : failed(`status ${code}`);
}

/** The next request, why there is none, or undefined where this answer counts. */
function redirected(
  { statusCode: code = 0, headers: { location } }: IncomingMessage,
  { target, spec, rules, redirects }: Hop,
): Hop | string | undefined {
  if (redirects === 0 || location === undefined || ![301, 302, 303, 307, 308].includes(code))
    return undefined;
  if (location.length > LOCATION_LIMIT)
    return `redirected to an address of more than ${LOCATION_LIMIT} letters`;
  const scheme = spec.tls ? 'https' : 'http';
  const base = `${scheme}://${spec.host}${spec.path}`;
  const next = URL.canParse(location, base) ? new URL(location, base) : undefined;
  if (next?.protocol !== 'http:' && next?.protocol !== 'https:')
    return `redirected to ${location}, which is no address of http`;
  const same = next.origin === new URL(base).origin;
  const { tls: previous, ...rest } = request(spec, code);
  const tls = same ? previous : tlsFor(next, previous);
  return {
    target: same ? target : { ...target, port: portOf(next) },
    spec: {
      ...rest,
      ...(tls === undefined ? {} : { tls }),
      host: next.host,
      path: next.pathname + next.search,
    },
    rules,
    redirects: redirects - 1,
    where: ` (redirected to ${next.href})`,
  };
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? { 'http:': 80, 'https:': 443 }[protocol as 'http:'] : Number(port);
}

/** As browsers do: what was posted is not posted again. */
function request({ data, ...spec }: HttpProbe, code: number): HttpProbe {
  if (spec.method === 'POST' && code <= 303) return { ...spec, method: 'GET' };
  return data === undefined ? spec : { ...spec, data };
}

/** For another name: the certificate of this check is shown to none but its own. */
function tlsFor(next: URL, tls: TlsSpec | undefined): TlsSpec | undefined {
  if (next.protocol !== 'https:') return undefined;
  const name = next.hostname.replace(/^\[(.*)\]$/, '$1');
  const ca = tls?.ca === undefined ? {} : { ca: tls.ca };
  return { verify: tls?.verify ?? true, ...ca, name };
}
