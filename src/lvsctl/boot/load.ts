// Saved rules and the settings beside them -> the rules that are desired.

import type { DaemonRequest } from '../../model/daemon.js';
import { readRuleFile } from '../config/rulefile.js';
import { fromRules } from '../transaction/desired.js';
import type { DesiredRules } from '../transaction/plan.js';
import type { World } from '../world.js';
import type { BootFiles } from './place.js';
import type { BootSettings } from './settings.js';

/**
 * The saved rules are the whole table. Sync daemons that neither the rules nor the settings
 * name are left alone.
 * @throws ConfigError the lines of the rules that cannot be read
 */
export async function desiredAtBoot(
  { convention, settings }: BootFiles,
  { names, readText }: Pick<World, 'names' | 'readText'>,
): Promise<DesiredRules> {
  const file = await readRuleFile(readText(convention.rules), convention.rules, names);
  const rules = fromRules(file);
  return {
    ...rules,
    removed: 'others',
    // a line of the rules overrides the settings, since it has more details
    daemons: new Map([...settingsDaemons(settings), ...rules.daemons]),
  };
}

function settingsDaemons({ daemons }: BootSettings): DesiredRules['daemons'] {
  return new Map(daemons.map((daemon) => [daemon.role, settingsDaemon(daemon)]));
}

/** What the settings start; the kernel chooses the rest. */
export function settingsDaemon(daemon: BootSettings['daemons'][number]): DaemonRequest {
  return { ...daemon, maxLength: undefined, group: undefined, port: undefined, ttl: undefined };
}
