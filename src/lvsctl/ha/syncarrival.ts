// Whether the connections of one director are known to the others: by their connection tables, since
// no counter of the kernel has the packets of the sync daemons.
import { serviceKey } from '../../model/table.js';
import { desiredServices } from '../config/desired.js';
import { type KnownDirector, nameOf, type Pair, type PairDiagnosis } from './known.js';

/** established connections from which on it means something that another director has none */
const ENOUGH = 5;

/** One sentence where it cannot be known. */
export function syncArrival({ config, ha, known }: Pair): PairDiagnosis {
  if (ha.engine !== 'keepalived' || config.sync.length === 0 || ha.peers.length < 2) return NOTHING;
  const missing = 'whether packets of the sync daemons arrive, or a switch filters them:';
  if (known.length < 2)
    return {
      problems: [],
      unknown: [`${missing} the facts of one director do not show it; lvsctl doctor --all FILE`],
    };
  const keys = new Set(desiredServices(config).map(({ service }) => serviceKey(service.id)));
  const counts = known.map((director) => ({ director, count: established(director, keys) }));
  const [first, ...others] = counts.toSorted((a, b) => (b.count ?? 0) - (a.count ?? 0));
  if (first === undefined || (first.count ?? 0) < ENOUGH)
    return {
      problems: [],
      unknown: [
        `${missing} no director has ${ENOUGH} established connections that the others could know`,
      ],
    };
  return {
    unknown: others
      .filter(({ count }) => count === undefined)
      .map(({ director }) => `${missing} the connections of ${nameOf(director)} cannot be read`),
    problems: others
      .filter(({ count }) => count === 0)
      .map(({ director }) => ({
        what:
          `none of the ${first.count} established connections of ${nameOf(first.director)} ` +
          `is known to ${nameOf(director)}: packets of the sync daemons do not arrive, a ` +
          'packet filter or a switch (IGMP snooping) drops them',
        repair: [`tcpdump -ni ${ha.interface} udp port 8848`],
        on: nameOf(director),
      })),
  };
}

const NOTHING: PairDiagnosis = { problems: [], unknown: [] };

/** @returns undefined when the table cannot be read */
function established(
  { host: { facts } }: KnownDirector,
  keys: ReadonlySet<string>,
): number | undefined {
  return facts.connections?.tally
    .filter(({ state, service }) => state === 'ESTABLISHED' && keys.has(service))
    .reduce((sum, { connections }) => sum + connections, 0);
}
