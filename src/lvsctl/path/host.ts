// A machine as the path needs it: its facts, with what is asked again and again made ready once.
import {
  type Address,
  type Family,
  formatAddress,
  parseAddress,
  sameAddress,
} from '../../model/address.js';
import { fullPrefix, samePrefix } from '../../model/prefix.js';
import { effective4, sysctlNumber } from '../facts/sysctls.js';
import type { ConnectionTally, LinkFact, MachineFacts, RouteHopFact } from '../facts/types.js';
import type { NftObject } from '../filter/nftjson.js';
import { ruleSetOf } from '../filter/ruleset.js';
import type { RuleSet } from '../filter/types.js';
import type { ShownService } from '../show/table.js';
import { lookUp, type Routes, routesOf } from './routing.js';

export interface PathHost {
  readonly facts: MachineFacts;
  /** host name, with the namespace where there is one */
  readonly name: string;
  readonly routes: Readonly<Record<Family, Routes>>;
  rules(family: Family): RuleSet;
  /** Whether packets to an address are taken as the machine's own; undefined = not known. */
  isLocal(address: Address, mark?: number): boolean | undefined;
  link(name: string): LinkFact | undefined;
  /** the value of an IPv4 interface sysctl that counts; undefined = not read */
  conf(device: string, name: string): number | undefined;
  sysctl(key: string): number | undefined;
  /** rules see ARP, and are not read */
  readonly rulesOfArp: boolean;
  /** by `tcp 192.0.2.1:80`, `fwmark 7 ipv4` */
  readonly services: ReadonlyMap<string, ShownService>;
  readonly addresses: readonly HostAddress[];
  /** the same by their text */
  readonly held: ReadonlyMap<string, readonly HostAddress[]>;
  /** connections by their service */
  readonly tally: ReadonlyMap<string, readonly ConnectionTally[]>;
  /** those with neighbours on their network: not on lo, and for more than one host */
  readonly networks: readonly HostAddress[];
}

export interface HostAddress {
  readonly device: string;
  readonly address: Address;
  readonly prefix: number;
  readonly deprecated: boolean;
}

/** Prepares the facts of a machine. */
export function hostOf(facts: MachineFacts): PathHost {
  const routes = { ipv4: routesOf(facts, 'ipv4'), ipv6: routesOf(facts, 'ipv6') };
  const rules = new Map<Family, RuleSet>();
  const links = new Map(facts.links.map((link) => [link.name, link]));
  const local = new Map<string, boolean | undefined>();
  const addresses = facts.addresses.flatMap(
    ({ device, address: text, prefix, unusable, deprecated = false }) => {
      const address = unusable === null ? parseAddress(text) : undefined;
      return address ? [{ device, address, prefix, deprecated }] : [];
    },
  );
  // the tables of a VRF are not followed
  const inVrf = (address: Address) =>
    addresses.some((one) => routes.ipv4.vrfs.has(one.device) && sameAddress(one.address, address));
  return {
    facts,
    name: facts.namespace ?? facts.machine,
    routes,
    rules(family) {
      const found = rules.get(family) ?? ruleSetOf(facts.packet_filter, family);
      rules.set(family, found);
      return found;
    },
    isLocal(address, mark = 0) {
      const key = `${formatAddress(address)} ${mark}`;
      if (local.has(key)) return local.get(key);
      const { type } = lookUp(routes[address.family], { to: address, mark });
      const isHidden = type !== 'local' && inVrf(address);
      const is = type === 'unknown' || isHidden ? undefined : type === 'local';
      local.set(key, is);
      return is;
    },
    link: (name) => links.get(name),
    conf: (device, name) => effective4(facts, device, name),
    sysctl: (key) => sysctlNumber(facts, key),
    rulesOfArp:
      hasArpRules(facts.packet_filter.nft) ||
      (facts.packet_filter.unread ?? []).some((one) => one.startsWith('arptables')),
    services: new Map(
      (facts.services ?? []).flatMap((one) => (one.service === null ? [] : [[one.service, one]])),
    ),
    addresses,
    held: grouped(addresses, ({ address }) => formatAddress(address)),
    tally: grouped(facts.connections?.tally ?? [], ({ service }) => service),
    networks: addresses.filter(
      ({ device, address, prefix }) => device !== 'lo' && prefix < fullPrefix(address.family),
    ),
  };
}

function hasArpRules(nft: MachineFacts['packet_filter']['nft']): boolean {
  return (nft as readonly NftObject[]).some(({ rule }) => rule?.family === 'arp');
}

/** The devices, lo aside, on whose network an address is. */
export function devicesOn(host: PathHost, address: Address): HostAddress[] {
  return host.networks.filter((one) => samePrefix(one.address, address, one.prefix));
}

function grouped<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of list) {
    const key = keyOf(one);
    const group = found.get(key);
    if (group) group.push(one);
    else found.set(key, [one]);
  }
  return found;
}

/** The devices that have exactly this address. */
export function holders(host: PathHost, address: Address): readonly HostAddress[] {
  return host.held.get(formatAddress(address)) ?? [];
}

/** What is at the end of a link: the next machine's address, and what is known of its MAC. */
export interface Neighbour {
  readonly address: Address;
  readonly device: string;
  readonly mac: string | null;
  /** the machine was asked for its MAC and did not answer */
  readonly failed: boolean;
  /** it was asked just now, and has not answered yet */
  readonly asked: boolean;
  /** its MAC was set by hand */
  readonly isPermanent: boolean;
}

/** The neighbour that a hop of a route leads to. */
export function neighbourOf(host: PathHost, hop: RouteHopFact, to: Address): Neighbour {
  const address = (hop.via === null ? undefined : parseAddress(hop.via)) ?? to;
  const text = formatAddress(address);
  const entry = host.facts.neighbours.find(
    (one) => one.device === hop.device && one.address === text,
  );
  return {
    address,
    device: hop.device,
    mac: entry?.mac ?? null,
    failed: entry?.states.includes('FAILED') ?? false,
    asked: entry?.states.includes('INCOMPLETE') ?? false,
    isPermanent: entry?.states.includes('PERMANENT') ?? false,
  };
}
