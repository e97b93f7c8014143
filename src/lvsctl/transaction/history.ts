// The history of transactions: an entry is written before the first change, its outcome when it is
// known. An entry without an outcome whose process is dead was interrupted.
import {
  type ServiceKey,
  serviceKey,
  type Table,
  tableOf,
  type VirtualServer,
} from '../../model/table.js';
import { NUMERIC } from '../../render/names.js';
import {
  renderDaemonRule,
  renderDestinationRule,
  renderServiceRule,
  renderTimeoutsRule,
} from '../../render/rules.js';
import { LvsctlError } from '../errors.js';
import { printCommand } from '../plan/command.js';
import type { ResourceState } from '../plan/resources.js';
import {
  type DirectorRun,
  entryProblem,
  type TransactionEntry,
  type TransactionPart,
  VERSION,
} from './entry.js';
import { changesIn, type DesiredRules, type TablePlan } from './plan.js';
import { type RulesState, touchedBy } from './state.js';
import type { PrivateFiles, TransactionStore, WriterIdentity } from './store.js';

/** entries that are kept */
export const MOST_ENTRIES = 50;
const DIGITS = 6;

/** What the caller knows of a transaction. */
export interface Caller {
  readonly by: string;
  readonly command: string;
  readonly label?: string | undefined;
  readonly director?: DirectorRun;
  /** now, ISO 8601 */
  readonly time: string;
}

/** The entry of a plan that is about to be carried out. */
export function entryOf(
  number: number,
  plan: TablePlan,
  before: RulesState,
  writer: WriterIdentity,
  { by, command, label, director, time }: Caller,
): TransactionEntry {
  const parts = partsOf(plan, before);
  return {
    version: VERSION,
    number,
    time,
    by,
    command,
    label: label ?? null,
    rules_before: rulesText(before, parts),
    steps: changesIn(plan).map((change) => printCommand({ kind: 'rule', change })),
    parts,
    director: director ?? null,
    writer,
    outcome: null,
  };
}

function partsOf(plan: TablePlan, before: RulesState): readonly TransactionPart[] {
  const { after } = plan;
  const touched = touchedBy(changesIn(plan));
  const services = [...touched.services].map((key): TransactionPart => {
    const [previous, set] = [before, after].map(({ table }) => table.get(key));
    const { id } = (previous ?? set)?.service ?? {};
    if (id === undefined) throw new Error(`${key} is in neither table`);
    return { resource: { kind: 'service', id }, previous: rules(previous), set: rules(set) };
  });
  const timeouts: readonly TransactionPart[] = touched.timeouts
    ? [{ resource: { kind: 'timeouts' }, previous: before.timeouts, set: after.timeouts }]
    : [];
  const daemons = [...touched.daemons].map((role): TransactionPart => {
    const [previous, set] = [before, after].map(
      ({ daemons: all }) => all.find((one) => one.role === role) ?? null,
    );
    return { resource: { kind: 'daemon', role }, previous: previous ?? null, set: set ?? null };
  });
  return [...services, ...timeouts, ...daemons];
}

function rules(server: VirtualServer | undefined): ResourceState<'service'> {
  return server === undefined ? null : { ...server, ordered: true };
}

function rulesText(before: RulesState, parts: readonly TransactionPart[]): string {
  const lines = parts.flatMap(({ resource }) => {
    if (resource.kind === 'timeouts') return [renderTimeoutsRule(before.timeouts)];
    if (resource.kind === 'daemon')
      return before.daemons.filter(({ role }) => role === resource.role).map(renderDaemonRule);
    const server = before.table.get(serviceKey(resource.id));
    return server === undefined ? [] : serviceLines(server);
  });
  return lines.join('');
}

function serviceLines({ service, destinations }: VirtualServer): readonly string[] {
  return [
    renderServiceRule(service, NUMERIC),
    ...destinations.toReversed().map((one) => renderDestinationRule(service.id, one, NUMERIC)),
  ].flatMap((line) => (line === undefined ? [] : [line]));
}

