// A saved rule file (`ipvsadm -S`, /etc/ipvsadm.rules, /etc/sysconfig/ipvsadm) -> the table it
// makes, without a kernel.

import { argsOf, linesOf, PAUSE } from '../../ipvsadm/lines.js';
import { type Lookups, lookupsOf, parse } from '../../ipvsadm/parse.js';
import { scan } from '../../ipvsadm/scan.js';
import { UsageError } from '../../ipvsadm/usage.js';
import type { Names as Found } from '../../ipvsadm/values.js';
import { formatAddress } from '../../model/address.js';
import type { Change } from '../../model/change.js';
import type { DaemonRequest } from '../../model/daemon.js';
import type { Destination } from '../../model/destination.js';
import type { Service, ServiceId } from '../../model/service.js';
import { serviceKey, type VirtualServer } from '../../model/table.js';
import type { Timeouts } from '../../model/timeouts.js';
import { describeLookAlike, findLookAlike } from '../../render/lookalike.js';
import { ConfigError, lineError, type Problem } from './problem.js';
import { otherKind } from './recognise.js';

/** Looks up the host and service names of one line. */
export interface NameResolver {
  resolve(lookups: Lookups): Promise<Found>;
}

export interface RuleFileService extends VirtualServer {
  /** line of the file that made it, from 1 */
  readonly line: number;
}

/** What the lines leave behind. */
export interface RuleFile {
  readonly services: readonly RuleFileService[];
  readonly timeouts: Timeouts | undefined;
  readonly daemons: readonly DaemonRequest[];
}

/**
 * Reads all lines as `ipvsadm-restore` would: lines that begin with `#` are dropped, the rest are
 * command lines that change rules.
 * @param file its name, for messages
 * @throws ConfigError every line that ipvsadm would refuse, or that does not fit what came before;
 *   when the text is of another kind, what it is
 */
export async function readRuleFile(
  text: string,
  file: string,
  names: NameResolver,
): Promise<RuleFile> {
  const reading = readLines(text, file);
  for (let step = reading.next(); ; step = reading.next(await names.resolve(step.value)))
    if (step.done) return step.value;
}

/**
 * The same for a text whose addresses and ports are numbers: a name is an error.
 * @throws ConfigError as `readRuleFile`
 */
export function readNumericRules(text: string, file: string): RuleFile {
  const reading = readLines(text, file);
  for (let step = reading.next(); ; step = reading.next(NOTHING_FOUND))
    if (step.done) return step.value;
}

/** Yields the names of a line, and goes on with what they stand for. */
function* readLines(text: string, file: string): Generator<Lookups, RuleFile, Found> {
  const table = new RuleTable();
  const problems: Problem[] = [];
  let number = 0;
  for (const line of linesOf(once(text))) {
    if (line === PAUSE) continue;
    number++;
    const args = line.startsWith('#') ? [] : argsOf(line);
    if (args.length === 0) continue;
    const tokens = scan(args, { posix: false });
    const lookups = lookupsOf(tokens);
    const wrong = readLine(args, tokens, lookups ? yield lookups : NOTHING_FOUND, table, number);
    // after a service that could not be read, servers of no service are its consequence
    if (!wrong || (wrong.follows && problems.length > 0)) continue;
    problems.push(problemOf(wrong, args, line, file, number));
  }
  if (problems.length === 0) return table;
  const other = otherKind(text, 'saved rules');
  throw other === undefined ? new ConfigError(problems) : lineError(file, 1, other);
}

/** Why a line is refused. */
interface Wrong {
  readonly message: string;
  /** index of the argument that is to blame, counted from 0 */
  readonly arg: number;
  /** perhaps only because an earlier line was refused */
  readonly follows?: boolean;
}

function readLine(
  args: readonly string[],
  tokens: ReturnType<typeof scan>,
  found: Found,
  table: RuleTable,
  number: number,
): Wrong | undefined {
  try {
    const command = parse(tokens, 'ipvsadm', found);
    if (command.kind !== 'change')
      return { message: `not an ipvsadm rule: ${args[0]} changes no rules`, arg: 0 };
    table.apply(command.change, number);
    return undefined;
  } catch (error) {
    if (error instanceof Misfit) return { message: error.message, arg: 0, follows: error.follows };
    if (!(error instanceof UsageError)) throw error;
    if (error.kind === 'no-command') return { message: noRule(args), arg: 0 };
    return { message: error.message.split('\n')[0] ?? '', arg: culprit(args, found, error) };
  }
}

const NOTHING_FOUND: Found = { host: () => undefined, port: () => undefined };

const COMMANDS = '-A, -E, -D, -a, -e, -d, -C, --set or --start-daemon';

