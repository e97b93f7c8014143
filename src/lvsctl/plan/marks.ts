// The rules of the packet filter that set firewall marks, also those of other programs.
import {
  type Address,
  type Family,
  formatAddress,
  parseAddress,
  sameAddress,
} from '../../model/address.js';
import type { FirewallRule, PortSpec } from './firewall.js';
import type { Machine } from './machine.js';

/** What a rule marks; undefined = any. */
export interface MarkSource {
  readonly family: Family;
  readonly mark: number;
  readonly address: string | undefined;
  /** the address, when it is that of one host */
  readonly vip: Address | undefined;
  readonly protocol: string | undefined;
  readonly ports: readonly PortSpec[] | undefined;
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
    ports: / --dports? ([0-9,:]+)(?= |$)/.exec(line)?.[1]?.split(',').map(portSpec),
  };
}

/** `80`, or of a range `8000:8100` */
function portSpec(text: string): PortSpec {
  const [first = '', last] = text.split(':');
  return last === undefined ? Number(first) : `${Number(first)}-${Number(last)}`;
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
  readonly left?: {
    readonly payload?: { readonly protocol?: string; readonly field?: string };
    readonly meta?: { readonly key?: string };
  };
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
  const l4proto = matches.find(({ left }) => left?.meta?.key === 'l4proto')?.right;
  const right = dport?.right as { readonly set?: readonly unknown[] } | number | undefined;
  const set = typeof right === 'object' && right?.set ? right.set : [right];
  return {
    family: daddr?.left?.payload?.protocol === 'ip6' ? 'ipv6' : 'ipv4',
    mark,
    address: typeof daddr?.right === 'string' ? daddr.right : undefined,
    vip: typeof daddr?.right === 'string' ? parseAddress(daddr.right) : undefined,
    protocol: dport?.left?.payload?.protocol ?? (typeof l4proto === 'string' ? l4proto : undefined),
    ports: dport ? set.flatMap(nftPort) : undefined,
  };
}

/** `80` or `{"range": [8000, 8100]}` */
function nftPort(element: unknown): readonly PortSpec[] {
  if (typeof element === 'number') return [element];
  const range = (element as { readonly range?: readonly unknown[] } | undefined)?.range ?? [];
  const [first, last] = range;
  return typeof first === 'number' && typeof last === 'number' ? [`${first}-${last}`] : [];
}

/** Of these rules those that no rule replaces; a rule that cannot be read whole counts as enough. */
export function unmarked(
  rules: readonly FirewallRule[],
  sources: readonly MarkSource[],
): readonly FirewallRule[] {
  return rules.filter((rule) => {
    if (rule.kind !== 'mark') return false;
    const about = sources.filter(
      ({ vip, protocol }) =>
        (vip === undefined || sameAddress(vip, rule.address)) &&
        (protocol === undefined || protocol === rule.protocol),
    );
    if (about.some(({ ports }) => ports === undefined)) return false;
    const marked = about.flatMap(({ ports = [] }) => ports.map(endsOf));
    const isMarked = (port: PortSpec) => {
      const [first, last] = endsOf(port);
      return marked.some(([from, to]) => from <= first && last <= to);
    };
    return rule.ports.length === 0 || !rule.ports.every(isMarked);
  });
}

function endsOf(port: PortSpec): readonly [number, number] {
  const [first, last = first] = String(port).split('-').map(Number);
  return [first ?? 0, last ?? 0];
}

/** VIPs and ports of a group, as a file has them. */
export interface MarkGroup {
  readonly vips: readonly Address[];
  /** `80`, `53/udp`, `8000-8100`, `0` for all ports */
  readonly ports: readonly (number | string)[];
  /** all of them; undefined where there are several */
  readonly protocol: string | undefined;
}

/**
 * What gets a mark, as one group.
 * @returns undefined where it is none: other ports for other VIPs, or packets of no VIP, of any
 *   protocol
 */
export function groupOf(sources: readonly MarkSource[]): MarkGroup | undefined {
  const byVip = new Map<string, { readonly vip: Address; readonly ports: (number | string)[] }>();
  for (const { vip, protocol, ports } of sources) {
    if (vip === undefined || protocol === undefined) return undefined;
    const key = formatAddress(vip);
    const one = byVip.get(key) ?? { vip, ports: [] };
    byVip.set(key, one);
    for (const port of ports ?? [0]) {
      const text = protocol === 'tcp' ? port : `${port}/${protocol}`;
      if (!one.ports.includes(text)) one.ports.push(text);
    }
  }
  const groups = [...byVip.values()];
  const keys = new Set(groups.map(({ ports }) => ports.map(String).sort().join()));
  const [first] = groups;
  if (first === undefined || keys.size > 1) return undefined;
  const protocols = new Set(sources.map(({ protocol }) => protocol));
  return {
    vips: groups.map(({ vip }) => vip),
    ports: first.ports,
    protocol: protocols.size === 1 ? sources[0]?.protocol : undefined,
  };
}
