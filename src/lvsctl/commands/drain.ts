// lvsctl drain SERVER
import type { Subcommand } from '../subcommand.js';
import { configureAdmin } from './administer.js';
import { duration, number } from './numbers.js';

export const configure: Subcommand['configure'] = (program, finish) => {
  configureAdmin(program, finish, 'drained')
    .option('--reason <text>', 'the reason, for logs and status')
    .option('--for <time>', 'enable it again after this time: 90, 30m, 2h, 1d', duration)
    .option('--wait', 'wait until the last connection has ended; print what is left')
    .option(
      '--timeout <seconds>',
      'with --wait: give up after this time; the server stays drained',
      number(0, 31_536_000),
    );
};
