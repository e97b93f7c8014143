// lvsctl disable SERVER
import type { Subcommand } from '../program.js';
import { configureAdmin } from './administer.js';

export const configure: Subcommand['configure'] = (program, finish) => {
  configureAdmin(program, finish, 'disabled').option(
    '--reason <text>',
    'the reason, for logs and status',
  );
};
