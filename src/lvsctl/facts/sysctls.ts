// The sysctls that decide on the path of packets, and what is effective of them for an interface.
import type { MachineFacts } from './types.js';

/** Of the machine. */
const GENERAL = [
  ...'ip_forward ip_local_port_range fwmark_reflect tcp_fwmark_accept ip_nonlocal_bind tcp_l3mdev_accept udp_l3mdev_accept'
    .split(' ')
    .map((name) => `net/ipv4/${name}`),
  ...'expire_nodest_conn expire_quiescent_template conn_reuse_mode conntrack backup_only snat_reroute'
    .split(' ')
    .map((name) => `net/ipv4/vs/${name}`),
  ...'pmtu_disc sloppy_tcp sloppy_sctp cache_bypass drop_packet drop_entry schedule_icmp sync_version sync_ports'
    .split(' ')
    .map((name) => `net/ipv4/vs/${name}`),
  'net/ipv6/conf/all/forwarding',
  'net/ipv6/conf/all/disable_ipv6',
  'net/netfilter/nf_conntrack_tcp_loose',
];

const OF_INTERFACES_4 =
  'arp_ignore arp_announce arp_filter rp_filter forwarding accept_local src_valid_mark proxy_arp send_redirects'.split(
    ' ',
  );
const OF_INTERFACES_6 = 'forwarding disable_ipv6 proxy_ndp'.split(' ');

/** The keys that are read for these interfaces. */
export function sysctlKeys(devices: readonly string[]): string[] {
  const places = ['all', ...devices];
  return [
    ...GENERAL,
    ...places.flatMap((place) => OF_INTERFACES_4.map((name) => `net/ipv4/conf/${place}/${name}`)),
    ...places.flatMap((place) => OF_INTERFACES_6.map((name) => `net/ipv6/conf/${place}/${name}`)),
  ];
}

/** A sysctl as a number; undefined when it was not read. */
export function sysctlNumber(
  { sysctls }: Pick<MachineFacts, 'sysctls'>,
  key: string,
): number | undefined {
  const text = Object.hasOwn(sysctls, key) ? sysctls[key] : undefined;
  return text === undefined || !/^-?\d+$/.test(text.trim()) ? undefined : Number(text);
}

/** How `all` and an interface make one value, by the kernel's documentation (ip-sysctl). */
const COMBINED: Readonly<Record<string, 'max' | 'or' | 'own'>> = {
  arp_ignore: 'max',
  arp_announce: 'max',
  rp_filter: 'max',
  arp_filter: 'or',
  proxy_arp: 'or',
  send_redirects: 'or',
  src_valid_mark: 'or',
  accept_local: 'or',
  forwarding: 'own',
};

/**
 * The value of an IPv4 interface sysctl that counts: the larger of `all` and the interface for
 * arp_ignore, arp_announce and rp_filter; undefined when neither is known.
 */
export function effective4(
  facts: Pick<MachineFacts, 'sysctls'>,
  device: string,
  name: string,
): number | undefined {
  const own = sysctlNumber(facts, `net/ipv4/conf/${device}/${name}`);
  if (COMBINED[name] === 'own') return own;
  const general = sysctlNumber(facts, `net/ipv4/conf/all/${name}`);
  if (own === undefined && general === undefined) return undefined;
  return Math.max(own ?? 0, general ?? 0);
}
