// Listings and saves: reads the backend, sorts, looks names up, renders.
import type { Detail } from '../backend/backend.js';
import type { Address } from '../model/address.js';
import type { DestinationEntry } from '../model/destination.js';
import { IpvsError } from '../model/errors.js';
import type { Protocol, ServiceEntry, ServiceId } from '../model/service.js';
import { parseConnection, renderConnection, renderConnectionTitles } from '../render/connections.js';
import { renderDestination, renderService, renderTitles, renderVersion } from '../render/listing.js';
import { messageFor } from '../render/messages.js';
import { NUMERIC, type ReverseNames } from '../render/names.js';
import { renderDestinationRule, renderServiceRule } from '../render/rules.js';
import { compareDestinations, compareServices, mergeSort } from '../render/sort.js';
import { renderDaemon, renderTimeouts } from '../render/status.js';
import type { Command, View } from './parse.js';
import type { World } from './world.js';

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
export async function list(command: Listing, world: World): Promise<number> {
  if (command.kind === 'list-connections') return listConnections(command, world);
  try {
    await printTable(command, world);
    return 0;
  } catch (error) {
    if (!(error instanceof IpvsError)) throw error;
    // A failed query for timeouts or daemons has no words of its own.
    if (command.kind !== 'list-timeouts' && command.kind !== 'list-daemons') world.err(`${messageFor(error)}\n`);
    return LISTING_FAILED;
  }
}

async function printTable(command: Exclude<Listing, { kind: 'list-connections' }>, world: World): Promise<void> {
  const { backend } = world;
  switch (command.kind) {
    case 'list-table': {
      const info = await backend.info();
      const services = await backend.services(detailOf(command.view));
      world.out(renderVersion(info.version, info.connectionTableSize));
      return printServices(services, command.view, world);
    }
    case 'list-service':
      return printServices([await backend.service(command.id)], command.view, world);
    case 'list-timeouts':
      world.out(renderTimeouts(await backend.timeouts()));
      return;
    case 'list-daemons':
      for (const daemon of await backend.daemons()) world.out(renderDaemon(daemon));
      return;
    case 'save':
      return printRules(await backend.services('rules'), command.numeric, world);
    default:
      return command satisfies never;
  }
}

function detailOf({ layout }: View): Detail {
  return layout === 'stats' || layout === 'rate' ? 'counters' : 'rules';
}

async function printServices(services: readonly ServiceEntry[], view: View, world: World): Promise<void> {
  world.out(renderTitles(view.layout));
  for await (const { entry, destinations, names } of rowsOf(services, detailOf(view), view.sorted, view.numeric, world)) {
    const protocol = portNames(entry.service.id);
    let text = renderService(entry, view, names);
    for (const destination of destinations) text += renderDestination(destination, protocol, view, names);
    if (!world.out(text)) return;
  }
}

async function printRules(services: readonly ServiceEntry[], numeric: boolean, world: World): Promise<void> {
  for await (const { entry, destinations, names } of rowsOf(services, 'rules', true, numeric, world)) {
    let text = renderServiceRule(entry.service, names);
    for (const { destination } of destinations) text += renderDestinationRule(entry.service.id, destination, names);
    if (!world.out(text)) return;
  }
}

/**
 * Services with their servers, in the order of the listing. Numbers flow as they are read; names are looked up once for the whole table,
 * so that a dead resolver is waited for once.
 */
async function* rowsOf(
  services: readonly ServiceEntry[],
  detail: Detail,
  sorted: boolean,
  numeric: boolean,
  world: World,
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

async function* readRows(services: readonly ServiceEntry[], detail: Detail, sorted: boolean, world: World): AsyncGenerator<Row> {
  const order = sorted ? mergeSort(services, (a, b) => compareServices(a.service.id, b.service.id)) : services;
  for (const entry of order) {
    const found = await world.backend.destinations(entry.service.id, detail);
    const destinations = sorted ? mergeSort(found, (a, b) => compareDestinations(a.destination, b.destination)) : found;
    world.trace?.('reply', { entry, destinations });
    yield { entry, destinations };
  }
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

async function listConnections(command: Extract<Listing, { kind: 'list-connections' }>, world: World): Promise<number> {
  const own = world.connectionsChosen ? undefined : await world.backend.connections();
  if (own !== undefined) {
    const addresses = own.flatMap(({ client, virtual, destination }) => [client, virtual, destination]);
    const names = command.numeric ? NUMERIC : await world.names.reverse(addresses);
    world.out(
      renderConnectionTitles(command.engine) + own.map((connection) => renderConnection(connection, command.engine, names)).join(''),
    );
    return 0;
  }
  const pieces = world.openConnections();
  if (pieces === undefined) {
    world.err(`cannot open file ${world.connectionsPath}\n`);
    return LISTING_FAILED;
  }
  return printConnections(pieces, command, world);
}

const UNREADABLE = 2;

async function printConnections(pieces: Iterable<string>, command: { numeric: boolean; engine: boolean }, world: World): Promise<number> {
  let header = true;
  let rest = '';
  let number = 0;
  for (const piece of ended(pieces)) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    if (header && lines.length > 0) {
      lines.shift();
      number++;
      header = false;
      world.out(renderConnectionTitles(command.engine));
    }
    const status = await printLines(lines, number, command, world);
    if (status !== undefined) return status;
    number += lines.length;
  }
  if (!header) return 0;
  world.err(`unexpected input from ${world.connectionsPath}\n`);
  return LISTING_FAILED;
}

/** A last line without a newline is a line too. */
function* ended(pieces: Iterable<string>): Generator<string> {
  let last = '\n';
  for (const piece of pieces) {
    if (piece === '') continue;
    last = piece;
    yield piece;
  }
  if (!last.endsWith('\n')) yield '\n';
}

/** @returns the exit status when this ended the listing */
async function printLines(
  lines: readonly string[],
  before: number,
  { numeric, engine }: { numeric: boolean; engine: boolean },
  world: World,
): Promise<number | undefined> {
  const blank = lines.findIndex((line) => line.trim() === '');
  const shown = blank < 0 ? lines : lines.slice(0, blank);
  const connections = shown.map(parseConnection);
  const bad = connections.indexOf(undefined);
  const good = connections.filter((connection) => connection !== undefined).slice(0, bad < 0 ? undefined : bad);
  const addresses = good.flatMap(({ client, virtual, destination }) => [client, virtual, destination]);
  const names = numeric ? NUMERIC : await world.names.reverse(addresses);
  const reading = world.out(good.map((connection) => renderConnection(connection, engine, names)).join(''));
  if (bad >= 0) {
    world.err(`unexpected input from ${world.connectionsPath}: line ${before + bad + 1}\n`);
    return UNREADABLE;
  }
  // The real tool takes an empty line for the end of the world, without a word.
  if (blank >= 0) return LISTING_FAILED;
  return reading ? undefined : 0;
}
