// lvsctl set: changes a service or server that is there.
import type { Subcommand } from '../subcommand.js';
import { configureEnsure } from './ensuring.js';

export const configure: Subcommand['configure'] = (program, finish) =>
  configureEnsure(program, finish, 'set');
