// `-L -c`: the connection list from /proc, in constant memory, or from a backend that keeps its
// own.
import { PlainConnections } from '../fast/connections.js';
import type { Connection } from '../model/connection.js';
import {
  parseConnection,
  renderConnection,
  renderConnectionTitles,
} from '../render/connections.js';
import { errnoText } from '../render/errno.js';
import { NUMERIC } from '../render/names.js';
import type { Command } from './parse.js';
import { errnoNameOf, type IpvsadmWorld, type ReadBytes } from './world.js';

type ConnectionListing = Extract<Command, { kind: 'list-connections' }>;

/** also the longest line; the kernel's are shorter than 500 bytes */
const PIECE = 65536;
const NEWLINE = 10;
const BLANK = 32;

/** how the listing ends when the list cannot be read, and when a line of it makes no sense */
const STATUS = { unreadable: 1, malformed: 2 } as const;

/** Prints the connections. @returns the exit status */
export async function listConnections(
  command: ConnectionListing,
  world: IpvsadmWorld,
): Promise<number> {
  const own = world.connectionsChosen ? undefined : await world.backend.connections();
  if (own !== undefined) {
    world.out(renderConnectionTitles(command.engine));
    await printConnections(own, command, world);
    return 0;
  }
  const read = world.openConnections();
  if (read === undefined) {
    world.err(`cannot open file ${world.connectionsPath}\n`);
    return STATUS.unreadable;
  }
  return convert(read, command, world);
}

/** Reads the file in pieces of whole lines and prints each before the next is read. */
async function convert(
  read: ReadBytes,
  command: ConnectionListing,
  world: IpvsadmWorld,
): Promise<number> {
  // one byte more, for the newline that a last line may lack
  const plain = new PlainConnections(PIECE + 1, command.numeric);
  const { input } = plain;
  let held = 0;
  let lineNumber = 0;
  let failure: string | undefined;
  for (let ended = false; !ended; ) {
    const { got, ending } = fill(read, input, held);
    held += got;
    ended = ending !== undefined;
    failure = ending?.failure;
    // a last line without a newline is a line too, but not one that could not be read to its end
    if (ended && failure === undefined && held > 0 && input[held - 1] !== NEWLINE)
      input[held++] = NEWLINE;
    const end = held === 0 ? 0 : input.lastIndexOf(NEWLINE, held - 1) + 1;
    if (end === 0) {
      if (held >= PIECE) return malformed(lineNumber + 1, world);
      continue;
    }
    let from = 0;
    if (lineNumber === 0) {
      from = input.indexOf(NEWLINE) + 1;
      lineNumber = 1;
      world.out(renderConnectionTitles(command.engine));
    }
    const printed = await printLines({ plain, from, end, before: lineNumber }, command, world);
    if (typeof printed === 'object') return printed.status;
    lineNumber = printed;
    input.copyWithin(0, end, held);
    held -= end;
  }
  return endOf(lineNumber, failure, world);
}

/**
 * Fills the room behind `held` bytes; /proc gives a page at a time, and a piece is worth waiting
 * for.
 * @returns `ending` at the end of the file, with the errno's name when that is not its real end
 */
function fill(
  read: ReadBytes,
  input: Uint8Array,
  held: number,
): { readonly got: number; readonly ending?: { readonly failure: string | undefined } } {
  const room = input.subarray(0, PIECE);
  let at = held;
  try {
    while (at < room.length) {
      const got = read(room, at);
      if (got === 0) return { got: at - held, ending: { failure: undefined } };
      at += got;
    }
    return { got: at - held };
  } catch (error) {
    const failure = errnoNameOf(error);
    if (failure === undefined) throw error;
    return { got: at - held, ending: { failure } };
  }
}

function endOf(lineNumber: number, failure: string | undefined, world: IpvsadmWorld): number {
  if (lineNumber === 0) {
    world.err(`unexpected input from ${world.connectionsPath}\n`);
    return STATUS.unreadable;
  }
  if (failure === undefined) return 0;
  world.err(`cannot read file ${world.connectionsPath}: ${errnoText(failure)}\n`);
  return STATUS.unreadable;
}

function malformed(line: number, world: IpvsadmWorld): number {
  world.err(`unexpected input from ${world.connectionsPath}: line ${line}\n`);
  return STATUS.malformed;
}

interface Piece {
  readonly plain: PlainConnections;
  /** the lines lie in from..end-1 of its input */
  readonly from: number;
  readonly end: number;
  /** lines before them */
  readonly before: number;
}

/** @returns the number of the last line, or the exit status when this ended the listing */
async function printLines(
  { plain, from: start, end, before }: Piece,
  command: ConnectionListing,
  world: IpvsadmWorld,
): Promise<number | { readonly status: number }> {
  const { input } = plain;
  let number = before;
  const waiting: Connection[] = [];
  const flush = async () =>
    waiting.length === 0 || (await printConnections(waiting.splice(0), command, world));
  for (let from = start; from < end; ) {
    if (command.numeric) {
      const { count, next } = plain.take(from, end);
      if (count > 0 && !world.outBytes(plain.rows)) return { status: 0 };
      number += count;
      from = next;
      if (count > 0) continue;
    }
    number++;
    const next = input.indexOf(NEWLINE, from) + 1;
    const connection = parseConnection(latin1(input, from, next - 1));
    if (connection === undefined) {
      const reading = await flush();
      // The real tool takes an empty line for the end of the file, and prints nothing.
      if (!reading || isBlank(input, from, next))
        return { status: reading ? STATUS.unreadable : 0 };
      return { status: malformed(number, world) };
    }
    waiting.push(connection);
    from = next;
    // numbers go out as they come; names are looked up side by side, a piece at a time
    if (command.numeric && !(await flush())) return { status: 0 };
  }
  return (await flush()) ? number : { status: 0 };
}

/** @returns false when stdout has no reader any more */
async function printConnections(
  connections: readonly Connection[],
  { numeric, engine }: ConnectionListing,
  world: IpvsadmWorld,
): Promise<boolean> {
  const addresses = connections.flatMap(({ client, virtual, destination }) => [
    client,
    virtual,
    destination,
  ]);
  const names = numeric ? NUMERIC : await world.names.reverse(addresses);
  return world.out(
    connections.map((connection) => renderConnection(connection, engine, names)).join(''),
  );
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] as number);
  return text;
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = bytes[i] as number;
    if (code !== BLANK && (code < 9 || code > 13)) return false;
  }
  return true;
}
