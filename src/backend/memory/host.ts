// The host that the memory model pretends to run on: what of its network IPVS reads when it checks
// a request.
import { type Address, type Family, formatAddress, parseAddress } from '../../model/address.js';
import { broadcastOf } from '../../model/prefix.js';

export interface Link {
  readonly up: boolean;
  /** bytes */
  readonly mtu: number;
  /** `10.200.0.1/24`, `2001:db8:200::1/64` */
  readonly addresses: readonly string[];
}

export interface ModelHost {
  readonly links: Readonly<Record<string, Link>>;
  readonly connectionTableSize: number;
}

/** A host with the loopback and one Ethernet interface. */
export const DEFAULT_HOST: ModelHost = {
  links: {
    lo: { up: true, mtu: 65536, addresses: ['127.0.0.1/8', '::1/128'] },
    eth0: { up: true, mtu: 1500, addresses: ['10.200.0.1/24', '2001:db8:200::1/64'] },
  },
  connectionTableSize: 4096,
};

/**
 * Whether a real server may have this address: local or unicast, by the routing table that the
 * links imply.
 * @param broadcasts of the host (`broadcastsOf`)
 *
 * IPv4: not 0.0.0.0, not multicast, not broadcast (limited or of a connected subnet). IPv6: not
 * `::`, multicast, link-local of others or v4-mapped.
 */
export function isServerAddress(address: Address, broadcasts: ReadonlySet<number>): boolean {
  if (address.family === 'ipv4') {
    if (address.value === 0 || address.value === 0xffffffff || address.value >>> 28 === 0xe)
      return false;
    return !broadcasts.has(address.value);
  }
  const [first, second, third, fourth] = address.words;
  if (first === 0 && second === 0 && (third === 0xffff || (third === 0 && fourth === 0)))
    return false;
  return first >>> 24 !== 0xff && first >>> 22 !== LINK_LOCAL;
}

/** the ten bits of fe80::/10 */
const LINK_LOCAL = 0xfe80 >>> 6;

/**
 * Whether a link can send multicast of this family: an IPv6 one needs more than the loopback
 * address (seen in the lab: test/golden/daemon.txt).
 */
export function sendsMulticast(link: Link, family: Family): boolean {
  return link.addresses.some((text) => {
    const address = parseAddress(text.split('/')[0] ?? '');
    return address?.family === family && formatAddress(address) !== '::1';
  });
}

/** The IPv4 broadcast addresses of the subnets that a host is connected to. */
export function broadcastsOf(host: ModelHost): ReadonlySet<number> {
  return new Set(
    Object.values(host.links).flatMap(({ addresses }) => addresses.flatMap(broadcasts)),
  );
}

/** A subnet of two addresses or one has none. */
function broadcasts(text: string): number[] {
  const [host = '', length = '32'] = text.split('/');
  // nearly every prefix of IPv6 is longer, and is not parsed
  const address = Number(length) > 30 ? undefined : parseAddress(host);
  if (address?.family !== 'ipv4') return [];
  return [broadcastOf(address.value, Number(length))];
}
