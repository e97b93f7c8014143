// The checks of all servers as jobs: what is probed, how often, and whom a result is about.
import type { ServerKey, ServiceKey } from '../../../model/table.js';
import type { ProbeOutcome } from '../../../system/probe/outcome.js';
import type { Check } from '../../config/checks.js';
import type { Runtime } from '../runtime.js';
import { isChanging } from '../state/check.js';
import type { CheckResult, MonitorState } from '../state/state.js';
import type { Job, Pace } from './schedule.js';
import { probeOf } from './spec.js';
import { needsRoute, vipRoutesOf } from './viproutes.js';

/** Which check of which server; the file may be another one when the result comes. */
export interface CheckId {
  readonly service: ServiceKey;
  readonly server: ServerKey;
  readonly check: string;
}

/** The result of one probe. */
export interface Probed {
  readonly id: CheckId;
  readonly result: CheckResult;
  /** it went over a route to the VIP on the server */
  readonly viaNetns: boolean;
}

/**
 * A job for every check.
 * @param onResult takes a result. @returns whether the next one should come fast
 */
export function jobsOf(
  { services, config }: MonitorState,
  runtime: Pick<Runtime, 'clock' | 'probe'>,
  onResult: (probed: Probed) => boolean,
): Job[] {
  const routes = vipRoutesOf(config);
  return services.flatMap(({ key: service, name, spec: { source }, servers }) =>
    servers.flatMap(({ key: server, spec, checks }, i) => {
      const route = routes?.get(name)?.[i];
      return checks.map(({ key: check, spec: one }): Job => {
        const { spec: probe, target } = probeOf({
          check: one,
          service: source,
          server: spec,
          route,
        });
        const id: CheckId = { service, server, check };
        return {
          key: `${service} ${server} ${check}`,
          pace: paceOf(one),
          enough: one.rise + one.fall,
          async work() {
            const began = runtime.clock.now();
            const outcome = await runtime.probe(probe, target);
            const latencyMs = runtime.clock.now() - began;
            return onResult({
              id,
              result: resultOf(outcome, latencyMs),
              viaNetns: route !== undefined && needsRoute(one),
            });
          },
        };
      });
    }),
  );
}

/** Whether the next result of a check should come fast. */
export function isChangingIn({ services }: MonitorState, id: CheckId): boolean {
  const check = services
    .find(({ key }) => key === id.service)
    ?.servers.find(({ key }) => key === id.server)
    ?.checks.find(({ key }) => key === id.check);
  return check !== undefined && isChanging(check);
}

function resultOf(outcome: ProbeOutcome, latencyMs: number): CheckResult {
  return { ...outcome, latencyMs };
}

function paceOf({ interval, fast_interval: fast, jitter }: Check): Pace {
  return { intervalMs: interval * 1000, fastIntervalMs: (fast ?? interval) * 1000, jitter };
}
