// The arguments of `ensure`, `absent` and `set`, those of ipvsadm without its command letter
// -> the table after them. What is not named keeps its live value.
import { argsOf, linesOf, PAUSE } from '../../ipvsadm/lines.js';
import type { Slot } from '../../ipvsadm/options.js';
import { lookupsOf, parse } from '../../ipvsadm/parse.js';
import { scan, type Token } from '../../ipvsadm/scan.js';
import { UsageError } from '../../ipvsadm/usage.js';
import type { Names as Found } from '../../ipvsadm/values.js';
import type { Change } from '../../model/change.js';
import type { Destination, DestinationId } from '../../model/destination.js';
import { sameDestination, sameService } from '../../model/same.js';
import type { Service, ServiceId } from '../../model/service.js';
import {
  serverKey,
  serviceKey,
  type Table,
  type VirtualServer,
  withChanges,
} from '../../model/table.js';
import { changeArguments } from '../../render/rules.js';
import { LvsctlError } from '../errors.js';
import type { NameResolver } from './rulefile.js';

export const VERBS = ['ensure', 'absent', 'set'] as const;
export type Verb = (typeof VERBS)[number];

/** What one line asks for. */
export interface Ensured {
  readonly table: Table;
  /** `tcp 192.0.2.1:80`, `tcp 192.0.2.1:80 10.0.0.11:80` */
  readonly subject: string;
  /** undefined = it is so already */
  readonly change: Change | undefined;
  /** before it; undefined = new, or a removal */
  readonly from: Service | Destination | undefined;
}

/** A line of several, or the only one. */
export interface EnsureLine {
  readonly args: readonly string[];
  /** `-:3: ` in messages, '' of the only one */
  readonly where: string;
}

/** The lines of stdin: blank ones and comments are skipped. */
export function ensureLines(text: string): readonly EnsureLine[] {
  const pieces = [text];
  const lines: EnsureLine[] = [];
  let number = 0;
  for (const line of linesOf(() => pieces.shift() ?? '')) {
    if (line === PAUSE) continue;
    number++;
    const args = line.trimStart().startsWith('#') ? [] : argsOf(line);
    if (args.length > 0) lines.push({ args, where: `-:${number}: ` });
  }
  return lines;
}

/**
 * The table after one line.
 * @throws BAD_USAGE what ipvsadm would refuse; NOT_FOUND a service or server that must be there
 */
export async function ensured(
  verb: Verb,
  { args, where }: EnsureLine,
  table: Table,
  names: NameResolver,
): Promise<Ensured> {
  const tokens = scan(args, { posix: false });
  const lookups = lookupsOf(tokens);
  const found = lookups ? await names.resolve(lookups) : NOTHING_FOUND;
  try {
    return new Line(verb, tokens, found, table).ensured();
  } catch (error) {
    if (error instanceof UsageError)
      throw new LvsctlError('BAD_USAGE', `${where}${firstLine(error.message)}`, HINT);
    if (error instanceof LvsctlError)
      throw new LvsctlError(error.code, `${where}${error.message}`, error.hint);
    throw error;
  }
}

const NOTHING_FOUND: Found = { host: () => undefined, port: () => undefined };
const HINT =
  'the arguments are those of ipvsadm without its command: -t VIP:PORT -r SERVER -m -w 3';
const firstLine = (text: string) => text.split('\n')[0] ?? '';

class Line {
  readonly #given: ReadonlySet<Slot>;
  readonly #verb: Verb;
  readonly #tokens: readonly Token[];
  readonly #found: Found;
  readonly #table: Table;

  constructor(verb: Verb, tokens: readonly Token[], found: Found, table: Table) {
    this.#verb = verb;
    this.#tokens = tokens;
    this.#found = found;
    this.#table = table;
    this.#given = new Set(tokens.flatMap((token) => slotOf(token) ?? []));
  }

  ensured(): Ensured {
    const command = this.#tokens.find((one) => one.kind === 'option' && one.row.command);
    if (command?.kind === 'option')
      throw new UsageError(`${command.element}: the command is ${this.#verb} already`);
    const id = this.#id();
    const actual = this.#table.get(serviceKey(id));
    return this.#given.has('real-server') ? this.#server(id, actual) : this.#service(id, actual);
  }

  #service(id: ServiceId, actual: VirtualServer | undefined): Ensured {
    const subject = serviceKey(id);
    if (this.#verb === 'absent') {
      this.#parse('-D', []); // settings have no place here
      return this.#result(subject, actual && { kind: 'delete-service', id }, undefined);
    }
    if (actual === undefined && this.#verb === 'set') throw missing(subject);
    const live = actual && changeArguments({ kind: 'edit-service', service: actual.service });
    const parsed = this.#parse('-A', this.#kept(live ?? []));
    if (parsed.kind !== 'add-service') throw new Error(`${parsed.kind} for a service`);
    // a mask without persistence is in no rule, and is kept
    const service =
      actual && !this.#given.has('netmask') && !parsed.service.persistence
        ? { ...parsed.service, netmask: actual.service.netmask }
        : parsed.service;
    const change: Change = { kind: actual ? 'edit-service' : 'add-service', service };
    const same = actual !== undefined && sameService(actual.service, service);
    return this.#result(subject, same ? undefined : change, actual?.service);
  }

