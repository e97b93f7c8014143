// Whether a client's packets of full size pass the director. Its segments are as large as the server
// offers in its answer to the SYN; what IPVS sends on may be larger, by a tunnel, or its link smaller.
// Facts: RFC 9293 (MSS), RFC 1191; net.ipv4.vs.pmtu_disc; seen in the lab (test/kernel/trace.test.ts).
import type { Family } from '../../model/address.js';
import { traverse } from '../filter/evaluate.js';
import type { FilterPacket } from '../filter/types.js';
import type { Departure } from './departure.js';
import { type PathHop, type PathPacket, Steps } from './hop.js';
import type { PathHost } from './host.js';

/** bytes of the headers of IP and TCP without options */
export const HEADERS: Readonly<Record<Family, number>> = { ipv4: 40, ipv6: 60 };

/**
 * The step on the director about size.
 * @param sent how the client's packet left the director
 * @param answer how the server's answer leaves the server
 * @returns none where the sizes are not known, or nothing is put around the packet and all fits
 */
export function sizeStep(
  director: PathHost,
  packet: PathPacket,
  sent: Departure,
  answer: Departure,
): PathHop[] {
  if (packet.protocol !== 'tcp' || sent.mtu === undefined) return [];
  const segment = offered(packet.family, answer);
  if (segment === undefined) return [];
  const steps = new Steps(director.name, packet);
  const outer = packet.tunnel?.bytes ?? 0;
  const largest = segment + HEADERS[packet.family];
  const room = sent.mtu - outer;
  const sizes = `segments of ${segment} bytes make packets of ${largest + outer}`;
  if (largest <= room) {
    if (outer > 0) steps.pass('size', `${sizes}: they fit ${sent.device} (MTU ${sent.mtu})`);
    return steps.hops;
  }
  if (packet.family === 'ipv4' && outer > 0 && director.sysctl('net/ipv4/vs/pmtu_disc') === 0) {
    steps.pass('size', `${sizes}: more than fits ${sent.device} (MTU ${sent.mtu}): in fragments`);
    return steps.hops;
  }
  const cause = { id: 'size', fits: room - HEADERS[packet.family], device: sent.device } as const;
  const text = `${sizes}: more than fits ${sent.device} (MTU ${sent.mtu})`;
  const stopped = stopsNotice(director, packet);
  if (stopped === undefined)
    steps.unknown(
      'size',
      `${text}; whether the ICMP about that reaches the client is not known`,
      cause,
    );
  else steps.lost('size', `${text}, and the ICMP about that is stopped by ${stopped}`, cause);
  return steps.hops;
}

/** The segment size in an answer to a SYN; undefined = not known. */
export function offered(family: Family, { mtu, advmss, segments }: Departure): number | undefined {
  const own = advmss ?? (mtu === undefined ? undefined : mtu - HEADERS[family]);
  const all = [...(own === undefined ? [] : [own]), ...segments];
  return all.length === 0 ? undefined : Math.min(...all);
}

/** The rule that keeps the director's own ICMP from the client. */
function stopsNotice(director: PathHost, { family, source }: PathPacket): string | undefined {
  const notice: FilterPacket = {
    family,
    protocol: family === 'ipv4' ? 'icmp' : 'ipv6-icmp',
    source: undefined,
    sourcePort: undefined,
    destination: source,
    destinationPort: undefined,
    mark: 0,
    state: undefined,
    flags: [],
    inDevice: undefined,
    outDevice: undefined,
    sourceMac: undefined,
  };
  const { hooks } = director.rules(family);
  const { outcome, by } = traverse([...hooks.output, ...hooks.postrouting], notice, (one) =>
    director.isLocal(one),
  );
  return outcome === 'drop' || outcome === 'reject' ? by?.text : undefined;
}
