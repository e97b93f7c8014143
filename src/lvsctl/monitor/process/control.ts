// Administrative states of servers, as requested from a running monitor.
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
import type { AdminState } from '../state/state.js';
import type { Status } from '../status.js';

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

/** Changes the states of servers of a running monitor. */
export async function applyAdmin(
  request: AdminRequest,
  loop: Loop,
  clock: Clock,
  status: () => Promise<Status>,
): Promise<AdminAnswer> {
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
    error: loop.error() ?? differing(servers, await status()),
  };
}

/** What the table has of these servers that it should not: a change was refused. */
function differing(servers: readonly NamedServer[], { services }: Status): string | null {
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
