// Which packets get a firewall mark on this machine, as an lvsctl file can state it: a group of VIPs
// with the same ports. What a file cannot state is never turned into something else: the rule is
// named.
import { type Address, type Family, formatAddress, ipv4 } from '../../model/address.js';
import { fullPrefix } from '../../model/prefix.js';
import { packetFilterFact } from '../facts/packetfilter.js';
import { traverse } from '../filter/evaluate.js';
import { BEFORE_IPVS, type MarkRule, markRules, type PlainMatch } from '../filter/marks.js';
import { ruleSetOf } from '../filter/ruleset.js';
import type { AddressRange, BaseChain, NumberRange, RuleSet } from '../filter/types.js';
import type { PortSpec } from '../plan/firewall.js';
import type { Machine } from '../plan/machine.js';
import type { MarkSource } from '../plan/marks.js';
import type { LocalAddress } from '../plan/network.js';

export interface LiveMarks {
  readonly sources: readonly MarkSource[];
  /** why a file cannot state which packets get a mark, with the rule; undefined where it can */
  reasonFor(mark: number, family: Family): string | undefined;
}

/** Reads the packet filter once: both variants of iptables, and nft. */
export function liveMarks(machine: Machine, addresses: readonly LocalAddress[]): LiveMarks {
  const missing: string[] = [];
  const filter = packetFilterFact(machine, missing);
  const known = new Map<Family, readonly MarkRule[]>();
  const sets = new Map<Family, RuleSet>();
  for (const family of ['ipv4', 'ipv6'] as const) {
    const set = ruleSetOf(filter, family);
    sets.set(family, set);
    known.set(family, markRules(set, family));
  }
  const local = new Set(addresses.map(({ address }) => address));
  const rulesOf = (mark: number, family: Family) =>
    (known.get(family) ?? []).filter((rule) => mayGive(rule, mark));
  const sources = [...known.values()]
    .flat()
    .flatMap((rule) => (isWhole(rule) && isEarly(rule) ? sourcesOf(rule) : []));
  return {
    sources,
    reasonFor(mark, family) {
      const rules = rulesOf(mark, family);
      const [problem] = missing;
      return (
        reasonIn(rules) ??
        (rules.length === 0 && problem !== undefined ? `cannot be read: ${problem}` : undefined) ??
        otherMark(
          sources.filter((one) => one.mark === mark && one.family === family),
          sets.get(family),
          (address) => local.has(formatAddress(address)),
        )
      );
    },
  };
}

const ALL_BITS = 0xffffffff;

/** Whether a rule can lead to this mark: the mark becomes (mark & ~mask) ^ value. */
function mayGive({ value, mask, because }: MarkRule, mark: number): boolean {
  if (mask === 0) return because !== undefined;
  return ((mark & mask) ^ (value & mask)) === 0;
}

const isWhole = ({ mask, plain }: MarkRule) => mask >>> 0 === ALL_BITS && plain !== undefined;
const isEarly = ({ hook }: MarkRule) => BEFORE_IPVS.includes(hook);

/** The first thing that a file cannot state. */
function reasonIn(rules: readonly MarkRule[]): string | undefined {
  const isSet = rules.some((rule) => isEarly(rule) && isWhole(rule));
  for (const rule of rules) {
    // behind IPVS a mark means nothing to it
    if (['forward', 'postrouting'].includes(rule.hook)) {
      if (isSet) continue;
      return describe(rule, `sets it at ${rule.hook}, where IPVS has asked for it before`);
    }
    if (rule.hook === 'output') return describe(rule, 'sets it for packets of this machine itself');
    const why = rule.because ?? wrongMatch(rule.plain);
    if (why !== undefined) return describe(rule, `asks for more than a file can state (${why})`);
  }
  return undefined;
}

function describe({ rule }: MarkRule, why: string): string {
  return `a rule ${why}: ${rule.text}`;
}

const PROTOCOLS = ['tcp', 'udp', 'sctp'];
/** addresses of a network that are written one by one */
const MOST_ADDRESSES = 64;

