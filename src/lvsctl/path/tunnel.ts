// Tunnels on the path: what the director puts around a packet, and which device of a server takes it
// out. Facts: seen in the lab (test/kernel/traffic.test.ts); ip-link(8).
import { type Address, type Family, formatAddress, parseAddress } from '../../model/address.js';
import { tunnelBytes } from '../../model/tunnelheader.js';
import type { LinkFact } from '../facts/types.js';
import type { ShownServer } from '../show/table.js';
import type { OuterHeader } from './hop.js';
import { holders, type PathHost } from './host.js';

/** What the director puts around a packet to a server. */
export function outerHeader(
  server: ShownServer,
  address: Address,
  source: Address | undefined,
): OuterHeader {
  const type = server.tunnel?.type ?? 'ipip';
  const checksum = server.tunnel?.checksum === 'checksum';
  return {
    type,
    source,
    destination: address,
    port: type === 'gue' ? (server.tunnel?.port ?? undefined) : undefined,
    bytes: tunnelBytes(type, server.tunnel?.checksum, address.family),
    checksum,
  };
}

export interface TunnelExit {
  /** undefined: none that is up takes such packets */
  readonly device: LinkFact | undefined;
  /** why, or which one would if it were up */
  readonly because: string;
  readonly down: string | undefined;
}

/** The device of a server that takes a packet out of a tunnel. */
export function tunnelExit(host: PathHost, outer: OuterHeader, inner: Family): TunnelExit {
  if (outer.type === 'gue') {
    const { family } = outer.destination;
    const open = host.facts.udp_tunnels.some(
      (one) =>
        one.port === outer.port &&
        one.family === family &&
        one.gue &&
        (one.local === undefined || formatted(one.local) === formatAddress(outer.destination)),
    );
    if (!open)
      return { device: undefined, because: `no UDP port ${outer.port} takes gue`, down: undefined };
  }
  const kinds = kindsOf(outer, inner);
  const fitting = host.facts.links
    .filter((link) => kinds.includes(link.kind ?? '') && takes(link, outer, inner))
    .sort((a, b) => exactness(b) - exactness(a));
  const device = fitting.find(({ up }) => up);
  if (device?.kind === 'ip6tnl' && outer.source && holders(host, outer.source).length > 0)
    return {
      device: undefined,
      down: undefined,
      because: `${device.name} drops packets from ${formatAddress(outer.source)}, which is an address of this machine too`,
    };
  const down = device ? undefined : fitting[0]?.name;
  const sums = outer.type === 'gre' && outer.checksum ? ' with checksums' : '';
  const asking = host.facts.links.find(
    ({ kind, tunnel, up }) => up && kinds.includes(kind ?? '') && tunnel?.other !== undefined,
  );
  if (asking && device === undefined)
    return {
      device,
      down: undefined,
      because: `device ${asking.name} asks for what IPVS does not put into ${outer.type} packets: ${asking.tunnel?.other?.join(', ')}`,
    };
  const missing = `no device takes ${outer.type} packets${sums} (${kinds.join(' or ')})`;
  return { device, down, because: down === undefined ? missing : `device ${down} is down` };
}

function kindsOf({ type, destination }: OuterHeader, inner: Family): string[] {
  if (type === 'gre') return destination.family === 'ipv4' ? ['gre'] : ['ip6gre'];
  if (destination.family === 'ipv6') return ['ip6tnl'];
  return inner === 'ipv4' ? ['ipip'] : ['sit'];
}

/** Protocols inside that a device takes, by what `ip link` prints. */
const PROTOCOLS: Readonly<Record<string, readonly Family[]>> = {
  any: ['ipv4', 'ipv6'],
  ipip: ['ipv4'],
  ip6ip: ['ipv6'],
  ipip6: ['ipv4'],
  ip4ip6: ['ipv4'],
  ip6ip6: ['ipv6'],
};

function takes(link: LinkFact, outer: OuterHeader, inner: Family): boolean {
  const { tunnel } = link;
  const { type, source, destination, checksum } = outer;
  // a key or a number that it asks for is in no packet of IPVS
  if (tunnel === null || tunnel.other !== undefined) return false;
  // a device with checksums drops what has none, and one without drops what has one
  if (type === 'gre' && checksum !== undefined && tunnel.checksum !== checksum) return false;
  const { proto, local, remote } = tunnel;
  if (type !== 'gre' && proto !== null && !(PROTOCOLS[proto] ?? []).includes(inner)) return false;
  const fits = (end: string | null, address: Address | undefined) =>
    end === null || address === undefined || formatAddress(address) === formatted(end);
  return fits(local, destination) && fits(remote, source);
}

function formatted(text: string): string {
  const address = parseAddress(text);
  return address ? formatAddress(address) : text;
}

/** A device with both ends set is asked first. */
function exactness({ tunnel }: LinkFact): number {
  return (tunnel?.remote === null ? 0 : 2) + (tunnel?.local === null ? 0 : 1);
}
