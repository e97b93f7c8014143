// Commands that send a server's answers where they must go, as far as the machines' facts have them.
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import { samePrefix } from '../../model/prefix.js';
import type { RoutingRuleFact } from '../facts/types.js';
import { devicesOn, holders, type PathHost } from '../path/host.js';
import { lookUp } from '../path/routing.js';
import type { ShownServer } from '../show/table.js';
import type { Found } from './finding.js';
import type { Inspection } from './inspection.js';
import { shell } from './repair.js';

/** An address of a machine on a network that it shares with another one. */
function sharedAddress(of: PathHost, other: Address): Address | undefined {
  return of.networks.find(
    (one) => one.address.family === other.family && samePrefix(one.address, other, one.prefix),
  )?.address;
}

/** The router by which a director reaches a client, when it is on a network of the server too. */
function routerOf(director: PathHost, server: PathHost, client: Address): Address | undefined {
  const { route } = lookUp(director.routes[client.family], { to: client });
  const via = parseAddress(route?.hops.find(({ dead }) => !dead)?.via ?? '');
  return via && devicesOn(server, via).length > 0 ? via : undefined;
}

/** Replaces the route that a server has to a client. */
function routeTo(server: PathHost, client: Address, via: Address): string[] {
  const { family } = client;
  const { route, type } = lookUp(server.routes[family], { to: client });
  const everything = ['0.0.0.0/0', '::/0'];
  const to =
    route === undefined || type !== 'unicast' || everything.includes(route.to)
      ? 'default'
      : route.to;
  const table = route && route.table !== 'main' ? ['table', route.table] : [];
  const six = family === 'ipv6' ? ['-6'] : [];
  return [shell('ip', ...six, 'route', 'replace', to, 'via', formatAddress(via), ...table)];
}

/** Answers of a NAT server go back by the director's address on its network. */
function byDirector(
  director: PathHost,
  server: PathHost | undefined,
  own: Address,
  client: Address,
): string[] {
  const via = sharedAddress(director, own);
  return server && via ? routeTo(server, client, via) : [];
}

/** Answers of dr and tun go by the router that the director itself uses. */
function byRouter(director: PathHost, server: PathHost | undefined, client: Address): string[] {
  const via = server && routerOf(director, server, client);
  return server && via ? routeTo(server, client, via) : [];
}

/** Takes away the route, or the rule of policy routing, that refuses a packet. */
export function withoutRefusal(host: PathHost, to: Address, from?: Address, mark = 0): string[] {
  const { route, type, rule } = lookUp(host.routes[to.family], { to, from, mark });
  const six = to.family === 'ipv6' ? ['-6'] : [];
  if (rule)
    return isWhole(rule) ? [shell('ip', ...six, 'rule', 'del', ...ruleArguments(rule))] : [];
  if (type !== 'refused' || route === undefined) return [];
  const table = route.table === 'main' ? [] : ['table', route.table];
  return [shell('ip', ...six, 'route', 'del', route.type, route.to, ...table)];
}

/** All selectors of it are understood. */
const isWhole = ({ not, other }: RoutingRuleFact) => !not && other.length === 0;

/** A rule as ip takes it: several may have its priority. */
function ruleArguments(rule: RoutingRuleFact): string[] {
  const { from, to, mark, mask, in_device: iif, out_device: oif } = rule;
  const field = (name: string, value: string | null) => (value === null ? [] : [name, value]);
  return [
    ...field('from', from),
    ...field('to', to),
    ...(mark === null ? [] : ['fwmark', mask === null ? `${mark}` : `${mark}/${mask}`]),
    ...field('iif', iif),
    ...field('oif', oif),
    'pref',
    `${rule.priority}`,
    ...(rule.table === null ? [rule.action] : ['table', rule.table]),
  ];
}

/** What is to be done where the facts have no router. */
export const ADVICE = {
  route: 'add a route to it; which router leads there is not known here',
  router: 'give the server a router that does not have the VIP; none is known here',
  lastServer:
    'start that machine, or add another server first: without this one the service has none',
  silent:
    'that machine has this address: what is found on it, or its cable, keeps it from answering',
  neighbour: 'start that machine, or use another router',
  carrier: 'check the cable, and the port at its other end',
  director: 'give the director an address on a network of the server, and make that its gateway',
} as const;

/** The route that the answers of a server need: nat by the director, the others past it. */
export function answerRoute(
  server: ShownServer,
  client: Address,
  { host, others }: Inspection,
): string[] {
  const own = parseAddress(server.address);
  const at = own && others.find((one) => holders(one, own).length > 0);
  if (own === undefined) return [];
  return server.mode === 'nat' ? byDirector(host, at, own, client) : byRouter(host, at, client);
}

/** The commands, or what is to be done without one. */
export function orAdvice(
  repair: readonly string[],
  advice: string,
): Pick<Found, 'repair' | 'advice'> {
  return repair.length > 0 ? { repair } : { repair, advice };
}
