// What `ip -json` prints of links, addresses, neighbours and UDP tunnels. Seen with iproute2 6.1;
// keys without a value are printed as null.
import type { AddressFact, LinkFact, NeighbourFact, TunnelFact, UdpTunnelFact } from './types.js';

/** One element of `ip -json -details addr show`. */
export interface IpLink {
  readonly ifindex?: number;
  readonly ifname?: string;
  readonly flags?: readonly string[];
  readonly mtu?: number;
  readonly address?: string;
  readonly link_type?: string;
  readonly master?: string;
  /** a program that sees packets before all else */
  readonly xdp?: unknown;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: Readonly<Record<string, unknown>>;
  };
  readonly addr_info?: readonly IpAddress[];
}
interface IpAddress {
  readonly local?: string;
  readonly prefixlen?: number;
  readonly dadfailed?: boolean;
  readonly tentative?: boolean;
  readonly deprecated?: boolean;
}

/** Links with their kind and, of tunnel devices, their ends. */
export function linkFacts(list: readonly IpLink[]): LinkFact[] {
  return list.flatMap((one) =>
    one.ifname === undefined ? [] : [{ ...stateOf(one), name: one.ifname, ...kindOf(one) }],
  );
}

function stateOf({ ifindex = 0, flags = [], mtu = 0, address, link_type: type }: IpLink) {
  return {
    index: ifindex,
    up: flags.includes('UP'),
    carrier: flags.includes('LOWER_UP'),
    noarp: flags.includes('NOARP'),
    mtu,
    mac: (type ?? 'ether') === 'ether' ? (address ?? null) : null,
  };
}

function kindOf({
  linkinfo,
  master,
}: IpLink): Pick<LinkFact, 'kind' | 'master' | 'tunnel' | 'table'> {
  const kind = linkinfo?.info_kind ?? null;
  const data = linkinfo?.info_data;
  const tunnel = isTunnel(kind) ? tunnelOf(data ?? {}) : null;
  const table = kind === 'vrf' && data?.table !== undefined ? { table: String(data.table) } : {};
  return { kind, master: master ?? null, tunnel, ...table };
}

const TUNNEL_KINDS = ['ipip', 'sit', 'gre', 'ip6tnl', 'ip6gre'];

function isTunnel(kind: string | null): boolean {
  return kind !== null && TUNNEL_KINDS.includes(kind);
}

function tunnelOf(data: Readonly<Record<string, unknown>>): TunnelFact {
  const end = (value: unknown) =>
    typeof value === 'string' && value !== 'any' && value !== '::' ? value : null;
  return {
    local: end(data.local),
    remote: end(data.remote),
    proto: typeof data.proto === 'string' ? data.proto : null,
    checksum: data.icsum === true,
    ...otherOf(data),
  };
}

/** What a device asks of packets that IPVS does not put into them. */
function otherOf(data: Readonly<Record<string, unknown>>): Pick<TunnelFact, 'other'> {
  const other = [
    ...(data.ikey === undefined ? [] : [`key ${data.ikey}`]),
    ...(data.iseq === true ? ['sequence'] : []),
  ];
  return other.length === 0 ? {} : { other };
}

/** The addresses of all links. */
export function addressFacts(list: readonly IpLink[]): AddressFact[] {
  return list.flatMap(({ ifname: device, addr_info: infos = [] }) =>
    infos.flatMap(
      ({ local, prefixlen, dadfailed, tentative, deprecated = false }): AddressFact[] =>
        device === undefined || local === undefined || prefixlen === undefined
          ? []
          : [
              {
                device,
                address: local,
                prefix: prefixlen,
                unusable: dadfailed ? 'duplicate' : tentative ? 'tentative' : null,
                deprecated,
              },
            ],
    ),
  );
}

/** `ip -json neigh show` */
export function neighbourFacts(
  list: readonly {
    readonly dst?: string;
    readonly dev?: string;
    readonly lladdr?: string;
    readonly state?: readonly string[];
  }[],
): NeighbourFact[] {
  return list.flatMap(({ dst, dev, lladdr, state = [] }) =>
    dst === undefined || dev === undefined
      ? []
      : [{ address: dst, device: dev, mac: lladdr ?? null, states: state }],
  );
}

/** `ip -json fou show`: `{"port":6080,"gue":null,"family":"inet"}` */
export function udpTunnelFacts(
  list: readonly {
    readonly port?: number;
    readonly gue?: null;
    readonly family?: string;
    readonly local?: string;
    /** it takes packets of one sender and its port, as IPVS has none */
    readonly peer?: string;
  }[],
): UdpTunnelFact[] {
  return list.flatMap(({ port, family, local, peer, ...rest }) =>
    port === undefined || peer !== undefined
      ? []
      : [
          {
            port,
            family: family === 'inet6' ? 'ipv6' : 'ipv4',
            gue: 'gue' in rest,
            ...(local === undefined ? {} : { local }),
          },
        ],
  );
}
