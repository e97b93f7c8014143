// A plan as people read it: numbered steps with what each replaces and ends, or a difference.
import { Chalk, type ChalkInstance } from 'chalk';
import { printCommand } from '../plan/command.js';
import type { Terminal } from '../terminal.js';
import type { TablePlan } from '../transaction/plan.js';
import type { Action, Lost, PlannedStep } from '../transaction/step.js';

type Colours = Pick<Terminal, 'colour'>;

const SIGNS = { add: '+', edit: '~', remove: '-' } as const;
/** columns of a command before what it replaces */
const MOST_ALIGNED = 70;

/** Steps in their order: `1 add     ipvsadm -a …`, then a summary. */
export function planText(plan: TablePlan, terminal: Colours): string {
  const width = String(plan.steps.length).length;
  const lines = stepLines(
    plan.steps,
    terminal,
    ({ action }, i) => `${String(i + 1).padStart(width)} ${action.padEnd(6)}`,
  );
  return [...lines, ...leftOutLines(plan, terminal), summary(plan), ''].join('\n');
}

/** `+`, `~` and `-` before each change, then a summary. */
export function diffText(plan: TablePlan, terminal: Colours): string {
  const lines = stepLines(plan.steps, terminal, ({ action }) => SIGNS[action]);
  return [...lines, ...leftOutLines(plan, terminal), summary(plan), ''].join('\n');
}

function stepLines(
  steps: readonly PlannedStep[],
  { colour }: Colours,
  head: (step: PlannedStep, index: number) => string,
): readonly string[] {
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  const commands = steps.map(({ change }) => printCommand({ kind: 'rule', change }));
  const lengths = commands.map(({ length }) => length).filter((length) => length <= MOST_ALIGNED);
  const column = Math.max(0, ...lengths);
  return steps.map((step, i) => {
    const notes = notesOf(step);
    const command = notes === '' ? (commands[i] ?? '') : (commands[i] ?? '').padEnd(column);
    const line = colourOf(chalk)[step.action](`${head(step, i)}  ${command}`);
    return notes === '' ? line : `${line}  ${notes}`;
  });
}

function colourOf({ green, yellow, red }: ChalkInstance): Record<Action, ChalkInstance> {
  return { add: green, edit: yellow, remove: red };
}

function notesOf({ was, lost }: PlannedStep): string {
  const text = lost && lostText(lost);
  return [...(was === undefined ? [] : [`was: ${was}`]), ...(text ? [`! ${text}`] : [])].join('  ');
}

/** What a step ends; '' when that is nothing. */
export function lostText({ active, inactive, counted, effect }: Lost): string {
  const all = active + inactive;
  const connections = `${all} connection${all === 1 ? '' : 's'} (${active} active)`;
  switch (effect) {
    case 'ended': {
      const ends =
        all === 0 ? [] : [`${connections} end${all === 1 ? 's' : ''} and cannot come back`];
      return [
        ...ends,
        ...(counted > 0n ? [`its counters are lost (${counted} connections)`] : []),
      ].join('; ');
    }
    case 'expired':
      return all === 0 ? '' : `${connections} end${all === 1 ? 's' : ''} (expire_nodest_conn is 1)`;
    case 'stalled':
      return all === 0 ? '' : `packets of ${connections} are dropped until the server is back`;
    default:
      return effect satisfies never;
  }
}

function leftOutLines({ leftOut }: TablePlan, terminal: Colours): readonly string[] {
  return leftOut.length === 0
    ? []
    : ['left out by --only:', ...stepLines(leftOut, terminal, ({ action }) => SIGNS[action])];
}

/** `1 to add, 1 to edit, 2 to remove; 3 services not in the file are left alone` */
export function summary({ steps, leftOut, unmanaged }: TablePlan): string {
  const count = (action: Action) => steps.filter((step) => step.action === action).length;
  const work =
    steps.length === 0
      ? leftOut.length === 0
        ? 'no differences'
        : 'nothing to do'
      : `${count('add')} to add, ${count('edit')} to edit, ${count('remove')} to remove`;
  const others =
    unmanaged === 1 ? '1 service not in the file is' : `${unmanaged} services not in the file are`;
  return unmanaged === 0 ? work : `${work}; ${others} left alone`;
}
