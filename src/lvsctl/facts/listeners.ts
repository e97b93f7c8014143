// /proc/net/tcp and its kin: the ports that programs of this machine listen on.
import { formatAddress, ipv4, ipv6 } from '../../model/address.js';
import type { ListenerFact } from './types.js';

/** states in /proc/net/tcp; an unconnected UDP socket is in 07 */
const TCP_LISTEN = '0A';
const UDP_OPEN = '07';

/**
 * Reads `sl local_address rem_address st …`.
 * @param text of /proc/net/tcp, tcp6, udp or udp6
 */
export function parseListeners(text: string, protocol: 'tcp' | 'udp'): ListenerFact[] {
  const state = protocol === 'tcp' ? TCP_LISTEN : UDP_OPEN;
  const found = text.split('\n').flatMap((line) => {
    const [, local = '', , found] = line.trim().split(/\s+/);
    if (found !== state) return [];
    const [hex = '', port = ''] = local.split(':');
    const address = addressOf(hex);
    return address === undefined ? [] : [{ protocol, address, port: Number.parseInt(port, 16) }];
  });
  return [...new Map(found.map((one) => [`${one.address} ${one.port}`, one])).values()];
}

/** Adds what `ss -H -6 -l -n -t -u -e` has of listeners on `::`: whether they take IPv6 alone. */
export function withOnlyIpv6(list: readonly ListenerFact[], text: string): ListenerFact[] {
  const found = new Map<string, boolean>();
  for (const line of text.split('\n')) {
    const [protocol = '', , , , local = ''] = line.trim().split(/\s+/);
    const [, only] = / v6only:([01])/.exec(line) ?? [];
    const [, port] = /^(?:\*|\[::\]):(\d+)$/.exec(local) ?? [];
    if (only === undefined || port === undefined) continue;
    const key = `${protocol} ${port}`;
    // one of several that takes both is enough
    found.set(key, only === '1' && (found.get(key) ?? true));
  }
  return list.map((one) => {
    const only = found.get(`${one.protocol} ${one.port}`);
    return one.address !== '::' || only === undefined ? one : { ...one, only_ipv6: only };
  });
}

/** Numbers of 32 bits, each printed as the machine keeps it: least significant byte first. */
function addressOf(hex: string): string | undefined {
  if (!/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/i.test(hex)) return undefined;
  const parts = [0, 8, 16, 24]
    .filter((at) => at < hex.length)
    .map((at) => swapped(Number.parseInt(hex.slice(at, at + 8), 16)));
  const [a = 0, b = 0, c = 0, d = 0] = parts;
  return formatAddress(parts.length === 1 ? ipv4(a) : ipv6(a, b, c, d));
}

function swapped(value: number): number {
  return (
    ((value & 0xff) << 24) |
    ((value & 0xff00) << 8) |
    ((value >>> 8) & 0xff00) |
    ((value >>> 24) & 0xff)
  );
}
