// Judges the body of an HTTP answer.
import { createHash, type Hash } from 'node:crypto';
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

/** Whether the body matters at all; without rules it is not read. */
export function hasRules({ match, notMatch, digest, weight }: BodyRules): boolean {
  return Boolean(match ?? notMatch ?? digest ?? weight);
}

export interface BodyJudge {
  /** Takes a part of the body. @returns the outcome, as soon as the rest does not matter */
  take(piece: Buffer): ProbeOutcome | undefined;
  /** The outcome of a body that is complete: a pattern may speak of its end. */
  end(): ProbeOutcome;
}

/** Holds no more of the body than patterns see. */
export function createBodyJudge(rules: BodyRules): BodyJudge {
  const { digest } = rules;
  const body = createStore(BODY_LIMIT);
  const count = createCounter(BODY_LIMITS);
  const hash = digest && createHash(digest.algorithm);
  const decide = () => judge(body.content.toString(), hash, rules);
  return {
    take(piece) {
      const excess = count(piece.length);
      if (excess !== undefined) return failed(`the body is in ${excess}`);
      hash?.update(piece);
      return body.add(piece) && !hash ? decide() : undefined;
    },
    end: decide,
  };
}

function judge(text: string, hash: Hash | undefined, rules: BodyRules): ProbeOutcome {
  const { match, notMatch, digest, weight } = rules;
  if (match && !match.test(text)) return failed('the body does not match');
  if (notMatch?.test(text)) return failed('the body matches not_body');
  const actual = hash?.digest('hex');
  if (digest && actual !== digest.hex) return failed(`the ${digest.algorithm} digest is ${actual}`);
  return weight ? weightOf(weight.group(text)) : PASS;
}
