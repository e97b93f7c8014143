// lvsctl enable SERVER
import type { Subcommand } from '../subcommand.js';
import { configureAdmin } from './administer.js';

export const configure: Subcommand['configure'] = (program, finish) =>
  void configureAdmin(program, finish, null);
