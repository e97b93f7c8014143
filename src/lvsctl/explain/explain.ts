// A text of command lines -> what each argument is, what the line changes, what follows, and what is
// wrong with it.

import { readOtherwise } from '../../ipvsadm/hints/effects.js';
import type { Advice } from '../../ipvsadm/hints/line.js';
import { adviceFor } from '../../ipvsadm/hints/table.js';
import { type Command, type Lookups, lookupsOf, parse } from '../../ipvsadm/parse.js';
import { scan } from '../../ipvsadm/scan.js';
import { UsageError } from '../../ipvsadm/usage.js';
import type { Names } from '../../ipvsadm/values.js';
import type { Change, Operation } from '../../model/change.js';
import { IpvsError } from '../../model/errors.js';
import type { ServiceId } from '../../model/service.js';
import { serverKey, serviceKey } from '../../model/table.js';
import { messageFor } from '../../render/messages.js';
import { NUMERIC } from '../../render/names.js';
import {
  renderDaemonRule,
  renderDestinationRule,
  renderServiceRule,
  renderTimeoutsRule,
} from '../../render/rules.js';
import { type ExplainedArgument, explainArguments } from './arguments.js';
import { consequencesOf } from './consequences.js';
import { type ScriptLine, scriptLines } from './script.js';
import { type ExplainedState, outcomeOf } from './state.js';

export interface ExplainedLine {
  readonly line: number;
  readonly text: string;
  readonly arguments: readonly ExplainedArgument[];
  /** lines of rules that are not in the table any more, or new in it */
  readonly removed: readonly string[];
  readonly added: readonly string[];
  /** services and servers that the line needs, and that are taken to be in the table */
  readonly assumed: readonly string[];
  /** for packets and connections */
  readonly consequences: readonly Advice[];
  /** why it is refused; what was probably intended */
  readonly refused: { readonly message: string; readonly advice: Advice | undefined } | undefined;
  /** the line is none of ipvsadm, or only a shell can read it */
  readonly skipped: ScriptLine['skipped'];
}

export interface Explanation {
  readonly lines: readonly ExplainedLine[];
  readonly after: ExplainedState;
}

/** Looks up the names of a line. */
export interface NameLookup {
  resolve(lookups: Lookups): Promise<Names>;
}

/** Explains all lines, each in the table that those before it leave. */
export async function explain(
  text: string,
  before: ExplainedState,
  names: NameLookup,
): Promise<Explanation> {
  let state = before;
  const lines: ExplainedLine[] = [];
  for (const line of scriptLines(text)) {
    const { explained, after } = await explainLine(line, state, names);
    lines.push(explained);
    state = after;
  }
  return { lines, after: state };
}

interface Explained {
  readonly explained: ExplainedLine;
  readonly after: ExplainedState;
}

const NO_NAMES: Names = { host: () => undefined, port: () => undefined };

async function explainLine(
  { line, text, args, skipped }: ScriptLine,
  before: ExplainedState,
  names: NameLookup,
): Promise<Explained> {
  const empty: ExplainedLine = {
    line,
    text,
    arguments: [],
    removed: [],
    added: [],
    assumed: [],
    consequences: [],
    refused: undefined,
    skipped,
  };
  if (args === undefined) return { explained: empty, after: before };
  const tokens = scan(args, { posix: false });
  const found = lookupsOf(tokens);
  const own = { ...empty, arguments: explainArguments(tokens) };
  try {
    const known = found ? await names.resolve(found) : NO_NAMES;
    const command: Command | undefined =
      args.length === 0 ? undefined : parse(tokens, 'ipvsadm', known);
    if (command?.kind === 'list-service' && !isListed(command.id, before))
      return {
        explained: { ...own, refused: refusal('list-service', 'ESRCH', args) },
        after: before,
      };
    if (command?.kind === 'restore') return { explained: { ...own, ...RESTORES }, after: before };
    if (command?.kind !== 'change') return { explained: { ...own, ...READS }, after: before };
    return withChange(command.change, args, own, before);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const message = error.message.split('\n')[0] ?? '';
    const refused = { message, advice: adviceFor({ args, message }) };
    return { explained: { ...own, refused }, after: before };
  }
}

const READS: Pick<ExplainedLine, 'consequences'> = {
  consequences: [{ en: 'It changes nothing in the table.', zh: '它不改变表。' }],
};

const RESTORES: Pick<ExplainedLine, 'consequences'> = {
  consequences: [
    {
      en: 'The lines on its stdin change the table, as each would by itself.',
      zh: '标准输入中的各行会改变表，与逐行执行相同。',
    },
  ],
};

function withChange(
  change: Change,
  args: readonly string[],
  own: ExplainedLine,
  before: ExplainedState,
): Explained {
  const { after, code, assumed } = outcomeOf(change, before);
  if (code !== undefined) {
    const refused = refusal(change.kind, code, args);
    return { explained: { ...own, assumed, refused }, after: before };
  }
  const [old, now] = [rulesOf(before), rulesOf(after)];
  const explained = {
    ...own,
    assumed,
    removed: [...[...old].filter((rule) => !now.has(rule)), ...replaced(change, assumed)],
    added: [...now].filter((rule) => !old.has(rule) && !isAssumed(rule, change, assumed)),
    consequences: [...otherwise(args), ...consequencesOf({ change, before, after })],
  };
  return { explained, after };
}

/** What of the line is taken otherwise than it seems to be, as sentences. */
function otherwise(args: readonly string[]): Advice[] {
  const advice = readOtherwise(args);
  if (advice === undefined) return [];
  const en = `${advice.en.charAt(0).toUpperCase()}${advice.en.slice(1)}.`;
  return [{ en, zh: `${advice.zh}。` }];
}

/** Why IPVS refuses it, with what was probably intended. */
function refusal(
  operation: Operation,
  code: string,
  args: readonly string[],
): NonNullable<ExplainedLine['refused']> {
  const message = messageFor(new IpvsError(operation, code));
  return { message, advice: adviceFor({ args, message, operation, code }) };
}

function isListed(id: ServiceId, { table, complete }: ExplainedState): boolean {
  return !complete || table.has(serviceKey(id));
}

/** What was taken to be in the table, and is changed or removed: nothing of it is known but its key. */
function replaced(change: Change, assumed: readonly string[]): readonly string[] {
  if (change.kind === 'edit-service' || change.kind === 'delete-service') return assumed;
  const isServer = change.kind === 'edit-destination' || change.kind === 'delete-destination';
  return isServer ? assumed.filter((key) => key === serverKey(change.destination)) : [];
}

/** The service that a server was added to is no addition of the line. */
function isAssumed(rule: string, change: Change, assumed: readonly string[]): boolean {
  return assumed.length > 0 && rule.startsWith('-A ') && change.kind !== 'edit-service';
}

/** The rules of a state as lines of ipvsadm, numbers for names. */
export function rulesOf({ table, timeouts, daemons }: ExplainedState): Set<string> {
  const lines = [
    renderTimeoutsRule(timeouts),
    ...daemons.map(renderDaemonRule),
    ...[...table.values()].flatMap(({ service, destinations }) => [
      renderServiceRule(service, NUMERIC),
      ...destinations.map((one) => renderDestinationRule(service.id, one, NUMERIC)),
    ]),
  ];
  return new Set(lines.flatMap((line) => (line === undefined ? [] : [line.trimEnd()])));
}
