// The address that a machine gives to what it sends itself: RFC 6724 as far as the kernel goes by it.
import { type Address, ANY_IPV4, ANY_IPV6, parseAddress } from '../../model/address.js';
import { numberOf } from '../filter/values.js';
import type { PathPacket } from './hop.js';
import type { HostAddress, PathHost } from './host.js';
import { lookUp } from './routing.js';

/** What a route is asked with before a sender is chosen: no rule about a sender has it. */
const NO_SENDER = { ipv4: ANY_IPV4, ipv6: ANY_IPV6 };

/**
 * The source of a packet that the machine itself sends, of a tunnel for example: that of the route,
 * else of the outgoing interface; of IPv6 the one that shares most bits with the destination, as
 * many as its prefix has.
 */
export function ownSource(host: PathHost, to: Address): Address | undefined {
  // rules about a sender do not see the one that is chosen by this route (seen in the lab)
  const { route } = lookUp(host.routes[to.family], { to, from: NO_SENDER[to.family] });
  const named = route?.source == null ? undefined : parseAddress(route.source);
  if (named) return named;
  const device = route?.hops.find(({ dead }) => !dead)?.device;
  const own = host.addresses.filter(
    (one) => one.device === device && one.address.family === to.family && !one.deprecated,
  );
  if (to.family === 'ipv4') return own[0]?.address;
  let best: HostAddress | undefined;
  for (const one of own) if (!best || matching(one, to) > matching(best, to)) best = one;
  return best?.address;
}

/**
 * The sender by which IPVS asks for the route to a server: its own for a tunnel of IPv4, none for the
 * others, so that rules about the client, or about the sender of an IPv6 tunnel, do not apply (seen in
 * the lab).
 */
export function senderAsked({ tunnel }: PathPacket, { family }: Address): Address {
  return (family === 'ipv4' ? tunnel?.source : undefined) ?? NO_SENDER[family];
}

function matching({ address, prefix }: HostAddress, to: Address): number {
  const differing = numberOf(address) ^ numberOf(to);
  const equal = differing === 0n ? 128 : 128 - differing.toString(2).length;
  return Math.min(equal, prefix);
}