/** Numbers of the entries, oldest first. @throws a system error */
export function entryNumbers(files: PrivateFiles): readonly number[] {
  return files
    .list()
    .flatMap((name) => {
      const [, digits] = /^(\d{6,9})\.json$/.exec(name) ?? [];
      return digits === undefined ? [] : [Number(digits)];
    })
    .sort((a, b) => a - b);
}

/** @throws NOT_FOUND; BAD_RECORD when it is damaged; a system error */
export function readEntry(files: PrivateFiles, number: number): TransactionEntry {
  const name = nameOf(number);
  const content = files.read(name);
  if (content === '') throw new LvsctlError('NOT_FOUND', `there is no transaction ${number}`);
  const problem = entryProblem(content);
  if (problem !== undefined)
    throw new LvsctlError('BAD_RECORD', `${files.path}/${name}: damaged: ${problem}`);
  return JSON.parse(content) as TransactionEntry;
}

/** The entry that was written last; undefined when there is none. @throws as `readEntry` */
export function lastEntry(files: PrivateFiles): TransactionEntry | undefined {
  const number = entryNumbers(files).at(-1);
  return number === undefined ? undefined : readEntry(files, number);
}

/** The number of the next entry. */
export function nextNumber(files: PrivateFiles): number {
  return (entryNumbers(files).at(-1) ?? 0) + 1;
}

/** Writes an entry, and removes those that are too old. @throws a system error */
export function writeEntry(files: PrivateFiles, entry: TransactionEntry): void {
  files.make();
  files.replace(nameOf(entry.number), `${ascii(JSON.stringify(entry, undefined, 1))}\n`);
  const numbers = entryNumbers(files);
  for (const old of numbers.slice(0, Math.max(0, numbers.length - MOST_ENTRIES)))
    files.remove(nameOf(old));
}

/** Files hold ASCII alone. */
function ascii(json: string): string {
  return json.replace(
    /[^\n -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function nameOf(number: number): string {
  return `${String(number).padStart(DIGITS, '0')}.json`;
}

/** Whether an entry has no outcome and never gets one. */
export function isInterrupted(
  { outcome, writer }: TransactionEntry,
  store: Pick<TransactionStore, 'isDead'>,
): boolean {
  return outcome === null && store.isDead(writer);
}

/**
 * One side of an entry as rules that are desired, of its services alone.
 * @param side `previous` = before the transaction, `set` = as it was to be
 */
export function sideOf(entry: TransactionEntry, side: 'previous' | 'set'): DesiredRules {
  const state = entryState(entry, side);
  const daemons: DesiredRules['daemons'] = new Map(
    entry.parts.flatMap(({ resource }) =>
      resource.kind === 'daemon'
        ? [[resource.role, state.daemons.get(resource.role) ?? null] as const]
        : [],
    ),
  );
  return {
    table: new Map(
      [...state.table].map(([key, one]) => [
        key,
        // the kernel's order has the newest first
        { ...one, destinations: one.destinations.toReversed() },
      ]),
    ),
    removed: new Set(serviceKeys(entry).filter((key) => !state.table.has(key))),
    timeouts: state.timeouts,
    daemons,
  };
}

/** The services of an entry. */
export function serviceKeys({ parts }: Pick<TransactionEntry, 'parts'>): readonly ServiceKey[] {
  return parts.flatMap(({ resource }) =>
    resource.kind === 'service' ? [serviceKey(resource.id)] : [],
  );
}

/** One side of an entry: only what it touched. */
export interface EntryState {
  readonly table: Table;
  readonly timeouts: RulesState['timeouts'] | undefined;
  readonly daemons: ReadonlyMap<string, RulesState['daemons'][number]>;
}

export function entryState({ parts }: TransactionEntry, side: 'previous' | 'set'): EntryState {
  const of = <T>(kind: TransactionPart['resource']['kind']) =>
    parts.flatMap((part) =>
      part.resource.kind === kind && part[side] !== null ? [part[side] as T] : [],
    );
  return {
    table: tableOf(of<VirtualServer>('service')),
    timeouts: of<RulesState['timeouts']>('timeouts')[0],
    daemons: new Map(of<RulesState['daemons'][number]>('daemon').map((one) => [one.role, one])),
  };
}
