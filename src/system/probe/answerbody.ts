// Judges the body of an HTTP answer.
import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Attempt } from './attempt.js';
import { createCounter, createStore } from './limits.js';
import { failed, PASS, type ProbeOutcome } from './outcome.js';
import type { ProbePattern } from './pattern.js';
import { weightOf } from './weight.js';

export interface Digest {
  readonly algorithm: 'md5' | 'sha256';
  readonly hex: string;
}

/** What is expected of a body; patterns see its beginning, the digest is of all of it. */
export interface BodyRules {
  readonly match: ProbePattern | undefined;
  readonly notMatch: ProbePattern | undefined;
  readonly digest: Digest | undefined;
  /** finds the weight of the server */
  readonly weight: ProbePattern | undefined;
}

/** What patterns see of a body. */
const BODY_LIMIT = 256 * 1024;
/** 16 bytes a chunk on the average, for servers that flush in small pieces */
const BODY_LIMITS = { bytes: Number.POSITIVE_INFINITY, pieces: 16_384 };

/** To the end of the body, for a pattern may speak of it; without rules it is not read. */
export function judgeBody(response: IncomingMessage, rules: BodyRules, one: Attempt): void {
  const { match, notMatch, digest, weight } = rules;
  if (!match && !notMatch && !digest && !weight) one.done(PASS);
  else read(response, rules, one);
}

function read(response: IncomingMessage, rules: BodyRules, one: Attempt): void {
  const { digest } = rules;
  one.await('end of the body');
  const body = createStore(BODY_LIMIT);
  const count = createCounter(BODY_LIMITS);
  const hash = digest && createHash(digest.algorithm);
  const decide = () => one.done(judge(body.content.toString(), hash, rules));
  response.on('data', (piece: Buffer) => {
    const excess = count(piece.length);
    if (excess !== undefined) return one.done(failed(`the body is in ${excess}`));
    hash?.update(piece);
    if (body.add(piece) && !hash) decide();
  });
  response.once('end', decide).once('close', () => one.done(failed('the body broke off')));
}

function judge(text: string, hash: Hash | undefined, rules: BodyRules): ProbeOutcome {
  const { match, notMatch, digest, weight } = rules;
  if (match && !match.test(text)) return failed('the body does not match');
  if (notMatch?.test(text)) return failed('the body matches not_body');
  const actual = hash?.digest('hex');
  if (digest && actual !== digest.hex) return failed(`the ${digest.algorithm} digest is ${actual}`);
  return weight ? weightOf(weight.group(text)) : PASS;
}
