// lvsctl realserver up|down|status FILE
import { realServerRemains, realServerWarnings } from '../plan/preflight.js';
import { realServerSettings } from '../plan/realserver.js';
import { refuseDirectorsVip } from '../plan/taken.js';
import type { Subcommand } from '../subcommand.js';
import { configureRole } from './role.js';

export const configure: Subcommand['configure'] = (program, finish) =>
  configureRole(program, finish, {
    name: 'realserver',
    noun: 'real server',
    plan: realServerSettings,
    warnings: realServerWarnings,
    refuse: refuseDirectorsVip,
    remains: realServerRemains,
    unmanaged: () => [],
  });
