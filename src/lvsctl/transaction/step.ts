// One step of a plan: what a change does, what it replaces, and what no later step brings back.
import type { VirtualServerEntry } from '../../backend/readtable.js';
import type { Change } from '../../model/change.js';
import type { DaemonRequest, DaemonRole } from '../../model/daemon.js';
import type { DestinationEntry } from '../../model/destination.js';
import {
  type ServerKey,
  type ServiceKey,
  serverKey,
  serviceKey,
  serviceOf,
} from '../../model/table.js';
import { changeArguments } from '../../render/rules.js';
import { shellLine } from '../../render/shell.js';
import type { LiveRules, RulesState } from './state.js';

export const ACTIONS = ['add', 'edit', 'remove'] as const;
export type Action = (typeof ACTIONS)[number];

export interface PlannedStep {
  readonly action: Action;
  readonly change: Change;
  /** the settings that it replaces, as arguments of ipvsadm */
  readonly was: string | undefined;
  /** what it ends and no later step brings back */
  readonly lost: Lost | undefined;
}

/** Connections, and what else cannot come back. */
export interface Lost {
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
  /** connections since the last zero that the removed counters had counted */
  readonly counted: bigint;
  readonly effect: 'ended' | 'expired' | 'stalled';
}

/** The live rules with the servers of a service by key, made when first asked for. */
export interface LiveReader {
  readonly live: LiveRules;
  server(service: ServiceKey, server: ServerKey): DestinationEntry | undefined;
}

/** @see LiveReader */
export function createReader(live: LiveRules): LiveReader {
  const known = new Map<ServiceKey, ReadonlyMap<ServerKey, DestinationEntry>>();
  return {
    live,
    server(service, server) {
      const servers =
        known.get(service) ??
        new Map(
          (live.entries.get(service)?.servers ?? []).map((one) => [
            serverKey(one.destination),
            one,
          ]),
        );
      known.set(service, servers);
      return servers.get(server);
    },
  };
}

/**
 * What a change does.
 * @param daemons those desired, null = stopped
 * @param expireNodest connections of a removed server end
 */
export function toStep(
  change: Change,
  reader: LiveReader,
  daemons: ReadonlyMap<DaemonRole, DaemonRequest | null>,
  expireNodest: boolean,
): PlannedStep {
  return {
    action: actionOf(change, reader.live, daemons),
    change,
    was: previousSettings(change, reader),
    lost: lostBy(change, reader, expireNodest),
  };
}

function actionOf(
  change: Change,
  live: RulesState,
  daemons: ReadonlyMap<DaemonRole, DaemonRequest | null>,
): Action {
  switch (change.kind) {
    case 'add-service':
    case 'add-destination':
      return 'add';
    case 'start-daemon':
      return live.daemons.some(({ role }) => role === change.daemon.role) ? 'edit' : 'add';
    case 'stop-daemon':
      return daemons.get(change.role) === null ? 'remove' : 'edit';
    case 'delete-service':
    case 'delete-destination':
    case 'flush':
      return 'remove';
    default:
      return 'edit';
  }
}

function previousSettings(change: Change, reader: LiveReader): string | undefined {
  const { table, timeouts } = reader.live;
  if (change.kind === 'set-timeouts')
    return `--set ${timeouts.tcp} ${timeouts.tcpFin} ${timeouts.udp}`;
  const id = serviceOf(change);
  const actual = id && table.get(serviceKey(id));
  if (id === undefined || actual === undefined) return undefined;
  if (change.kind === 'edit-service') return settingsOf({ ...change, service: actual.service });
  if (change.kind !== 'edit-destination') return undefined;
  const found = reader.server(serviceKey(id), serverKey(change.destination));
  return found && settingsOf({ ...change, destination: found.destination });
}

/** `-s wlc -p 300`: what follows the service and the server. */
function settingsOf(change: Change): string | undefined {
  const args = changeArguments(change);
  const from = args?.findIndex((arg) => /^-[sgim]$/.test(arg)) ?? -1;
  return args === undefined || from < 0 ? undefined : shellLine(args.slice(from));
}

function lostBy(change: Change, reader: LiveReader, expireNodest: boolean): Lost | undefined {
  if (change.kind !== 'delete-service' && change.kind !== 'delete-destination') return undefined;
  const entry = reader.live.entries.get(serviceKey(change.id));
  if (entry === undefined) return undefined;
  if (change.kind === 'delete-service') return lostWith(entry.servers, 'ended', entry);
  const server = reader.server(serviceKey(change.id), serverKey(change.destination));
  return lostWith(server ? [server] : [], expireNodest ? 'expired' : 'stalled', server);
}

function lostWith(
  servers: readonly DestinationEntry[],
  effect: Lost['effect'],
  counted: Pick<VirtualServerEntry, 'counters'> | undefined,
): Lost {
  const sum = (value: (server: DestinationEntry) => number) =>
    servers.reduce((all, server) => all + value(server), 0);
  return {
    active: sum(({ activeConnections }) => activeConnections),
    inactive: sum(({ inactiveConnections }) => inactiveConnections),
    persistent: sum(({ persistentConnections }) => persistentConnections),
    counted: counted?.counters.connections ?? 0n,
    effect,
  };
}
