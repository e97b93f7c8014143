// The values of options: whole numbers, host:port texts, masks, scheduler flags. An unreadable text
// is undefined, since each option has its own message.
import { type Address, type Ipv4, parseClassicIpv4, parseIpv6 } from '../model/address.js';
import { flagRow } from '../model/scheduler.js';
import type { KnownProtocol } from '../model/service.js';

/** What the resolver returned for the names of a command line, gathered before it is parsed. */
export interface Names {
  /** first IPv4 address of a host name */
  host(name: string): Ipv4 | undefined;
  /** port of a service name */
  port(name: string, protocol: KnownProtocol): number | undefined;
}

export interface Endpoint {
  readonly address: Address;
  /** host order, 0..65535; undefined when none was given */
  readonly port: number | undefined;
}

/** A host:port argument taken apart, before anything is looked up. */
interface EndpointParts {
  readonly address: Address | undefined;
  /** what to look up when it is no address */
  readonly host: string;
  readonly port: string | undefined;
}

/**
 * Reads a whole number as strtol does in base 10: leading white space and one sign are fine,
 * anything behind the digits is not.
 * @returns undefined when the text is no number or outside min..max
 */
export function integer(text: string, min: number, max: number): number | undefined {
  if (!/^[\t-\r ]*[+-]?[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value + 0 : undefined;
}

/**
 * Reads `host`, `host:port`, `[v6]` + `:port` or bare IPv6, the values of -t, -u, --sctp-service
 * and -r.
 *
 * Odd but real: brackets around anything but IPv6 lose their port, because their inside is cut at
 * its last colon once more (`[1.2.3.4]:80` has no port, `[1.2.3.4:90]:80` has port 90); brackets
 * without a port are refused.
 *
 * @param protocol of the service names; undefined = none are known yet
 */
export function parseEndpoint(
  text: string,
  protocol: KnownProtocol | undefined,
  names: Names,
): Endpoint | undefined {
  const parts = endpointParts(text);
  if (parts === undefined) return undefined;
  const address = parts.address ?? names.host(parts.host);
  if (address === undefined) return undefined;
  if (parts.port === undefined) return { address, port: undefined };
  const port = integer(parts.port, 0, 65535) ?? (protocol && names.port(parts.port, protocol));
  return port === undefined ? undefined : { address, port };
}

/** The host name that must be looked up before `parseEndpoint`, and whether a service name must. */
export function endpointLookups(text: string): {
  readonly host: string | undefined;
  readonly service: boolean;
} {
  const parts = NUMERIC_ENDPOINT.test(text) ? undefined : endpointParts(text);
  if (parts === undefined) return NOTHING;
  return {
    host: parts.address === undefined ? parts.host : undefined,
    service: parts.port !== undefined && integer(parts.port, 0, 65535) === undefined,
  };
}

/**
 * What most endpoints are like; recognised quickly, since every line of a restore has one. IPv6 has
 * two colons: `[db:80]:443` is the host `db`.
 */
const NUMERIC_ENDPOINT = /^(?:[0-9.]+|\[[0-9a-fA-F.]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*\])(?::[0-9]+)?$/;
const NOTHING = { host: undefined, service: false } as const;

function endpointParts(text: string): EndpointParts | undefined {
  if (/^[0-9]*$/.test(text)) return undefined;
  let host = text;
  let port: string | undefined;
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    if (end < 0 || text[end + 1] !== ':') return undefined;
    host = text.slice(1, end);
    port = text.slice(end + 2);
  }
  const v6 = parseIpv6(host);
  if (v6 !== undefined) return { address: v6, host, port };
  const colon = host.lastIndexOf(':');
  port = colon < 0 ? undefined : host.slice(colon + 1);
  host = colon < 0 ? host : host.slice(0, colon);
  return { address: parseClassicIpv4(host), host, port };
}

/**
 * Reads an IPv4 mask: any bit pattern in a classic form, or a host name.
 * @returns the bits as a number
 */
export function parseMask(text: string, names: Names): number | undefined {
  return (parseClassicIpv4(text) ?? names.host(text))?.value;
}

/**
 * Reads an IPv6 prefix length as atoi does: what follows the number is ignored, 2^32 wraps round.
 * @returns 1..128
 */
export function parsePrefixLength(text: string): number | undefined {
  const digits = /^[\t-\r ]*([+-]?[0-9]+)/.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const value = Number(BigInt.asIntN(32, clamp64(BigInt(digits))));
  return value >= 1 && value <= 128 ? value : undefined;
}

/** What strtol makes of numbers beyond 64 bits. */
function clamp64(value: bigint): bigint {
  const most = (1n << 63n) - 1n;
  return value > most ? most : value < -most - 1n ? -most - 1n : value;
}

const FLAGS_LENGTH = 127;

/**
 * Reads the comma-separated names of -b, cut to 127 characters; empty pieces are skipped.
 * @param refuse called with the diagnostic of the first piece that is unknown or belongs to another
 *   scheduler
 */
export function parseSchedulerFlags(
  text: string,
  scheduler: string,
  refuse: (message: string) => never,
): number {
  const list = text.slice(0, FLAGS_LENGTH);
  const pieces = list.split(',').filter((piece) => piece !== '');
  if (pieces.length === 0 && list !== '') refuse(`invalid scheduler flag \`${list}'`);
  let flags = 0;
  for (const piece of pieces) {
    const row = flagRow(piece);
    if (row === undefined) refuse(`invalid scheduler flag \`${piece}'`);
    if (row.scheduler !== undefined && row.scheduler !== scheduler)
      refuse(`incompatible scheduler flag \`${piece}'`);
    flags |= row.bit;
  }
  return flags;
}
