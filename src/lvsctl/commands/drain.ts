// lvsctl drain SERVER
import type { Subcommand } from '../program.js';
import { configureAdmin } from './administer.js';
import { number } from './numbers.js';

const HELP = `
Exit status: 0; with --wait 1 when connections were left at the end of the time, or somebody enabled the server; 2 as always.
With expire_quiescent_template 1 a persistence template does not bring its client back, so that it is not waited for.`;

export const configure: Subcommand['configure'] = (program, finish) => {
  configureAdmin(program, finish, 'drained')
    .option('--reason <text>', 'why, for logs and status')
    .option('--wait', 'return when its last connection is gone, telling what still holds it')
    .option(
      '--timeout <seconds>',
      'with --wait: give up then; the server stays drained',
      number(0, 31_536_000),
    )
    .addHelpText('after', HELP);
};
