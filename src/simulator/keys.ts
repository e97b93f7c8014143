// The hash keys of the data plane: short, since one is made for every packet. What identifies
// services and servers apart for people is in model/table.ts.
import { type Address, formatAddress, ipv4, ipv6 } from '../model/address.js';
import type { DestinationId } from '../model/destination.js';
import { type KnownProtocol, protocolNumber, type ServiceId } from '../model/service.js';

/** The service of a packet; a mark of 0 is the TCP service of address and port zero. */
export function lookupKey(id: ServiceId): string {
  if (id.kind === 'address')
    return `${protocolNumber(id.protocol)} ${addressKey(id.address)} ${id.port}`;
  if (id.mark !== 0) return `mark ${id.mark} ${id.family}`;
  return `6 ${addressKey(id.family === 'ipv4' ? ipv4(0) : ipv6(0, 0, 0, 0))} 0`;
}

/** A server among those of its service. */
export function destinationKey({ address, port }: DestinationId): string {
  return `${addressKey(address)} ${port}`;
}

/** A deleted server of a service. */
export function trashKey(id: ServiceId, server: DestinationId): string {
  return `${lookupKey(id)} server ${destinationKey(server)}`;
}

/** What identifies a connection: the client and the virtual service's address. */
export interface FlowTuple {
  readonly protocol: KnownProtocol;
  readonly client: Address;
  readonly clientPort: number;
  readonly virtual: Address;
  readonly virtualPort: number;
}

/** The connection of a packet. */
export function flowKey({ protocol, client, clientPort, virtual, virtualPort }: FlowTuple): string {
  return `${protocol} ${addressKey(client)} ${clientPort} ${addressKey(virtual)} ${virtualPort}`;
}

/** A template: client (masked), VIP, port or 0 for all, Call-ID of the engine sip. */
export function templateKey(
  {
    protocol,
    client,
    virtual,
    virtualPort,
  }: {
    readonly protocol: KnownProtocol | 'ip';
    readonly client: Address;
    readonly virtual: Address;
    readonly virtualPort: number;
  },
  callId = '',
): string {
  return `${protocol} ${addressKey(client)} ${addressKey(virtual)} ${virtualPort} ${callId}`;
}

/** Short for IPv4, which most are. */
function addressKey(address: Address): string {
  return address.family === 'ipv4' ? address.value.toString(36) : formatAddress(address);
}
