// lvsctl show connections: connections and templates, or how many there are of each kind.
import { InvalidArgumentError, Option, type Command as Program } from 'commander';
import { parseAddress } from '../../model/address.js';
import type { Connection } from '../../model/connection.js';
import { fullPrefix } from '../../model/prefix.js';
import { LvsctlError } from '../errors.js';
import { jsonText } from '../json.js';
import {
  type ConnectionFilter,
  type ConnectionPlace,
  Counter,
  matchesFilter,
  type Network,
  ORDERS,
  type Order,
  parseGrouping,
  type ServicePlace,
  shownConnection,
} from '../show/connections.js';
import { connectionOf, countLines } from '../show/counting.js';
import { procPath, VERSION } from '../show/report.js';
import type { Finish } from '../subcommand.js';
import { connectionText, connectionTitles, countsText } from '../view/show.js';
import type { World } from '../world.js';
import { whole } from './numbers.js';

interface ConnectionOptions {
  readonly json?: boolean;
  readonly client?: Network;
  readonly service?: ServicePlace;
  readonly server?: ConnectionPlace;
  readonly state?: ReadonlySet<string>;
  readonly protocol?: string;
  readonly templates?: 'only' | 'none';
  readonly sort?: Order;
  readonly count?: string;
  readonly limit?: number;
}

/** rows of `--count` where no limit is named */
const TOP = 20;

/** Adds the command. */
export function configureConnections(program: Program, finish: Finish): void {
  program
    .command('connections')
    .description('show connections and templates, or how many there are of each kind')
    .option('--json', 'print JSON: one line a connection; with --count one document')
    .option('--client <network>', 'of these clients: 203.0.113.9, 203.0.113.0/24', network)
    .option('--service <service>', 'to this place: [tcp ]192.0.2.1[:80]', servicePlace)
    .option('--server <server>', 'on this real server: 10.0.0.1[:80]', place)
    .option('--state <states>', 'in one of these states: ESTABLISHED,SYN_RECV', states)
    .addOption(
      new Option('--protocol <protocol>', 'of this protocol').choices(['tcp', 'udp', 'sctp', 'ip']),
    )
    .addOption(
      new Option(
        '--templates <which>',
        'only the templates of persistence, or none of them (default with --count)',
      ).choices(['only', 'none']),
    )
    .addOption(
      new Option('--sort <column>', 'in this order, else in that of the kernel').choices(
        Object.keys(ORDERS),
      ),
    )
    .option(
      '--count <by>',
      'count by client, client/24 (IPv6: /64), client/24,56, service, server or state',
      grouping,
    )
    .option('--limit <n>', `at most this many (with --count ${TOP})`, whole(1, 1e9))
    .action((options: ConnectionOptions) => finish((world) => showConnections(options, world)));
}

async function showConnections(options: ConnectionOptions, world: World): Promise<number> {
  const { count, sort } = options;
  if (count !== undefined && sort !== undefined)
    throw new LvsctlError('BAD_USAGE', '--sort and --count exclude each other');
  const filter: ConnectionFilter = {
    ...options,
    states: options.state,
    templates: options.templates ?? (count === undefined ? undefined : 'none'),
  };
  if (count !== undefined) {
    const counter = await counted(count, filter, world);
    return printCounts(counter, count, options, world);
  }
  const chosen = filtered(await readConnections(world), filter);
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const { print, end } = printer(options.json === true, world);
  const rows = sort === undefined ? limited(chosen, limit) : firstOf(chosen, ORDERS[sort], limit);
  for (const one of rows) if (!(await print(one))) break;
  end();
  return 0;
}

function* limited(all: Iterable<Connection>, limit: number): Generator<Connection> {
  let taken = 0;
  for (const one of all) {
    yield one;
    if (++taken >= limit) return;
  }
}

/** Of a home that keeps its own, or line by line from /proc. @throws a system error */
async function readConnections(world: World): Promise<Iterable<Connection>> {
  const own = await ownConnections(world);
  const path = procPath(world, 'ip_vs_conn');
  return own ?? parsed(world.lines(path), path);
}

/** @returns undefined where /proc has them */
async function ownConnections({ machine }: World): Promise<readonly Connection[] | undefined> {
  return machine.hasKernelRules ? undefined : (await machine.backend()).connections();
}

