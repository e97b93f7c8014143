// Listings and saves: reads the backend, sorts, looks names up, renders.
import type { Detail, Replies } from '../backend/backend.js';
import { TableRows } from '../fast/table.js';
import type { Address } from '../model/address.js';
import type { DestinationEntry } from '../model/destination.js';
import { IpvsError } from '../model/errors.js';
import type { Protocol, ServiceEntry, ServiceId } from '../model/service.js';
import {
  type ListingView,
  renderDestination,
  renderService,
  renderTitles,
  renderVersion,
} from '../render/listing.js';
import { messageFor } from '../render/messages.js';
import { NUMERIC, type ReverseNames } from '../render/names.js';
import { renderDestinationRule, renderServiceRule } from '../render/rules.js';
import { compareDestinations, compareServices, mergeSort } from '../render/sort.js';
import { renderDaemon, renderTimeouts } from '../render/status.js';
import { listConnections } from './connections.js';
import type { Command, View } from './parse.js';
import type { IpvsadmWorld } from './world.js';

export type Listing = Extract<Command, { kind: `list-${string}` | 'save' }>;

interface Row {
  readonly entry: ServiceEntry;
  readonly destinations: readonly DestinationEntry[];
}

interface NamedRow extends Row {
  readonly names: ReverseNames;
}

const LISTING_FAILED = 1;

/** Prints a listing. @returns the exit status: 0, or 1 when the rules could not be read */
export async function list(command: Listing, world: IpvsadmWorld): Promise<number> {
  if (command.kind === 'list-connections') return listConnections(command, world);
  try {
    await printTable(command, world);
    return 0;
  } catch (error) {
    if (!(error instanceof IpvsError)) throw error;
    // A failed query for timeouts or daemons has no message of its own.
    if (command.kind !== 'list-timeouts' && command.kind !== 'list-daemons')
      world.err(`${messageFor(error)}\n`);
    return LISTING_FAILED;
  }
}

async function printTable(
  command: Exclude<Listing, { kind: 'list-connections' }>,
  world: IpvsadmWorld,
): Promise<void> {
  const { backend } = world;
  switch (command.kind) {
    case 'list-table': {
      const info = await backend.info();
      const rows = rowsToList(command.view, world);
      const services = rows ? await rows.read() : await backend.services(detailOf(command.view));
      world.out(renderVersion(info.version, info.connectionTableSize));
      return printServices(services ?? [], rows, command.view, world);
    }
    case 'list-service': {
      const rows = rowsToList(command.view, world);
      const entry = await backend.service(command.id);
      rows?.take(entry);
      return printServices([entry], rows, command.view, world);
    }
    case 'list-timeouts':
      world.out(renderTimeouts(await backend.timeouts()));
      return;
    case 'list-daemons':
      for (const daemon of await backend.daemons()) world.out(renderDaemon(daemon));
      return;
    case 'save':
      return printRules(command.numeric, world);
    default:
      return command satisfies never;
  }
}

function detailOf({ layout }: View): Detail {
  return layout === 'stats' || layout === 'rate' ? 'counters' : 'rules';
}

/** @param services printed where there are no rows */
async function printServices(
  services: readonly ServiceEntry[],
  rows: TableRows | undefined,
  view: View,
  world: IpvsadmWorld,
): Promise<void> {
  world.out(renderTitles(view.layout));
  if (rows) return rows.list(view, world);
  for await (const { entry, destinations, names } of rowsOf(
    services,
    detailOf(view),
    view.sorted,
    view.numeric,
    world,
  )) {
    const protocol = portNames(entry.service.id);
    let text = renderService(entry, view, names);
    for (const destination of destinations)
      text += renderDestination(destination, protocol, view, names);
    if (!world.out(text)) return;
  }
}

/** Prints what `-R` reads back; what no option can express is named on stderr instead. */
async function printRules(numeric: boolean, world: IpvsadmWorld): Promise<void> {
  const replies = repliesFor({ numeric }, world);
  const rows = replies && TableRows.toSave(replies);
  if (rows) {
    await rows.read();
    return rows.save(world);
  }
  const services = await world.backend.services('rules');
  for await (const { entry, destinations, names } of rowsOf(
    services,
    'rules',
    true,
    numeric,
    world,
  )) {
    const service = renderServiceRule(entry.service, names);
    if (service === undefined) {
      world.err(`not saved: ${renderService(entry, PLAIN, NUMERIC)}`);
      continue;
    }
    let text = service;
    for (const destination of destinations) {
      const rule = renderDestinationRule(entry.service.id, destination.destination, names);
      if (rule === undefined)
        world.err(
          `not saved: ${renderDestination(destination, undefined, PLAIN, NUMERIC).trim()}\n`,
        );
      else text += rule;
    }
    if (!world.out(text)) return;
  }
}

/** Rows for a listing, where it can be printed from messages. */
function rowsToList(view: View, world: IpvsadmWorld): TableRows | undefined {
  const replies = repliesFor(view, world);
  return replies && TableRows.toList(view, detailOf(view), replies);
}

/** The table as messages, where it can be printed from them: names and a trace need the values. */
function repliesFor(
  { numeric }: { readonly numeric: boolean },
  { backend, trace }: IpvsadmWorld,
): Replies | undefined {
  return numeric && !trace ? backend.replies : undefined;
}

const PLAIN: ListingView = { layout: 'plain', exact: false };

/**
 * Services with their servers, in the order of the listing. Numbers flow as they are read; names
 * are looked up once for the whole table, so that a dead resolver is waited for once.
 */
async function* rowsOf(
  services: readonly ServiceEntry[],
  detail: Detail,
  sorted: boolean,
  numeric: boolean,
  world: IpvsadmWorld,
): AsyncGenerator<NamedRow> {
  const rows = readRows(services, detail, sorted, world);
  if (numeric || services.length === 0) {
    for await (const row of rows) yield { ...row, names: NUMERIC };
    return;
  }
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  const names = await world.names.reverse(all.flatMap(addressesOf));
  for (const row of all) yield { ...row, names };
}

async function* readRows(
  services: readonly ServiceEntry[],
  detail: Detail,
  sorted: boolean,
  world: IpvsadmWorld,
): AsyncGenerator<Row> {
  const order = sorted ? sortedServices(services) : services;
  for (const entry of order) {
    const found = await world.backend.destinations(entry.service.id, detail);
    const destinations = sorted
      ? mergeSort(found, (a, b) => compareDestinations(a.destination, b.destination))
      : found;
    world.trace?.('reply', { entry, destinations });
    yield { entry, destinations };
  }
}

function sortedServices(services: readonly ServiceEntry[]): readonly ServiceEntry[] {
  return mergeSort(services, (a, b) => compareServices(a.service.id, b.service.id));
}

/** Servers of a mark have no protocol, so their ports stay numbers. */
function portNames(id: ServiceId): Protocol | undefined {
  return id.kind === 'address' ? id.protocol : undefined;
}

function addressesOf({ entry, destinations }: Row): Address[] {
  const { id } = entry.service;
  const servers = destinations.map(({ destination }) => destination.address);
  return id.kind === 'address' ? [id.address, ...servers] : servers;
}
