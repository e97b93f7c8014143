// Sync daemons that do not run, or have no peer.
import { printCommand } from '../plan/command.js';
import { DAEMON } from '../plan/rules.js';
import type { Found } from './finding.js';
import type { Inspection } from './inspection.js';
import { shell } from './repair.js';

/** Those of the file that do not run, and running ones whose interface has no network. */
export function syncDaemons({ config, facts, running }: Inspection): Found[] {
  const absent = (config?.sync ?? []).filter(
    ({ role }) => !running.some((daemon) => daemon.role === role),
  );
  const starts = absent.map(({ syncid, max_length, ...rest }): Found => {
    const [command] = DAEMON.commands({ role: rest.role }, null, {
      ...rest,
      syncId: syncid,
      maxLength: max_length,
    });
    return {
      what: `sync daemon ${rest.role} is not running`,
      repair: command ? [printCommand(command)] : [],
    };
  });
  const deaf = running.flatMap(({ role, interface: device }): Found[] => {
    const link = facts.links.find(({ name }) => name === device);
    if (link?.up && link.carrier && device !== 'lo') return [];
    const state =
      link === undefined
        ? 'does not exist'
        : device === 'lo'
          ? 'has no other hosts'
          : link.up
            ? 'has no carrier'
            : 'is down';
    const stop = `ipvsadm --stop-daemon ${role} --syncid 0`;
    return [
      {
        what: `sync daemon ${role}: its interface ${device} ${state}, so it has no peer`,
        repair: [link && device !== 'lo' ? shell('ip', 'link', 'set', device, 'up') : stop],
      },
    ];
  });
  return [...starts, ...deaf];
}
