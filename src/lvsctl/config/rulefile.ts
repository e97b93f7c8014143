// A saved rule file (`ipvsadm -S`, /etc/ipvsadm.rules, /etc/sysconfig/ipvsadm) -> the table it
// makes, without a kernel.
import { linesOf, PAUSE, wordsOf } from '../../ipvsadm/lines.js';
import { type Lookups, lookupsOf, parse } from '../../ipvsadm/parse.js';
import { scan } from '../../ipvsadm/scan.js';
import { UsageError } from '../../ipvsadm/usage.js';
import type { Names as Found } from '../../ipvsadm/values.js';
import type { Change } from '../../model/change.js';
import type { DaemonRequest } from '../../model/daemon.js';
import type { Destination } from '../../model/destination.js';
import type { Service, ServiceId } from '../../model/service.js';
import type { Timeouts } from '../../model/timeouts.js';
import { ConfigError } from './field.js';
import { renderId } from './wanted.js';

/** Looks up the host and service names of one line. */
export interface Names {
  resolve(lookups: Lookups): Promise<Found>;
}

export interface RuleFileService {
  readonly service: Service;
  /** in the order of the file */
  readonly destinations: readonly Destination[];
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
 * @throws ConfigError the first line that ipvsadm would refuse, or that does not fit what came
 *   before
 */
export async function readRuleFile(text: string, file: string, names: Names): Promise<RuleFile> {
  const table = new Table();
  let number = 0;
  for (const line of linesOf(once(text))) {
    if (line === PAUSE) continue;
    number++;
    const words = line.startsWith('#') ? [] : wordsOf(line);
    if (words.length === 0) continue;
    const fail = (message: string): never => {
      throw new ConfigError('', message, file, number, 1);
    };
    await readLine(words, names, table, number, fail);
  }
  return table;
}

async function readLine(
  words: readonly string[],
  names: Names,
  table: Table,
  number: number,
  fail: (message: string) => never,
): Promise<void> {
  const tokens = scan(words, { posix: false });
  const lookups = lookupsOf(tokens);
  const found = lookups
    ? await names.resolve(lookups)
    : { host: () => undefined, port: () => undefined };
  try {
    const command = parse(tokens, 'ipvsadm', found);
    if (command.kind !== 'change') fail(`${words[0]}: not a change of rules`);
    else table.apply(command.change, number, fail);
  } catch (error) {
    if (error instanceof UsageError) fail(error.message.split('\n')[0] ?? '');
    throw error;
  }
}

/** The rules as the lines build them up. */
class Table implements RuleFile {
  services: (RuleFileService & { service: Service; destinations: Destination[] })[] = [];
  timeouts: Timeouts | undefined;
  daemons: DaemonRequest[] = [];

  apply(change: Change, line: number, fail: (message: string) => never): void {
    switch (change.kind) {
      case 'add-service':
        if (this.#find(change.service.id))
          fail(`service ${renderId(change.service.id)} is there twice`);
        this.services.push({ service: change.service, destinations: [], line });
        return;
      case 'edit-service':
        this.#get(change.service.id, fail).service = change.service;
        return;
      case 'delete-service':
        this.#get(change.id, fail);
        this.services = this.services.filter(
          ({ service }) => renderId(service.id) !== renderId(change.id),
        );
        return;
      case 'add-destination': {
        const { destinations } = this.#get(change.id, fail);
        if (destinations.some((one) => keyOf(one) === keyOf(change.destination)))
          fail('the real server is there twice');
        destinations.push(change.destination);
        return;
      }
      case 'edit-destination':
      case 'delete-destination': {
        const { destinations } = this.#get(change.id, fail);
        const at = destinations.findIndex((one) => keyOf(one) === keyOf(change.destination));
        if (at < 0) fail('no such real server so far');
        destinations.splice(
          at,
          1,
          ...(change.kind === 'edit-destination' ? [change.destination] : []),
        );
        return;
      }
      case 'flush':
        this.services = [];
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
          fail(`sync daemon ${change.daemon.role} is there twice`);
        this.daemons.push(change.daemon);
        return;
      case 'stop-daemon':
        this.daemons = this.daemons.filter(({ role }) => role !== change.role);
        return;
      default:
        change satisfies never;
    }
  }

  #find(id: ServiceId) {
    return this.services.find(({ service }) => renderId(service.id) === renderId(id));
  }

  #get(id: ServiceId, fail: (message: string) => never) {
    return this.#find(id) ?? fail(`service ${renderId(id)} is not there so far`);
  }
}

function keyOf({ address, port }: Pick<Destination, 'address' | 'port'>): string {
  return JSON.stringify([address, port]);
}

function once(text: string): () => string {
  const pieces = [text];
  return () => pieces.shift() ?? '';
}
