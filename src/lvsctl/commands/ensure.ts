// lvsctl ensure: adds or changes a service or server as named.
import type { Subcommand } from '../subcommand.js';
import { configureEnsure } from './ensuring.js';

export const configure: Subcommand['configure'] = (program, finish) =>
  configureEnsure(program, finish, 'ensure');
