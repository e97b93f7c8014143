// Administrative states that hold on all directors: what an administrator sets on one of them is
// carried to the others.
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

export interface AdminParts {
  readonly store: Pick<FleetStore, 'get' | 'replace'>;
  readonly key: string;
  readonly local: {
    /** undefined when no monitor is running */
    read(): Promise<SharedAdmins | undefined>;
    /** @param admin undefined = enable */
    set(server: string, admin: SharedAdmin | undefined): Promise<void>;
  };
  log(line: string): void;
}

export interface AdminSync {
  /** Carries what has changed here to the store, and what has changed there to the monitor. */
  turn(): Promise<void>;
}

export function createAdminSync({ store, key, local, log }: AdminParts): AdminSync {
  /** as both were after the last turn */
  let base: SharedAdmins | undefined;
  return {
    async turn() {
      const here = await local.read();
      if (here === undefined) return; // the next monitor gets them
      const entry = await store.get(key);
      const there = parsed(entry?.value);
      const desired = merged(base, here, there);
      if (!sameText(desired, there)) {
        const text = JSON.stringify(desired);
        if ((await store.replace(key, entry?.version ?? '0', text)) === undefined) return; // next turn
      }
      for (const server of new Set([...Object.keys(here), ...Object.keys(desired)])) {
        if (sameText(here[server], desired[server])) continue;
        log(`${server} ${desired[server]?.state ?? 'enabled'}: as on another director`);
        await local.set(server, desired[server]);
      }
      base = desired;
    },
  };
}

/** A change here since the last turn wins; at the start all that is out anywhere is out. */
function merged(
  base: SharedAdmins | undefined,
  here: SharedAdmins,
  there: SharedAdmins,
): SharedAdmins {
  if (base === undefined) return { ...here, ...there };
  const next: Record<string, SharedAdmin> = { ...there };
  for (const server of new Set([...Object.keys(base), ...Object.keys(here)])) {
    if (sameText(base[server], here[server])) continue;
    const own = here[server];
    if (own === undefined) delete next[server];
    else next[server] = own;
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

/** What another version, or a person, wrote is believed only where it is right. */
function parsed(text: string | undefined): SharedAdmins {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
    return Object.fromEntries(Object.entries(value).filter(([, one]) => isAdmin(one)));
  } catch {
    return {};
  }
}

function isAdmin(value: unknown): value is SharedAdmin {
  if (typeof value !== 'object' || value === null) return false;
  const { state, reason, by, until } = value as Record<string, unknown>;
  const texts = [reason, by, until].every((one) => one === null || typeof one === 'string');
  return (state === 'disabled' || state === 'drained') && texts;
}
