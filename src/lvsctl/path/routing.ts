// Which route a packet takes: rules of policy routing in their order, then the longest prefix, then
// the lowest metric. What a rule asks that is not understood makes the answer unknown.
import { type Address, type Family, formatAddress } from '../../model/address.js';
import { networkOf } from '../../model/prefix.js';
import type { MachineFacts, RouteFact, RoutingRuleFact } from '../facts/types.js';
import type { AddressRange } from '../filter/types.js';
import { isInRange, parseNetwork } from '../filter/values.js';

export interface Routes {
  readonly family: Family;
  readonly rules: readonly RoutingRuleFact[];
  readonly tables: ReadonlyMap<string, RouteTable>;
  /** the VRF of its interfaces and of itself, with its table; undefined = not printed */
  readonly vrfs: ReadonlyMap<string, { readonly name: string; readonly table: string | undefined }>;
}
/** The routes of a table by the length of their prefix, the longest first. */
type RouteTable = readonly { readonly length: number; readonly routes: RoutesByNetwork }[];
/** by the first address of the network, the lowest metric first */
type RoutesByNetwork = Map<string, PreparedRoute[]>;
interface PreparedRoute {
  readonly fact: RouteFact;
  readonly from: AddressRange | undefined;
}

/** What is asked. undefined = not known, or none. */
export interface RouteQuestion {
  readonly to: Address;
  readonly from?: Address | undefined;
  readonly mark?: number;
  /** the interface that the packet came in by; absent for what the machine itself sends */
  readonly inDevice?: string | undefined;
  /** an interface whose VRF the packet belongs to */
  readonly vrfOf?: string | undefined;
}

export interface RouteAnswer {
  /** `none`: no route; `unknown`: because of the rule in `because` */
  readonly type: 'unicast' | 'local' | 'none' | 'unknown' | 'refused' | 'broadcast';
  readonly route: RouteFact | undefined;
  /** `unreachable`, `blackhole` … of what is refused; what is not understood */
  readonly because: string | undefined;
  /** the rule of policy routing that refuses it */
  readonly rule?: RoutingRuleFact;
}

/** Routes and rules of a family, ready to be asked. */
export function routesOf({ routes, rules, links }: MachineFacts, family: Family): Routes {
  const tables = new Map<string, Map<number, RoutesByNetwork>>();
  for (const fact of routes) {
    const to = fact.family === family ? parseNetwork(fact.to) : undefined;
    if (to?.kind !== 'network') continue;
    const table = child(tables, fact.table, () => new Map<number, RoutesByNetwork>());
    const byNetwork = child(table, to.length, () => new Map<string, PreparedRoute[]>());
    const list = child(byNetwork, networkText(to.address, to.length), (): PreparedRoute[] => []);
    list.push({ fact, from: fact.from === null ? undefined : parseNetwork(fact.from) });
    list.sort((a, b) => a.fact.metric - b.fact.metric);
  }
  const own = rules.filter((rule) => rule.family === family);
  return {
    family,
    rules: own.length > 0 ? own : defaultRules(family),
    tables: new Map([...tables].map(([name, table]) => [name, byLength(table)])),
    vrfs: new Map(
      links
        .filter(({ kind }) => kind === 'vrf')
        .flatMap(({ name, table }) =>
          links
            .filter((one) => one.name === name || one.master === name)
            .map((one) => [one.name, { name, table }]),
        ),
    ),
  };
}

function byLength(table: ReadonlyMap<number, RoutesByNetwork>): RouteTable {
  return [...table]
    .map(([length, routes]) => ({ length, routes }))
    .sort((a, b) => b.length - a.length);
}

function child<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

function networkText(address: Address, length: number): string {
  return formatAddress(networkOf(address, length));
}

/** Where no rules were printed, those that the kernel begins with. */
function defaultRules(family: Family): RoutingRuleFact[] {
  return ['local', 'main', 'default'].map((table, priority) => ({
    family,
    priority,
    from: null,
    to: null,
    mark: null,
    mask: null,
    in_device: null,
    out_device: null,
    table,
    action: 'table',
    not: false,
    other: [],
  }));
}

