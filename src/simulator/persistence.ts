// What a persistence template is known by.
import { type Address, type Family, ipv4, ipv6 } from '../model/address.js';
import { networkOf } from '../model/prefix.js';
import { familyOf, fullNetmask, type Service } from '../model/service.js';
import { FTP_PORT } from './admission.js';
import type { TemplateTuple } from './connections.js';
import { templateKey } from './keys.js';
import type { Packet } from './packet.js';

/** The key of the template that a packet belongs to, and how it is listed. */
export function templateOf({ id, netmask, engine }: Service, packet: Packet): TemplateTuple {
  const client = masked(packet.client, netmask);
  const data =
    engine === 'sip' && packet.callId !== undefined
      ? { name: engine, data: packet.callId }
      : undefined;
  const marked = id.kind === 'fwmark';
  const virtual = marked ? markAddress(id.mark, familyOf(id)) : packet.virtual;
  const perPort = !marked && id.port === packet.virtualPort && id.port !== FTP_PORT;
  const virtualPort = perPort ? packet.virtualPort : 0;
  const protocol = marked ? ('ip' as const) : packet.protocol;
  const place = { protocol, client, virtual, virtualPort };
  return { key: templateKey(place, data?.data), ...place, engine: data };
}

function markAddress(mark: number, family: Family): Address {
  return family === 'ipv4' ? ipv4(mark) : ipv6(mark, 0, 0, 0);
}

/** The client as the persistence mask sees it; an IPv4 mask may have any bits. */
function masked(address: Address, netmask: number): Address {
  if (netmask === fullNetmask(address.family)) return address;
  return address.family === 'ipv4' ? ipv4(address.value & netmask) : networkOf(address, netmask);
}
