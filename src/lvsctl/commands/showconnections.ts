// lvsctl show connections: connections and templates, or how many there are of each kind.
import { InvalidArgumentError, Option, type Command as Program } from 'commander';
import type { Connection } from '../../model/connection.js';
import { LvsctlError } from '../errors.js';
import { counting, readConnections } from '../show/choose.js';
import {
  type Counter,
  FirstOf,
  matchesFilter,
  ORDERS,
  shownConnection,
} from '../show/connections.js';
import { countsDocument } from '../show/documents.js';
import {
  type ConnectionQuery,
  filterOf,
  MOST,
  PROTOCOLS,
  QUERY_FIELDS,
  type QueryField,
  TEMPLATES,
} from '../show/query.js';
import type { Finish } from '../subcommand.js';
import { connectionText, connectionTitles, countsText } from '../view/show.js';
import type { World } from '../world.js';
import { whole } from './numbers.js';

interface ConnectionOptions extends ConnectionQuery {
  readonly json?: boolean;
}

/** rows of `--count` where no limit is named */
const TOP = 20;

/** Adds the command. */
export function configureConnections(program: Program, finish: Finish): void {
  const { client, service, server, state, count } = QUERY_FIELDS;
  program
    .command('connections')
    .description('show connections and templates, or how many there are of each kind')
    .option('--json', 'print JSON: one line a connection; with --count one document')
    .option('--client <network>', 'of these clients: 203.0.113.9, 203.0.113.0/24', argument(client))
    .option('--service <service>', 'to this place: [tcp ]192.0.2.1[:80]', argument(service))
    .option('--server <server>', 'on this real server: 10.0.0.1[:80]', argument(server))
    .option('--state <states>', 'in one of these states: ESTABLISHED,SYN_RECV', argument(state))
    .addOption(new Option('--protocol <protocol>', 'of this protocol').choices(PROTOCOLS))
    .addOption(
      new Option(
        '--templates <which>',
        'only the templates of persistence, or none of them (default with --count)',
      ).choices(TEMPLATES),
    )
    .addOption(
      new Option('--sort <column>', 'in this order, else in that of the kernel').choices(
        Object.keys(ORDERS),
      ),
    )
    .option(
      '--count <by>',
      'count by client, client/24 (IPv6: /64), client/24,56, service, server or state',
      argument(count),
    )
    .option('--limit <n>', `at most this many (with --count ${TOP})`, whole(1, MOST))
    .action((options: ConnectionOptions) => finish((world) => showConnections(options, world)));
}

/** As commander reads an argument. @throws InvalidArgumentError */
function argument<T>({ read, needed }: QueryField<T>): (text: string) => T {
  return (text) => {
    const value = read(text);
    if (value === undefined) throw new InvalidArgumentError(needed);
    return value;
  };
}

async function showConnections(options: ConnectionOptions, world: World): Promise<number> {
  const { count, sort } = options;
  if (count !== undefined && sort !== undefined)
    throw new LvsctlError('BAD_USAGE', '--sort and --count exclude each other');
  const filter = filterOf(options);
  if (count !== undefined) {
    const { counter, steps } = await counting(count, filter, world);
    for (const _ of steps); // there is no other work
    return printCounts(counter, count, options, world);
  }
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const { print, end } = printer(options.json === true, world);
  let rows: Iterable<Connection> = await readConnections(world);
  if (sort !== undefined) {
    const first = new FirstOf(ORDERS[sort], limit);
    for (const one of rows) if (matchesFilter(one, filter)) first.add(one);
    rows = first.sorted();
  }
  let left = limit;
  for (const one of rows) {
    if (!matchesFilter(one, filter)) continue;
    if (!(await print(one)) || --left <= 0) break;
  }
  end();
  return 0;
}

function printCounts(
  counter: Counter,
  by: string,
  { json, limit = TOP }: ConnectionOptions,
  world: World,
): number {
  if (json) world.out(countsDocument(by, counter, limit, 2));
  else world.out(countsText(counter.counts(limit), by, counter.all, world));
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