/** The route of a packet. */
export function lookUp(routes: Routes, question: RouteQuestion): RouteAnswer {
  const vrf = routes.vrfs.get(question.vrfOf ?? question.inDevice ?? '');
  if (vrf !== undefined && vrf.table === undefined)
    return { type: 'unknown', route: undefined, because: `VRF ${vrf.name} is not read` };
  let from = 0;
  for (const rule of routes.rules) {
    if (rule.priority < from || (isOfVrfs(rule) && vrf === undefined)) continue;
    if (rule.other.includes(NOWHERE)) continue;
    const applies = ruleApplies(rule, question);
    if (applies === false) continue;
    const target = jumpOf(rule);
    if (target !== undefined && applies === true) {
      from = target;
      continue;
    }
    if (target !== undefined) return unknownRule(rule);
    const asked = isOfVrfs(rule) ? { ...rule, table: vrf?.table ?? null } : rule;
    const found = answerOf(asked, routes, question);
    if (applies === true) {
      if (found) return found;
      continue;
    }
    if (found === undefined) continue; // it leads nowhere, whether it applies or not
    return unknownRule(rule);
  }
  return { type: 'none', route: undefined, because: undefined };
}

function unknownRule({ priority, other }: RoutingRuleFact): RouteAnswer {
  const because = `routing rule ${priority}: ${other.join(', ') || 'the sender decides'}`;
  return { type: 'unknown', route: undefined, because };
}

/** `goto 200`: the rules below that priority are left out. */
const JUMP = /^goto (\d+)$/;
/** a jump to a priority without a rule does nothing (seen in the lab) */
const NOWHERE = 'unresolved';
/** `suppress_prefixlen 0`: routes with no longer prefix do not count */
const SUPPRESSED = /^suppress_prefixlen (\d+)$/;

/** `l3mdev`: each VRF has a table of its own */
const isOfVrfs = ({ other }: RoutingRuleFact) => other.includes('l3mdev');

function jumpOf({ other }: RoutingRuleFact): number | undefined {
  const text = other.map((one) => JUMP.exec(one)?.[1]).find((one) => one !== undefined);
  return text === undefined ? undefined : Number(text);
}

function shortest({ other }: RoutingRuleFact): number {
  const text = other.map((one) => SUPPRESSED.exec(one)?.[1]).find((one) => one !== undefined);
  return text === undefined ? 0 : Number(text) + 1;
}

function ruleApplies(rule: RoutingRuleFact, question: RouteQuestion): boolean | undefined {
  const { to, from, mark = 0, inDevice } = question;
  const parts = [
    rule.to === null || inNetwork(to, rule.to),
    rule.from === null || (from === undefined ? undefined : inNetwork(from, rule.from)),
    rule.mark === null || (mark & (rule.mask ?? 0xffffffff)) >>> 0 === rule.mark,
    // what the machine sends itself has lo there
    rule.in_device === null || rule.in_device === (inDevice ?? 'lo'),
    // only programs that are bound to an interface ask so
    rule.out_device === null || false,
    rule.other.every((one) => one === 'l3mdev' || JUMP.test(one) || SUPPRESSED.test(one))
      ? true
      : undefined,
  ];
  const all = parts.includes(false) ? false : parts.includes(undefined) ? undefined : true;
  return all === undefined ? undefined : all !== rule.not;
}

function inNetwork(address: Address, text: string): boolean {
  const network = parseNetwork(text);
  return network !== undefined && isInRange(address, network);
}

function answerOf(
  rule: RoutingRuleFact,
  { tables }: Routes,
  { to, from }: RouteQuestion,
): RouteAnswer | undefined {
  if (rule.action !== 'table')
    return { type: 'refused', route: undefined, because: rule.action, rule };
  const route = findRoute(tables.get(rule.table ?? '') ?? [], to, from, shortest(rule));
  if (route === undefined || route.type === 'throw') return undefined;
  if (route.other !== undefined)
    return { type: 'unknown', route: undefined, because: `a route with ${route.other.join(', ')}` };
  switch (route.type) {
    case 'unicast':
      return { type: 'unicast', route, because: undefined };
    case 'local':
    case 'anycast':
      return { type: 'local', route, because: undefined };
    case 'broadcast':
    case 'multicast':
      return { type: 'broadcast', route, because: undefined };
    default:
      return { type: 'refused', route, because: route.type };
  }
}

function findRoute(
  table: RouteTable,
  to: Address,
  from: Address | undefined,
  shortestPrefix: number,
): RouteFact | undefined {
  for (const { length, routes } of table) {
    if (length < shortestPrefix) return undefined;
    const found = routes
      .get(networkText(to, length))
      ?.find(
        (one) =>
          (one.from === undefined || (from !== undefined && isInRange(from, one.from))) &&
          isUsable(one.fact),
      );
    if (found) return found.fact;
  }
  return undefined;
}

/** Packets of clients have no type of service, so that routes for one are not theirs. */
function isUsable({ type, hops, other = [] }: RouteFact): boolean {
  if (other.some((one) => one.startsWith('tos '))) return false;
  return type !== 'unicast' || hops.length === 0 || hops.some(({ dead }) => !dead);
}