function wrongMatch(plain: PlainMatch | undefined): string | undefined {
  if (plain?.address === undefined) return 'any destination';
  if (addressesIn(plain.address) === undefined) return `more than ${MOST_ADDRESSES} addresses`;
  if (plain.protocol === undefined) return 'any protocol';
  return PROTOCOLS.includes(plain.protocol) ? undefined : `protocol ${plain.protocol}`;
}

/** The addresses of a range; undefined when they are too many. */
function addressesIn(range: AddressRange): readonly Address[] | undefined {
  if (range.kind === 'network') {
    const { address, length } = range;
    if (length === fullPrefix(address.family)) return [address];
    const count = 2 ** (fullPrefix(address.family) - length);
    return address.family === 'ipv4' && count <= MOST_ADDRESSES
      ? Array.from({ length: count }, (_, i) => ipv4(address.value + i))
      : undefined;
  }
  const { from, to } = range;
  if (from.family !== 'ipv4' || to.family !== 'ipv4') return undefined;
  const count = to.value - from.value + 1;
  return count <= MOST_ADDRESSES
    ? Array.from({ length: count }, (_, i) => ipv4(from.value + i))
    : undefined;
}

function sourcesOf({ family, value, plain }: MarkRule): MarkSource[] {
  if (wrongMatch(plain) !== undefined || plain?.address === undefined) return [];
  const ports = plain.ports?.map(portSpec);
  return (addressesIn(plain.address) ?? []).map((vip) => ({
    family,
    mark: value,
    address: formatAddress(vip),
    vip,
    protocol: plain.protocol,
    ports: plain.ports?.some(isEvery) ? undefined : ports,
  }));
}

const portSpec = ({ from, to }: NumberRange): PortSpec => (from === to ? from : `${from}-${to}`);
const isEvery = ({ from, to }: NumberRange) => from <= 1 && to === 65_535;

/**
 * Whether packets of these sources really have the mark when IPVS asks: rules before may let them
 * by, rules behind may set another one.
 */
function otherMark(
  sources: readonly MarkSource[],
  set: RuleSet | undefined,
  local: (address: Address) => boolean,
): string | undefined {
  if (set === undefined) return undefined;
  const chains = BEFORE_IPVS.flatMap((hook) =>
    set.hooks[hook].filter((chain) => marks(chain, set)),
  );
  for (const source of sources)
    for (const port of endsOf(source)) {
      const { outcome, by, packet } = traverse(chains, packetOf(source, port), local);
      if (outcome === 'pass' && packet.mark === source.mark) continue;
      const what = `${source.protocol} ${source.address} port ${port}`;
      return by === undefined
        ? `${what} has mark ${packet.mark} when IPVS asks for it: another rule sets it too`
        : `whether ${what} has the mark depends on: ${by.text}`;
    }
  return undefined;
}

/** Whether a chain, or one that it calls, sets a mark of any kind. */
function marks(chain: BaseChain, { hooks, unread }: RuleSet): boolean {
  const none = Object.fromEntries(Object.keys(hooks).map((hook) => [hook, []]));
  const alone = {
    hooks: { ...none, [chain.hook]: [chain] } as unknown as RuleSet['hooks'],
    unread,
  };
  return (['ipv4', 'ipv6'] as const).some((family) => markRules(alone, family).length > 0);
}

const SOME_PORT = 33_333;

function endsOf({ ports }: MarkSource): readonly number[] {
  return ports === undefined
    ? [SOME_PORT]
    : [...new Set(ports.flatMap((port) => String(port).split('-').map(Number)))];
}

function packetOf({ family, protocol = 'tcp', vip }: MarkSource, port: number) {
  return {
    family,
    protocol,
    source: undefined,
    sourcePort: undefined,
    destination: vip,
    destinationPort: port,
    mark: 0,
    state: 'new' as const,
    flags: protocol === 'tcp' ? ['syn'] : [],
    inDevice: undefined,
    outDevice: undefined,
    sourceMac: undefined,
  };
}
