// Other machines that neighbours reach in place of the director, since they answer for the VIP too.
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import { samePrefix } from '../../model/prefix.js';
import { answers, askedDevices, isOpen } from './arp.js';
import { type PathHop, type PathPacket, Steps } from './hop.js';
import { devicesOn, type HostAddress, type PathHost } from './host.js';

interface AskedOthers {
  readonly director: PathHost;
  readonly others: readonly PathHost[];
  readonly packet: PathPacket;
}

/** Machines on the VIP's network that answer for it too: some clients reach them in place of this one. */
export function othersWithVip(
  { director, others, packet }: AskedOthers,
  inDevice: string | undefined,
): PathHop[] {
  const { destination } = packet;
  const link = director.addresses.filter(({ device }) => device === inDevice);
  return others
    .filter((host) => host !== director && host.isLocal(destination))
    .flatMap((host) => {
      const onLink = devicesOn(host, destination).filter((one) =>
        link.some((own) => samePrefix(own.address, one.address, one.prefix)),
      );
      const shared = onLink.find((one) => answers(host, one.device, destination));
      const steps = new Steps(host.name, packet);
      const text = formatAddress(destination);
      const unread = onLink.find(
        (one) => answers(host, one.device, destination) === undefined,
      )?.device;
      if (shared === undefined && unread !== undefined)
        steps.unknown('arrival', `whether it answers for ${text} on ${unread} is not known`, {
          id: 'arp',
          machine: host.name,
          address: destination,
        });
      if (shared === undefined) return open(host, steps, director, destination, link);
      steps.lost(
        'arrival',
        `answers for ${text} on ${shared.device}: clients reach this machine, past the director`,
        { id: 'arp', machine: host.name, address: destination },
      );
      return steps.hops;
    });
}

/**
 * It answers on an interface without a network of its own. That this is on the VIP's network is
 * known when a neighbour of that network is known there.
 */
function open(
  host: PathHost,
  steps: Steps,
  director: PathHost,
  vip: Address,
  link: readonly HostAddress[],
): PathHop[] {
  if (vip.family === 'ipv6' || devicesOn(host, vip).length > 0) return steps.hops;
  const found = askedDevices(host, vip)
    .filter((name) => isOpen(host, name) && answers(host, name, vip))
    .map((device) => ({ device, isKnown: isOnLink(host, device, director, link) }))
    // it is on another network
    .filter(({ isKnown }) => isKnown !== false)
    .sort((a, b) => Number(b.isKnown ?? false) - Number(a.isKnown ?? false));
  const [first] = found;
  if (first === undefined) return steps.hops;
  const place = first.isKnown ? 'on the network of the VIP' : 'whose network is not known';
  const text = `answers for ${formatAddress(vip)} on ${first.device}, ${place}: clients there reach this machine, past the director`;
  const cause = { id: 'arp', machine: host.name, address: vip } as const;
  if (first.isKnown) steps.lost('arrival', text, cause);
  else steps.unknown('arrival', text, cause);
  return steps.hops;
}

/**
 * Whether an interface is on the link of the VIP: by its neighbours, some of which may be interfaces
 * of the director. undefined = they do not show it.
 */
function isOnLink(
  host: PathHost,
  device: string,
  director: PathHost,
  link: readonly HostAddress[],
): boolean | undefined {
  if (hasNeighbour(host, device, link)) return true;
  const own = host.link(device)?.mac ?? undefined;
  const seen = host.facts.neighbours.filter((one) => one.device === device).map(({ mac }) => mac);
  const met = director.facts.links.filter(
    ({ mac, name }) =>
      mac !== null &&
      (seen.includes(mac) ||
        director.facts.neighbours.some((one) => one.device === name && one.mac === own)),
  );
  // one MAC may be that of several interfaces: of a VLAN and the interface below it
  const places = new Set(met.map(({ name }) => link.some((one) => one.device === name)));
  return places.size === 1 ? [...places][0] : undefined;
}

function hasNeighbour(host: PathHost, device: string, link: readonly HostAddress[]): boolean {
  return host.facts.neighbours.some((one) => {
    const address = one.device === device && one.mac !== null && parseAddress(one.address);
    return (
      address &&
      link.some(
        (own) =>
          own.address.family === address.family && samePrefix(own.address, address, own.prefix),
      )
    );
  });
}
