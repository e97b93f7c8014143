// How a packet leaves a machine: output route, packet filter, the neighbour that it goes to.
import { type Address, formatAddress } from '../../model/address.js';
import type { RouteFact, RouteHopFact } from '../facts/types.js';
import type { Passage } from '../filter/evaluate.js';
import type { FilterRule, TrackState } from '../filter/types.js';
import { filterStep } from './filtering.js';
import type { PathStage, Steps } from './hop.js';
import { devicesOn, type Neighbour, neighbourOf, type PathHost } from './host.js';
import { lookUp } from './routing.js';

export interface Departure {
  readonly device: string;
  readonly neighbour: Neighbour;
  /** bytes that fit */
  readonly mtu: number | undefined;
  /** the segment size that the route has */
  readonly advmss: number | null;
  /** segment sizes that rules put into the packet */
  readonly segments: readonly number[];
  /** the packet's own destination is not on the link */
  readonly isRouted: boolean;
  /** the same by the other next hops of the route */
  readonly alternatives: readonly Departure[];
}

export interface Leaving {
  /** where it goes on the network: the outer destination of a tunnel */
  readonly to: Address;
  readonly from: Address;
  readonly state: TrackState | undefined;
  readonly flags: readonly string[];
  readonly hooks: readonly ('output' | 'forward' | 'postrouting')[];
  readonly inDevice?: string;
  readonly anyDestination?: boolean;
  readonly stage: PathStage;
  readonly isBound?: boolean;
  /** an interface whose VRF the socket belongs to */
  readonly vrfOf?: string | undefined;
}

/**
 * Route, packet filter and neighbour.
 * @returns undefined when it is lost; `local` when the route leads to the machine itself
 */
export function leave(
  host: PathHost,
  steps: Steps,
  leaving: Leaving,
): Departure | 'local' | undefined {
  let chosen = routeOut(host, steps, leaving);
  const segments: number[] = [];
  for (const hook of leaving.hooks) {
    if (chosen === undefined || chosen === 'local') return chosen;
    const { device } = chosen.hop;
    const passage = filterStep(host, steps, hook, {
      state: leaving.state,
      flags: leaving.flags,
      inDevice: hook === 'forward' ? leaving.inDevice : undefined,
      outDevice: device,
      anyDestination: leaving.anyDestination ?? false,
      isBound: leaving.isBound ?? false,
    });
    if (passage.outcome === 'drop' || passage.outcome === 'reject') return undefined;
    segments.push(...sizesOf(passage));
    const kinds = passage.changes.map(({ action }) => action.kind);
    masquerade(host, steps, kinds, device, leaving.to);
    // a mark that is set there chooses the route again (iptables-extensions(8), MARK; nft(8), route)
    const marked = hook === 'output' ? passage.changes.find(({ isRouted }) => isRouted) : undefined;
    if (marked) chosen = routeAgain(host, steps, leaving, marked.rule);
  }
  if (chosen === undefined || chosen === 'local') return chosen;
  return onto(host, steps, leaving.to, chosen, segments);
}

interface ChosenRoute {
  readonly route: RouteFact;
  readonly hop: RouteHopFact;
}

/** The route of a packet with its mark, and the first of its next hops. */
function routeOut(
  host: PathHost,
  steps: Steps,
  { to, from, inDevice, vrfOf, stage, isAgain = false }: Leaving & { readonly isAgain?: boolean },
): ChosenRoute | 'local' | undefined {
  const text = formatAddress(to);
  const question = { to, from, mark: steps.packet.mark, inDevice, vrfOf };
  const { type, route, because } = lookUp(host.routes[to.family], question);
  if (type === 'local') return 'local';
  const hop = route?.hops.find(({ dead }) => !dead);
  if (type === 'unknown') {
    steps.unknown(stage, `the route to ${text} is not known: ${because}`, {
      id: 'rule',
      text: because ?? '',
    });
    return undefined;
  }
  const down = type === 'none' ? downDevice(host, to) : undefined;
  if (down) {
    steps.lost(stage, `no route to ${text}, since interface ${down} is down`, {
      id: 'link',
      device: down,
    });
    return undefined;
  }
  if (type !== 'unicast' || hop === undefined || route === undefined) {
    steps.lost(stage, `no route to ${text}${because ? `: ${because}` : ''}`, {
      id: 'no-route',
      to,
      because,
    });
    return undefined;
  }
  const via =
    hop.via === null ? '' : `, by router ${formatAddress(neighbourOf(host, hop, to).address)}`;
  const marked = isAgain ? `mark ${steps.packet.mark}: ` : '';
  steps.pass(stage, `${marked}to ${text} by ${hop.device}${via}`);
  return { route, hop };
}

