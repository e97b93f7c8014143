import { expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { directorSettings, schedulerModules } from '../../../src/lvsctl/plan/director.js';
import { gatherFacts } from '../../../src/lvsctl/plan/facts.js';
import {
  directorRemains,
  realServerRemains,
  unmanagedVips,
} from '../../../src/lvsctl/plan/preflight.js';
import { resourceWith } from '../../../src/lvsctl/plan/resources.js';
import { fakeMachine } from '../../support/machine.js';

/** A machine with eth0 and eth1, and these addresses. */
function machine(
  addresses: readonly (readonly [device: string, address: string, prefix: number])[] = [],
) {
  const links = ['eth0', 'eth1'].map((ifname, i) => ({
    ifindex: i + 2,
    ifname,
    flags: ['UP', 'LOWER_UP'],
    mtu: 1500,
    addr_info: addresses
      .filter(([device]) => device === ifname)
      .map(([, local, prefixlen]) => ({ family: 'inet', local, prefixlen })),
  }));
  return fakeMachine({}, { ip: () => ({ stdout: JSON.stringify(links) }) });
}

const config = (service: string) =>
  readConfig(
    `vips: [{address: 192.0.2.1, interface: eth0}]
services: [{name: ftp, address: 192.0.2.1, servers: [{address: 10.0.0.1}], ${service}}]
`,
    'lvs.yaml',
  );

test.each([
  ['port: 21, mode: nat', true],
  ['port: 21, mode: dr', false],
  ['port: 21, protocol: udp, mode: nat', false],
  ['port: 80, mode: nat', false],
  ['ports: [20, 21], mark: 1, mode: nat', true],
])('ip_vs_ftp for %s: %s', (service, expected) => {
  expect(schedulerModules(config(service)).includes('ip_vs_ftp')).toBe(expected);
});

test('a VIP of another program is left alone, and all else is done', async () => {
  const text = (managed: string) =>
    `vips: [{address: 192.0.2.1, interface: eth0${managed}}, {address: 192.0.2.2, interface: eth0}]
services: [{name: web, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: 192.0.2.11}]}]
`;
  const titles = (managed: string) =>
    directorSettings(readConfig(text(managed), 'f'), gatherFacts(machine())).map(
      ({ resource }) => resourceWith(resource).title,
    );
  const all = titles('');
  expect(all).toContain('address 192.0.2.1/32 on eth0');
  expect(titles(', managed: true')).toEqual(all);
  expect(titles(', managed: false')).toEqual(
    all.filter((title) => title !== 'address 192.0.2.1/32 on eth0'),
  );
});

test('no program is run where no VIP is of another program', () => {
  const config = readConfig('vips: [{address: 192.0.2.1, interface: eth0}]\nservices: []\n', 'f');
  const one = machine([]);
  expect([unmanagedVips(config, one), one.ran]).toEqual([[], []]);
});

test.each([
  ['192.0.2.1/32 on eth0', [['eth0', '192.0.2.1', 32]], 'there'],
  ['with the prefix of keepalived', [['eth0', '192.0.2.1', 24]], 'there'],
  ['on another interface', [['eth1', '192.0.2.1', 32]], 'on eth1'],
  ['nowhere', [], 'missing'],
] as const)('status of such a VIP is no difference: %s', async (_, addresses, actual) => {
  const config = readConfig(
    'vips: [{address: 192.0.2.1, interface: eth0, managed: false}, {address: 192.0.2.2, interface: eth0}]\nservices: []\n',
    'f',
  );
  const one = machine(addresses);
  expect(unmanagedVips(config, one)).toMatchObject([
    {
      title: 'address 192.0.2.1/32 on eth0',
      desired: 'left to another program',
      actual,
      same: true,
    },
  ]);
  expect(await directorRemains(config, one)).toEqual([]);
});

test.each([
  ['dr', [['eth0', '192.0.2.1', 32]], ['VIP 192.0.2.1 on eth0']],
  [
    'tun',
    [
      ['eth0', '192.0.2.1', 32],
      ['eth1', '192.0.2.1', 24],
    ],
    ['VIP 192.0.2.1 on eth0', 'VIP 192.0.2.1 on eth1'],
  ],
  ['nat', [['eth0', '192.0.2.1', 32]], []],
  ['dr', [], []],
] as const)('what is left of a real server of mode %s: %j', async (mode, addresses, expected) => {
  const service = (name: string, port: number) =>
    `{name: ${name}, address: 192.0.2.1, port: ${port}, mode: ${mode}, servers: [{address: 192.0.2.11}]}`;
  const config = readConfig(
    `vips: [{address: 192.0.2.1, interface: eth0}]\nservices: [${service('a', 80)}, ${service('b', 81)}]\n`,
    'f',
  );
  const own = machine([['eth0', '192.0.2.11', 24], ...addresses]);
  expect(await realServerRemains(config, own)).toEqual(expected);
  // nothing is left where this machine is no server of the file
  const other = machine([['eth0', '192.0.2.99', 24], ...addresses]);
  expect(await realServerRemains(config, other)).toEqual([]);
});
