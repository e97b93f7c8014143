// lvsctl drain SERVER
import { InvalidArgumentError } from 'commander';
import type { Subcommand } from '../program.js';
import { configureAdmin } from './administer.js';

const HELP = `
Exit status: 0; with --wait 1 when connections were left at the end of the time, or somebody enabled the server; 2 as always.
With expire_quiescent_template 1 a persistence template does not bring its client back, so that it is not waited for.`;

export const configure: Subcommand['configure'] = (program, finish) => {
  configureAdmin(program, finish, 'drained')
    .option('--reason <text>', 'why, for logs and status')
    .option('--wait', 'return when its last connection is gone, telling what still holds it')
    .option('--timeout <seconds>', 'with --wait: give up then; the server stays drained', seconds)
    .addHelpText('after', HELP);
};

function seconds(text: string): number {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 31_536_000) return value;
  throw new InvalidArgumentError('a number of seconds is needed');
}