/**
 * By the destination in the packet. In dr that is the VIP, not the server: what is local leads back
 * to the machine itself, and is lost there (seen in the lab).
 */
function routeAgain(
  host: PathHost,
  steps: Steps,
  leaving: Leaving,
  { text, remove }: FilterRule,
): ChosenRoute | undefined {
  const { tunnel, source, destination } = steps.packet;
  const to = tunnel ? leaving.to : destination;
  const from = tunnel ? (tunnel.source ?? leaving.from) : source;
  const chosen = routeOut(host, steps, { ...leaving, to, from, isAgain: true });
  if (chosen !== 'local') return chosen;
  steps.lost(
    leaving.stage,
    `${formatAddress(to)} is an address of this machine: after this rule the packet comes back to it: ${text}`,
    { id: 'filter', hook: 'output', by: { text, remove, isPolicy: false }, answer: false },
  );
  return undefined;
}

/** The links of all next hops; the packet that is followed takes the first. */
function onto(
  host: PathHost,
  steps: Steps,
  to: Address,
  { route, hop }: ChosenRoute,
  segments: readonly number[],
): Departure | undefined {
  const departureBy = (one: RouteHopFact, alternatives: readonly Departure[]): Departure => ({
    device: one.device,
    neighbour: neighbourOf(host, one, to),
    mtu: route.mtu ?? host.link(one.device)?.mtu,
    advmss: route.advmss,
    segments,
    isRouted: one.via !== null,
    alternatives,
  });
  const others = route.hops.filter((one) => one !== hop && !one.dead);
  const alternatives = others.map((one) => departureBy(one, []));
  for (const { neighbour } of alternatives)
    if (!neighbourStep(host, steps, neighbour)) return undefined;
  const departure = departureBy(hop, alternatives);
  return neighbourStep(host, steps, departure.neighbour) ? departure : undefined;
}

/** The kernel takes the routes of an interface away while it is down, its addresses stay. */
function downDevice(host: PathHost, to: Address): string | undefined {
  return devicesOn(host, to).find(({ device }) => host.link(device)?.up === false)?.device;
}

/** Sizes by the route of the packet aside: those are no smaller than its link. */
function sizesOf({ changes }: Passage): number[] {
  return changes.flatMap(({ action }) =>
    action.kind === 'segment' && action.size !== undefined ? [action.size] : [],
  );
}

/** Its own address on the outgoing interface becomes the sender. */
function masquerade(
  host: PathHost,
  steps: Steps,
  kinds: readonly string[],
  device: string,
  to: Address,
): void {
  const own = host.addresses.find(
    (one) => one.device === device && one.address.family === to.family,
  );
  if (kinds.includes('masquerade') && own && !steps.packet.tunnel)
    steps.packet = { ...steps.packet, source: own.address };
}

function neighbourStep(
  host: PathHost,
  steps: Steps,
  { device, address, failed, asked, mac }: Neighbour,
): boolean {
  const link = host.link(device);
  const text = formatAddress(address);
  if (link !== undefined && !(link.up && link.carrier)) {
    steps.lost('neighbour', `interface ${device} ${link.up ? 'has no carrier' : 'is down'}`, {
      id: 'link',
      device,
    });
    return false;
  }
  steps.packet = { ...steps.packet, sourceMac: link?.mac ?? null, destinationMac: mac };
  if (asked)
    steps.unknown('neighbour', `${text} has not answered on ${device} yet`, {
      id: 'neighbour',
      address,
      device,
    });
  if (mac !== null && !failed && !asked)
    steps.pass('neighbour', `${text} on ${device} has the MAC ${mac}`);
  if (!failed) return true;
  steps.lost('neighbour', `${text} does not answer on ${device}`, {
    id: 'neighbour',
    address,
    device,
  });
  return false;
}
