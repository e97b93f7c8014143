// Many findings that differ in addresses and numbers alone are one: of 5,000 VIPs that no interface
// has, each would be a paragraph.
import type { Finding } from './finding.js';

/** from how many on */
const MANY = 20;

/** Joins findings of a check; the commands of all of them are kept, in their order. */
export function joined(findings: readonly Finding[]): Finding[] {
  const groups = new Map<string, Finding[]>();
  for (const one of findings) {
    const { id, what, on, repair, afterwards } = one;
    const kind = [id, plain(what), on, repair.length > 0, afterwards?.on].join(' ');
    const group = groups.get(kind);
    if (group) group.push(one);
    else groups.set(kind, [one]);
  }
  return [...groups.values()].flatMap((group) => (group.length < MANY ? group : [together(group)]));
}

/** A text without its addresses, ports and numbers. */
const plain = (what: string) => what.replace(/\[?[\da-f]*[.:\d][\da-f.:]*\]?/gi, '#');

function together(group: readonly Finding[]): Finding {
  const [first, ...others] = group as [Finding, ...Finding[]];
  const later = group.flatMap(({ afterwards }) => afterwards?.repair ?? []);
  return {
    ...first,
    what: `${first.what}, and ${others.length} more like this`,
    repair: [...new Set(group.flatMap(({ repair }) => repair))],
    ...(first.afterwards
      ? { afterwards: { ...first.afterwards, repair: [...new Set(later)] } }
      : {}),
  };
}
