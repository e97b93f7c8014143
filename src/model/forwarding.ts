// How packets reach a real server: the forwarding method, and what a tunnel needs beside it.

/**
 * One row per method: kernel number, name in listings, option of ipvsadm. Rows without an option
 * come from other programs.
 */
export const FORWARDING = {
  masquerade: { kernel: 0, listed: 'Masq', option: '-m' },
  local: { kernel: 1, listed: 'Local', option: '-g' },
  tunnel: { kernel: 2, listed: 'Tunnel', option: '-i' },
  direct: { kernel: 3, listed: 'Route', option: '-g' },
} as const;
export type KnownForwarding = keyof typeof FORWARDING;
/** The kernel stores 0..7; those without a row keep their number. */
export type Forwarding = KnownForwarding | `method-${number}`;

/**
 * One row per tunnel type: kernel number; whether a UDP port and a checksum choice belong to it.
 */
export const TUNNELS = {
  ipip: { kernel: 0, port: false, checksum: false },
  gue: { kernel: 1, port: true, checksum: true },
  gre: { kernel: 2, port: false, checksum: true },
} as const;
export type KnownTunnel = keyof typeof TUNNELS;
export type TunnelType = KnownTunnel | `type-${number}`;

/** Checksum bits of gue and gre: kernel value, option, and the mark in the tunnel column. */
export const CHECKSUMS = {
  none: { kernel: 0, option: '--tun-nocsum', listed: '-c' },
  checksum: { kernel: 1, option: '--tun-csum', listed: '+c' },
  remote: { kernel: 2, option: '--tun-remcsum', listed: 'r+c' },
} as const;

export interface Tunnel {
  readonly type: TunnelType;
  /** UDP port of gue, else 0 */
  readonly port: number;
  /** kernel bits: 0, 1 (checksum), 2 (remote checksum) */
  readonly flags: number;
}

export const IPIP: Tunnel = { type: 'ipip', port: 0, flags: 0 };

const METHODS = Object.keys(FORWARDING) as KnownForwarding[];
const TYPES = Object.keys(TUNNELS) as KnownTunnel[];

/** The method of a kernel number. */
export function forwardingOf(kernel: number): Forwarding {
  return METHODS.find((name) => FORWARDING[name].kernel === kernel) ?? `method-${kernel}`;
}

/** The kernel number of a method. */
export function forwardingNumber(method: Forwarding): number {
  const known = knownForwarding(method);
  return known ? FORWARDING[known].kernel : Number(method.slice('method-'.length));
}

/** The method when it has a row in FORWARDING. */
export function knownForwarding(method: Forwarding): KnownForwarding | undefined {
  return method in FORWARDING ? (method as KnownForwarding) : undefined;
}

/** The tunnel type of a kernel number. */
export function tunnelOf(kernel: number): TunnelType {
  return TYPES.find((name) => TUNNELS[name].kernel === kernel) ?? `type-${kernel}`;
}

/** The kernel number of a tunnel type. */
export function tunnelNumber(type: TunnelType): number {
  const known = knownTunnel(type);
  return known ? TUNNELS[known].kernel : Number(type.slice('type-'.length));
}

/** The tunnel type when it has a row in TUNNELS. */
export function knownTunnel(type: TunnelType): KnownTunnel | undefined {
  return type in TUNNELS ? (type as KnownTunnel) : undefined;
}
