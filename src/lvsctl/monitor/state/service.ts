// Health and administrative states of one virtual service: pure steps from state to state.

import type { ServerKey } from '../../../model/table.js';
import type { Health } from '../../config/file.js';
import type { ServerRole } from '../table/drift.js';
import { observe } from './check.js';
import {
  type AdminState,
  type CheckResult,
  type CheckState,
  replaced,
  type ServerState,
  type ServiceState,
  withServer,
} from './state.js';

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
  const { combine } = service.spec.source.health;
  let healthChanged = false;
  const next = withServer(service, server, (old) => {
    const after = afterResult(old, check, result, label, combine, now);
    healthChanged = after.up !== old.up || isUnknown(after) !== isUnknown(old);
    return after;
  });
  return healthChanged ? applyMinUp(next) : next;
}

function afterResult(
  old: ServerState,
  check: string,
  result: CheckResult,
  label: string,
  combine: Health['combine'],
  now: number,
): ServerState {
  const checks = replaced(
    old.checks,
    ({ key }) => key === check,
    (one) => observe(one, result),
  );
  const lastError = result.outcome === 'pass' ? old.lastError : `${label}: ${result.reason ?? ''}`;
  const up = combined(checks, combine);
  if (up === old.up) return { ...old, checks, lastError };
  const first = old.checks.some(({ unknown }) => unknown);
  const ramps = up && !first && !old.forcedUp;
  return { ...old, checks, lastError, up, since: now, rampSince: ramps ? now : undefined };
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
      : { ...old, admin, rampSince: old.admin && !admin && old.up ? now : undefined },
  );
  return next === service ? service : applyMinUp(next);
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

/** Administrative state first, then health. */
export function roleOf(server: ServerState, failed: Health['failed']): ServerRole {
  if (server.admin?.state === 'drained') return 'quiesced';
  const out = failed === 'quiesce' ? 'quiesced' : 'out';
  if (server.admin) return out;
  if (server.up || server.forcedUp) return 'in';
  return isUnknown(server) ? 'out' : out;
}
