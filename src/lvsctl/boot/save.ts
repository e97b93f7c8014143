// The live table -> saved rules that `rules load` and `ipvsadm -R` read.

import type { Backend } from '../../backend/backend.js';
import { readTable } from '../../backend/readtable.js';
import { serverKey, serviceKey } from '../../model/table.js';
import { NUMERIC } from '../../render/names.js';
import {
  renderDaemonRule,
  renderDestinationRule,
  renderServiceRule,
  renderTimeoutsRule,
} from '../../render/rules.js';
import { LvsctlError } from '../errors.js';
import { DAEMON, daemonRequest } from '../plan/rules.js';
import type { World } from '../world.js';
import { settingsDaemon } from './load.js';
import type { BootFiles } from './place.js';
import type { BootSettings } from './settings.js';

export interface SavedRules {
  readonly text: string;
  /** how many services it holds */
  readonly services: number;
  /** what ipvsadm has no option for */
  readonly omitted: readonly string[];
}

/** The live table as lines; timeouts and sync daemons come before the services. */
export async function savedRules(backend: Backend, settings: BootSettings): Promise<SavedRules> {
  const lines = [
    renderTimeoutsRule(await backend.timeouts()),
    ...(await daemonLines(backend, settings)),
  ];
  const omitted: string[] = [];
  let services = 0;
  for (const { service, destinations } of (await readTable(backend)).values()) {
    const line = renderServiceRule(service, NUMERIC);
    if (line === undefined) {
      omitted.push(serviceKey(service.id));
      continue;
    }
    services++;
    lines.push(line);
    for (const destination of destinations.toReversed()) {
      const server = renderDestinationRule(service.id, destination, NUMERIC);
      if (server === undefined)
        omitted.push(`${serviceKey(service.id)}, server ${serverKey(destination)}`);
      else lines.push(server);
    }
  }
  return { text: lines.join(''), services, omitted };
}

/** Running daemons, but for those that the settings start with the same values. */
async function daemonLines(backend: Backend, settings: BootSettings): Promise<string[]> {
  const running = (await backend.daemons()).map(daemonRequest);
  return running
    .filter((daemon) => !settings.daemons.some((one) => DAEMON.same(daemon, settingsDaemon(one))))
    .map(renderDaemonRule);
}

/**
 * Writes the live table to the saved rules.
 * @param force also an empty table in the place of rules
 * @returns what could not be saved
 * @throws LvsctlError EMPTY_TABLE, and the file stays
 */
export async function save(
  { convention, settings }: BootFiles,
  force: boolean,
  { machine, writeText }: World,
): Promise<readonly string[]> {
  const { text, services, omitted } = await savedRules(await machine.backend(), settings);
  const before = countRules(machine.read(convention.rules) ?? '');
  if (services === 0 && before > 0 && !force)
    throw new LvsctlError(
      'EMPTY_TABLE',
      `the live table has no services: ${convention.rules} with its ${before} rules is left as it is`,
      '--force replaces it',
    );
  writeText(convention.rules, text);
  return omitted;
}

/** Lines about services and servers, readable or not. */
function countRules(text: string): number {
  const other = /^\s*(?:#.*|(?:ipvsadm\s+)?--(?:set|start-daemon)\s.*)?$/;
  return text.split('\n').filter((line) => !other.test(line)).length;
}
