// Names from the fixture files, for runs that have no resolver of their own.
import { readFileSync } from 'node:fs';
import type { IpvsadmWorld } from '../../src/ipvsadm/world.js';
import { formatAddress, parseAddress, parseDottedQuad } from '../../src/model/address.js';
import { parseServices, type Services } from '../../src/system/names.js';

/** What a function gives for each text, worked out once: most tests have the same ones. */
function memoized<T>(of: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    if (!known.has(text)) known.set(text, of(text));
    return known.get(text) as T;
  };
}

// from the top of the checkout: bundled programs have no place of their own
const read = memoized((name) => readFileSync(`test/fixtures/${name}`, 'latin1'));
const servicesIn: (text: string) => Services = memoized(parseServices);
const hostsIn = memoized((text) =>
  text
    .split('\n')
    .map((line) => line.split(/\s+/).filter(Boolean))
    .filter(([address]) => address !== undefined),
);

/**
 * Answers as the C library does with `nsswitch.conf` saying `files` and these hosts and services.
 */
export function fixtureNames(
  hosts = read('hosts'),
  services = read('services'),
): IpvsadmWorld['names'] {
  const entries = hostsIn(hosts);
  const table = servicesIn(services);
  return {
    resolve: async () => ({
      host(name) {
        const wanted = name.toLowerCase();
        for (const [address = '', ...names] of entries) {
          const v4 = address === '::1' ? '127.0.0.1' : address;
          if (names.some((known) => known.toLowerCase() === wanted) && parseDottedQuad(v4))
            return parseDottedQuad(v4);
        }
        return undefined;
      },
      port: table.port,
    }),
    reverse: async () => ({
      host: (address) =>
        entries.find(
          ([known = '']) =>
            formatAddress(parseAddress(known) ?? address) === formatAddress(address) &&
            parseAddress(known),
        )?.[1],
      port: table.name,
    }),
  };
}
