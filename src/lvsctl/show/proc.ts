// /proc/net/ip_vs and /proc/net/ip_vs_stats: what every user may read of the table.
import { type Address, formatIpv4, ipv4, parseIpv6 } from '../../model/address.js';
import {
  type ProcEndpoint,
  type ProcServer,
  type ProcService,
  procMode,
  type Totals,
} from './table.js';

export interface ProcTable {
  /** `1.2.1` */
  readonly ipvs: string;
  /** entries of the hash table of connections */
  readonly tableSize: number;
  readonly services: readonly ProcService[];
}

/** Reads /proc/net/ip_vs. @returns undefined when a line of it makes no sense */
export function parseProcTable(text: string): ProcTable | undefined {
  const [head = '', , , ...lines] = text.split('\n');
  const [, ipvs, size] = /^IP Virtual Server version ([\d.]+) \(size=(\d+)\)/.exec(head) ?? [];
  if (ipvs === undefined) return undefined;
  const services: ProcService[] = [];
  let servers: ProcServer[] = [];
  for (const line of lines) {
    const fields = line.split(/\s+/).filter((field) => field !== '');
    if (fields.length === 0) continue;
    if (fields[0] === '->') {
      const server = parseServer(fields);
      if (server === undefined) return undefined;
      servers.push(server);
    } else {
      servers = [];
      const service = parseService(fields, servers);
      if (service === undefined) return undefined;
      services.push(service);
    }
  }
  return { ipvs, tableSize: Number(size), services };
}

/** `TCP C0000201:0050 wrr persistent 30000 FFFFFF00`, `FWM 00000007 rr ops` */
function parseService(
  [kind = '', place = '', scheduler, ...flags]: readonly string[],
  servers: readonly ProcServer[],
): ProcService | undefined {
  const id = kind === 'FWM' ? markOf(place) : addressOf(kind, place);
  if (id === undefined || scheduler === undefined) return undefined;
  const at = flags.indexOf('persistent');
  return {
    id,
    scheduler,
    persistence: at < 0 ? undefined : { netmask: netmaskOf(flags[at + 2] ?? '', id) },
    onePacket: flags.includes('ops'),
    servers,
  };
}

function markOf(text: string): ProcService['id'] | undefined {
  const mark = hex(text, 8);
  return mark === undefined ? undefined : { kind: 'fwmark', mark };
}

function addressOf(protocol: string, place: string): ProcService['id'] | undefined {
  const at = endpointOf(place);
  return at && { kind: 'address', protocol: protocol.toLowerCase(), at };
}

/**
 * The length of an IPv6 prefix is printed as a mask is: with its bytes in reverse order. Of a
 * mark the family is not known, and so not which of both it is.
 */
function netmaskOf(text: string, id: ProcService['id']): string | number | null {
  const value = hex(text, 8);
  if (value === undefined || id.kind === 'fwmark') return null;
  return id.at.address.family === 'ipv6' ? value >>> 24 : formatIpv4(value);
}

/** `-> 0A000001:1F90 Masq 3 0 0` */
function parseServer(fields: readonly string[]): ProcServer | undefined {
  const [, place = '', method = '', ...numbers] = fields;
  const at = endpointOf(place);
  const mode = procMode(method);
  const [weight, active, inactive] = numbers.map(Number);
  if (!at || mode === undefined || weight === undefined) return undefined;
  if (active === undefined || inactive === undefined || numbers.some((one) => !/^-?\d+$/.test(one)))
    return undefined;
  return { ...at, mode, weight, active, inactive };
}

/** `C0000201:0050`, `[2001:0db8:…]:0050` */
function endpointOf(text: string): ProcEndpoint | undefined {
  const [, v6, v4, portText = ''] =
    /^(?:\[([\da-f:]+)\]|([\dA-F]{8})):([\dA-F]{4})$/i.exec(text) ?? [];
  const address: Address | undefined =
    v6 !== undefined ? parseIpv6(v6) : v4 !== undefined ? ipv4(Number.parseInt(v4, 16)) : undefined;
  const port = hex(portText, 4);
  return address && port !== undefined ? { address, port } : undefined;
}

function hex(text: string, digits: number): number | undefined {
  return text.length <= digits && /^[\da-f]+$/i.test(text) ? Number.parseInt(text, 16) : undefined;
}

/**
 * Reads /proc/net/ip_vs_stats: hexadecimal totals of all services, removed ones included.
 * @returns undefined when they are not where they should be
 */
export function parseProcStats(text: string): Totals | undefined {
  const fields = (text.split('\n')[2] ?? '').split(/\s+/).filter((field) => field !== '');
  if (fields.length !== 5 || fields.some((field) => !/^[\da-f]+$/i.test(field))) return undefined;
  const [connections, in_packets, out_packets, in_bytes, out_bytes] = fields.map((field) =>
    BigInt(`0x${field}`),
  ) as [bigint, bigint, bigint, bigint, bigint];
  return { connections, in_packets, out_packets, in_bytes, out_bytes };
}
