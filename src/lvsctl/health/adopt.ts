// Where a monitor starts from: the table it finds, the administrators' record, and at a reload what
// it knew before.
import type { Destination } from '../../model/destination.js';
import { checkKeys } from '../config/checks.js';
import type { WantedService } from '../config/wanted.js';
import { formatServer } from '../plan/diff.js';
import type { LiveService } from './changes.js';
import { assumed, type CheckState, unproven } from './observe.js';
import {
  type Admin,
  combined,
  isUnproven,
  type ServerState,
  type ServiceState,
  settle,
} from './service.js';
import { STEPS } from './target.js';

/** Finds what an administrator said of a server. */
export type AdminOf = (service: string, server: string) => Admin | undefined;

/**
 * A service at the start of the monitor. Who serves now is taken for up and needs `fall` failures
 * to go, or one where the sorry server is in as well: then somebody died in the middle of a change.
 * Who is missing from a table that others are in is taken for down and needs `rise` passes. In a
 * new or empty service the first result decides, and in one that a former file of this monitor
 * left.
 */
export function adopt(
  wanted: WantedService,
  live: LiveService | undefined,
  adminOf: AdminOf,
  now: number,
  left = false,
): ServiceState {
  const inUse = !left && live !== undefined && live.destinations.size > 0;
  const servers = wanted.destinations.map((destination) =>
    found(wanted, destination, live, inUse ? assumed(false) : unproven(false), adminOf, now),
  );
  return settle({ wanted, servers });
}

/**
 * A server without a history, by what the table has of it.
 * @param absent what it is when it does not serve
 */
function found(
  wanted: WantedService,
  destination: Destination,
  live: LiveService | undefined,
  absent: CheckState,
  adminOf: AdminOf,
  now: number,
): ServerState {
  const key = formatServer(destination);
  const { slow_start: slowStart, failed } = wanted.source.health;
  const there = live?.destinations.get(key);
  const serves =
    there !== undefined && (there.weight > 0 || destination.weight === 0 || failed !== 'quiesce');
  const admin = adminOf(wanted.source.name, key);
  if (!serves) return fresh(wanted, absent, admin, now);
  const doubtful = wanted.sorry !== undefined && live?.destinations.has(formatServer(wanted.sorry));
  const state = fresh(wanted, doubtful ? unproven(true) : assumed(true), admin, now);
  return { ...state, rampFrom: rampSince(there.weight, destination.weight, slowStart, now) };
}

/** When a slow start began that has come so far; undefined where none is under way. */
function rampSince(
  weight: number,
  whole: number,
  slowStart: number,
  now: number,
): number | undefined {
  // the step in which it is: less would take from it again
  const step = Math.ceil((weight * STEPS) / whole);
  return slowStart > 0 && weight > 0 && weight < whole
    ? now - (slowStart * 1000 * step) / STEPS
    : undefined;
}

/**
 * A service after a reload: servers and checks that stayed keep what is known of them. Of new ones
 * the first result decides; they are in meanwhile when somebody has put them there.
 */
export function carryOver(
  wanted: WantedService,
  old: ServiceState,
  live: LiveService | undefined,
  adminOf: AdminOf,
  now: number,
): ServiceState {
  const known = new Map(
    old.wanted.destinations.map((destination, i) => [formatServer(destination), old.servers[i]]),
  );
  const before = new Map(checkKeys(old.wanted.source.checks).map((key, i) => [key, i]));
  const keys = checkKeys(wanted.source.checks);
  // the record goes on under the new name after this
  const adminBefore: AdminOf = (_, server) => adminOf(old.wanted.source.name, server);
  const servers = wanted.destinations.map((destination): ServerState => {
    const state = known.get(formatServer(destination));
    if (state === undefined)
      return found(wanted, destination, live, unproven(false), adminBefore, now);
    const checks = keys.map(
      (key) =>
        state.checks[before.get(key) ?? -1] ??
        (isUnproven(state) ? unproven(false) : assumed(state.up)),
    );
    const up = combined(checks, wanted.source.health.combine);
    // one that is over does not begin again when the file makes slow starts longer
    const ramps =
      state.rampFrom !== undefined &&
      now - state.rampFrom < old.wanted.source.health.slow_start * 1000;
    if (up === state.up) return { ...state, checks, rampFrom: ramps ? state.rampFrom : undefined };
    return { ...state, checks, up, since: now, rampFrom: up && !state.held ? now : undefined };
  });
  return settle({ wanted, servers });
}

function fresh(
  wanted: WantedService,
  start: CheckState,
  admin: Admin | undefined,
  now: number,
): ServerState {
  const checks = wanted.source.checks.map(() => start);
  return {
    checks,
    up: combined(checks, wanted.source.health.combine),
    since: now,
    held: false,
    admin,
    rampFrom: undefined,
  };
}
