// Statements of nft as actions.
import { parseAddress } from '../../model/address.js';
import { fieldOf, kindOf, nftText } from './nftjson.js';
import type { FilterAction } from './types.js';

/** Statements that leave the packet on its path. */
const PASSING = ['counter', 'log', 'set', 'map', 'flow', 'ct helper', 'ct timeout', 'last'];

/** What a statement does; one that is not understood is unknown. */
export function nftActions(kind: string, content: unknown): FilterAction[] {
  const unknown: FilterAction = { kind: 'unknown', text: nftText({ [kind]: content }) };
  if (PASSING.includes(kind)) return [];
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'masquerade':
      return [{ kind }];
    case 'continue':
      return [];
    case 'reject':
      return [{ kind: 'reject', with: String(fieldOf(content, 'type') ?? 'icmp') }];
    case 'jump':
    case 'goto':
      return [{ kind, chain: String(fieldOf(content, 'target')) }];
    case 'notrack':
      return [{ kind: 'untracked' }];
    case 'mangle':
      return mangle(fieldOf(content, 'key'), fieldOf(content, 'value')) ?? [unknown];
    case 'dnat':
    case 'snat':
      return translation(kind, content) ?? [unknown];
    case 'redirect': {
      const port = fieldOf(content, 'port');
      if (port !== undefined && typeof port !== 'number') return [unknown];
      return [{ kind, port }];
    }
    default:
      return [unknown];
  }
}

/** Fields that decide on nothing here; the destination of a packet is not among them. */
const HARMLESS_META = ['nftrace', 'priority', 'pkttype', 'secmark'];
const HARMLESS_FIELDS = ['ttl', 'hoplimit', 'dscp', 'ecn'];

function mangle(key: unknown, value: unknown): FilterAction[] | undefined {
  const [kind, field] = kindOf(key);
  const name = String(fieldOf(field, 'key'));
  if (kind === 'meta' && name === 'mark') return mark(value);
  if (kind === 'ct') return [];
  if (kind === 'meta' && HARMLESS_META.includes(name)) return [];
  if (kind === 'payload' && HARMLESS_FIELDS.includes(String(fieldOf(field, 'field')))) return [];
  if (kind === 'tcp option' && fieldOf(field, 'name') === 'maxseg')
    return [{ kind: 'segment', size: typeof value === 'number' ? value : undefined }];
  return undefined;
}

/** A number, or bits of the mark that there is: `meta mark set meta mark or 0x1`. */
function mark(value: unknown): FilterAction[] | undefined {
  if (typeof value === 'number') return [{ kind: 'mark', value, mask: 0xffffffff }];
  const [operator, operands] = kindOf(value);
  const [left, right] = Array.isArray(operands) ? operands : [];
  if (typeof right !== 'number') return undefined;
  const [kind, content] = kindOf(left);
  const isMark = kind === 'meta' && fieldOf(content, 'key') === 'mark';
  if (isMark && operator === '|') return [{ kind: 'mark', value: right, mask: right }];
  if (isMark && operator === '&') return [{ kind: 'mark', value: 0, mask: ~right >>> 0 }];
  if (isMark && operator === '^') return [{ kind: 'mark', value: right, mask: 0 }];
  // `meta mark and 0xff xor 0x1`
  const [first] = operator === '^' || operator === '|' ? (mark(left) ?? []) : [];
  if (first?.kind !== 'mark' || first.value !== 0) return undefined;
  return operator === '^' || (right & ~first.mask) === 0
    ? [{ kind: 'mark', value: right, mask: first.mask }]
    : undefined;
}

function translation(kind: 'dnat' | 'snat', content: unknown): FilterAction[] | undefined {
  const text = fieldOf(content, 'addr');
  const port = fieldOf(content, 'port');
  const address = typeof text === 'string' ? parseAddress(text) : undefined;
  if (
    (text !== undefined && address === undefined) ||
    (port !== undefined && typeof port !== 'number')
  )
    return undefined;
  return kind === 'snat' ? [{ kind, address }] : [{ kind, address, port }];
}
