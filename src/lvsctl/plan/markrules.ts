// The packets that a mark service is made of, as rules of the packet filter.
import { vipsOf } from '../config/desired.js';
import type { VirtualService } from '../config/file.js';
import type { GroupPort } from '../config/groupport.js';
import type { FirewallRule, PortSpec } from './firewall.js';

/** ports that one iptables rule takes; a range counts as two */
const MOST_PORTS = 15;

/** Rules for each VIP and protocol, of at most as many ports as iptables takes. */
export function markRules(service: VirtualService): FirewallRule[] {
  const { protocol, ports = [], mark } = service;
  if (mark === undefined) return [];
  return vipsOf(service).flatMap((address) =>
    (['tcp', 'udp', 'sctp'] as const).flatMap((name) => {
      const mine = ports.filter((port) => (port.protocol ?? protocol) === name);
      return parts(mine).map(
        (part): FirewallRule => ({ kind: 'mark', protocol: name, address, ports: part, mark }),
      );
    }),
  );
}

function parts(ports: readonly GroupPort[]): readonly (readonly PortSpec[])[] {
  if (ports.some(({ port }) => port === 0)) return [[]];
  const found: PortSpec[][] = [];
  let room = 0;
  for (const { port, last } of ports) {
    const size = port === last ? 1 : 2;
    if (room < size) {
      found.push([]);
      room = MOST_PORTS;
    }
    found.at(-1)?.push(port === last ? port : `${port}-${last}`);
    room -= size;
  }
  return found;
}
