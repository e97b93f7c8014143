// simulate --keep: the run happens in the table itself, which keeps what packets leave behind.
import { type PacketSink, packetSinkOf } from '../../backend/packetsink.js';
import { serviceKey } from '../../model/table.js';
import type { Dataplane } from '../../simulator/dataplane.js';
import { playInto } from '../../simulator/kept.js';
import { lookupKey } from '../../simulator/keys.js';
import type { Result, Scenario } from '../../simulator/simulation.js';
import type { Arrival } from '../../simulator/workload.js';
import { LvsctlError } from '../errors.js';
import type { World } from '../world.js';

/** connections and templates of a table after --keep: about 50 MB of file, 400 MB of memory */
const MOST_KEPT = 200_000;

/**
 * The table that a run is kept in.
 * @param file of rules, when one was named
 * @throws BAD_USAGE when there is none to keep it in
 */
export async function sinkToKeep(
  file: string | undefined,
  { compare }: { readonly compare?: readonly string[] },
  { machine }: World,
): Promise<PacketSink> {
  if (compare)
    throw new LvsctlError(
      'BAD_USAGE',
      '--keep and --compare exclude each other: the table file keeps one run, with its own scheduler',
    );
  const sink = file === undefined ? packetSinkOf(await machine.backend()) : undefined;
  if (sink === undefined)
    throw new LvsctlError(
      'BAD_USAGE',
      '--keep needs rules in a table file: LVS_BACKEND=file:PATH, and no file of rules',
    );
  return sink;
}

/**
 * The run in the table itself.
 * @param shown gets how many arrivals are done
 * @param begin is called before the first arrival, again when the run is made again
 * @throws NOT_FOUND when the service was deleted since its rules were read, BAD_USAGE as `bounded`
 */
export function keep(
  sink: PacketSink,
  scenario: Scenario,
  arrivals: () => Iterable<Arrival>,
  shown: ((done: number) => void) | undefined,
  begin?: () => void,
): Promise<Result> {
  const { id } = scenario.service;
  return sink.play((plane, start) => {
    const live = plane.services.get(lookupKey(id));
    if (live === undefined)
      throw new LvsctlError('NOT_FOUND', `${serviceKey(id)} was deleted during the run`);
    // as they are now: another process may have changed them since the rules were read
    begin?.();
    const { service } = live;
    const destinations = live.servers.map(({ destination }) => destination).reverse();
    const now = { ...scenario, service, destinations, timeouts: plane.timeouts };
    return playInto(plane, live, start, now, bounded(arrivals(), plane), shown);
  });
}

/** @throws BAD_USAGE when the table gets more entries than a table file should have */
function* bounded(arrivals: Iterable<Arrival>, plane: Dataplane): Generator<Arrival> {
  for (const arrival of arrivals) {
    if (plane.entries >= MOST_KEPT)
      throw new LvsctlError(
        'BAD_USAGE',
        `--keep: more than ${MOST_KEPT} connections and templates at once; nothing was kept`,
        'fewer --connections, a lower --rate, or shorter timeouts (ipvsadm --set)',
      );
    yield arrival;
  }
}
