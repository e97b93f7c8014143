// The only reader of a whole table.
import type { DestinationEntry } from '../model/destination.js';
import type { ServiceEntry } from '../model/service.js';
import { type ServiceKey, serviceKey, type Table, type VirtualServer } from '../model/table.js';
import type { Backend, Detail } from './backend.js';

/** A service with its servers as the kernel reports them, counters and connections included. */
export interface VirtualServerEntry extends ServiceEntry {
  readonly servers: readonly DestinationEntry[];
}

/**
 * Everything that a table holds, in the kernel's order.
 * @throws BackendError or IpvsError as the backend does
 */
export async function readEntries(
  backend: Backend,
  detail: Detail = 'counters',
): Promise<VirtualServerEntry[]> {
  const entries: VirtualServerEntry[] = [];
  for (const entry of await backend.services(detail))
    entries.push({ ...entry, servers: await backend.destinations(entry.service.id, detail) });
  return entries;
}

/** The rules of the whole table. @throws as `readEntries` */
export async function readTable(backend: Backend): Promise<Table> {
  return (await readPart(backend, () => true)).table;
}

/**
 * The rules of some services, and the keys of all that there are.
 * @throws as `readEntries`
 */
export async function readPart(
  backend: Backend,
  isAsked: (key: ServiceKey) => boolean,
): Promise<{ readonly table: Table; readonly keys: ReadonlySet<ServiceKey> }> {
  const table = new Map<ServiceKey, VirtualServer>();
  const keys = new Set<ServiceKey>();
  for (const { service } of await backend.services('rules')) {
    const key = serviceKey(service.id);
    keys.add(key);
    if (!isAsked(key)) continue;
    const entries = await backend.destinations(service.id, 'rules');
    table.set(key, { service, destinations: entries.map(({ destination }) => destination) });
  }
  return { table, keys };
}
