// Does the server answer a request as it should? Redirects are followed on the same server: another would be another check.
import { type ClientRequest, type IncomingMessage, request as plain, type RequestOptions } from 'node:http';
import { request as secure } from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { type Attempt, attempt, describe, type Open, type Target, type Verdict } from './attempt.js';

export interface HttpQuestion {
  /** `name` is sent as SNI unless it is an address, and the certificate must be for it */
  readonly tls: { readonly verify: boolean; readonly name: string } | undefined;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: { readonly from: number; readonly to: number };
  readonly body: RegExp | undefined;
  readonly redirects: number;
}

/** What is read of a body to look for the pattern. */
const BODY_LIMIT = 256 * 1024;

export function http(open: Open, target: Target, question: HttpQuestion): Promise<Verdict> {
  return attempt(open, target.timeoutMs, (one) => ask(target, question, question.redirects, one));
}

function ask(target: Target, question: HttpQuestion, redirects: number, one: Attempt): void {
  const { tls, method, path, host, headers } = question;
  const options: RequestOptions = {
    host: target.address,
    port: target.port,
    method,
    path,
    headers: { 'User-Agent': 'lvsctl', Accept: '*/*', ...headers, Host: host, Connection: 'close' },
    agent: false,
    setHost: false,
    ...(target.source === undefined ? {} : { localAddress: target.source }),
    ...(target.localPort === undefined ? {} : { localPort: target.localPort }),
  };
  const request = tls
    ? secure({
        ...options,
        rejectUnauthorized: tls.verify,
        servername: isIP(tls.name) ? '' : tls.name,
        checkServerIdentity: (_, certificate) => checkServerIdentity(tls.name, certificate),
      })
    : plain(options);
  one.await('connection');
  one.onEnd(() => request.destroy());
  watch(request, tls !== undefined, one);
  request.on('response', (response) => judge(response, target, question, redirects, one)).end();
}

function watch(request: ClientRequest, tls: boolean, one: Attempt): void {
  request.on('socket', (socket) => {
    socket.once('connect', () => one.await(tls ? 'TLS handshake' : 'answer')).once('secureConnect', () => one.await('answer'));
  });
  request.on('error', (error: NodeJS.ErrnoException) =>
    one.done(error.message === 'socket hang up' ? 'closed without an answer' : describe(error)),
  );
}

function judge(response: IncomingMessage, target: Target, question: HttpQuestion, redirects: number, one: Attempt): void {
  const { statusCode: code = 0 } = response;
  const { location } = response.headers;
  response.on('error', (error) => one.done(describe(error)));
  if (redirects > 0 && [301, 302, 303, 307, 308].includes(code) && location !== undefined) {
    response.destroy();
    const next = redirected(location, target, question);
    if (next === undefined) one.done(`redirected to ${location}, which is no address of http`);
    else ask(next.target, next.question, redirects - 1, one);
    return;
  }
  const { status, body } = question;
  if (code < status.from || code > status.to) one.done(`status ${code}`);
  else if (body === undefined) one.done(undefined);
  else match(response, body, one);
}

function match(response: IncomingMessage, pattern: RegExp, one: Attempt): void {
  one.await('end of the body');
  const pieces: Buffer[] = [];
  let size = 0;
  const decide = () => one.done(pattern.test(Buffer.concat(pieces).toString()) ? undefined : 'the body does not match');
  response.on('data', (piece: Buffer) => {
    pieces.push(piece);
    size += piece.length;
    if (size >= BODY_LIMIT) decide();
  });
  response.once('end', decide).once('close', () => one.done('the body broke off'));
}

/** Where a Location leads: another path, name, scheme or port of the same server. */
function redirected(
  location: string,
  target: Target,
  question: HttpQuestion,
): { readonly target: Target; readonly question: HttpQuestion } | undefined {
  const scheme = question.tls ? 'https' : 'http';
  if (!URL.canParse(location, `${scheme}://${question.host}${question.path}`)) return undefined;
  const next = new URL(location, `${scheme}://${question.host}${question.path}`);
  if (next.protocol !== 'http:' && next.protocol !== 'https:') return undefined;
  const same = next.host === new URL(`${scheme}://${question.host}`).host && next.protocol === `${scheme}:`;
  const tls =
    next.protocol === 'https:' ? { verify: question.tls?.verify ?? true, name: next.hostname.replace(/^\[(.*)\]$/, '$1') } : undefined;
  const usual = tls ? 443 : 80;
  return {
    target: same ? target : { ...target, port: next.port === '' ? usual : Number(next.port) },
    question: { ...question, host: next.host, path: next.pathname + next.search, tls: same ? question.tls : tls },
  };
}
