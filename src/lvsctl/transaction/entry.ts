// One entry of the history: what it holds, and whether a text from the disk is one.
import { checkEntry } from '../plan/recordformat.js';
import type { Resource, ResourceState } from '../plan/resources.js';
import type { RuleKind } from '../plan/rulechanges.js';
import { count, listOf, moment, nullable, objectWith, oneOf, type Shape, text } from '../shape.js';
import type { WriterIdentity } from './store.js';

export const VERSION = 1;

export const RESULTS = [
  'done',
  'reverted',
  'partial',
  'unconfirmed',
  'not confirmed',
  'undone',
] as const;

/** How a transaction ended. `unconfirmed`: it is done and waits for its confirmation. */
export interface TransactionOutcome {
  readonly result: (typeof RESULTS)[number];
  readonly time: string;
  /** why it was reverted, and what is not as before; a line each */
  readonly details: readonly string[];
}

/** One thing that a transaction is about: what it was, and what it was to be. */
export interface TransactionPart {
  readonly resource: Resource<RuleKind>;
  readonly previous: ResourceState<RuleKind>;
  readonly set: ResourceState<RuleKind>;
}

/** A run of `lvsctl director`, which changes more than the rules. */
export interface DirectorRun {
  readonly verb: 'up' | 'down';
  /** absolute */
  readonly file: string;
  /** of --state-dir; null = the default */
  readonly state_dir: string | null;
}

export interface TransactionEntry {
  readonly version: typeof VERSION;
  readonly number: number;
  /** ISO 8601 */
  readonly time: string;
  /** login name */
  readonly by: string;
  readonly command: string;
  readonly label: string | null;
  /** what the touched services were, as `ipvsadm -R` reads it */
  readonly rules_before: string;
  /** commands of ipvsadm */
  readonly steps: readonly string[];
  readonly parts: readonly TransactionPart[];
  /** the run whose rules these are; null of a transaction that is about rules alone */
  readonly director: DirectorRun | null;
  readonly writer: WriterIdentity;
  readonly outcome: TransactionOutcome | null;
}

const PARTS = ['service', 'timeouts', 'daemon'];
const part: Shape = (value, path) => {
  const { kind } = (value as { resource?: { kind?: unknown } } | null)?.resource ?? {};
  if (!PARTS.includes(kind as string)) return `${path}: not a part of the rules`;
  const wrong = checkEntry(value);
  return wrong === undefined ? undefined : `${path}: ${wrong}`;
};
const WRITER = objectWith<WriterIdentity>({ pid: count, start: text, namespace: text, boot: text });
const DIRECTOR = objectWith<DirectorRun>({
  verb: oneOf(['up', 'down']),
  file: text,
  state_dir: nullable(text),
});
const OUTCOME = objectWith<TransactionOutcome>({
  result: oneOf(RESULTS),
  time: moment,
  details: listOf(text),
});
const ENTRY = objectWith<TransactionEntry>({
  version: oneOf([VERSION]),
  number: count,
  time: moment,
  by: text,
  command: text,
  label: nullable(text),
  rules_before: text,
  steps: listOf(text),
  parts: listOf(part),
  director: nullable(DIRECTOR),
  writer: WRITER,
  outcome: nullable(OUTCOME),
});

/** @returns what keeps a text from being an entry */
export function entryProblem(content: string): string | undefined {
  try {
    return ENTRY(JSON.parse(content), '');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return 'it is not JSON';
  }
}
