// How deep a YAML text is nested, looked at before anything that descends by calling itself.
import type { CST } from 'yaml';

/** An lvsctl file needs 8. */
const LIMIT = 64;

/** @returns where the text is nested deeper than the limit; undefined when it is not */
export function tooDeep(
  tokens: readonly CST.Token[],
): { readonly offset: number; readonly limit: number } | undefined {
  const open = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { token, depth } = next;
    if (depth > LIMIT) return { offset: 'offset' in token ? token.offset : 0, limit: LIMIT };
    for (const child of childrenOf(token)) open.push({ token: child, depth: depth + 1 });
  }
  return undefined;
}

function childrenOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : [];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value].filter((one) => one != null));
}
