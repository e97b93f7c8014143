// /proc/net/ip_vs_conn -> the rows of `-L -c`.
import { type Address, ipv4, parseClassicIpv4, parseIpv6 } from '../model/address.js';
import type { Connection } from '../model/connection.js';
import type { KnownProtocol } from '../model/service.js';
import { renderEndpoint } from './endpoint.js';
import type { ReverseNames } from './names.js';

const PLAIN_TITLE = 'pro expire state       source             virtual            destination';

/** The two title lines. @param engine whether persistence engines are shown */
export function renderConnectionTitles(engine: boolean): string {
  return (
    `IPVS connection ` +
    `entries\n${PLAIN_TITLE}${engine ? '        pe name          pe_data' : ''}\n`
  );
}

/**
 * The row of a connection; engine name and data only when `engine` is set and the entry has them.
 */
export function renderConnection(
  connection: Connection,
  engine: boolean,
  names: ReverseNames,
): string {
  const protocol = PORT_NAMES[connection.protocol];
  const client = renderEndpoint(connection.client, connection.clientPort, protocol, names);
  const virtual = renderEndpoint(connection.virtual, connection.virtualPort, protocol, names);
  const server = renderEndpoint(
    connection.destination,
    connection.destinationPort,
    protocol,
    names,
  );
  const head =
    `${connection.protocol.padEnd(3)} ` +
    `${duration(connection.expires).padEnd(6)} ${connection.state.padEnd(11)}`;
  const row = `${head} ${client.padEnd(18)} ${virtual.padEnd(18)} `;
  if (!engine || connection.engine === undefined) return `${row}${server}\n`;
  return (
    `${row}${server.padEnd(16)} ${connection.engine.name.padEnd(18)} ` +
    `${connection.engine.data}\n`
  );
}

const PORT_NAMES: Readonly<Record<string, KnownProtocol>> = {
  TCP: 'tcp',
  UDP: 'udp',
  SCTP: 'sctp',
};

/** Minutes and seconds, both of at least two digits; minutes without limit. */
function duration(seconds: number): string {
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Reads one line. @returns undefined when a field is missing or unreadable */
export function parseConnection(line: string): Connection | undefined {
  const fields = line.split(/[\t-\r ]+/).filter((field) => field !== '');
  const [
    protocol,
    from,
    fromPort,
    to,
    toPort,
    via,
    viaPort,
    state,
    expires,
    engineName,
    engineData,
  ] = fields;
  if (protocol === undefined || state === undefined || !/^[0-9]+$/.test(expires ?? ''))
    return undefined;
  const [client, virtual] = addressPair(from, to);
  const destination = addressOf(via);
  const [clientPort, virtualPort, destinationPort] = [port(fromPort), port(toPort), port(viaPort)];
  if (
    !client ||
    !virtual ||
    !destination ||
    clientPort === undefined ||
    virtualPort === undefined ||
    destinationPort === undefined
  ) {
    return undefined;
  }
  const engine =
    engineName !== undefined && engineData !== undefined
      ? { name: engineName, data: engineData }
      : undefined;
  return {
    protocol,
    client,
    clientPort,
    virtual,
    virtualPort,
    destination,
    destinationPort,
    state,
    expires: Number(expires),
    engine,
  };
}

/** The client's text decides how both are read. */
function addressPair(from = '', to = ''): [Address | undefined, Address | undefined] {
  if (from.includes(':')) return [parseIpv6(from), parseIpv6(to)];
  if (from.includes('.')) return [parseClassicIpv4(from), parseClassicIpv4(to)];
  return [hexIpv4(from), hexIpv4(to)];
}

function addressOf(text = ''): Address | undefined {
  return text.includes(':')
    ? parseIpv6(text)
    : text.includes('.')
      ? parseClassicIpv4(text)
      : hexIpv4(text);
}

function hexIpv4(text: string): Address | undefined {
  return /^[0-9a-fA-F]{1,8}$/.test(text) ? ipv4(Number.parseInt(text, 16)) : undefined;
}

function port(text = ''): number | undefined {
  return /^[0-9a-fA-F]{1,4}$/.test(text) ? Number.parseInt(text, 16) : undefined;
}
