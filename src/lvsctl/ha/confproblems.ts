// Whether keepalived runs with the configuration that `lvsctl ha render` prints.
import type { Config } from '../config/file.js';
import type { Ha } from '../config/ha.js';
import type { World } from '../world.js';
import { keepalivedFile } from './engine.js';
import { keepalivedConf } from './keepalived.js';
import type { Director } from './own.js';
import { standbyPath } from './place.js';
import type { HaProblem } from './problem.js';

/** None where the file cannot be read. Comments, blanks and the path in `notify` do not count. */
export function confProblems(
  config: Config,
  ha: Ha,
  own: Director,
  world: Pick<World, 'machine' | 'places'>,
): HaProblem[] {
  const path = keepalivedFile(world.machine);
  const text = world.machine.read(path);
  if (text === undefined) return [];
  const standby = standbyPath(world);
  const actual = linesOf(text);
  const desired = linesOf(keepalivedConf(config, ha, own, { standby, lvsctl: '' }));
  const missing = without(desired, actual);
  const extra = without(actual, desired);
  const repair = [`lvsctl ha render FILE > ${path}`, 'systemctl reload keepalived'];
  const preempts = missing.includes('nopreempt');
  const others = [
    ...missing.filter((line) => line !== 'nopreempt').map((line) => `\`${line}' is missing`),
    ...extra.map((line) => `\`${line}' is not of the file`),
  ];
  const more = others.length > 1 ? ` (and ${others.length - 1} more)` : '';
  return [
    ...(preempts
      ? [
          {
            what:
              `${path} has no nopreempt: the director that returns takes the VIPs, and ` +
              'does not know the connections',
            repair,
          },
        ]
      : []),
    ...(others.length > 0
      ? [{ what: `${path} is not as lvsctl ha render prints it: ${others[0]}${more}`, repair }]
      : []),
  ];
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/[#!].*/, '')
        .trim()
        .replace(/\s+/g, ' '),
    )
    .filter((line) => line !== '' && !line.startsWith('notify '));
}

/** The lines of one list that another does not have as often. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = [...other];
  return list.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
