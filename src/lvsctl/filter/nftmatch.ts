// Matches of nft as conditions. What has no row here is a condition that is unknown.
import { fieldOf, kindOf, nftText } from './nftjson.js';
import { protocolName } from './protocols.js';
import type { AddressRange, Condition, NumberRange, Side } from './types.js';
import { parseNetwork } from './values.js';

/** Elements of a named set, by its name; undefined when there is none. */
export type SetReader = (name: string) => readonly unknown[] | undefined;

/** The conditions of `match`. */
export function matchConditions(content: unknown, sets: SetReader): Condition[] {
  const op = String(fieldOf(content, 'op'));
  const left = fieldOf(content, 'left');
  const elements = elementsOf(fieldOf(content, 'right'), sets);
  const known =
    elements === undefined
      ? undefined
      : op === '==' || op === '!=' || op === 'in'
        ? fieldConditions(left, elements, op === '!=', op === 'in')
        : compared(left, elements, op);
  return known ?? [{ kind: 'unknown', text: nftText({ match: content }) }];
}

/** `{ set: […] }`, `@name`, a list or a single value, as elements. */
export function elementsOf(right: unknown, sets: SetReader): readonly unknown[] | undefined {
  const [kind, content] = kindOf(right);
  if (typeof right === 'string' && right.startsWith('@')) return sets(right.slice(1));
  if (kind === 'set') return Array.isArray(content) ? content.map(plainElement) : [content];
  if (Array.isArray(right)) return right;
  return [right];
}

/** An element with a timeout or comment: `{ elem: { val: … } }`. */
export function plainElement(element: unknown): unknown {
  const inner = fieldOf(element, 'elem');
  return inner === undefined ? element : fieldOf(inner, 'val');
}

/** Ports greater or smaller than one. */
function compared(left: unknown, [value]: readonly unknown[], op: string): Condition[] | undefined {
  if (typeof value !== 'number') return undefined;
  const range = {
    '<': { from: 0, to: value - 1 },
    '<=': { from: 0, to: value },
    '>': { from: value + 1, to: 0xffffffff },
    '>=': { from: value, to: 0xffffffff },
  }[op];
  return range && fieldConditions(left, [{ range: [range.from, range.to] }], false, false);
}

/**
 * What a field must be.
 * @param any of a field of bits: one of them is enough
 * @returns undefined when the field or a value is not understood
 */
export function fieldConditions(
  left: unknown,
  elements: readonly unknown[],
  not: boolean,
  any: boolean,
): Condition[] | undefined {
  const [kind, content] = kindOf(left);
  const key = String(fieldOf(content, 'key'));
  switch (kind) {
    case 'payload':
      return payload(content, elements, not, any);
    case 'meta':
      return meta(key, elements, not);
    case 'ct':
      return key === 'state' ? [{ kind: 'state', states: elements.map(String), not }] : undefined;
    case 'fib':
      return fibType(content, elements, not);
    case '&':
      return masked(content, elements, not);
    case 'concat':
      return elements.length === 1 && !not ? concatenated(content, elements[0]) : undefined;
    default:
      return undefined;
  }
}

const SIDES: Readonly<Record<string, Side>> = {
  saddr: 'source',
  daddr: 'destination',
  sport: 'source',
  dport: 'destination',
};

function payload(
  content: unknown,
  elements: readonly unknown[],
  not: boolean,
  any: boolean,
): Condition[] | undefined {
  const protocol = String(fieldOf(content, 'protocol'));
  const field = String(fieldOf(content, 'field'));
  const side = SIDES[field];
  if (protocol === 'ip' || protocol === 'ip6') {
    const family: Condition = {
      kind: 'family',
      family: protocol === 'ip' ? 'ipv4' : 'ipv6',
      not: false,
    };
    if (field === 'protocol' || field === 'nexthdr')
      return [family, { kind: 'protocol', names: elements.map(nameOf), not }];
    const ranges = elements.map(addressRange);
    if (side === undefined || ranges.includes(undefined)) return undefined;
    return [family, { kind: 'address', side, ranges: ranges as AddressRange[], not }];
  }
  const own: Condition[] =
    protocol === 'th' ? [] : [{ kind: 'protocol', names: [protocolName(protocol)], not: false }];
  if (protocol === 'tcp' && field === 'flags' && any)
    return [...own, { kind: 'some-flag', flags: elements.map(String), not }];
  const ranges = elements.map(numberRange);
  if (side === undefined || !field.endsWith('port')) {
    // a protocol that is another one decides already
    return own.length === 0
      ? undefined
      : [...own, { kind: 'unknown', text: nftText({ payload: content }) }];
  }
  return ranges.includes(undefined)
    ? undefined
    : [...own, { kind: 'port', side, ranges: ranges as NumberRange[], not }];
}

