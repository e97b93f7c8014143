// How a packet gets into a machine: its link, the first part of the packet filter, whether it is
// taken as the machine's own, and the reverse path filter.

import { type Address, formatAddress } from '../../model/address.js';
import { fullPrefix, samePrefix } from '../../model/prefix.js';
import { traverse } from '../filter/evaluate.js';
import type { FilterRule, TrackState } from '../filter/types.js';
import { filterStep } from './filtering.js';
import type { Steps } from './hop.js';
import { devicesOn, type HostAddress, holders, type PathHost } from './host.js';
import { lookUp } from './routing.js';
import { checkSource } from './source.js';

export interface PacketView {
  readonly state: TrackState | undefined;
  readonly flags: readonly string[];
  /** the client stands for any */
  readonly anyClient: boolean;
  /** a packet after the first of its connection */
  readonly isLater?: boolean;
}

/** Flags of what a server answers. */
export function answerFlags({ isLater = false }: PacketView): readonly string[] {
  return isLater ? ['ack'] : ['syn', 'ack'];
}

/** Which interface a packet of a client comes in by: that of its own network, else the VIP's. */
export function arrivalDevice(host: PathHost, { packet }: Steps): string | undefined {
  const [client] = devicesOn(host, packet.source);
  if (client) return client.device;
  const route = (to: typeof packet.source) =>
    lookUp(host.routes[packet.family], { to }).route?.hops.find(({ dead }) => !dead)?.device;
  const back = route(packet.source);
  const own = devicesOn(host, packet.destination)
    .map(({ device }) => device)
    .filter((name) => !['dummy', 'tunl', 'lo'].includes(host.link(name)?.kind ?? ''));
  return own.includes(back ?? '') ? back : (own[0] ?? back);
}

/** The link that a packet comes in by must be up. @returns whether it is */
export function linkStep(host: PathHost, steps: Steps, device: string | undefined): boolean {
  const link = device === undefined ? undefined : host.link(device);
  if (link === undefined || (link.up && link.carrier)) return true;
  const state = link.up ? 'has no carrier' : 'is down';
  steps.lost('arrival', `interface ${link.name} ${state}`, { id: 'link', device: link.name });
  return false;
}

export type Entrance = 'local' | 'elsewhere' | 'stopped';

/**
 * Prerouting, reverse path filter, and whether the destination is local.
 * @returns `stopped` when the path ends here; `elsewhere` when the packet is to be forwarded
 */
export function enter(
  host: PathHost,
  steps: Steps,
  device: string | undefined,
  view: PacketView,
): Entrance {
  const before = steps.packet;
  const passage = filterStep(host, steps, 'prerouting', {
    state: view.state,
    flags: view.flags,
    inDevice: device,
    anySource: view.anyClient,
    isBound: view.isLater ?? false,
  });
  if (passage.outcome === 'drop' || passage.outcome === 'reject') return 'stopped';
  if (device !== undefined && !sourceStep(host, steps, device)) return 'stopped';
  // sent to the machine itself, at any address
  const redirect = passage.changes.find(({ action }) => action.kind === 'redirect');
  if (redirect) return redirected(host, steps, device, redirect.rule);
  if (device !== undefined && !solicited(host, steps, device)) return 'stopped';
  const { destination, mark } = steps.packet;
  const { type, because } = lookUp(host.routes[before.family], {
    to: destination,
    from: before.source,
    mark,
    inDevice: device,
  });
  const text = formatAddress(destination);
  if (type === 'local') {
    steps.pass('routing', `${text} is an address of this machine`);
    return 'local';
  }
  if (type !== 'unknown') return 'elsewhere';
  steps.unknown('routing', `whether ${text} is local is not known: ${because}`, {
    id: 'rule',
    text: because ?? '',
  });
  return 'local';
}

/** The machine's own address is that of the interface; without one the packet is dropped. */
function redirected(
  host: PathHost,
  steps: Steps,
  device: string | undefined,
  { text, remove }: FilterRule,
): Entrance {
  const { family } = steps.packet;
  const has = host.addresses.some((one) => one.device === device && one.address.family === family);
  if (device === undefined || has) return 'local';
  const by = { text, remove, isPolicy: false };
  steps.lost(
    'prerouting',
    `prerouting: ${device} has no address to which this rule could send the packet: ${text}`,
    { id: 'filter', hook: 'prerouting', by, answer: false },
  );
  return 'stopped';
}

/**
 * IPv6 asks for neighbours by ICMPv6, which rules see: what drops that keeps every packet away.
 * Connection tracking leaves these messages untracked.
 */
function solicited(host: PathHost, steps: Steps, device: string): boolean {
  const { family, destination } = steps.packet;
  if (family === 'ipv4' || host.link(device)?.noarp !== false) return true;
  const { hooks } = host.rules(family);
  const { outcome, by } = traverse(
    [...hooks.prerouting, ...hooks.input],
    {
      family,
      protocol: 'ipv6-icmp',
      source: undefined,
      sourcePort: undefined,
      destination,
      destinationPort: undefined,
      mark: 0,
      state: 'untracked',
      flags: [],
      inDevice: device,
      outDevice: undefined,
      sourceMac: undefined,
    },
    (one) => host.isLocal(one),
  );
  if ((outcome !== 'drop' && outcome !== 'reject') || by === undefined) return true;
  steps.lost(
    'input',
    `neighbour solicitations for ${formatAddress(destination)} are stopped by ${by.text}`,
    { id: 'filter', hook: 'input', by, answer: false },
  );
  return false;
}

function sourceStep(host: PathHost, steps: Steps, device: string): boolean {
  const { source, destination, mark } = steps.packet;
  const found = checkSource(host, device, source, destination, mark);
  const from = formatAddress(source);
  switch (found.kind) {
    case 'pass':
      return true;
    case 'unknown':
      steps.unknown('source', `reverse path filter on ${device}: ${found.because}`, {
        id: 'rule',
        text: found.because,
      });
      return true;
    case 'own':
      ownSource(host, steps, device);
      return false;
    default:
      steps.lost(
        'source',
        `reverse path filter on ${device}: ${from} is not reached by ${device}`,
        {
          id: 'source',
          device,
          kind: found.kind,
        },
      );
      return false;
  }
}

/** The sender is taken for the machine itself: by its own address, or by one with a wide prefix. */
function ownSource(host: PathHost, steps: Steps, device: string): void {
  const { source } = steps.packet;
  const from = formatAddress(source);
  const wide = holders(host, source).length > 0 ? undefined : wideAddress(host, source);
  if (wide === undefined)
    steps.lost(
      'source',
      `${from} is an address of this machine: a packet from outside with it is dropped`,
      { id: 'source', device, kind: 'own' },
    );
  else
    steps.lost(
      'source',
      `${from} is taken as an address of this machine, by ${formatAddress(wide.address)}/${wide.prefix} on ${wide.device}`,
      { id: 'wide', ...wide },
    );
}

/** The address whose prefix makes another one local: of lo, as the kernel does for its network. */
export function wideAddress(host: PathHost, address: Address): HostAddress | undefined {
  return host.addresses.find(
    (one) =>
      one.prefix < fullPrefix(address.family) &&
      samePrefix(one.address, address, one.prefix) &&
      lookUp(host.routes[address.family], { to: address }).route?.hops[0]?.device === one.device,
  );
}
