// Facts as JSON: printed by `doctor --facts`, read back by `doctor --facts FILE` and `trace`.
import { LvsctlError } from '../errors.js';
import { jsonText } from '../json.js';
import type { ShownService, Totals } from '../show/table.js';
import { FACTS_FORMAT, FACTS_VERSION, type MachineFacts } from './types.js';

/** A machine's facts as a file. */
export function factsText(facts: MachineFacts): string {
  return `${jsonText(facts, 1)}\n`;
}

/** Lists and objects that a file must have; all else in them is read with care where it is used. */
const LISTS = [
  ...['links', 'addresses', 'routes', 'rules', 'neighbours', 'udp_tunnels', 'daemons'],
  ...['modules', 'missing'],
] as const satisfies readonly (keyof MachineFacts)[];

/**
 * Reads what `factsText` wrote.
 * @param path for messages
 * @throws BAD_FILE when it is no such file, or of a later version
 */
export function parseFacts(text: string, path: string): MachineFacts {
  const bad = (why: string) => new LvsctlError('BAD_FILE', `${path}: ${why}`);
  const value = parsed(text);
  if (value === undefined || value.format !== FACTS_FORMAT)
    throw bad('not a file of facts, as `lvsctl doctor --facts` prints them');
  if (value.version !== FACTS_VERSION)
    throw bad(`facts of version ${value.version}; this lvsctl reads version ${FACTS_VERSION}`);
  const broken = LISTS.find((key) => !Array.isArray(value[key]));
  if (broken !== undefined) throw bad(`${broken} is not a list`);
  if (typeof value.sysctls !== 'object' || typeof value.packet_filter !== 'object')
    throw bad('sysctls or packet_filter is missing');
  return { ...value, services: value.services?.map(withCounters) ?? null };
}

function parsed(text: string): MachineFacts | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as MachineFacts) : undefined;
  } catch {
    return undefined; // the message is the same as for other JSON
  }
}

/** Counters are exact integers in the program. */
function withCounters(service: ShownService): ShownService {
  return {
    ...service,
    counters: exact(service.counters),
    servers: service.servers.map((server) => ({ ...server, counters: exact(server.counters) })),
  };
}

function exact(counters: Totals | null): Totals | null {
  if (counters === null) return null;
  const { connections, in_packets, out_packets, in_bytes, out_bytes } = counters;
  const whole = (value: bigint | number) => BigInt(Math.trunc(Number(value)));
  return {
    connections: whole(connections),
    in_packets: whole(in_packets),
    out_packets: whole(out_packets),
    in_bytes: whole(in_bytes),
    out_bytes: whole(out_bytes),
  };
}
