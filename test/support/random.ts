// Random tables as rule lines, repeatable from a seed.

import { seeded } from '../../src/simulator/random.js';

/** A small generator of numbers in 0..1. */
export const random = seeded;

export interface TableSize {
  readonly services: number;
  readonly serversEach: number;
  /** leave out what the real tool cannot save: thresholds, flag 3 of sh and mh */
  readonly plain?: boolean;
  /**
   * Addresses and marks over the whole range, or only the lower half of it. In the upper half
   * ipvsadm's comparison wraps, so that the order of a listing depends on the order in which the
   * rules came.
   */
  readonly range?: 'half' | 'whole';
}

const SCHEDULERS = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'fo',
  'ovf',
  'mh',
  'none',
];

/**
 * Rule lines with every kind of service and server that ipvsadm can express. No two services or
 * servers are the same.
 */
export function randomTable(
  seed: number,
  { services, serversEach, plain = false, range = 'half' }: TableSize,
): string[] {
  const next = random(seed);
  const upTo = (n: number) => Math.floor(next() * n);
  const pick = <T>(items: readonly T[]): T => items[upTo(items.length)] as T;
  const v4 = () =>
    `${1 + upTo(range === 'half' ? 126 : 223)}.${upTo(256)}.${upTo(256)}.${1 + upTo(254)}`;
  const v6 = () =>
    `[${(0x2000 + upTo(0x1fff)).toString(16)}:${pick(['', 'db8:', '0:'])}${upTo(65536).toString(16)}::${(1 + upTo(65535)).toString(16)}]`;
  const lines: string[] = [];
  const seen = new Set<string>();
  while (seen.size < services) {
    const kind = pick(['-t', '-t', '-u', '--sctp-service', '-f']);
    const six = next() < 0.3;
    const port = 1 + upTo(65535);
    const persistent = next() < 0.3;
    const mark = 1 + upTo(range === 'half' ? 2147483647 : 4294967295);
    const id =
      kind === '-f'
        ? `-f ${mark}${six ? ' -6' : ''}`
        : `${kind} ${six ? v6() : v4()}:${persistent && next() < 0.2 ? 0 : port}`;
    if (seen.has(id)) continue;
    seen.add(id);
    const scheduler = pick(SCHEDULERS);
    let line = `-A ${id} -s ${scheduler}`;
    if (persistent) {
      line += ` -p ${1 + upTo(2678400)}`;
      if (next() < 0.5)
        line += six
          ? ` -M ${1 + upTo(128)}`
          : ` -M ${pick(['255.255.255.0', '255.0.0.0', '0.0.0.0', '255.0.255.0'])}`;
    }
    if (kind === '-u' && next() < 0.2) line += ' --pe sip';
    if ((kind === '-u' || kind === '-f') && next() < 0.2) line += ' -o';
    const own =
      scheduler === 'sh' || scheduler === 'mh'
        ? [`${scheduler}-fallback`, `${scheduler}-port`, 'flag-3']
        : ['flag-1', 'flag-2', 'flag-3'];
    const flags = own.filter(
      (name) => next() < 0.3 && !(plain && name === 'flag-3' && own[0] !== 'flag-1'),
    );
    if (flags.length > 0) line += ` -b ${flags.join(',')}`;
    lines.push(line);
    lines.push(...servers(id, six, Math.round(serversEach * 2 * next())));
  }
  return lines;

  function servers(id: string, six: boolean, count: number): string[] {
    const known = new Set<string>();
    const rules: string[] = [];
    while (known.size < count) {
      const method = pick(['-m', '-g', '-i']);
      const address = (method === '-i' && next() < 0.2 ? !six : six) ? v6() : v4();
      // the port of -g and -i follows the service, so the address alone must tell servers apart
      if (known.has(address)) continue;
      known.add(address);
      const tunnel =
        method === '-i'
          ? pick([
              '',
              ' --tun-type ipip',
              ` --tun-type gue --tun-port ${1 + upTo(65535)}${pick(SUMS)}`,
              ` --tun-type gre${pick(SUMS.slice(0, 3))}`,
            ])
          : '';
      const upper = plain || next() < 0.7 ? 0 : 1 + upTo(100000);
      const thresholds =
        upper === 0 ? '' : ` -x ${upper}${next() < 0.5 ? ` -y ${upTo(upper)}` : ''}`;
      rules.push(
        `-a ${id} -r ${address}:${1 + upTo(65535)} ${method} -w ${pick([0, 1, 5, 100, 2147483647])}${thresholds}${tunnel}`,
      );
    }
    return rules;
  }
}

const SUMS = ['', ' --tun-nocsum', ' --tun-csum', ' --tun-remcsum'];
