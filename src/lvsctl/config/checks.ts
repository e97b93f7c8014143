// Health checks in an lvsctl file: maps whose keys follow from their kind.
import { COMMON } from '../checks/row.js';
import { CHECKS, type CheckKind } from '../checks/table.js';
import { variants } from './collections.js';
import type { Value } from './field.js';

type Rows = { readonly [K in CheckKind]: typeof COMMON & (typeof CHECKS)[K]['keys'] };

const ROWS = Object.fromEntries(
  Object.entries(CHECKS).map(([kind, { keys }]) => [kind, { ...COMMON, ...keys }]),
) as Record<string, unknown> as Rows;

/** One check, by its kind. */
export const check = variants('kind', ROWS);

export type Check = Value<typeof check>;

/**
 * Identifies a check among those of a service, also of another file: by all its
 * keys, and by number where these are the same.
 */
export function checkKeys(checks: readonly Check[]): readonly string[] {
  const counts = new Map<string, number>();
  return checks.map((one) => {
    const text = JSON.stringify(one);
    const count = counts.get(text) ?? 0;
    counts.set(text, count + 1);
    return `${count} ${text}`;
  });
}
