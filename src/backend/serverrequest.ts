// Requests that add or edit a real server of IPv4, which are most of a restore: a copy of one that
// the build made from the tables, with the numbers of this server in their places.
import { SERVER_REQUEST } from '../fast/generated.js';
import type { Change } from '../model/change.js';
import { forwardingNumber } from '../model/forwarding.js';
import { protocolNumber } from '../model/service.js';
import { LITTLE_ENDIAN, writeBigEndian, writeU16, writeU32 } from '../wire/codec.js';

const { template, protocol, serviceAddress, servicePort, ...PLACES } = SERVER_REQUEST;
const BYTES = Uint8Array.from(template);

type ServerChange = Extract<Change, { kind: 'add-destination' | 'edit-destination' }>;

/** Whether the template is of such a request, and in the byte order of this processor. */
export function hasTemplate({ id, destination }: ServerChange): boolean {
  const { address, tunnel } = destination;
  return (
    LITTLE_ENDIAN &&
    id.kind === 'address' &&
    id.address.family === 'ipv4' &&
    address.family === 'ipv4' &&
    tunnel.type === 'ipip' &&
    tunnel.port === 0 &&
    tunnel.flags === 0
  );
}

/**
 * Writes the attributes of a request that has a template.
 * @returns where they end
 */
export function writeServer(bytes: Uint8Array, at: number, change: ServerChange): number {
  const { id, destination } = change;
  const { address } = destination;
  if (id.kind !== 'address' || id.address.family !== 'ipv4' || address.family !== 'ipv4')
    throw new Error('a request without a template');
  bytes.set(BYTES, at);
  writeU16(bytes, at + protocol, protocolNumber(id.protocol));
  writeBigEndian(bytes, at + serviceAddress, 4, id.address.value);
  writeBigEndian(bytes, at + servicePort, 2, id.port);
  writeBigEndian(bytes, at + PLACES.address, 4, address.value);
  writeBigEndian(bytes, at + PLACES.port, 2, destination.port);
  writeU32(bytes, at + PLACES.forwarding, forwardingNumber(destination.forwarding));
  writeU32(bytes, at + PLACES.weight, destination.weight);
  writeU32(bytes, at + PLACES.upperThreshold, destination.upperThreshold);
  writeU32(bytes, at + PLACES.lowerThreshold, destination.lowerThreshold);
  return at + BYTES.length;
}
