// Ports of a group, which a firewall mark makes one service.
import type { JsonSchema } from './fieldtype.js';
import { parsed } from './scalar.js';

/** Some ports of a group; without a protocol they have that of the service. */
export interface GroupPort {
  /** the first of them; 0 = all ports */
  readonly port: number;
  /** the last of them; of all ports 65535 */
  readonly last: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp' | undefined;
}

export const LAST_PORT = 65_535;
const FORMS: JsonSchema = { type: ['integer', 'string'] };

export const groupPort = parsed(
  'a port, a range like 8000-8100 or 0 for all ports, or one with its protocol like 53/udp',
  readGroupPort,
  FORMS,
);

/** `80`, `8000-8100`, `0`, each also as `53/udp`; undefined where it is none. */
export function readGroupPort(value: string): GroupPort | undefined {
  const [, first, second, protocol] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(value) ?? [];
  const [port, last] = [Number(first), Number(second ?? first)];
  const named = { protocol: protocol as GroupPort['protocol'] };
  if (port === 0 && second === undefined) return { port, last: LAST_PORT, ...named };
  return port >= 1 && port <= last && last <= LAST_PORT ? { port, last, ...named } : undefined;
}

/** Whether a port is one of them. */
export function hasPort({ port, last }: Pick<GroupPort, 'port' | 'last'>, one: number): boolean {
  return port <= one && one <= last;
}
