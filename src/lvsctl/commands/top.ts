// lvsctl top: the live table, on the screen or sample after sample.
import { InvalidArgumentError, Option } from 'commander';
import type { Subcommand } from '../subcommand.js';
import { ORDERS, TOP_COLUMNS } from '../top/columns.js';
import { top } from '../top/run.js';
import { number, whole } from './numbers.js';

interface Options {
  readonly batch?: boolean;
  readonly json?: boolean;
  readonly count: number;
  readonly delay: number;
  readonly columns?: readonly string[];
  readonly sort?: string;
  readonly filter?: string;
  readonly readOnly?: boolean;
  readonly socket?: string;
}

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .option('-b, --batch', 'print one table after the other, without keys')
    .addOption(
      new Option('-n, --count <n>', 'end after this many samples')
        .argParser(whole(1, 1e9))
        .default(Number.POSITIVE_INFINITY, 'no limit'),
    )
    .option('-d, --delay <seconds>', 'time between two samples', number(1, 3600), 2)
    .option('-o, --columns <names>', 'columns, with commas between them', columns)
    .addOption(new Option('--sort <column>', 'order of the lines').choices(ORDERS))
    .option('--filter <text>', 'services with this in their names, addresses or states')
    .option('--json', 'print JSON, a line each sample')
    .option('--read-only', 'no keys that change anything')
    .option('--socket <path>', 'socket of the monitor (default: below /run/lvsctl)')
    .action((options: Options) =>
      finish((world) => {
        const { batch = false, json = false, readOnly = false, count, delay } = options;
        const { sort: order = 'table', filter = '', columns, socket } = options;
        const state = { order, filter };
        return top({ batch, json, readOnly, count, delay, columns, socket, state }, world);
      }),
    );
};

/** @throws InvalidArgumentError */
function columns(text: string): readonly string[] {
  const names = text.split(',');
  const known = TOP_COLUMNS.map(({ name }) => name);
  if (names.every((name) => known.includes(name))) return names;
  throw new InvalidArgumentError(`of ${known.join(', ')}`);
}
