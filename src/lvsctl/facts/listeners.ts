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

/**
 * Adds what `ss -H -l -n -t -u -e` has of listeners: the interface that they are bound to, and
 * whether those on `::` take IPv6 alone.
 */
export function withSockets(list: readonly ListenerFact[], text: string): ListenerFact[] {
  const sockets = text.split('\n').flatMap(socketOf);
  return list.flatMap((one): ListenerFact[] => {
    const own = sockets.filter((each) => isSame(each, one));
    if (own.length === 0) return [one];
    return [
      ...new Map(own.map(({ more }) => [JSON.stringify(more), { ...one, ...more }])).values(),
    ];
  });
}

interface Socket {
  readonly protocol: string;
  /** `*`: both families; `[::]` */
  readonly address: string;
  readonly port: number;
  readonly more: Pick<ListenerFact, 'device' | 'only_ipv6'>;
}

/** `tcp LISTEN 0 511 *%blue:80 *:* ino:7 sk:1 v6only:0 <->` */
function socketOf(line: string): Socket[] {
  const [protocol = '', , , , local = ''] = line.trim().split(/\s+/);
  const [, address = '', device, port] = /^(.*?)(?:%([^:\]]+))?:(\d+)$/.exec(local) ?? [];
  const [, only] = / v6only:([01])/.exec(line) ?? [];
  if (port === undefined) return [];
  const more = {
    ...(device === undefined ? {} : { device }),
    ...(only === undefined || !['*', '[::]'].includes(address) ? {} : { only_ipv6: only === '1' }),
  };
  return [{ protocol, address, port: Number(port), more }];
}

function isSame(socket: Socket, { protocol, address, port }: ListenerFact): boolean {
  if (socket.protocol !== protocol || socket.port !== port) return false;
  if (address === '::') return socket.more.only_ipv6 !== undefined;
  return socket.address === (address.includes(':') ? `[${address}]` : address);
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
