// lvsctl director up|down|status FILE
import { directorSettings } from '../plan/director.js';
import type { Subcommand } from '../program.js';
import { configureRole } from './role.js';

export const configure: Subcommand['configure'] = (program, finish) =>
  configureRole(program, finish, 'director', directorSettings);
