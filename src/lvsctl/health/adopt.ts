// Where a monitor starts from: the table it finds, the administrators' record, and at a reload what it knew before.
import type { Check } from '../config/checks.js';
import type { WantedService } from '../config/wanted.js';
import { formatServer } from '../plan/diff.js';
import type { LiveService } from './changes.js';
import { assumed, type CheckState, UNPROVEN } from './observe.js';
import { type Admin, combined, type ServerState, type ServiceState, settle } from './service.js';
import { STEPS } from './target.js';

/** Finds what an administrator said of a server. */
export type AdminOf = (service: string, server: string) => Admin | undefined;

/**
 * A service at the start of the monitor. Who serves now is taken for up and needs `fall` failures to go; who is missing from a
 * table that others are in is taken for down and needs `rise` passes. In a new or empty service the first pass is enough.
 */
export function adopt(wanted: WantedService, live: LiveService | undefined, adminOf: AdminOf, now: number): ServiceState {
  const inUse = live !== undefined && live.destinations.size > 0;
  const servers = wanted.destinations.map((destination): ServerState => {
    const key = formatServer(destination);
    const found = live?.destinations.get(key);
    const quiesces = wanted.source.health.failed === 'quiesce';
    const serves = found !== undefined && (found.weight > 0 || destination.weight === 0 || !quiesces);
    const start = serves ? assumed(true) : inUse ? assumed(false) : UNPROVEN;
    const state = fresh(wanted, start, adminOf(wanted.source.name, key), now);
    return serves ? { ...state, rampFrom: rampSince(found.weight, destination.weight, wanted.source.health.slow_start, now) } : state;
  });
  return settle({ wanted, servers });
}

/** When a slow start began that has come so far; undefined where none is under way. */
function rampSince(weight: number, whole: number, slowStart: number, now: number): number | undefined {
  // the step in which it is: less would take from it again
  const step = Math.ceil((weight * STEPS) / whole);
  return slowStart > 0 && weight > 0 && weight < whole ? now - (slowStart * 1000 * step) / STEPS : undefined;
}

/** A service after a reload: servers and checks that stayed keep what is known of them; new ones need one pass. */
export function carryOver(wanted: WantedService, old: ServiceState | undefined, adminOf: AdminOf, now: number): ServiceState {
  const known = new Map(old?.wanted.destinations.map((destination, i) => [formatServer(destination), old.servers[i]]));
  const before = new Map(old?.wanted.source.checks.map((check, i) => [identity(check), i]));
  const servers = wanted.destinations.map((destination): ServerState => {
    const key = formatServer(destination);
    const state = known.get(key);
    if (state === undefined) return fresh(wanted, UNPROVEN, adminOf(wanted.source.name, key), now);
    const checks = wanted.source.checks.map((check) => state.checks[before.get(identity(check)) ?? -1] ?? assumed(state.up));
    const up = combined(checks, wanted.source.health.combine);
    return { ...state, checks, up, since: up === state.up ? state.since : now };
  });
  return settle({ wanted, servers });
}

function fresh(wanted: WantedService, start: CheckState, admin: Admin | undefined, now: number): ServerState {
  const checks = wanted.source.checks.map(() => start);
  return { checks, up: combined(checks, wanted.source.health.combine), since: now, held: false, admin, rampFrom: undefined };
}

/** Tells one check from another; a pattern by its source. */
function identity(check: Check): string {
  return JSON.stringify(check);
}
