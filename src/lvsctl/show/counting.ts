// Counting a million connections: lines of /proc/net/ip_vs_conn that are alike in all that counts
// are read as an address and a state once.
import type { Connection } from '../../model/connection.js';
import { parseConnection } from '../../render/connections.js';
import { LvsctlError } from '../errors.js';
import { type ConnectionFilter, type Counter, matchesFilter } from './connections.js';

/** @throws LvsctlError SYSTEM when it makes no sense @param number of the line, from 1 */
export function connectionOf(line: string, number: number, path: string): Connection {
  const connection = parseConnection(line);
  if (connection) return connection;
  throw new LvsctlError('SYSTEM', `${path}: line ${number} makes no sense`);
}

/**
 * Adds all lines that pass the filter.
 * @param by how they are counted, as the option has it
 * @throws LvsctlError SYSTEM for a line that makes no sense
 */
export function countLines(
  lines: Iterable<string>,
  path: string,
  by: string,
  filter: ConnectionFilter,
  counter: Counter,
): void {
  const kindOf = kindFor(by, filter);
  const needsClient = by.startsWith('client') || filter.client !== undefined;
  /** by what lines have in common, and their clients; null = the filter leaves them out */
  const kinds = new Map<string, Map<string, Entry | null>>();
  const entryFor = (line: string) => {
    const one = connectionOf(line, number, path);
    return matchesFilter(one, filter) ? counter.entryFor(one) : null;
  };
  let number = 0;
  for (const line of lines) {
    if (++number === 1 || line === '' || line.trim() === '') continue; // titles
    const isEstablished = line.startsWith('ESTABLISHED', STATE);
    if (!isLaidOut(line)) {
      const entry = entryFor(line);
      if (entry) counter.addAlike(entry, / ESTABLISHED /.test(line));
      continue;
    }
    const kind = kindOf(line);
    let clients = kinds.get(kind);
    if (clients === undefined) {
      clients = new Map();
      kinds.set(kind, clients);
    }
    const client = needsClient ? line.slice(CLIENT, CLIENT_PORT) : '';
    let entry = clients.get(client);
    if (entry === undefined) {
      entry = entryFor(line);
      clients.set(client, entry);
    }
    if (entry) counter.addAlike(entry, isEstablished);
  }
}

type Entry = ReturnType<Counter['entryFor']>;

/** Columns of a line with IPv4 addresses: `TCP CB007109 C001 C0000201 0050 0A000001 1F90 SYN_RECV` */
const CLIENT = 4;
const CLIENT_PORT = 13;
const VIRTUAL = 18;
const SERVER = 32;
const STATE = 46;
const EXPIRES = 58;
const BLANK = 32;

/** What of a line beside its client decides how it is counted, as text. */
function kindFor(by: string, filter: ConnectionFilter): (line: string) => string {
  const needsService =
    by === 'service' || filter.service !== undefined || filter.protocol !== undefined;
  return (line) => {
    const server = line.slice(SERVER, EXPIRES);
    // templates have no port of a client
    const port = line.startsWith('NONE', STATE) ? line.slice(CLIENT_PORT, VIRTUAL) : '';
    if (!needsService) return server + port;
    return line.slice(0, CLIENT) + line.slice(VIRTUAL, SERVER) + server + port;
  };
}

/** Whether the columns are those of IPv4 addresses and a short state. */
function isLaidOut(line: string): boolean {
  return (
    line.charCodeAt(CLIENT - 1) === BLANK &&
    line.charCodeAt(CLIENT_PORT - 1) === BLANK &&
    line.charCodeAt(VIRTUAL - 1) === BLANK &&
    line.charCodeAt(VIRTUAL + 8) === BLANK &&
    line.charCodeAt(SERVER - 1) === BLANK &&
    line.charCodeAt(SERVER + 8) === BLANK &&
    line.charCodeAt(STATE - 1) === BLANK &&
    line.charCodeAt(EXPIRES - 1) === BLANK &&
    line.charCodeAt(STATE) !== BLANK &&
    line.charCodeAt(line.length - 1) !== BLANK &&
    line.length > EXPIRES
  );
}
