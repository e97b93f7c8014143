// Packets after the first of a TCP connection: connection tracking and rules about flags may see them
// otherwise. Facts: seen in the lab (test/kernel/path.test.ts).
import type { ShownServer } from '../show/table.js';
import type { PacketView } from './arrival.js';
import { picksUp } from './back.js';
import type { PathHost } from './host.js';

/** How a director sees the packets of a client after its SYN. */
export function laterView(director: PathHost, server: ShownServer, first: PacketView): PacketView {
  return { ...first, state: stateOf(director, server), flags: ['ack'], isLater: true };
}

/** What IPVS sends on is not tracked without `conntrack`: each packet seems to begin a connection. */
function stateOf(director: PathHost, { mode }: ShownServer): PacketView['state'] {
  if (director.sysctl('net/ipv4/vs/conntrack') !== 1) return picksUp(director) ? 'new' : 'invalid';
  // in dr and tun it sees no answers
  return mode === 'nat' ? 'established' : undefined;
}