  #server(id: ServiceId, actual: VirtualServer | undefined): Ensured {
    const typed = this.#typedServer();
    const subjectOf = (server: DestinationId) => `${serviceKey(id)} ${serverKey(server)}`;
    const find = (server: DestinationId) =>
      actual?.destinations.find((one) => serverKey(one) === serverKey(server));
    if (this.#verb === 'absent') {
      this.#parse('-d', []);
      const change: Change = { kind: 'delete-destination', id, destination: typed };
      return this.#result(subjectOf(typed), find(typed) && change, undefined);
    }
    if (actual === undefined) throw missing(serviceKey(id));
    let live = find(typed);
    let desired = this.#destination(id, live);
    // direct routing and tunnels have the port of the service
    if (live === undefined && find(desired)) {
      live = find(desired);
      desired = this.#destination(id, live);
    }
    if (live !== undefined && serverKey(live) !== serverKey(desired))
      throw new LvsctlError(
        'BAD_USAGE',
        `${subjectOf(live)}: -g and -i do not translate ports: the server would be ` +
          `${serverKey(desired)}`,
        'remove the one and add the other',
      );
    const subject = subjectOf(desired);
    if (live === undefined && this.#verb === 'set') throw missing(subject);
    const change: Change = {
      kind: live ? 'edit-destination' : 'add-destination',
      id,
      destination: desired,
    };
    const same = live !== undefined && sameDestination(live, desired);
    return this.#result(subject, same ? undefined : change, live);
  }

  #destination(id: ServiceId, live: Destination | undefined): Destination {
    const args = live && changeArguments({ kind: 'edit-destination', id, destination: live });
    if (live && args === undefined && !this.#given.has('forwarding-method'))
      throw new LvsctlError(
        'BAD_USAGE',
        `${serverKey(live)}: ipvsadm has no option for its forwarding method`,
        'name one: -m, -g or -i',
      );
    const parsed = this.#parse('-a', this.#kept(args ?? []));
    if (parsed.kind !== 'add-destination') throw new Error(`${parsed.kind} for a server`);
    return parsed.destination;
  }

  #result(
    subject: string,
    change: Change | undefined,
    from: Service | Destination | undefined,
  ): Ensured {
    const table = change ? withChanges(this.#table, [change]) : this.#table;
    return { table, subject, change, from };
  }

  /** The options of the live rule that the line does not replace. */
  #kept(args: readonly string[]): readonly Token[] {
    const live = scan(args.slice(1), { posix: false });
    return live.filter((token) => {
      const slot = slotOf(token);
      return slot !== undefined && !IDENTITY.has(slot) && !this.#replaces(slot, live);
    });
  }

  #replaces(slot: Slot, live: readonly Token[]): boolean {
    const given = this.#given;
    if (given.has(slot)) return true;
    // flags are those of a scheduler, the options of a tunnel those of its type
    if (slot === 'sched-flags') return this.#differs('scheduler', live);
    if (!slot.startsWith('tun-')) return false;
    if (given.has('forwarding-method') && !this.#isTunnel()) return true;
    if (slot !== 'tun-type' && this.#differs('tun-type', live)) return true;
    return CHECKSUM_SLOTS.has(slot) && [...CHECKSUM_SLOTS].some((one) => given.has(one));
  }

  /** The line gives an option another value than the live rule has. */
  #differs(slot: Slot, live: readonly Token[]): boolean {
    const valueIn = (tokens: readonly Token[]) =>
      tokens.flatMap((one) => (one.kind === 'option' && one.row.slot === slot ? one.value : []))[0];
    return this.#given.has(slot) && valueIn(this.#tokens) !== valueIn(live);
  }

  #isTunnel(): boolean {
    return this.#tokens.some((one) => one.kind === 'option' && one.row.long === 'ipip');
  }

  #id(): ServiceId {
    const change = this.#parseTokens('-D', this.#tokens.filter(isServiceToken));
    if (change.kind !== 'delete-service') throw new Error(`${change.kind} for a service`);
    return change.id;
  }

  /** With the port as it was typed. */
  #typedServer(): DestinationId {
    const tokens = this.#tokens.filter(
      (token) => isServiceToken(token) || slotOf(token) === 'real-server',
    );
    const change = this.#parseTokens('-d', tokens);
    if (change.kind !== 'delete-destination') throw new Error(`${change.kind} for a server`);
    return change.destination;
  }

  #parse(command: string, kept: readonly Token[]): Change {
    return this.#parseTokens(command, [...this.#tokens, ...kept]);
  }

  #parseTokens(command: string, tokens: readonly Token[]): Change {
    const [first] = scan([command], { posix: false });
    const parsed = parse(first ? [first, ...tokens] : tokens, 'ipvsadm', this.#found);
    if (parsed.kind !== 'change') throw new Error(`${parsed.kind} of ${command}`);
    return parsed.change;
  }
}

const IDENTITY: ReadonlySet<Slot> = new Set(['service-address', 'real-server']);
const CHECKSUM_SLOTS: ReadonlySet<Slot> = new Set(['tun-nocsum', 'tun-csum', 'tun-remcsum']);

function slotOf(token: Token): Slot | undefined {
  return token.kind === 'option' ? token.row.slot : undefined;
}

/** `-6` belongs to the mark before it. */
function isServiceToken(token: Token): boolean {
  return (
    token.kind === 'bad' ||
    slotOf(token) === 'service-address' ||
    (token.kind === 'option' && token.row.long === 'ipv6')
  );
}

function missing(subject: string): LvsctlError {
  return new LvsctlError('NOT_FOUND', `${subject} is not in the table`);
}
