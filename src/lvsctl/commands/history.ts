// lvsctl history: the transactions of this network namespace.
import { LvsctlError } from '../errors.js';
import { jsonText } from '../json.js';
import type { Subcommand } from '../subcommand.js';
import type { TransactionEntry } from '../transaction/entry.js';
import { entryNumbers, isInterrupted, readEntry } from '../transaction/history.js';
import { planJson } from '../transaction/json.js';
import type { TransactionStore } from '../transaction/store.js';
import { leftToDo } from '../transaction/undo.js';
import { entryText, historyTable } from '../view/history.js';
import type { World } from '../world.js';
import { change, NUMBER, type UndoOptions } from './undo.js';

interface Options {
  readonly json?: boolean;
}

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .enablePositionalOptions()
    .option('--json', 'print JSON')
    .action((options: Options) => finish((world) => list(options, world)));
  program
    .command('show')
    .description('show a transaction: its user, time and steps, and what is left to do')
    .argument('<number>', 'of the history', NUMBER)
    .option('--json', 'print JSON')
    .action((number: number, options: Options) => finish((world) => show(number, options, world)));
  program
    .command('finish')
    .description('make the changes that an interrupted transaction did not get to')
    .argument('<number>', 'of the history', NUMBER)
    .option('-n, --dry-run', 'print the plan and change nothing')
    .option('-q, --quiet', 'do not print the steps')
    .option('--json', 'print JSON')
    .option('--force', 'change a table of others')
    .action((number: number, options: UndoOptions) =>
      finish((world) => change(number, 'set', options, world)),
    );
};

async function list({ json = false }: Options, world: World): Promise<number> {
  const store = world.transactions();
  const entries = store
    ? entryNumbers(store.history).map((number) => readEntry(store.history, number))
    : [];
  const rows = entries.map((entry) => ({ entry, result: resultOf(entry, store) }));
  if (json) world.out(`${jsonText(rows.map(rowJson), 2)}\n`);
  else if (rows.length > 0) world.out(historyTable(rows, world));
  return 0;
}

/** The result, `running`, or `interrupted`. */
function resultOf(entry: TransactionEntry, store: TransactionStore | undefined): string {
  if (entry.outcome !== null) return entry.outcome.result;
  return store && isInterrupted(entry, store) ? 'interrupted' : 'running';
}

function rowJson({
  entry,
  result,
}: {
  readonly entry: TransactionEntry;
  readonly result: string;
}): unknown {
  const { number, time, by, command, label, steps, rules_before, outcome } = entry;
  return {
    number,
    time,
    by,
    command,
    label,
    steps,
    rules_before,
    result,
    details: outcome?.details ?? [],
  };
}

async function show(number: number, { json = false }: Options, world: World): Promise<number> {
  const store = world.transactions();
  if (store === undefined) throw new LvsctlError('NOT_FOUND', 'no history is kept of this table');
  const entry = readEntry(store.history, number);
  const result = resultOf(entry, store);
  const left = await leftToDo(entry, store, world);
  if (json)
    world.out(
      `${jsonText(
        {
          ...(rowJson({ entry, result }) as object),
          left_to_do: left ? planJson(left.finish) : null,
        },
        2,
      )}\n`,
    );
  else world.out(entryText(entry, result, left, world));
  return 0;
}
