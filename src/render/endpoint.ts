// address:port as listings and saves print it.
import { type Address, formatAddress } from '../model/address.js';
import type { Protocol } from '../model/service.js';
import type { ReverseNames } from './names.js';

/** What the real tool has room for; longer names lose the port, and IPv6 ones even the bracket. */
const LONGEST = 59;

/**
 * `10.0.0.1:80`, `web1:http`, `[2001:db8::1]:80`; IPv6 stays in brackets also when it has a name.
 * @param protocol whose service names apply; undefined = the port stays a number
 */
export function renderEndpoint(
  address: Address,
  port: number,
  protocol: Protocol | undefined,
  names: ReverseNames,
): string {
  const host = names.host(address) ?? formatAddress(address);
  const service = (protocol && names.port(port, protocol)) ?? port;
  const text = address.family === 'ipv4' ? `${host}:${service}` : `[${host}]:${service}`;
  return text.length > LONGEST ? text.slice(0, LONGEST) : text;
}
