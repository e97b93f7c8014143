// What `lvsctl __complete KIND` offers to the shells: names that only the machine knows.
import { FLAG_NAMES } from '../../model/scheduler.js';
import { expectedError } from '../failure.js';
import { entryNumbers, readEntry } from '../transaction/history.js';
import type { World } from '../world.js';
import { fileServers, fileServices } from './fromfile.js';
import { type CompletedLine, type CompletionCandidate, givenValue } from './line.js';
import { liveServers, liveServices, ruleServers, ruleServices } from './live.js';

type Offer = (asked: CompletedLine, world: World) => Promise<readonly CompletionCandidate[]>;

/** The kinds, by the names that the scripts of src/completion use. */
// biome-ignore format: a table
export const KINDS: Readonly<Record<string, Offer>> = {
  'services-tcp': (_, world) => liveServices(world, 'tcp'),
  'services-udp': (_, world) => liveServices(world, 'udp'),
  'services-sctp': (_, world) => liveServices(world, 'sctp'),
  'services-mark': (_, world) => liveServices(world, 'mark'),
  servers: ruleServers,
  flags: async ({ args }) => flags(givenValue(args, '-s', '--scheduler')),
  interfaces: async (_, { machine }) => plain(machine.list('/sys/class/net')),
  namespaces: async (_, { machine }) => plain(machine.list('/run/netns')),
  'live-services': (_, world) => liveServices(world, 'any'),
  'live-servers': (_, world) => liveServers(world),
  'rule-services': ruleServices,
  'file-services': fileServices,
  'file-servers': fileServers,
  transactions: async (_, world) => transactions(world),
};

/**
 * The candidates of a kind; none for an unknown one. What cannot be read is no error: a TAB must
 * not print one.
 */
export async function candidates(
  kind: string,
  asked: CompletedLine,
  world: World,
): Promise<readonly CompletionCandidate[]> {
  try {
    const all = await (Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined)?.(asked, world);
    return all ?? [];
  } catch (error) {
    if (expectedError(error) === undefined) throw error;
    return [];
  }
}

function plain(names: readonly string[]): readonly CompletionCandidate[] {
  return [...names].sort().map((name) => ({ name, help: '' }));
}

function flags(scheduler: string | undefined): readonly CompletionCandidate[] {
  const known = FLAG_NAMES.filter(
    (one) => [one.scheduler, scheduler].includes(undefined) || one.scheduler === scheduler,
  );
  return known.map((one) => ({ name: one.name, help: one.scheduler ?? 'any scheduler' }));
}

/** The latest first. */
function transactions(world: World): readonly CompletionCandidate[] {
  const store = world.transactions();
  if (store === undefined) return [];
  return [...entryNumbers(store.history)].reverse().map((number) => {
    const { command, label } = readEntry(store.history, number);
    return { name: String(number), help: [command, label].filter(Boolean).join(': ') };
  });
}
