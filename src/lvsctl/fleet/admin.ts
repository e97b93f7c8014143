// Administrative states that hold on all directors: what an administrator sets on one of them is
// carried to the others.
import type { Clock } from '../monitor/runtime.js';
import type { FleetStore } from './store.js';

/** One server of one service, out of service. */
export interface SharedAdmin {
  readonly state: 'disabled' | 'drained';
  readonly reason: string | null;
  readonly by: string | null;
  /** ISO 8601; null = without an end */
  readonly until: string | null;
}

/** By `SERVICE SERVER`, the kernel's identities of both. */
export type SharedAdmins = Readonly<Record<string, SharedAdmin>>;

export type LocalAdmins = Readonly<Record<string, SharedAdmin | null>>;

/** milliseconds after which a state that has ended is removed for the others too */
const CLOCKS_APART_MS = 3_600_000;

export interface AdminParts {
  readonly clock: Pick<Clock, 'date'>;
  readonly store: Pick<FleetStore, 'get' | 'replace'>;
  readonly key: string;
  readonly local: {
    /** every server of the monitor, null = in service; undefined when no monitor is running */
    read(): Promise<LocalAdmins | undefined>;
    /** @param admin undefined = enable */
    set(server: string, admin: SharedAdmin | undefined): Promise<void>;
  };
  log(line: string): void;
}

export interface AdminSync {
  /** Carries what has changed here to the store, and what has changed there to the monitor. */
  turn(): Promise<void>;
}

export function createAdminSync({ store, key, local, log, clock }: AdminParts): AdminSync {
  /** as it was here after the last turn */
  let base: LocalAdmins | undefined;
  let isUnreadable = false;
  return {
    async turn() {
      const here = await local.read();
      if (here === undefined) return; // the next monitor gets them
      const entry = await store.get(key);
      const there = entry && parsed(entry.value);
      if (entry && !there) {
        if (!isUnreadable) log(`${key} is not readable: administrative states are not shared`);
        isUnreadable = true;
        return;
      }
      isUnreadable = false;
      const now = clock.date().getTime();
      const desired = merged(base, here, there, now);
      if (!sameText(desired, there ?? {})) {
        const text = JSON.stringify(desired);
        if ((await store.replace(key, entry?.version ?? '0', text)) === undefined) return; // next turn
      }
      const after: Record<string, SharedAdmin | null> = { ...here };
      base = after;
      for (const [server, own] of Object.entries(here)) {
        const state = hasEnded(desired[server], now) ? undefined : desired[server];
        if (sameText(own ?? undefined, state)) continue;
        log(`${server} ${state?.state ?? 'enabled'}: as on another director`);
        await local.set(server, state);
        after[server] = state ?? null;
      }
    },
  };
}

/** @param byMs how long ago */
function hasEnded(state: SharedAdmin | null | undefined, now: number, byMs = 0): boolean {
  return state?.until != null && Date.parse(state.until) + byMs <= now;
}

/**
 * A change here since the last turn wins. At the start, and after the key was removed, all
 * that is out anywhere is out. What is out of service of a server that this director does not have
 * stays for the others, and so does one that has ended by this clock alone: clocks may be apart.
 */
function merged(
  base: LocalAdmins | undefined,
  here: LocalAdmins,
  there: SharedAdmins | undefined,
  now: number,
): SharedAdmins {
  const kept = Object.entries(there ?? {}).filter(
    ([, state]) => !hasEnded(state, now, CLOCKS_APART_MS),
  );
  const next: Record<string, SharedAdmin> = Object.fromEntries(kept);
  const isStart = base === undefined || there === undefined;
  for (const [server, own] of Object.entries(here)) {
    const before = isStart ? null : base[server];
    // a server that is new here has no state of its own yet
    if (sameText(before ?? null, own)) continue;
    if (own === null && hasEnded(before, now)) continue;
    if (own === null) delete next[server];
    else if (!isStart || next[server] === undefined) next[server] = own;
  }
  return next;
}

function sameText(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, sortedKeys) === JSON.stringify(b, sortedKeys);
}

function sortedKeys(_: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}

/** Undefined where a person, or a version that knows other states, wrote something else. */
function parsed(text: string): SharedAdmins | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return Object.values(value).every(isAdmin) ? (value as SharedAdmins) : undefined;
  } catch {
    return undefined;
  }
}

function isAdmin(value: unknown): value is SharedAdmin {
  if (typeof value !== 'object' || value === null) return false;
  const { state, reason, by, until } = value as Record<string, unknown>;
  const texts = [reason, by, until].every((one) => one === null || typeof one === 'string');
  return (state === 'disabled' || state === 'drained') && texts;
}
