// The checks of all servers as jobs: what is probed, how often, and which servers a result is
// about.
import type { ProbeOutcome } from '../../../system/probe/outcome.js';
import type { Check } from '../../config/checks.js';
import type { Runtime } from '../runtime.js';
import { isChanging } from '../state/check.js';
import {
  type CheckId,
  type CheckResult,
  checkName,
  findCheck,
  type MonitorState,
} from '../state/state.js';
import type { Job, Pace } from './schedule.js';
import { probeOf } from './spec.js';
import { needsRoute, vipRoutesOf } from './viproutes.js';

/** The result of one probe. */
export interface Probed {
  /** key of its job */
  readonly job: string;
  readonly result: CheckResult;
  /** clock milliseconds of its end */
  readonly at: number;
  /** it went over a route to the VIP on the server */
  readonly viaNetns: boolean;
}

/** A job with the checks that get its results. */
export interface SharedJob extends Job {
  readonly ids: readonly CheckId[];
}

/**
 * A job for every probe. Checks that ask the same of the same server at the same pace share one,
 * in any number of services.
 * @param onResult takes a result. @returns whether the next one should come fast
 */
export function jobsOf(
  state: MonitorState,
  runtime: Pick<Runtime, 'clock' | 'probe'>,
  onResult: (probed: Probed) => boolean,
): SharedJob[] {
  const groups = new Map<string, ProbeOfCheck[]>();
  for (const one of probesOf(state)) {
    const key = flat(JSON.stringify([one.probe.spec, one.probe.target, paceOf(one.check)]));
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups].map(([key, group]) => jobOf(key, group, runtime, onResult));
}

function jobOf(
  key: string,
  group: readonly ProbeOfCheck[],
  runtime: Pick<Runtime, 'clock' | 'probe'>,
  onResult: (probed: Probed) => boolean,
): SharedJob {
  const [{ check, probe: probed, viaNetns }] = group as readonly [ProbeOfCheck];
  return {
    key,
    pace: paceOf(check),
    members: group.map(({ id }) => checkName(id)),
    enough: group.reduce((most, one) => Math.max(most, one.check.rise + one.check.fall), 0),
    ids: group.map(({ id }) => id),
    async work() {
      const began = runtime.clock.now();
      const outcome = await runtime.probe(probed.spec, probed.target);
      const at = runtime.clock.now();
      return {
        fast: onResult({ job: key, result: resultOf(outcome, at - began), at, viaNetns }),
        at,
      };
    },
  };
}

/** The same text in one piece: V8 keeps what JSON.stringify makes as a tree of its pieces. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}

interface ProbeOfCheck {
  readonly id: CheckId;
  readonly check: Check;
  readonly probe: ReturnType<typeof probeOf>;
  readonly viaNetns: boolean;
}

/** The probe of each check of each server, but for services in standby. */
function probesOf({ services, config }: MonitorState): readonly ProbeOfCheck[] {
  const routes = vipRoutesOf(config);
  return services.flatMap(({ key: service, name, spec: { source }, servers, standby }, at) =>
    (standby ? [] : servers).flatMap(({ key: server, spec, checks }, i) => {
      const route = routes?.get(name)?.[i];
      return checks.map(
        ({ key, spec: check }, n): ProbeOfCheck => ({
          id: { service, server, check: key, place: [at, i, n] },
          check,
          probe: probeOf({ check, service: source, server: spec, route }),
          viaNetns: route !== undefined && needsRoute(check),
        }),
      );
    }),
  );
}

/** Whether the next result of a check should come fast. */
export function isChangingIn({ services }: MonitorState, id: CheckId): boolean {
  const check = findCheck(services, id);
  return check !== undefined && isChanging(check);
}

function resultOf(outcome: ProbeOutcome, latencyMs: number): CheckResult {
  return { ...outcome, latencyMs };
}

function paceOf({ interval, fast_interval: fast, jitter }: Check): Pace {
  return { intervalMs: interval * 1000, fastIntervalMs: (fast ?? interval) * 1000, jitter };
}
