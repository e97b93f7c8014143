// GET /api/v1/connections: the list of connections, sent as it is read, or how many there are of each
// kind. A million of them take little memory, and other requests are answered at the same time.
import type { Connection } from '../../model/connection.js';
import { LvsctlError } from '../errors.js';
import { failureText } from '../failure.js';
import { counting, readConnections } from '../show/choose.js';
import { FirstOf, matchesFilter, ORDERS, shownConnection } from '../show/connections.js';
import { countsDocument } from '../show/documents.js';
import { type ConnectionQuery, filterOf, QUERY_FIELDS } from '../show/query.js';
import { procPath } from '../show/report.js';
import type { World } from '../world.js';
import { answerOf, errorAnswer, jsonAnswer } from './answers.js';
import type { WebAnswer, WebRequest } from './machine.js';

/** lists that are read at the same time */
const AT_ONCE = 4;
/** rows of counts where the query has no limit */
const TOP = 20;
/** rows of a sorted list, which is held: at most, and where the query has no limit */
const MOST_SORTED = 10_000;
const SORTED = 1000;
/** connections between which other requests get their turn */
const TURN = 500;
/** characters that are sent at once */
const BATCH = 65_536;
/** seconds that a list may take, however slowly it is read */
const LONGEST_S = 300;

export type AnswerConnections = (request: WebRequest) => Promise<WebAnswer>;

/** @param seconds a clock that does not go back */
export function createConnectionsAnswer(world: World, seconds: () => number): AnswerConnections {
  let running = 0;
  const taken = async (work: () => Promise<void>) => {
    running++;
    try {
      await work();
    } finally {
      running--;
    }
  };
  return async ({ url }) => {
    const query = readQuery(url);
    if (running >= AT_ONCE)
      return errorAnswer(503, 'BAD_USAGE', 'too many lists are read already', null, {
        'retry-after': '5',
      });
    if (query.count !== undefined) {
      let text = '';
      await taken(async () => {
        text = await counts(query.count ?? '', query, world);
      });
      return jsonAnswer(text);
    }
    await refuseUnreadable(world);
    return {
      ...answerOf(200, 'application/x-ndjson', ''),
      stream: (write, end, drained) => {
        let isThere = true;
        const until = seconds() + LONGEST_S;
        const goesOn = () => isThere && seconds() < until;
        void taken(() => list(query, world, { write, end, drained, goesOn }));
        return () => {
          isThere = false;
        };
      },
    };
  };
}

/** @throws LvsctlError BAD_USAGE */
function readQuery(url: string): ConnectionQuery {
  const { searchParams } = new URL(url, 'http://localhost');
  const query: Record<string, unknown> = {};
  for (const [name, text] of searchParams) {
    const field = Object.hasOwn(QUERY_FIELDS, name)
      ? QUERY_FIELDS[name as keyof ConnectionQuery]
      : undefined;
    if (field === undefined)
      throw new LvsctlError(
        'BAD_USAGE',
        `${name}: no such parameter; there are ${Object.keys(QUERY_FIELDS).join(', ')}`,
      );
    if (Object.hasOwn(query, name))
      throw new LvsctlError('BAD_USAGE', `${name}: given more than once`);
    query[name] = field.read(text);
    if (query[name] === undefined)
      throw new LvsctlError('BAD_USAGE', `${name}=${text}: ${field.needed}`);
  }
  const read = query as ConnectionQuery;
  if (read.count !== undefined && read.sort !== undefined)
    throw new LvsctlError('BAD_USAGE', 'sort and count exclude each other');
  if (read.sort !== undefined && (read.limit ?? 0) > MOST_SORTED)
    throw new LvsctlError('BAD_USAGE', `sort: only with a limit of at most ${MOST_SORTED}`);
  return read;
}

/** Before anything is sent. @throws a system error */
async function refuseUnreadable(world: World): Promise<void> {
  if (!world.machine.hasKernelRules) return;
  for (const _ of world.pieces(procPath(world, 'ip_vs_conn'))) return;
}

/** Lets other requests be answered. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

async function counts(by: string, query: ConnectionQuery, world: World): Promise<string> {
  const { counter, steps } = await counting(by, filterOf(query), world);
  let turn = 0;
  for (const _ of steps) if (++turn % TURN === 0 || world.machine.hasKernelRules) await breathe();
  return countsDocument(by, counter, query.limit ?? TOP);
}

interface Reader {
  write(text: string): void;
  end(): void;
  drained(): Promise<void>;
  /** false when the client has left or takes too long */
  goesOn(): boolean;
}

/** What cannot be read to its end ends with a line that has the error. */
async function list(query: ConnectionQuery, world: World, reader: Reader): Promise<void> {
  try {
    const isWhole = await writeAll(await chosen(query, world, reader), query, reader);
    if (!isWhole) throw new LvsctlError('OUTPUT', `the list took more than ${LONGEST_S} seconds`);
  } catch (error) {
    const message = failureText(error) ?? 'a fault in lvsctl';
    const code = error instanceof LvsctlError ? error.code : 'SYSTEM';
    reader.write(`${JSON.stringify({ error: { code, message, hint: null } })}\n`);
  }
  reader.end();
}

type Rows = AsyncIterable<Connection>;

/** Those that pass, in the order that is asked for. */
async function chosen(query: ConnectionQuery, world: World, reader: Reader): Promise<Rows> {
  const passing = filtered(await readConnections(world), query, reader);
  if (query.sort === undefined) return passing;
  const first = new FirstOf<Connection>(ORDERS[query.sort], query.limit ?? SORTED);
  for await (const one of passing) first.add(one);
  return filtered(first.sorted(), query, reader);
}

async function* filtered(all: Iterable<Connection>, query: ConnectionQuery, reader: Reader) {
  const filter = filterOf(query);
  let turn = 0;
  for (const one of all) {
    if (++turn % TURN === 0) {
      await breathe();
      if (!reader.goesOn()) return;
    }
    if (matchesFilter(one, filter)) yield one;
  }
}

/** What was read before an error is written too. @returns false when it was broken off */
async function writeAll(rows: Rows, query: ConnectionQuery, reader: Reader): Promise<boolean> {
  let text = '';
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  try {
    for await (const one of rows) {
      text += `${JSON.stringify(shownConnection(one))}\n`;
      if (text.length >= BATCH) {
        reader.write(text);
        text = '';
        await reader.drained();
      }
      if (--left <= 0 || !reader.goesOn()) break;
    }
  } finally {
    reader.write(text);
  }
  return left <= 0 || reader.goesOn();
}
