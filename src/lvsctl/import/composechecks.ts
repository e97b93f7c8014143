// Checks of single servers -> checks of the service with what they have in common.
import type { CheckEntry, ServerDraft } from './draft.js';

export interface EntryChecks {
  /** times that all checks of the service have */
  readonly defaults: Readonly<Record<string, unknown>> | undefined;
  /** those of the service */
  readonly shared: readonly object[];
  /** those of the server with this index, undefined = those of the service */
  readonly own: readonly (readonly object[] | undefined)[];
}

const TIMES = ['interval', 'timeout', 'rise', 'fall', 'fast_interval'] as const;

/** The checks that most servers have are those of the service. */
export function checksOfService(servers: readonly ServerDraft[]): EntryChecks {
  const lists = servers.map(({ checks }) => checks.map(cleaned));
  const defaults = commonTimes(lists.flat());
  const written = lists.map((list) => list.map((check) => without(check, defaults)));
  const texts = written.map((list) => JSON.stringify(list));
  const most = mostCommon(texts);
  const shared = written[texts.indexOf(most ?? '')] ?? [];
  return {
    defaults: Object.keys(defaults).length === 0 ? undefined : defaults,
    shared,
    own: written.map((list, i) => (texts[i] === most ? undefined : list)),
  };
}

/** A key that is undefined or only repeats the default of its kind is left out. */
function cleaned(check: CheckEntry): CheckEntry {
  const entries = Object.entries(check).filter(
    ([key, value]) => value !== undefined && !(key === 'weight' && value === false),
  );
  return Object.fromEntries(entries) as CheckEntry;
}

/** `fast_interval` only when each has it: what is absent there is not the default. */
function commonTimes(checks: readonly CheckEntry[]): Readonly<Record<string, unknown>> {
  const [first, ...others] = checks as readonly Readonly<Record<string, unknown>>[];
  if (first === undefined) return {};
  return Object.fromEntries(
    TIMES.filter(
      (key) => first[key] !== undefined && others.every((one) => one[key] === first[key]),
    ).map((key) => [key, first[key]]),
  );
}

function without(check: CheckEntry, defaults: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(check).filter(([key]) => !(key in defaults)));
}

function mostCommon(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
