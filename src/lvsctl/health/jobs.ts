// The checks of all servers as jobs: what is asked, how often, and whom the answer is about.
import { type Check, checkKeys } from '../config/checks.js';
import type { Config } from '../config/file.js';
import { formatServer } from '../plan/diff.js';
import type { Outside, Verdict } from './outside.js';
import { ask } from './question.js';
import type { Job, Pace } from './schedule.js';
import type { ServiceState } from './service.js';
import { idOf } from './succession.js';
import { needsWay, waysOf } from './viproutes.js';

/** Which check of which server; the file may be another one when the answer comes. */
export interface Place {
  /** as `idOf` writes it */
  readonly service: string;
  /** as `formatServer` writes it */
  readonly server: string;
  /** as `checkKeys` writes it */
  readonly check: string;
}

export function nameOf({ service, server, check }: Place): string {
  return `${service} ${server} ${check}`;
}

/** All places, with the numbers of server and check in their service. */
export function placesOf(
  states: Iterable<ServiceState>,
): { readonly place: Place; readonly server: number; readonly check: number }[] {
  return [...states].flatMap(({ wanted }) => {
    const keys = checkKeys(wanted.source.checks);
    return wanted.destinations.flatMap((destination, server) =>
      keys.map((key, check) => ({
        place: { service: idOf(wanted), server: formatServer(destination), check: key },
        server,
        check,
      })),
    );
  });
}

/** Server and check by the name of their place. */
export function locate(
  states: Iterable<ServiceState>,
): ReadonlyMap<string, readonly [server: number, check: number]> {
  return new Map(
    placesOf(states).map(({ place, server, check }) => [nameOf(place), [server, check]]),
  );
}

export interface Answer {
  readonly verdict: Verdict;
  readonly latencyMs: number;
  /** it went over a way to the VIP on the server */
  readonly byWay: boolean;
}

/** @param hear takes an answer. @returns whether the next one should come fast */
export function jobsOf(
  states: readonly ServiceState[],
  file: Config,
  outside: Pick<Outside, 'clock' | 'probes' | 'probesIn'>,
  hear: (place: Place, answer: Answer) => boolean,
): Job[] {
  const ways = waysOf(file);
  const byId = new Map([...states].map(({ wanted }) => [idOf(wanted), wanted]));
  return placesOf(states).flatMap(({ place, server: i, check: n }): Job[] => {
    const wanted = byId.get(place.service);
    const [server, check] = [wanted?.destinations[i], wanted?.source.checks[n]];
    if (!wanted || !server || !check) return [];
    const way = ways?.get(wanted.source.name)?.[i];
    return [
      {
        key: nameOf(place),
        pace: paceOf(check),
        enough: check.rise + check.fall,
        async work() {
          const began = outside.clock.now();
          const verdict = await ask(outside, { check, service: wanted.source, server, way });
          return hear(place, {
            verdict,
            latencyMs: outside.clock.now() - began,
            byWay: way !== undefined && needsWay(check),
          });
        },
      },
    ];
  });
}

function paceOf({ interval, fast_interval: fast, jitter }: Check): Pace {
  return { intervalMs: interval * 1000, fastIntervalMs: (fast ?? interval) * 1000, jitter };
}
