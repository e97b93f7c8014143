// A server that no earlier file had: its state follows from the live table.
import type { Destination } from '../../../model/destination.js';
import { type ServerKey, serverKey } from '../../../model/table.js';
import type { DesiredService } from '../../config/desired.js';
import { SLOW_START_STEPS } from '../table/desired.js';
import { assumed, type Start, unknown } from './check.js';
import { NO_FAILURES } from './damping.js';
import { combined } from './service.js';
import type { AdminState, CheckState, ServerState } from './state.js';

/** Finds the administrative state of a server. */
export type AdminOf = (server: ServerKey) => AdminState | undefined;

/**
 * A server without a history, by what the table has of it.
 * @param absent what it is when it does not serve
 */
export function found(
  spec: DesiredService,
  destination: Destination,
  actual: ReadonlyMap<ServerKey, Destination>,
  absent: Start,
  adminOf: AdminOf,
  now: number,
): ServerState {
  const { slow_start: slowStart, failed } = spec.source.health;
  const there = actual.get(serverKey(destination));
  const serves =
    there !== undefined && (there.weight > 0 || destination.weight === 0 || failed !== 'quiesce');
  if (!serves) return fresh(spec, destination, absent, adminOf, now);
  const doubtful = spec.sorry !== undefined && actual.has(serverKey(spec.sorry));
  const server = fresh(spec, destination, doubtful ? unknown(true) : assumed(true), adminOf, now);
  return { ...server, rampSince: rampSince(there.weight, destination.weight, slowStart, now) };
}

/** When a slow start began that has come so far; undefined where none is running. */
function rampSince(
  weight: number,
  whole: number,
  slowStart: number,
  now: number,
): number | undefined {
  // the step in which it is: less would take from it again
  const step = Math.ceil((weight * SLOW_START_STEPS) / whole);
  return slowStart > 0 && weight > 0 && weight < whole
    ? now - (slowStart * 1000 * step) / SLOW_START_STEPS
    : undefined;
}

function fresh(
  spec: DesiredService,
  destination: Destination,
  start: Start,
  adminOf: AdminOf,
  now: number,
): ServerState {
  const key = serverKey(destination);
  const checks = checksOf(spec, key, start);
  return {
    key,
    spec: destination,
    checks,
    up: combined(checks, spec.source.health.combine),
    since: now,
    forcedUp: false,
    ...NO_FAILURES,
    held: false,
    assumed: false,
    admin: adminOf(key),
    rampSince: undefined,
    reported: destination.weight,
    lastError: undefined,
  };
}

/** The checks of a server, which begin alike. */
export function checksOf(service: DesiredService, server: ServerKey, start: Start): CheckState[] {
  const checks = service.checks.get(server) ?? [];
  const keys = service.checkKeys.get(server) ?? [];
  return checks.map((spec, i) => ({
    key: keys[i] ?? '',
    spec,
    ...start,
    weight: undefined,
    last: undefined,
  }));
}
