// The administrators' record: what they said of servers, kept in a file so that it survives a restart.
import type { Outside } from './outside.js';
import type { Admin, AdminState } from './service.js';

export interface AdminEntry extends Admin {
  readonly service: string;
  readonly server: string;
}

/** The record could not be read; its message is the whole text for people. */
export class AdminFileError extends Error {
  override readonly name = 'AdminFileError';
}

export interface AdminRecord {
  find(service: string, server: string): Admin | undefined;
  /** Remembers, or forgets when there is nothing to remember. @throws a system error when it cannot be written */
  set(service: string, server: string, admin: Admin | undefined): void;
}

const VERSION = 1;

/**
 * Reads the record; a missing file is an empty one.
 * @throws AdminFileError when it cannot be understood: guessing would put a server back that somebody took out
 */
export function openAdminRecord(files: Pick<Outside, 'readText' | 'writeText'>, path: string): AdminRecord {
  const text = files.readText(path);
  let entries: readonly AdminEntry[] = text === undefined ? [] : parseRecord(text, path);
  return {
    find: (service, server) => entries.find((entry) => entry.service === service && entry.server === server),
    set(service, server, admin) {
      const others = entries.filter((entry) => entry.service !== service || entry.server !== server);
      const next = admin ? [...others, { service, server, state: admin.state, reason: admin.reason, since: admin.since }] : others;
      files.writeText(path, `${JSON.stringify({ version: VERSION, servers: next }, undefined, 2)}\n`);
      entries = next;
    },
  };
}

function parseRecord(text: string, path: string): readonly AdminEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AdminFileError(`${path}: not JSON; repair it or move it away (then every server counts as enabled)`);
  }
  const { version, servers } = (value ?? {}) as { version?: unknown; servers?: unknown };
  if (version !== VERSION || !Array.isArray(servers) || !servers.every(isEntry)) {
    throw new AdminFileError(`${path}: not a record of administrative states of version ${VERSION}`);
  }
  return servers;
}

const STATES: readonly AdminState[] = ['disabled', 'drained'];

function isEntry(value: unknown): value is AdminEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { service, server, state, reason, since } = value as Record<string, unknown>;
  return [service, server, reason, since].every((text) => typeof text === 'string') && STATES.some((known) => known === state);
}
