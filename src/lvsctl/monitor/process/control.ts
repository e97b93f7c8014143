// What goes over the socket: a request and an answer, each a line of JSON.
import { LvsctlError } from '../../errors.js';
import { reasonOf } from '../../failure.js';
import type { Loop } from '../loop.js';
import type { Clock } from '../runtime.js';
import { adminStates } from '../state/config.js';
import {
  changing,
  type NamedServer,
  namedServices,
  selectServers,
  withRememberedServers,
} from '../state/select.js';
import { ADMIN_STATES, type AdminState } from '../state/state.js';
import type { Status } from '../status.js';

export type ControlRequest =
  | { readonly ask: 'status' }
  | ({ readonly ask: 'admin' } & AdminRequest);

export interface AdminRequest {
  /** null = enable */
  readonly state: AdminState['state'] | null;
  /** an address, or an address and its port */
  readonly server: string;
  /** name or key */
  readonly service: string | null;
  readonly reason: string;
  /** login name */
  readonly by: string;
  /** seconds after which the server is enabled again */
  readonly for_seconds: number | null;
}

/** A server that the request is about. */
export interface ChangedServer extends NamedServer {
  /** false = it was so already */
  readonly changed: boolean;
}

export interface AdminAnswer {
  readonly servers: readonly ChangedServer[];
  /** why the table does not have it yet: it cannot be written */
  readonly error: string | null;
}

/** Why a request is refused, for people. */
export interface RefusedRequest {
  readonly refused: string;
  /** what to do about it */
  readonly hint: string | null;
}

export interface ControlParts {
  readonly loop: Loop;
  readonly clock: Clock;
  readonly status: () => Promise<Status>;
}

/** Answers one line. Never rejects. */
export function createControl({
  loop,
  clock,
  status,
}: ControlParts): (line: string) => Promise<string> {
  async function answer(request: ControlRequest): Promise<Status | AdminAnswer> {
    if (request.ask === 'status') return status();
    const { state } = loop;
    const states = [...state.remembered, ...adminStates(state.services)];
    const file = namedServices(state);
    const known = request.state === null ? withRememberedServers(file, states) : file;
    const servers = selectServers(known, request.server, request.service ?? undefined);
    const admin = toAdmin(request, clock.date());
    const changed = changing(servers, admin, states);
    if (changed.length > 0) loop.setAdmin(changed, admin);
    await loop.write();
    return {
      servers: servers.map((one) => ({ ...one, changed: changed.includes(one) })),
      error: loop.error() ?? (await differing(servers)),
    };
  }
  /** What the table has of these servers that it should not: a change was refused. */
  async function differing(servers: readonly NamedServer[]): Promise<string | null> {
    const { services } = await status();
    const wrong = servers.flatMap((one) => {
      const found = services
        .find(({ service }) => service === one.service)
        ?.servers.find(({ server }) => server === one.server);
      return found && found.weight_desired !== found.weight_actual
        ? [`${one.name} ${one.server} ${weightText(found.weight_actual)}`]
        : [];
    });
    return wrong.length === 0 ? null : wrong.join(', ');
  }
  return async (line) => {
    try {
      return JSON.stringify(await answer(readRequest(line)));
    } catch (error) {
      return JSON.stringify({
        refused: reasonOf(error),
        hint: (error instanceof LvsctlError ? error.hint : undefined) ?? null,
      } satisfies RefusedRequest);
    }
  };
}

function weightText(weight: number | null): string {
  return weight === null ? 'is not in it' : `has weight ${weight} there`;
}

/** The state that a request asks for; undefined = enable. */
export function toAdmin(
  { state, reason, by, for_seconds: seconds }: AdminRequest,
  now: Date,
): AdminState | undefined {
  if (state === null) return undefined;
  const until = seconds === null ? undefined : new Date(now.getTime() + seconds * 1000);
  return { state, reason, by, since: now.toISOString(), until: until?.toISOString() };
}

/** @throws MONITOR_REFUSED for anything else */
function readRequest(line: string): ControlRequest {
  let value: Partial<Record<string, unknown>> | null = null;
  try {
    value = JSON.parse(line);
  } catch {
    // refused below
  }
  const { ask, state, server, service, reason, by, for_seconds } = value ?? {};
  if (ask === 'status') return { ask };
  if (
    ask === 'admin' &&
    (state === null || ADMIN_STATES.some((one) => one === state)) &&
    typeof server === 'string' &&
    (service === null || typeof service === 'string') &&
    typeof reason === 'string' &&
    typeof by === 'string' &&
    (for_seconds === null || (typeof for_seconds === 'number' && for_seconds > 0))
  ) {
    return { ask, state: state as AdminRequest['state'], server, service, reason, by, for_seconds };
  }
  throw new LvsctlError('MONITOR_REFUSED', 'not a request of this version of lvsctl');
}
