// Requests as bytes and the places of what differs: for a real server, and for the servers of a
// service.
import { requestFor } from '../../backend/requests.js';
import { type Address, ipv4 } from '../../model/address.js';
import type { Change } from '../../model/change.js';
import type { Destination } from '../../model/destination.js';
import { IPIP } from '../../model/forwarding.js';
import type { ServiceId } from '../../model/service.js';
import { TOP } from '../../wire/ipvs.js';

const MOST_16 = 0xffff;
const MOST_32 = 0xffffffff;

const ID = { kind: 'address', protocol: 'ip-0', address: ipv4(0), port: 0 } as const;
const SERVER: Destination = {
  address: ipv4(0),
  port: 0,
  forwarding: 'masquerade',
  tunnel: IPIP,
  weight: 0,
  upperThreshold: 0,
  lowerThreshold: 0,
};

/** The attributes of the request for such a server. */
function encoded(id: Partial<ServiceId>, server: Partial<Destination>): Uint8Array {
  const change = {
    kind: 'add-destination',
    id: { ...ID, ...id },
    destination: { ...SERVER, ...server },
  } as Change;
  const bytes = new Uint8Array(1024);
  return bytes.slice(0, TOP.write(bytes, 0, requestFor(change).value));
}

/** `template`: the attributes of a server that is zero; the rest are places in it. */
export function serverTemplate(): Readonly<Record<string, number | readonly number[]>> {
  const template = encoded({}, {});
  const place = (id: Partial<ServiceId>, server: Partial<Destination>) =>
    encoded(id, server).findIndex((byte, i) => byte !== template[i]);
  return {
    template: [...template],
    protocol: place({ protocol: 'ip-65535' }, {}),
    serviceAddress: place({ address: ipv4(MOST_32) }, {}),
    servicePort: place({ port: MOST_16 }, {}),
    address: place({}, { address: ipv4(MOST_32) }),
    port: place({}, { port: MOST_16 }),
    forwarding: place({}, { forwarding: `method-${MOST_32}` }),
    weight: place({}, { weight: MOST_32 }),
    upperThreshold: place({}, { upperThreshold: MOST_32 }),
    lowerThreshold: place({}, { lowerThreshold: MOST_32 }),
  };
}

/** Attributes that name a service of protocol, address and port: places of them in the bytes. */
export interface ServiceTemplate {
  readonly template: readonly number[];
  readonly family: number;
  readonly protocol: number;
  readonly address: number;
  readonly port: number;
}

/** The attributes that name a service whose numbers are zero. */
export function serviceTemplate(): ServiceTemplate {
  const named = (id: Partial<ServiceId>): Uint8Array => {
    const change = { kind: 'delete-service', id: { ...ID, ...id } } as Change;
    const bytes = new Uint8Array(1024);
    return bytes.slice(0, TOP.write(bytes, 0, requestFor(change).value));
  };
  const template = named({});
  const place = (id: Partial<ServiceId>) => named(id).findIndex((byte, i) => byte !== template[i]);
  const ofIpv6: Address = { family: 'ipv6', words: [0, 0, 0, 0] };
  return {
    template: [...template],
    family: place({ address: ofIpv6 }),
    protocol: place({ protocol: 'ip-65535' }),
    address: place({ address: ipv4(MOST_32) }),
    port: place({ port: MOST_16 }),
  };
}
