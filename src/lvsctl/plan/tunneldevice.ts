// The device by which a real server takes packets out of a tunnel.
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import { tunnelBytes } from '../../model/tunnelheader.js';

/**
 * The exit of the tunnel: name and arguments of `ip link add`, and bytes that the tunnel adds to a
 * packet. `ip` loads the module, which stays loaded: to unload it would take away the tunnels of
 * every network namespace.
 */
export interface TunnelDevice {
  readonly name: string;
  readonly args: readonly string[];
  readonly overhead: number;
}

/** What of a part decides about its tunnel. */
export interface TunnelPart {
  readonly service: { readonly address: Address };
  readonly address: Address;
  readonly tunnel?: { readonly type: string; readonly checksum?: string | undefined } | undefined;
}

/** The device by type, the family outside (the server's) and the family inside (the VIP's). */
export function tunnelDevice({ service, address, tunnel }: TunnelPart): TunnelDevice {
  const outer = address.family;
  const type = tunnel?.type ?? 'ipip';
  const local = ['local', formatAddress(address)];
  const bytes = tunnelBytes(type, tunnel?.checksum, outer);
  if (type === 'gre') {
    const checksum = tunnel?.checksum === 'checksum';
    const [name, kind] = outer === 'ipv4' ? ['lvs-gre', 'gre'] : ['lvs-ip6gre', 'ip6gre'];
    return {
      name: checksum ? `${name}c` : name,
      args: ['type', kind, ...local, ...(checksum ? ['csum'] : [])],
      overhead: bytes,
    };
  }
  const plain = PLAIN_TUNNELS[outer][service.address.family];
  return {
    name: plain.name,
    args: ['type', ...plain.type, ...local],
    overhead: type === 'gue' && tunnel?.checksum !== 'remote' ? bytes + SPARE : bytes,
  };
}

/** left free behind the header of gue, which may have fields */
const SPARE = 4;

/** Family outside, then inside; gue leaves such a packet too. */
const PLAIN_TUNNELS = {
  ipv4: {
    ipv4: { name: 'lvs-ipip', type: ['ipip'] },
    ipv6: { name: 'lvs-sit', type: ['sit'] },
  },
  ipv6: {
    ipv4: { name: 'lvs-ip6tnl', type: ['ip6tnl', 'mode', 'any'] },
    ipv6: { name: 'lvs-ip6tnl', type: ['ip6tnl', 'mode', 'any'] },
  },
} as const;

const IPV4_LINK = ['local', '4'];
/** The devices of `tunnelDevice`: in place of the local address is its family. */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  'lvs-ipip': ['type', 'ipip', ...IPV4_LINK],
  'lvs-sit': ['type', 'sit', ...IPV4_LINK],
  'lvs-ip6tnl': ['type', 'ip6tnl', 'mode', 'any', 'local', '6'],
  'lvs-gre': ['type', 'gre', ...IPV4_LINK],
  'lvs-grec': ['type', 'gre', ...IPV4_LINK, 'csum'],
  'lvs-ip6gre': ['type', 'ip6gre', 'local', '6'],
  'lvs-ip6grec': ['type', 'ip6gre', 'local', '6', 'csum'],
};

/** Whether `tunnelDevice` gives this name and these arguments for a server's address. */
export function isLinkOf(name: string, args: readonly string[]): boolean {
  const known = Object.hasOwn(LINKS, name) ? LINKS[name] : undefined;
  if (known?.length !== args.length) return false;
  return known.every((arg, i) => {
    const given = args[i] ?? '';
    if (known[i - 1] !== 'local') return given === arg;
    return parseAddress(given)?.family === `ipv${arg}`;
  });
}
