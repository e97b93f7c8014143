// lvsctl absent: removes a service or server, if it is there.
import type { Subcommand } from '../subcommand.js';
import { configureEnsure } from './ensuring.js';

export const configure: Subcommand['configure'] = (program, finish) =>
  configureEnsure(program, finish, 'absent');
