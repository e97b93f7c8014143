// lvsctl director up|down|status FILE
import { directorSettings } from '../plan/director.js';
import { directorRemains, directorWarnings, unmanagedVips } from '../plan/preflight.js';
import { refuseTakenVips } from '../plan/taken.js';
import type { Subcommand } from '../subcommand.js';
import { configureRole } from './role.js';

export const configure: Subcommand['configure'] = (program, finish) =>
  configureRole(program, finish, {
    name: 'director',
    noun: 'director',
    plan: directorSettings,
    warnings: directorWarnings,
    refuse: refuseTakenVips,
    remains: directorRemains,
    unmanaged: unmanagedVips,
  });