/** @throws a system error; SYSTEM for a line that makes no sense */
async function counted(by: string, filter: ConnectionFilter, world: World): Promise<Counter> {
  const counter = new Counter(parseGrouping(by) ?? (() => ''));
  const own = await ownConnections(world);
  if (own === undefined) {
    const path = procPath(world, 'ip_vs_conn');
    countLines(world.lines(path), path, by, filter, counter);
  } else for (const one of filtered(own, filter)) counter.add(one);
  return counter;
}

/** @throws SYSTEM for a line that makes no sense */
function* parsed(lines: Iterable<string>, path: string): Generator<Connection> {
  let number = 0;
  for (const line of lines) {
    number++;
    if (number > 1 && line.trim() !== '') yield connectionOf(line, number, path); // 1: titles
  }
}

function* filtered(all: Iterable<Connection>, filter: ConnectionFilter): Generator<Connection> {
  for (const one of all) if (matchesFilter(one, filter)) yield one;
}

/** The first `limit` in an order; holds about twice as many at the most. */
function firstOf(
  all: Iterable<Connection>,
  order: (a: Connection, b: Connection) => number,
  limit: number,
): Connection[] {
  const room = Math.max(1000, 2 * limit);
  let held: Connection[] = [];
  for (const one of all) {
    held.push(one);
    if (held.length >= room) held = held.sort(order).slice(0, limit);
  }
  return held.sort(order).slice(0, limit);
}

function printCounts(
  counter: Counter,
  by: string,
  { json, limit = TOP }: ConnectionOptions,
  world: World,
): number {
  const counts = counter.counts(limit);
  const parts = { by, connections: counter.all, counts };
  if (json) world.out(`${jsonText({ format: 'lvs counts', version: VERSION, ...parts }, 2)}\n`);
  else world.out(countsText(counts, by, counter.all, world));
  return 0;
}

/** characters that are printed at once */
const BATCH = 65_536;

interface Printer {
  /** @returns false when stdout has no reader any more */
  print(one: Connection): Promise<boolean>;
  /** Prints what is left. */
  end(): void;
}

/** Waits for the reader, so that a million lines take little memory. */
function printer(json: boolean, world: World): Printer {
  let text = json ? '' : connectionTitles();
  const flush = () => {
    world.out(text);
    text = '';
  };
  return {
    async print(one) {
      text += json ? `${JSON.stringify(shownConnection(one))}\n` : connectionText(one);
      if (text.length < BATCH) return true;
      flush();
      await world.flushed();
      return world.isRead();
    },
    end: flush,
  };
}

/** Reads `203.0.113.9`, `2001:db8::/32`. @throws InvalidArgumentError */
function network(text: string): Network {
  const [, head = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(head);
  const length = bits === undefined ? address && fullPrefix(address.family) : Number(bits);
  if (address === undefined || length === undefined || length > fullPrefix(address.family))
    throw new InvalidArgumentError('an address or a network such as 203.0.113.0/24 is needed');
  return { address, length };
}

/** Reads `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. @throws InvalidArgumentError */
function place(text: string): ConnectionPlace {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = parseAddress(v6 ?? v4 ?? text);
  if (address === undefined || Number(port ?? 0) > 65_535)
    throw new InvalidArgumentError(
      'an address such as 10.0.0.1, 10.0.0.1:80 or [2001:db8::1]:80 is needed',
    );
  return { address, port: port === undefined ? undefined : Number(port) };
}

/** The same with a protocol before it. @throws InvalidArgumentError */
function servicePlace(text: string): ServicePlace {
  if (/^fwmark /.test(text))
    throw new InvalidArgumentError(
      'the list of connections does not show the mark of a connection: name the address and port',
    );
  const [, protocol, rest = text] = /^(tcp|udp|sctp) +(.*)$/.exec(text) ?? [];
  return { ...place(rest), protocol };
}

function states(text: string): ReadonlySet<string> {
  return new Set(text.toUpperCase().split(','));
}

/** @throws InvalidArgumentError */
function grouping(text: string): string {
  if (parseGrouping(text) !== undefined) return text;
  throw new InvalidArgumentError('one of client, client/24, service, server, state is needed');
}
