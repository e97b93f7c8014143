// The connection table as facts: how many there are of each kind, and which ones where they are
// few.
import { formatAddress } from '../../model/address.js';
import type { Connection } from '../../model/connection.js';
import { serverKey } from '../../model/table.js';
import type { ConnectionFact, ConnectionFacts, ConnectionTally } from './types.js';

/** connections, and templates, that are listed one by one; the rest is only counted */
export const LISTED = 5000;

/** Counts connections as they come; memory grows with the kinds, not with the connections. */
export function connectionFacts(all: Iterable<Connection>): ConnectionFacts {
  const tally = new Map<string, { -readonly [K in keyof ConnectionTally]: ConnectionTally[K] }>();
  const templates: ConnectionFact[] = [];
  const others: ConnectionFact[] = [];
  let count = 0;
  for (const one of all) {
    const isTemplate = one.clientPort === 0 && one.state === 'NONE';
    const list = isTemplate ? templates : others;
    if (list.length < LISTED) list.push(connectionFact(one));
    if (isTemplate) continue;
    count++;
    const service =
      `${one.protocol.toLowerCase()} ` +
      `${serverKey({ address: one.virtual, port: one.virtualPort })}`;
    const server = serverKey({ address: one.destination, port: one.destinationPort });
    const key = `${service} ${server} ${one.state}`;
    const entry = tally.get(key) ?? {
      service,
      server,
      state: one.state,
      connections: 0,
      example: formatAddress(one.client),
    };
    entry.connections++;
    tally.set(key, entry);
  }
  return { count, tally: [...tally.values()], listed: [...templates, ...others] };
}

function connectionFact(one: Connection): ConnectionFact {
  return {
    protocol: one.protocol.toLowerCase(),
    client: formatAddress(one.client),
    client_port: one.clientPort,
    virtual: formatAddress(one.virtual),
    virtual_port: one.virtualPort,
    server: formatAddress(one.destination),
    server_port: one.destinationPort,
    state: one.state,
    expires: one.expires,
  };
}
