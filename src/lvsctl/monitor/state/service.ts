// Health and administrative states of one virtual service: pure steps from state to state.

import type { ServerKey } from '../../../model/table.js';
import type { Health } from '../../config/file.js';
import type { ServerRole } from '../table/drift.js';
import { observe } from './check.js';
import { applyHolds, hasHolds, NO_FAILURES, withDown } from './damping.js';
import { applyQuorum, mayServe } from './quorum.js';
import {
  type AdminState,
  type CheckResult,
  type CheckState,
  replaced,
  type ServerState,
  type ServiceState,
  withServer,
} from './state.js';
import { effectiveWeight, reportedWeight } from './weight.js';

/** All checks or any of them, as set in the file; a server without checks is up. */
export function combined(checks: readonly CheckState[], combine: Health['combine']): boolean {
  if (checks.length === 0) return true;
  return combine === 'all' ? checks.every(({ up }) => up) : checks.some(({ up }) => up);
}

/** The service after one result of a check. */
export function withResult(
  service: ServiceState,
  server: ServerKey,
  check: string,
  result: CheckResult,
  label: string,
  now: number,
): ServiceState {
  const { health } = service.spec.source;
  let healthChanged = false;
  let weightChanged = false;
  const next = withServer(service, server, (old) => {
    const after = afterResult(old, check, result, label, health, now);
    healthChanged = after.up !== old.up || isUnknown(after) !== isUnknown(old);
    weightChanged = effectiveWeight(after) !== effectiveWeight(old);
    return after;
  });
  if (healthChanged) return recompute(next, now);
  return weightChanged ? applyQuorum(next, now) : next;
}

function afterResult(
  old: ServerState,
  check: string,
  result: CheckResult,
  label: string,
  { combine, damping }: Health,
  now: number,
): ServerState {
  const checks = replaced(
    old.checks,
    ({ key }) => key === check,
    (one) => observe(one, result),
  );
  const lastError = result.outcome === 'pass' ? old.lastError : `${label}: ${result.reason ?? ''}`;
  const up = combined(checks, combine);
  const next = { ...old, checks, lastError, reported: reportedWeight({ ...old, checks }) };
  const first = old.checks.some(({ unknown }) => unknown);
  const known = { ...next, assumed: old.assumed && checks.some(({ unknown }) => unknown) };
  if (up === old.up) return known;
  const ramps = up && !first && !old.forcedUp;
  const failures = up || first ? {} : withDown(old, damping, now);
  return { ...known, up, since: now, rampSince: ramps ? now : undefined, ...failures };
}

/** The service after an administrator set the state of a server; undefined enables it again. */
export function withAdmin(
  service: ServiceState,
  server: ServerKey,
  admin: AdminState | undefined,
  now: number,
): ServiceState {
  const next = withServer(service, server, (old) =>
    old.admin === admin
      ? old
      : {
          ...old,
          admin,
          rampSince: old.admin && !admin && old.up ? now : undefined,
          // to enable a server ends its hold
          ...(admin ? {} : NO_FAILURES),
        },
  );
  return next === service ? service : recompute(next, now);
}

/** What the states of the servers make of the service: `min_up`, holds, the quorum. */
export function recompute(service: ServiceState, now: number): ServiceState {
  return applyQuorum(applyHolds(applyMinUp(service), now), now);
}

/** The service at a later time: holds end, first results are not waited for any longer. */
export function refreshed(service: ServiceState, now: number): ServiceState {
  return hasHolds(service) ? recompute(service, now) : applyQuorum(service, now);
}

/**
 * Chooses the servers that stay in although their checks fail, so that `min_up` of the file's
 * servers are in where administrative states leave as many.
 */
export function applyMinUp(service: ServiceState): ServiceState {
  const { servers, spec } = service;
  const counting = servers.filter((server) => server.spec.weight > 0);
  const share = spec.source.health.min_up * counting.length;
  const eligible = counting.filter((server) => server.admin === undefined && !isUnknown(server));
  const down = eligible.filter((server) => !server.up);
  // 0.1 * 30 is more than 3 in floating point
  const missing = Math.max(0, Math.ceil(share - 1e-9) - (eligible.length - down.length));
  if (missing === 0 && servers.every(({ forcedUp }) => !forcedUp)) return service;
  // The latest failure stays: that server was in until now. Of those forced up the oldest failure
  // leaves first.
  const forced = new Set(
    down
      .sort((a, b) => Number(b.forcedUp) - Number(a.forcedUp) || b.since - a.since)
      .slice(0, missing),
  );
  return {
    ...service,
    servers: servers.map((server) =>
      server.forcedUp === forced.has(server) ? server : { ...server, forcedUp: forced.has(server) },
    ),
  };
}

/** Whether nothing is known of the server yet. */
export function isUnknown(server: ServerState): boolean {
  return !server.up && server.checks.some(({ unknown }) => unknown);
}

/**
 * Administrative state first, then that of the service, then health. A server of weight 0 takes no
 * new connections anyway: it is where it would be while the service is up.
 */
export function roleOf(
  { up, spec }: Pick<ServiceState, 'up' | 'spec'>,
  server: ServerState,
): ServerRole {
  const out = spec.source.health.failed === 'quiesce' ? 'quiesced' : 'out';
  if (server.admin) return server.admin.state === 'drained' ? 'quiesced' : out;
  if (mayServe(server)) {
    if (up === true || effectiveWeight(server) === 0) return 'in';
    return up === undefined ? 'out' : out;
  }
  // without a result it goes on as in standby
  if (isUnknown(server)) return server.assumed && up !== false ? 'in' : 'out';
  return out;
}
