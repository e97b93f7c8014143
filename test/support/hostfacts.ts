// Parts of a machine's facts, for tests that state a machine piece by piece.
import type { FindingRule } from '../../src/lvsctl/doctor/finding.js';
import type { Inspection } from '../../src/lvsctl/doctor/inspection.js';
import type {
  AddressFact,
  IptablesFact,
  LinkFact,
  RouteFact,
} from '../../src/lvsctl/facts/types.js';

export const linkFact = (name: string, more: Partial<LinkFact> = {}): LinkFact => ({
  ...{ name, index: 2, up: true, carrier: true, noarp: name === 'lo', mtu: 1500 },
  ...{ mac: null, kind: null, master: null, tunnel: null, ...more },
});

/** A device that takes packets out of tunnels. */
export const tunnelLink = (name: string, kind: string | null, more: Partial<LinkFact> = {}) =>
  linkFact(name, {
    kind,
    noarp: true,
    tunnel: { local: null, remote: null, proto: 'any', checksum: false },
    ...more,
  });

/** @param text `eth0 192.0.2.1/24` */
export function addressFact(text: string, more: Partial<AddressFact> = {}): AddressFact {
  const [device = '', address = '', prefix = ''] = text.split(/[ /]/);
  return { device, address, prefix: Number(prefix), unusable: null, deprecated: false, ...more };
}

/** @param text `192.0.2.0/24 eth0`, `0.0.0.0/0 eth0 192.0.2.254` */
export function routeFact(text: string, more: Partial<RouteFact> = {}): RouteFact {
  const [to = '', device = '', via = null] = text.split(' ');
  return {
    family: to.includes(':') ? 'ipv6' : 'ipv4',
    table: 'main',
    type: 'unicast',
    to,
    from: null,
    metric: 0,
    source: null,
    mtu: null,
    advmss: null,
    hops: [{ device, via, dead: false }],
    ...more,
  };
}

/** The addresses of interfaces, with the routes that they bring along. */
export function addressed(...texts: readonly string[]): {
  readonly addresses: readonly AddressFact[];
  readonly routes: readonly RouteFact[];
} {
  const addresses = texts.map((text) => addressFact(text));
  const routes = addresses.map(({ device, address }) =>
    routeFact(`${address}/${address.includes(':') ? 128 : 32} ${device}`, {
      table: 'local',
      type: 'local',
    }),
  );
  return { addresses, routes };
}

/** Rules of the mangle table, as iptables-save prints them. */
export const mangleFact = (
  lines: readonly string[],
  family: IptablesFact['family'] = 'ipv4',
): IptablesFact => ({
  family,
  variant: 'x_tables',
  text: ['*mangle', ...lines, 'COMMIT', ''].join('\n'),
});

/** What the checks with an id find: `MACHINE: what > repair; repair # advice`. */
export async function foundBy(
  checks: readonly FindingRule[],
  id: string,
  inspection: Inspection,
): Promise<string[]> {
  const lists = await Promise.all(
    checks.filter((one) => one.id === id).map(({ find }) => find(inspection)),
  );
  return lists.flat().map(({ what, repair, advice, on }) => {
    const where = on === undefined ? '' : `${on}: `;
    const more = advice === undefined ? '' : ` # ${advice}`;
    return `${where}${what} > ${repair.join('; ')}${more}`;
  });
}
