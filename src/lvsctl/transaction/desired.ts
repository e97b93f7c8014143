// A file of either kind -> the rules that it desires.
import { tableOf } from '../../model/table.js';
import type { FileContext } from '../config/context.js';
import { desiredServices } from '../config/desired.js';
import { readConfig } from '../config/read.js';
import { isRuleText } from '../config/recognise.js';
import { readRuleFile } from '../config/rulefile.js';
import { LvsctlError } from '../errors.js';
import type { World } from '../world.js';
import type { DesiredRules } from './plan.js';

export interface FileOptions {
  /** services that the file does not name are removed */
  readonly prune?: boolean;
  /** also by a file without services */
  readonly force?: boolean;
  /** what an lvsctl file is read with */
  readonly around?: FileContext;
}

/**
 * Reads saved rules or an lvsctl file, recognised by content.
 * @throws BAD_FILE every error with its line; EMPTY_TABLE a file without services that is to remove
 *   all others
 */
export async function readDesired(
  file: string,
  { prune = false, force = false, around }: FileOptions,
  { readText, names }: Pick<World, 'readText' | 'names'>,
): Promise<DesiredRules> {
  const text = readText(file);
  const rules = isRuleText(text)
    ? fromRules(await readRuleFile(text, file, names))
    : fromConfig(text, file, around);
  if (prune && !force && rules.table.size === 0)
    throw new LvsctlError(
      'EMPTY_TABLE',
      `${file}: no services, and --prune would remove all that there are`,
      '--force does it all the same',
    );
  return { ...rules, removed: prune ? 'others' : new Set() };
}

type Rules = Omit<DesiredRules, 'removed'>;

/** What saved rules desire. */
export function fromRules({
  services,
  timeouts,
  daemons,
}: Awaited<ReturnType<typeof readRuleFile>>): Rules {
  return {
    table: tableOf(services),
    timeouts,
    daemons: new Map(daemons.map((daemon) => [daemon.role, daemon])),
  };
}

/** All servers up; the sorry server where a service has no others, as `director up` does. */
function fromConfig(text: string, file: string, around: FileContext | undefined): Rules {
  const config = readConfig(text, file, around);
  const { timeouts } = config;
  return {
    table: tableOf(
      desiredServices(config).map(({ service, destinations, sorry }) => ({
        service,
        destinations: destinations.length === 0 && sorry ? [sorry] : destinations,
      })),
    ),
    timeouts: timeouts && { tcp: timeouts.tcp, tcpFin: timeouts.tcp_fin, udp: timeouts.udp },
    daemons: new Map(
      config.sync.map(({ syncid, max_length, ...daemon }) => [
        daemon.role,
        { ...daemon, syncId: syncid, maxLength: max_length },
      ]),
    ),
  };
}
