// What goes over the socket: a question and an answer, each a line of JSON.

import { LvsctlError } from '../errors.js';
import { reasonOf } from '../failure.js';
import {
  type AdminRecord,
  changing,
  type ServerId,
  selectServers,
  withRemembered,
} from './admin.js';
import type { Monitor } from './monitor.js';
import type { Clock } from './outside.js';
import type { Admin, AdminState } from './service.js';
import type { Status } from './status.js';

export type ControlRequest =
  | { readonly ask: 'status' }
  | ({ readonly ask: 'admin' } & AdminRequest);

export interface AdminRequest {
  /** null enables again */
  readonly state: AdminState | null;
  /** an address, or an address and its port */
  readonly server: string;
  readonly service: string | null;
  readonly reason: string;
}

/** A server that the request is about. */
export interface ChangedServer extends ServerId {
  /** false = it was so already */
  readonly changed: boolean;
}

export interface AdminAnswer {
  readonly servers: readonly ChangedServer[];
  /** why the table does not have it yet: it cannot be written */
  readonly trouble: string | null;
}

/** Something was wrong with the question; the message is for people. */
export interface Refusal {
  readonly error: string;
  /** what to do about it */
  readonly hint: string | null;
}

export interface ControlParts {
  readonly monitor: Monitor;
  readonly record: AdminRecord;
  readonly clock: Clock;
  readonly status: () => Promise<Status>;
}

/** Answers one line. Never rejects. */
export function createControl({
  monitor,
  record,
  clock,
  status,
}: ControlParts): (line: string) => Promise<string> {
  async function answer(request: ControlRequest): Promise<Status | AdminAnswer> {
    if (request.ask === 'status') return status();
    const known =
      request.state === null ? withRemembered(monitor.servers(), record) : monitor.servers();
    const servers = selectServers(known, request.server, request.service ?? undefined);
    const admin = toAdmin(request, clock.date());
    const changed = changing(servers, admin, record);
    // first the record: what was answered must survive a death right now
    if (changed.length > 0) record.set(changed, admin);
    for (const { service, server } of changed) monitor.setAdmin(service, server, admin);
    await monitor.write();
    return {
      servers: servers.map((one) => ({ ...one, changed: changed.includes(one) })),
      trouble: monitor.trouble() ?? (await differing(servers)),
    };
  }
  /** What the table has of these servers that it should not: somebody refused it. */
  async function differing(servers: readonly ServerId[]): Promise<string | null> {
    const { services } = await status();
    const wrong = servers.flatMap((one) => {
      const found = services
        .find(({ name }) => name === one.service)
        ?.servers.find(({ server }) => server === one.server);
      return found && found.weightWanted !== found.weightActual
        ? [`${one.service} ${one.server} has ${weightOf(found.weightActual)}`]
        : [];
    });
    return wrong.length === 0 ? null : wrong.join(', ');
  }
  return async (line) => {
    try {
      return JSON.stringify(await answer(readRequest(line)));
    } catch (error) {
      return JSON.stringify({
        error: reasonOf(error),
        hint: (error instanceof LvsctlError ? error.hint : undefined) ?? null,
      } satisfies Refusal);
    }
  };
}

function weightOf(weight: number | null): string {
  return weight === null ? 'no place in it' : `weight ${weight} there`;
}

/** What is to be remembered; undefined = nothing. */
export function toAdmin({ state, reason }: AdminRequest, now: Date): Admin | undefined {
  return state === null ? undefined : { state, reason, since: now.toISOString() };
}

/** @throws MONITOR_REFUSED for anything else */
function readRequest(line: string): ControlRequest {
  let value: Partial<Record<string, unknown>> | null = null;
  try {
    value = JSON.parse(line);
  } catch {
    // told below
  }
  const { ask, state, server, service, reason } = value ?? {};
  if (ask === 'status') return { ask };
  const known = state === null || state === 'disabled' || state === 'drained';
  if (
    ask === 'admin' &&
    known &&
    typeof server === 'string' &&
    (service === null || typeof service === 'string') &&
    typeof reason === 'string'
  ) {
    return { ask, state, server, service, reason };
  }
  throw new LvsctlError('MONITOR_REFUSED', 'not a question of this version of lvsctl');
}
