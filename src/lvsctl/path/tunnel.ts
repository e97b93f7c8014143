// Tunnels on the path: what the director puts around a packet, and which device of a server takes it
// out. Facts: seen in the lab (test/kernel/traffic.test.ts); ip-link(8).
import { type Address, type Family, formatAddress, parseAddress } from '../../model/address.js';
import { tunnelBytes } from '../../model/tunnelheader.js';
import type { LinkFact, UdpTunnelFact } from '../facts/types.js';
import type { ShownServer } from '../show/table.js';
import type { OuterHeader, TunnelLack } from './hop.js';
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

export type TunnelExit =
  | { readonly device: LinkFact; readonly lack?: undefined }
  | { readonly device?: undefined; readonly lack: TunnelLack; readonly because: string };

/** The device of a server that takes a packet out of a tunnel. */
export function tunnelExit(host: PathHost, outer: OuterHeader, inner: Family): TunnelExit {
  if (outer.type === 'gue' && !host.facts.udp_tunnels.some((one) => isPort(one, outer)))
    return { lack: { kind: 'port' }, because: `no UDP port ${outer.port} takes gue` };
  const kinds = kindsOf(outer, inner);
  // the kernel asks for the ends and the key, and drops what does not suit the device that it finds
  const found = host.facts.links
    .filter((link) => kinds.includes(link.kind ?? '') && isFound(link, outer))
    .sort((a, b) => exactness(b) - exactness(a));
  const device = found.find(({ up }) => up) ?? found.find((one) => !misfit(one, outer, inner));
  if (device === undefined) return none(host, outer, kinds, found[0], inner);
  const { name, kind, up } = device;
  const wrong = misfit(device, outer, inner);
  if (wrong) return unfit(device, wrong);
  if (!up) return { lack: { kind: 'down', device: name }, because: `device ${name} is down` };
  if (kind === 'ip6tnl' && outer.source && holders(host, outer.source).length > 0)
    return {
      lack: { kind: 'sender' },
      because: `${name} drops packets from ${formatAddress(outer.source)}, which is an address of this machine too`,
    };
  return { device };
}

/** Whether a UDP port is that of a packet: for any address, or for this one. */
export function isPort({ port, family, gue, local }: UdpTunnelFact, outer: OuterHeader): boolean {
  const { destination } = outer;
  const isFor = local === undefined || formatted(local) === formatAddress(destination);
  return port === outer.port && family === destination.family && gue && isFor;
}

function none(
  host: PathHost,
  outer: OuterHeader,
  kinds: readonly string[],
  down: LinkFact | undefined,
  inner: Family,
): TunnelExit {
  const wrong = down && misfit(down, outer, inner);
  // with the same ends no other device can be made
  if (down && wrong && exactness(down) > 0) return unfit(down, wrong);
  const sums = outer.type === 'gre' && outer.checksum ? ' with checksums' : '';
  const asking = host.facts.links.find(
    ({ kind, tunnel, up }) => up && kinds.includes(kind ?? '') && tunnel?.other !== undefined,
  );
  const because = asking
    ? `device ${asking.name} asks for what IPVS does not put into ${outer.type} packets: ${asking.tunnel?.other?.join(', ')}`
    : `no device takes ${outer.type} packets${sums} (${kinds.join(' or ')})`;
  return { lack: { kind: 'missing' }, because };
}

function unfit(device: LinkFact, { because, needs }: Misfit): TunnelExit {
  return { lack: { kind: 'unfit', device, needs }, because: `device ${device.name} ${because}` };
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

/** By its ends; a key is in no packet of IPVS. */
function isFound({ tunnel }: LinkFact, { source, destination }: OuterHeader): boolean {
  if (tunnel === null || tunnel.other?.some((one) => one.startsWith('key '))) return false;
  const fits = (end: string | null, address: Address | undefined) =>
    end === null || address === undefined || formatAddress(address) === formatted(end);
  return fits(tunnel.local, destination) && fits(tunnel.remote, source);
}

interface Misfit {
  readonly because: string;
  readonly needs: readonly string[];
}

/** Why a device drops what its ends fit. Seen in the lab: gre drops by either lack of checksums. */
function misfit({ kind, tunnel }: LinkFact, outer: OuterHeader, inner: Family): Misfit | undefined {
  const { type, checksum } = outer;
  const proto = tunnel?.proto ?? null;
  if (type !== 'gre' && proto !== null && !(PROTOCOLS[proto] ?? []).includes(inner))
    return { because: `takes ${proto} alone`, needs: kind === 'ip6tnl' ? ['mode', 'any'] : [] };
  if (tunnel?.other !== undefined)
    return { because: 'asks for numbers, which IPVS does not send', needs: ['noiseq'] };
  if (type !== 'gre' || checksum === undefined || tunnel?.checksum === checksum) return undefined;
  return checksum
    ? { because: 'drops gre packets with checksums', needs: ['csum'] }
    : { because: 'drops gre packets without checksums', needs: ['nocsum'] };
}

function formatted(text: string): string {
  const address = parseAddress(text);
  return address ? formatAddress(address) : text;
}

/** A device with both ends set is asked first; 0 = it takes what no other does. */
export function exactness({ tunnel }: LinkFact): number {
  return (tunnel?.remote === null ? 0 : 2) + (tunnel?.local === null ? 0 : 1);
}
