// lvsctl disable SERVER
import type { Subcommand } from '../subcommand.js';
import { configureAdmin } from './administer.js';
import { duration } from './numbers.js';

export const configure: Subcommand['configure'] = (program, finish) => {
  configureAdmin(program, finish, 'disabled')
    .option('--reason <text>', 'the reason, for logs and status')
    .option('--for <time>', 'enable it again after this time: 90, 30m, 2h, 1d', duration);
};
