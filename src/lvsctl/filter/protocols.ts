// Names of protocols, as /etc/protocols has them.

const NAMES: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '4': 'ipencap',
  '6': 'tcp',
  '17': 'udp',
  '41': 'ipv6',
  '47': 'gre',
  '58': 'ipv6-icmp',
  '112': 'vrrp',
  '132': 'sctp',
  carp: 'vrrp',
  icmpv6: 'ipv6-icmp',
  ipip: 'ipencap',
};

/** One name a protocol: `6` and `tcp` are `tcp`. */
export function protocolName(text: string | number): string {
  const name = String(text).toLowerCase();
  return NAMES[name] ?? name;
}
