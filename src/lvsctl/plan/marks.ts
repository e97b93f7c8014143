// The rules of the packet filter that set firewall marks, also those of other programs.
import { type Address, type Family, parseAddress } from '../../model/address.js';
import type { Machine } from './machine.js';

/** What a rule marks; undefined = any. */
export interface MarkSource {
  readonly family: Family;
  readonly mark: number;
  readonly address: string | undefined;
  /** the address, when it is that of one host */
  readonly vip: Address | undefined;
  readonly protocol: string | undefined;
  readonly ports: readonly number[] | undefined;
}

/** All rules of this machine that set a mark: those of iptables, of its old form, and of nft. */
export function markSources(machine: Machine): MarkSource[] {
  return [
    ...(['ipv4', 'ipv6'] as const).flatMap((family) => iptablesMarks(family, machine)),
    ...nftMarks(machine),
  ];
}

function iptablesMarks(family: Family, machine: Machine): MarkSource[] {
  const six = family === 'ipv6' ? '6' : '';
  const texts = [`ip${six}tables-legacy-save`, `ip${six}tables-save`].map(
    (program) => machine.run(program, ['-t', 'mangle']).stdout,
  );
  return [...new Set(texts.join('\n').split('\n'))].flatMap(
    (line) => iptablesMark(line, family) ?? [],
  );
}

/**
 * `-A PREROUTING -d 192.0.2.1/32 -p tcp -m multiport --dports 80,443 -j MARK --set-xmark
 * 0x1/0xffffffff`
 */
export function iptablesMark(line: string, family: Family): MarkSource | undefined {
  const mark = /--set-x?mark (0x[0-9a-f]+|\d+)/.exec(line)?.[1];
  if (mark === undefined || !line.startsWith('-A ')) return undefined;
  const [, address, length] = /(?<! !) -d ([0-9a-f.:]+)(?:\/(\d+))?/.exec(line) ?? [];
  const host = length === undefined || Number(length) === (family === 'ipv4' ? 32 : 128);
  return {
    family,
    mark: Number(mark),
    address,
    vip: host ? parseAddress(address ?? '') : undefined,
    protocol: / -p (\w+)/.exec(line)?.[1],
    ports: / --dports? ([0-9,]+)(?= |$)/.exec(line)?.[1]?.split(',').map(Number),
  };
}

function nftMarks(machine: Machine): MarkSource[] {
  const { status, stdout } = machine.run('nft', ['-j', 'list', 'ruleset']);
  if (status !== 0) return [];
  const { nftables } = JSON.parse(stdout || '{"nftables":[]}') as {
    readonly nftables: readonly { readonly rule?: NftRule }[];
  };
  return nftables.flatMap(({ rule }) => (rule ? (nftMark(rule) ?? []) : []));
}

interface NftMatch {
  readonly left?: { readonly payload?: { readonly protocol?: string; readonly field?: string } };
  readonly right?: unknown;
}
interface NftRule {
  readonly expr?: readonly {
    readonly match?: NftMatch;
    readonly mangle?: {
      readonly key?: { readonly meta?: { readonly key?: string } };
      readonly value?: unknown;
    };
  }[];
}

/** One rule as `nft -j` prints it. */
export function nftMark({ expr = [] }: NftRule): MarkSource | undefined {
  const mark = expr.find(({ mangle }) => mangle?.key?.meta?.key === 'mark')?.mangle?.value;
  if (typeof mark !== 'number') return undefined;
  const matches = expr.flatMap(({ match }) => (match ? [match] : []));
  const daddr = matches.find(({ left }) => left?.payload?.field === 'daddr');
  const dport = matches.find(({ left }) => left?.payload?.field === 'dport');
  const right = dport?.right;
  const set =
    typeof right === 'number'
      ? [right]
      : ((right as { readonly set?: readonly unknown[] } | undefined)?.set ?? []);
  return {
    family: daddr?.left?.payload?.protocol === 'ip6' ? 'ipv6' : 'ipv4',
    mark,
    address: typeof daddr?.right === 'string' ? daddr.right : undefined,
    vip: typeof daddr?.right === 'string' ? parseAddress(daddr.right) : undefined,
    protocol: dport?.left?.payload?.protocol,
    ports: dport ? set.filter((port): port is number => typeof port === 'number') : undefined,
  };
}
