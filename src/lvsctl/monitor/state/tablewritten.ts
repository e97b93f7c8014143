// The table was written: sorry servers, orphans that were removed, refusals that are new.
import {
  type ServiceKey,
  serverKey,
  serviceKey,
  serviceOf,
  type Table,
} from '../../../model/table.js';
import { messageFor } from '../../../render/messages.js';
import type { MonitorEvent } from './events.js';
import type { Input, Reduction, RefusedChange } from './input.js';
import { pruneOrphans } from './orphans.js';
import type { MonitorState, ServiceState } from './state.js';

/** What the write did: sorry servers, orphans that were removed, refusals that are new. */
export function onApplied(
  state: MonitorState,
  { table, keys, before, written, refusals }: Extract<Input, { kind: 'applied' }>,
): Reduction {
  const names = new Map(state.services.map(({ key, name }) => [key, name]));
  const fresh = refusals.filter((one) => !state.refused.has(textOf(one)));
  const refused = fresh.map(({ change, error }): MonitorEvent => {
    const id = serviceOf(change);
    const name = id && names.get(serviceKey(id));
    return {
      event: 'refused',
      ...(name === undefined ? {} : { service: name }),
      ...('destination' in change ? { server: serverKey(change.destination) } : {}),
      reason: `${change.kind}: ${messageFor(error)}`,
    };
  });
  const sorry = sorryAfter(state.services, before, table, written);
  return {
    state: {
      ...state,
      services: sorry.services,
      applied: { services: new Set(names.keys()), table },
      refused: new Set(refusals.map(textOf)),
      orphans: pruneOrphans(state.orphans, table, keys),
    },
    events: [...refused, ...sorry.events],
  };
}

function textOf({ change, error }: RefusedChange): string {
  const id = serviceOf(change);
  const server = 'destination' in change ? serverKey(change.destination) : '';
  return `${id ? serviceKey(id) : ''} ${change.kind} ${server} ${error.code}`;
}

/** Sorry servers that came or went; one that an earlier monitor left is no news. */
function sorryAfter(
  services: readonly ServiceState[],
  before: Table,
  after: Table,
  written: ReadonlySet<ServiceKey>,
): { readonly services: readonly ServiceState[]; readonly events: readonly MonitorEvent[] } {
  const events: MonitorEvent[] = [];
  const next = services.map((service) => {
    const { sorry } = service.spec;
    if (sorry === undefined || !written.has(service.key)) return service;
    const server = serverKey(sorry);
    const isIn = (table: Table) =>
      table.get(service.key)?.destinations.some((one) => serverKey(one) === server) === true;
    const active = isIn(after);
    const was = service.sorryActive ?? isIn(before);
    if (active !== was)
      events.push({ event: active ? 'sorry-up' : 'sorry-down', service: service.name, server });
    return active === service.sorryActive ? service : { ...service, sorryActive: active };
  });
  return { services: next, events };
}
