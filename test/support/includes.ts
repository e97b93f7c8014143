// Files that include others, for tests: their contents by path.
import { ALONE, type FileContext } from '../../src/lvsctl/config/context.js';
import { matching } from './lvsctl.js';

/** What reading finds where these files are, and no others. */
export function around(files: Readonly<Record<string, string>>): FileContext {
  return {
    ...ALONE,
    readText(path) {
      const text = files[path];
      if (text === undefined) throw new RangeError('No such file or directory');
      return text;
    },
    filesMatching: (pattern) => matching(pattern, Object.keys(files)),
  };
}

/** A service of the VIP below. @param more further keys, with a comma in front */
export const service = (name: string, port: number, more = '') =>
  `{name: ${name}, address: 192.0.2.1, port: ${port}, mode: dr, servers: []${more}}`;
export const VIPS = 'vips: [{address: 192.0.2.1, interface: eth0}]\n';
