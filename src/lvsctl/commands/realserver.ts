// lvsctl realserver up|down|status FILE
import { realServerSettings } from '../plan/realserver.js';
import type { Subcommand } from '../program.js';
import { configureRole } from './role.js';

export const configure: Subcommand['configure'] = (program, finish) =>
  configureRole(program, finish, 'realserver', realServerSettings);
