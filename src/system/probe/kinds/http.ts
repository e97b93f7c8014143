// Does the server answer a request as it should?
import { type BodyJudge, type BodyRules, createBodyJudge, hasRules } from '../answerbody.js';
import { type Attempt, attempt, type Open, outcomeOf } from '../attempt.js';
import { boundedStream, ExcessError } from '../bounded.js';
import { disconnect, openConnection } from '../connection.js';
import { type AnswerHead, type AnswerReader, createAnswerReader } from '../httpanswer.js';
import { type HttpProbe, requestText } from '../httprequest.js';
import type { ProbeType } from '../kind.js';
import { failed, PASS, type ProbeOutcome, type ProbeTarget } from '../outcome.js';
import { createPatterns } from '../pattern.js';
import { createPortions, type Portions } from '../portions.js';
import { type Request, redirected } from '../redirect.js';
import { type ContextOf, createContexts, encrypted, type TlsSpec } from '../tls.js';
import { createTurns, type Turns } from '../turns.js';

/** One request of a probe; a redirect makes another. */
interface Hop extends Request {
  readonly rules: BodyRules;
  readonly redirects: number;
  /** where a redirect led, which is added to a reason */
  readonly where: string;
}

/** What all these probes have in common. */
interface Shared {
  readonly contextOf: ContextOf;
  readonly turns: Turns;
  readonly portions: Portions;
  readonly textOf: (spec: HttpProbe) => string;
}

/** of all that comes over one connection, headers and the marks between chunks as well */
const ANSWER_LIMITS = { bytes: 1024 * 1024, pieces: 16_384 };

export const http: ProbeType<HttpProbe> = { inNetns: true, make: createHttp };

function createHttp(open: Open): (spec: HttpProbe, target: ProbeTarget) => Promise<ProbeOutcome> {
  const turns = createTurns();
  const shared: Shared = {
    contextOf: createContexts(),
    turns,
    portions: createPortions(turns),
    textOf: createTexts(),
  };
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

/** The text of a request, made once for each: a check sends the same one as long as it is there. */
function createTexts(): Shared['textOf'] {
  const known = new WeakMap<HttpProbe, string>();
  return (spec) => {
    const text = known.get(spec) ?? requestText(spec);
    known.set(spec, text);
    return text;
  };
}

/** Sends one request; what it throws is an outcome as well. */
function send(hop: Hop, whole: Attempt, shared: Shared): void {
  const one = hop.where === '' ? whole : located(whole, hop.where);
  let followed = false;
  const follow = (next: Hop | string) => {
    followed = true;
    // its port may be that of the next
    close();
    if (typeof next === 'string') one.done(failed(next));
    else send(next, whole, shared);
  };
  const conversation: Conversation = {
    reader: readerOf(hop, one, follow),
    onError(error) {
      if (!followed) one.done(error instanceof ExcessError ? tooLong(error) : outcomeOf(error));
    },
  };
  const close = openWith(hop, one, conversation, shared);
}

/** What gets the answer, and why it does not come. */
interface Conversation {
  readonly reader: AnswerReader;
  readonly onError: (error: Error) => void;
}

function tooLong({ message }: ExcessError): ProbeOutcome {
  return failed(`the answer is too long: ${message}`);
}

/** @returns what closes the connection */
function openWith(hop: Hop, one: Attempt, conversation: Conversation, shared: Shared): () => void {
  const { target, spec, rules } = hop;
  const text = shared.textOf(spec);
  if (spec.tls) return openEncrypted(target, spec.tls, text, one, conversation, shared);
  const socket = shared.portions.open(target, text, one, ANSWER_LIMITS, {
    ...conversation.reader,
    excess: (reason) => conversation.onError(new ExcessError(reason)),
    failed: conversation.onError,
    isShort: !hasRules(rules),
  });
  return () => socket.close();
}

function openEncrypted(
  target: ProbeTarget,
  tls: TlsSpec,
  text: string,
  one: Attempt,
  { reader, onError }: Conversation,
  { contextOf, turns }: Shared,
): () => void {
  const socket = openConnection(target, one);
  const source = encrypted(socket, tls, contextOf(tls), one);
  const stream = boundedStream(source, ANSWER_LIMITS, turns);
  one.onEnd(() => stream.destroy());
  stream
    .on('data', (piece: Buffer) => reader.take(piece))
    .once('end', () => reader.end())
    .on('error', onError)
    .write(text, 'latin1');
  return () => disconnect(socket, target.localPort);
}

/** @param follow sends the next request, or ends with why there is none */
function readerOf(hop: Hop, one: Attempt, follow: (next: Hop | string) => void): AnswerReader {
  let body: BodyJudge | undefined;
  return createAnswerReader(hop.spec.method, {
    head(head) {
      const next = nextHop(hop, head);
      if (next !== undefined) {
        follow(next);
        return false;
      }
      const failure = statusFailure(head, hop.spec);
      if (failure !== undefined || head.status === 101 || !hasRules(hop.rules)) {
        one.done(failure ?? PASS);
        return false;
      }
      one.await('end of the body');
      body = createBodyJudge(hop.rules);
      return true;
    },
    body(piece) {
      const outcome = body?.take(piece);
      if (outcome !== undefined) one.done(outcome);
    },
    complete() {
      if (body !== undefined) one.done(body.end());
    },
    wrong: (reason) => one.done(failed(reason)),
  });
}

/** The request behind a redirect, or why there is none; undefined where this answer counts. */
function nextHop(hop: Hop, head: AnswerHead): Hop | string | undefined {
  if (hop.redirects === 0) return undefined;
  const next = redirected(head, hop);
  if (next === undefined || typeof next === 'string') return next;
  const { address, ...request } = next;
  return {
    ...hop,
    ...request,
    redirects: hop.redirects - 1,
    where: ` (redirected to ${address})`,
  };
}

/** A probe whose reasons end with where a redirect led. */
function located({ done, onEnd, await: waitFor }: Attempt, where: string): Attempt {
  return {
    done: (outcome) =>
      done(outcome.outcome === 'fail' ? { ...outcome, reason: outcome.reason + where } : outcome),
    onEnd,
    await: (what) => waitFor(what + where),
  };
}

function statusFailure(
  { status: code }: AnswerHead,
  { status }: HttpProbe,
): ProbeOutcome | undefined {
  return status.some(({ from, to }) => code >= from && code <= to)
    ? undefined
    : failed(`status ${code}`);
}