function noRule([first = '']: readonly string[]): string {
  const odd = findLookAlike(first);
  const why = odd
    ? `\`${first}' has ${describeLookAlike(odd)}`
    : `it begins with \`${first}', a rule with ${COMMANDS}`;
  return `not an ipvsadm rule: ${why}`;
}

/** arguments of a line in which the one to blame is looked for */
const MAX_CHECKED = 60;

/** The first argument with which the line is refused for the same reason. */
function culprit(args: readonly string[], found: Found, { message }: UsageError): number {
  for (let count = 1; count < Math.min(args.length, MAX_CHECKED); count++) {
    try {
      parse(scan(args.slice(0, count), { posix: false }), 'ipvsadm', found);
    } catch (error) {
      if (error instanceof UsageError && error.message === message) return count - 1;
    }
  }
  return args.length <= MAX_CHECKED ? args.length - 1 : 0;
}

function problemOf(
  { message, arg }: Wrong,
  args: readonly string[],
  line: string,
  file: string,
  number: number,
): Problem {
  // of an argument that `argsOf` cuts, and of those behind it, the place is not known
  const column = 1 + (placesOf(line)[arg] ?? 0);
  const length = args[arg]?.length ?? 1;
  return { file, line: number, column, length, path: '', message, text: line };
}

/** Where the arguments of a line begin, from 0. */
function placesOf(line: string): readonly number[] {
  const all = [...line.matchAll(/[^ \t\r]+/g)];
  return all.flatMap(({ 0: one, index }) => (one === 'ipvsadm' ? [] : [index]));
}

/** A rule that does not fit those before it. */
class Misfit extends Error {
  constructor(
    message: string,
    readonly follows = false,
  ) {
    super(message);
  }
}

interface Entry {
  service: Service;
  readonly destinations: Map<string, Destination>;
  readonly line: number;
}

/** The rules as the lines build them up. */
class RuleTable implements RuleFile {
  readonly #services = new Map<string, Entry>();
  timeouts: Timeouts | undefined;
  daemons: DaemonRequest[] = [];

  get services(): readonly RuleFileService[] {
    return [...this.#services.values()].map(({ service, destinations, line }) => ({
      service,
      destinations: [...destinations.values()],
      line,
    }));
  }

  /** @throws Misfit */
  apply(change: Change, line: number): void {
    switch (change.kind) {
      case 'add-service': {
        const key = serviceKey(change.service.id);
        const other = this.#services.get(key);
        if (other) throw new Misfit(`service ${key} is there twice, first in line ${other.line}`);
        this.#services.set(key, { service: change.service, destinations: new Map(), line });
        return;
      }
      case 'edit-service':
        this.#get(change.service.id).service = change.service;
        return;
      case 'delete-service':
        this.#get(change.id);
        this.#services.delete(serviceKey(change.id));
        return;
      case 'add-destination':
      case 'edit-destination':
      case 'delete-destination':
        changeDestination(this.#get(change.id).destinations, change);
        return;
      case 'flush':
        this.#services.clear();
        return;
      case 'zero':
        return;
      case 'set-timeouts': {
        const { tcp, tcpFin, udp } = change.timeouts;
        const before = this.timeouts ?? { tcp: 0, tcpFin: 0, udp: 0 };
        this.timeouts = {
          tcp: tcp || before.tcp,
          tcpFin: tcpFin || before.tcpFin,
          udp: udp || before.udp,
        };
        return;
      }
      case 'start-daemon':
        if (this.daemons.some(({ role }) => role === change.daemon.role))
          throw new Misfit(`sync daemon ${change.daemon.role} is there twice`);
        this.daemons.push(change.daemon);
        return;
      case 'stop-daemon':
        this.daemons = this.daemons.filter(({ role }) => role !== change.role);
        return;
      default:
        change satisfies never;
    }
  }

  #get(id: ServiceId): Entry {
    const key = serviceKey(id);
    const entry = this.#services.get(key);
    if (!entry) throw new Misfit(`no service ${key} in the lines before`, true);
    return entry;
  }
}

type DestinationChange = Extract<
  Change,
  { kind: 'add-destination' | 'edit-destination' | 'delete-destination' }
>;

/** @throws Misfit */
function changeDestination(all: Map<string, Destination>, change: DestinationChange): void {
  const { address, port } = change.destination;
  const key = `${formatAddress(address)} port ${port}`;
  if (change.kind === 'add-destination') {
    if (all.has(key)) throw new Misfit(`the real server ${key} is there twice`);
    all.set(key, change.destination);
    return;
  }
  if (!all.has(key)) throw new Misfit(`no real server ${key} in the lines before`, true);
  if (change.kind === 'edit-destination') all.set(key, change.destination);
  else all.delete(key);
}

function once(text: string): () => string {
  const pieces = [text];
  return () => pieces.shift() ?? '';
}
