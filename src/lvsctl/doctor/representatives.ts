// Clients that stand for others, where none is known: one that is reached by the default route, or
// one of the networks that the machine has routes to.
import { type Address, parseAddress } from '../../model/address.js';
import { parseNetwork } from '../filter/values.js';
import type { PathHost } from '../path/host.js';
import { lookUp } from '../path/routing.js';

/** of networks for benchmarks (RFC 2544, RFC 5180), which no client has */
const FAR = { ipv4: '198.18.255.254', ipv6: '2001:2::fffe' } as const;

/** A client by the default route; of the first network that there is a route to, without one. */
export function anyClient(host: PathHost, vip: Address): Address {
  const far = parseAddress(FAR[vip.family]) ?? vip;
  if (lookUp(host.routes[vip.family], { to: far }).type === 'unicast') return far;
  for (const { family, type, table, to } of host.facts.routes) {
    if (family !== vip.family || type !== 'unicast' || table !== 'main') continue;
    const network = parseNetwork(to);
    const inside = network?.kind === 'network' && insideOf(network.address, network.length);
    if (inside && host.isLocal(inside) === false) return inside;
  }
  return far;
}

/** An address near the end of a network, where clients seldom are, so that it is no server's. */
export function insideOf(network: Address, length: number): Address | undefined {
  if (network.family === 'ipv4') {
    if (length > 30) return undefined;
    const last = (network.value | (0xffffffff >>> length)) >>> 0;
    return { family: 'ipv4', value: last - 1 };
  }
  if (length > 126) return undefined;
  const [a, b, c, d] = network.words;
  const hosts = 0xffffffff >>> Math.max(0, length - 96);
  return { family: 'ipv6', words: [a, b, c, ((d | hosts) >>> 0) - 1] };
}
