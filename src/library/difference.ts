// The difference of two tables, as changes and as steps.

import { planChanges } from '../lvsctl/transaction/plan.js';
import { NO_RULES } from '../lvsctl/transaction/state.js';
import { formatAddress } from '../model/address.js';
import type { Change } from '../model/change.js';
import { diffServices } from '../model/diff.js';
import { serviceKey, type Table, tableOf } from '../model/table.js';
import { changeArguments } from '../render/rules.js';
import { shellLine } from '../render/shell.js';
import type * as Api from './api.js';
import { LvsError } from './errors.js';
import {
  fromDestination,
  fromId,
  fromService,
  toDestination,
  toDestinationId,
  toId,
  toService,
  toVirtualServer,
} from './shapes.js';

export const diff: typeof Api.diff = (actual, desired, { prune = true } = {}) => {
  const [before, after] = [toTable(actual), toTable(desired)];
  const keys = [...after.keys(), ...(prune ? before.keys() : [])];
  const parts = [...new Set(keys)].map((key) => diffServices(before.get(key), after.get(key)));
  return [
    ...parts.flatMap(({ additions }) => additions),
    ...parts.flatMap(({ removals }) => removals),
  ].map(fromChange);
};

export const plan: typeof Api.plan = (
  actual,
  desired,
  { prune = true, keepWeights = false } = {},
) => {
  const table = toTable(actual);
  const connections = connectionsOf(actual);
  const { steps } = planChanges(
    { ...NO_RULES, table },
    {
      table: toTable(desired),
      removed: prune ? 'others' : new Set(),
      timeouts: undefined,
      daemons: new Map(),
    },
    { keepWeights },
  );
  return steps.map(({ action, change }): Api.Step => {
    const made = fromChange(change);
    return {
      action,
      change: made,
      command: shellLine(['ipvsadm', ...(changeArguments(change) ?? [])]),
      ends: connections(made),
    };
  });
};

/** Connections that a removal ends, of a live table. */
function connectionsOf(actual: Api.Table): (change: Api.Change) => number {
  const sum = ({ activeConnections = 0, inactiveConnections = 0 }: Partial<Api.LiveServer>) =>
    activeConnections + inactiveConnections;
  return (change) => {
    if (change.kind !== 'delete-service' && change.kind !== 'delete-server') return 0;
    const key = serviceKey(toId(change.service));
    const found = actual.find(({ service }) => serviceKey(toId(service)) === key);
    const { servers = [] } = found ?? {};
    if (change.kind === 'delete-service') return servers.reduce((all, one) => all + sum(one), 0);
    const { address, port } = change.server;
    const server = servers.find((one) => one.address === address && one.port === port);
    return server ? sum(server) : 0;
  };
}

/** @throws LvsError INVALID */
export function toTable(rules: Api.Rules): Table {
  return tableOf(rules.map(toVirtualServer));
}

/** @throws LvsError INVALID */
export function toChange(change: Api.Change): Change {
  switch (change.kind) {
    case 'add-service':
    case 'edit-service':
      return { kind: change.kind, service: toService(change.service) };
    case 'delete-service':
      return { kind: change.kind, id: toId(change.service) };
    case 'add-server':
      return { kind: 'add-destination', ...toServerChange(change) };
    case 'edit-server':
      return { kind: 'edit-destination', ...toServerChange(change) };
    case 'delete-server':
      return {
        kind: 'delete-destination',
        id: toId(change.service),
        destination: toDestinationId(change.server),
      };
    default:
      throw new LvsError('INVALID', `change: ${JSON.stringify(change satisfies never)}`);
  }
}

function toServerChange({
  service,
  server,
}: {
  readonly service: Api.ServiceId;
  readonly server: Api.Server;
}) {
  return { id: toId(service), destination: toDestination(server) };
}

function fromChange(change: Change): Api.Change {
  switch (change.kind) {
    case 'add-service':
    case 'edit-service':
      return { kind: change.kind, service: fromService(change.service) };
    case 'delete-service':
      return { kind: change.kind, service: fromId(change.id) };
    case 'add-destination':
    case 'edit-destination':
      return {
        kind: change.kind === 'add-destination' ? 'add-server' : 'edit-server',
        service: fromId(change.id),
        server: fromDestination(change.destination),
      };
    case 'delete-destination': {
      const { address, port } = change.destination;
      const server = { address: formatAddress(address), port };
      return { kind: 'delete-server', service: fromId(change.id), server };
    }
    default:
      throw new Error(`a difference of rules has no ${change.kind}`);
  }
}
