// Connections and templates as /proc/net/ip_vs_conn shows them.
import type { Connection } from '../model/connection.js';
import { PROTOCOLS } from '../model/service.js';
import type { ConnectionTable, Flow, Template } from './connections.js';

/** Connections, then templates, newest first; the kernel's own order is random. */
export function shownConnections(
  { flows, templates, retired }: ConnectionTable,
  now: number,
): Connection[] {
  return [
    ...[...flows.values()].map((flow) => shownFlow(flow, now)).reverse(),
    ...[...templates.values(), ...retired].map((one) => shownTemplate(one, now)).reverse(),
  ];
}

function shownFlow(
  { packet, server, serverPort, state, expiresAt }: Flow,
  now: number,
): Connection {
  return {
    protocol: PROTOCOLS[packet.protocol].listed,
    client: packet.client,
    clientPort: packet.clientPort,
    virtual: packet.virtual,
    virtualPort: packet.virtualPort,
    destination: server.address,
    destinationPort: serverPort,
    state,
    expires: secondsUntil(expiresAt, now),
    engine: undefined,
  };
}

function shownTemplate(template: Template, now: number): Connection {
  const { protocol, client, virtual, virtualPort, server, serverPort, assured, engine } = template;
  return {
    protocol: protocol === 'ip' ? 'IP' : PROTOCOLS[protocol].listed,
    client,
    clientPort: 0,
    virtual,
    virtualPort,
    destination: server.address,
    destinationPort: serverPort,
    state: assured ? 'ASSURED' : 'NONE',
    expires: secondsUntil(template.expiresAt, now),
    engine,
  };
}

function secondsUntil(time: number, now: number): number {
  return Math.max(0, Math.floor(time - now));
}