function nameOf(element: unknown): string {
  return protocolName(String(element));
}

function meta(key: string, elements: readonly unknown[], not: boolean): Condition[] | undefined {
  const names = elements.map(String);
  switch (key) {
    case 'iif':
    case 'iifname':
      return [{ kind: 'device', side: 'in', names, not }];
    case 'oif':
    case 'oifname':
      return [{ kind: 'device', side: 'out', names, not }];
    case 'l4proto':
    case 'protocol':
      return key === 'protocol'
        ? etherFamily(names, not)
        : [{ kind: 'protocol', names: names.map(nameOf), not }];
    case 'nfproto':
      return names.length === 1
        ? [{ kind: 'family', family: names[0] === 'ipv6' ? 'ipv6' : 'ipv4', not }]
        : undefined;
    case 'mark': {
      const ranges = elements.map(numberRange);
      return ranges.includes(undefined)
        ? undefined
        : [{ kind: 'mark', ranges: ranges as NumberRange[], mask: 0xffffffff, not }];
    }
    default:
      return undefined;
  }
}

function etherFamily([name, ...more]: readonly string[], not: boolean): Condition[] | undefined {
  const family = name === 'ip' ? 'ipv4' : name === 'ip6' ? 'ipv6' : undefined;
  return family && more.length === 0 ? [{ kind: 'family', family, not }] : undefined;
}

/** `fib daddr type local` */
function fibType(
  content: unknown,
  elements: readonly unknown[],
  not: boolean,
): Condition[] | undefined {
  const flags = fieldOf(content, 'flags');
  const list = Array.isArray(flags) ? flags : [flags];
  const side = list.length === 1 ? SIDES[String(list[0])] : undefined;
  const [type, ...more] = elements.map(String);
  return fieldOf(content, 'result') === 'type' && side && type !== undefined && more.length === 0
    ? [{ kind: 'type', side, type, not }]
    : undefined;
}

/** `tcp flags & (syn | ack) == syn`, `meta mark & 0xff == 1` */
function masked(
  content: unknown,
  elements: readonly unknown[],
  not: boolean,
): Condition[] | undefined {
  const [inner, mask] = Array.isArray(content) ? content : [];
  const [kind, field] = kindOf(inner);
  if (
    kind === 'payload' &&
    fieldOf(field, 'protocol') === 'tcp' &&
    fieldOf(field, 'field') === 'flags'
  ) {
    const names = (value: unknown) => (Array.isArray(value) ? value : [value]).map(String);
    return [
      { kind: 'protocol', names: ['tcp'], not: false },
      { kind: 'flags', mask: names(mask), set: elements.flatMap(names), not },
    ];
  }
  const ranges = elements.map(numberRange);
  return kind === 'meta' &&
    fieldOf(field, 'key') === 'mark' &&
    typeof mask === 'number' &&
    !ranges.includes(undefined)
    ? [{ kind: 'mark', ranges: ranges as NumberRange[], mask, not }]
    : undefined;
}

function concatenated(content: unknown, element: unknown): Condition[] | undefined {
  const parts = Array.isArray(content) ? content : [];
  const values = fieldOf(element, 'concat');
  if (!Array.isArray(values) || values.length !== parts.length) return undefined;
  const all = parts.map((part, i) => fieldConditions(part, [values[i]], false, false));
  return all.some((one) => one === undefined) ? undefined : all.flatMap((one) => one ?? []);
}

function addressRange(element: unknown): AddressRange | undefined {
  const [kind, content] = kindOf(element);
  if (typeof element === 'string') return parseNetwork(element);
  if (kind === 'prefix')
    return parseNetwork(`${fieldOf(content, 'addr')}/${fieldOf(content, 'len')}`);
  if (kind !== 'range' || !Array.isArray(content)) return undefined;
  const [from, to] = content.map((one) => parseNetwork(String(one)));
  return from?.kind === 'network' && to?.kind === 'network'
    ? { kind: 'range', from: from.address, to: to.address }
    : undefined;
}

/** A number, or `{ range: [a, b] }`. */
export function numberRange(element: unknown): NumberRange | undefined {
  if (typeof element === 'number') return { from: element, to: element };
  const [kind, content] = kindOf(element);
  if (kind !== 'range' || !Array.isArray(content)) return undefined;
  const [from, to] = content;
  return typeof from === 'number' && typeof to === 'number' ? { from, to } : undefined;
}
