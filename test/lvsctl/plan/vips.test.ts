// Where a VIP may be, and which settings of interfaces are good as they are.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { directorSettings } from '../../../src/lvsctl/plan/director.js';
import { gatherFacts } from '../../../src/lvsctl/plan/facts.js';
import { realServerSettings } from '../../../src/lvsctl/plan/realserver.js';
import { resourceWith } from '../../../src/lvsctl/plan/resources.js';
import { fakeMachine } from '../../support/machine.js';

const LINKS = {
  lo: { flags: ['LOOPBACK', 'UP'], link_type: 'loopback' },
  eth0: { flags: ['BROADCAST', 'UP'], link_type: 'ether' },
  eth1: { flags: ['BROADCAST', 'UP'], link_type: 'ether' },
  dummy0: { flags: ['NOARP', 'UP'], link_type: 'ether' },
  tunl0: { flags: ['NOARP', 'UP'], link_type: 'ipip', address: '0.0.0.0', broadcast: '0.0.0.0' },
  far0: { flags: ['NOARP', 'UP'], link_type: 'ipip', address: '0.0.0.0', broadcast: '192.0.2.9' },
  down0: { flags: ['NOARP'], link_type: 'ipip', address: '0.0.0.0', broadcast: '0.0.0.0' },
};
const CONF = '/proc/sys/net/ipv4/conf';

/** @param addresses `eth0 192.0.2.10/24` @param sysctls `all.arp_ignore` */
function machineWith(addresses: readonly string[], sysctls: Readonly<Record<string, string>> = {}) {
  const links = Object.entries(LINKS).map(([ifname, link], i) => ({
    ifname,
    ifindex: i + 1,
    mtu: 1500,
    ...link,
    addr_info: addresses
      .filter((one) => one.startsWith(`${ifname} `))
      .map((one) => one.split(/[ /]/))
      .map(([, local, length]) => ({ local, prefixlen: Number(length) })),
  }));
  const files = Object.entries(sysctls).map(([key, value]) => [
    `${CONF}/${key.replace('.', '/')}`,
    value,
  ]);
  return fakeMachine(Object.fromEntries(files), {
    ip: (args) => ({ stdout: args.includes('-json') ? JSON.stringify(links) : '' }),
    nft: () => ({}),
  });
}

const fileWith = (mode: string, vip = '192.0.2.10', server = '192.0.2.11', rest = '') =>
  readConfig(
    `vips: [{address: "${vip}", interface: eth0}]
services: [{name: web, address: "${vip}", port: 80, mode: ${mode}, servers: [{address: "${server}"}]${rest}}]
`,
    'lvs.yaml',
  );

function addressesOf(settings: ReturnType<typeof directorSettings>): string[] {
  return settings.flatMap(({ resource }) =>
    resource.kind === 'address'
      ? [`${resource.device} ${resource.address}`]
      : resource.kind === 'extra_address'
        ? [`not ${resource.device} ${resource.address}`]
        : [],
  );
}

describe('real server', () => {
  // biome-ignore format: a table
  test.each([
    ['dr', [], ['lo 192.0.2.10/32']],
    ['dr', ['lo 192.0.2.10/24'], ['not lo 192.0.2.10/24', 'lo 192.0.2.10/32']],
    ['dr', ['lo 192.0.2.10/24', 'lo 192.0.2.10/32'], ['not lo 192.0.2.10/24', 'lo 192.0.2.10/32']],
    ['dr', ['eth0 192.0.2.10/24'], ['not eth0 192.0.2.10/24', 'lo 192.0.2.10/32']],
    ['dr', ['eth0 192.0.2.10/32'], ['not eth0 192.0.2.10/32', 'lo 192.0.2.10/32']],
    ['dr', ['eth1 192.0.2.10/25', 'dummy0 192.0.2.10/24'], ['not eth1 192.0.2.10/25', 'not dummy0 192.0.2.10/24', 'lo 192.0.2.10/32']],
    ['dr', ['dummy0 192.0.2.10/32'], ['dummy0 192.0.2.10/32']],
    ['dr', ['tunl0 192.0.2.10/32'], ['tunl0 192.0.2.10/32']],
    ['dr', ['down0 192.0.2.10/32'], ['not down0 192.0.2.10/32', 'lo 192.0.2.10/32']],
    ['dr', ['dummy0 192.0.2.10/32', 'lo 192.0.2.10/32'], ['lo 192.0.2.10/32']],
    ['tun', [], ['lvs-ipip 192.0.2.10/32']],
    ['tun', ['lo 192.0.2.10/32'], ['lvs-ipip 192.0.2.10/32']],
    ['tun', ['tunl0 192.0.2.10/32'], ['tunl0 192.0.2.10/32']],
    ['tun', ['tunl0 192.0.2.10/24'], ['not tunl0 192.0.2.10/24', 'lvs-ipip 192.0.2.10/32']],
    ['tun', ['far0 192.0.2.10/32'], ['lvs-ipip 192.0.2.10/32']],
    ['nat', ['eth0 192.0.2.10/24'], []],
  ])('%s with %j', (mode, present, expected) => {
    const facts = gatherFacts(machineWith(['eth0 192.0.2.11/24', ...present]));
    expect(addressesOf(realServerSettings(fileWith(mode), facts))).toEqual(expected);
  });

  test('IPv6: with the prefix of a network on lo', () => {
    const facts = gatherFacts(machineWith(['eth0 2001:db8::b/64', 'lo 2001:db8::a/64']));
    const config = fileWith('dr', '2001:db8::a', '2001:db8::b');
    expect(addressesOf(realServerSettings(config, facts))).toEqual([
      'not lo 2001:db8::a/64',
      'lo 2001:db8::a/128',
    ]);
  });

  test('no device of its own where tunl0 is the exit already', () => {
    const kinds = (addresses: readonly string[]) =>
      realServerSettings(
        fileWith('tun'),
        gatherFacts(machineWith(['eth0 192.0.2.11/24', ...addresses])),
      ).map(({ resource }) => resource.kind);
    expect(kinds(['tunl0 192.0.2.10/32'])).not.toContain('link');
    expect(kinds([])).toContain('link');
  });

  // biome-ignore format: a table
  test.each([
    [{}, ['eth0.arp_ignore 1', 'eth0.arp_announce 2']],
    [{ 'all.arp_ignore': '0', 'eth0.arp_ignore': '0' }, ['eth0.arp_ignore 1', 'eth0.arp_announce 2']],
    [{ 'all.arp_ignore': '1', 'eth0.arp_ignore': '0', 'all.arp_announce': '2', 'eth0.arp_announce': '0' }, ['all.arp_ignore 1', 'all.arp_announce 2']],
    [{ 'all.arp_ignore': '0', 'eth0.arp_ignore': '2' }, ['eth0.arp_ignore 2', 'eth0.arp_announce 2']],
    [{ 'all.arp_ignore': '1', 'eth0.arp_ignore': '3' }, ['eth0.arp_ignore 1', 'eth0.arp_announce 2']],
    [{ 'all.arp_ignore': '3', 'eth0.arp_ignore': '1' }, ['all.arp_ignore 1', 'eth0.arp_ignore 1', 'eth0.arp_announce 2']],
  ])('the larger value of `all` and the interface counts: %j', (sysctls, expected) => {
    const facts = gatherFacts(machineWith(['eth0 192.0.2.11/24'], sysctls));
    const settings = realServerSettings(fileWith('dr'), facts);
    expect(
      settings.flatMap(({ resource, desired }) =>
        resource.kind === 'sysctl'
          ? [`${resource.key.split('/').slice(-2).join('.')} ${Object.values(desired as object)[0]}`]
          : [],
      ),
    ).toEqual(expected);
  });
});

describe('director', () => {
  // biome-ignore format: a table
  test.each([
    [[], {}, 'eth0 192.0.2.10/32'],
    [['eth0 192.0.2.10/32'], {}, 'eth0 192.0.2.10/32'],
    [['eth0 192.0.2.10/24'], {}, 'eth0 192.0.2.10/24'],
    [['eth0 192.0.2.10/24', 'eth0 192.0.2.10/32'], {}, 'eth0 192.0.2.10/32'],
    [['dummy0 192.0.2.10/32'], {}, 'dummy0 192.0.2.10/32'],
    [['dummy0 192.0.2.10/32'], { 'all.arp_ignore': '1' }, 'eth0 192.0.2.10/32'],
    [['lo 192.0.2.10/32'], { 'eth0.arp_ignore': '1' }, 'eth0 192.0.2.10/32'],
    [['down0 192.0.2.10/32'], {}, 'eth0 192.0.2.10/32'],
    [['eth1 192.0.2.10/32'], {}, 'eth0 192.0.2.10/32'],
  ])('%j, %j', (present, sysctls, expected) => {
    const facts = gatherFacts(machineWith(['eth0 192.0.2.1/24', ...present], sysctls));
    expect(addressesOf(directorSettings(fileWith('dr'), facts))).toEqual([expected]);
  });

  test('IPv6: neighbours are answered for addresses of the interface alone', () => {
    const config = fileWith('dr', '2001:db8::a', '2001:db8::b');
    const on = (address: string) =>
      addressesOf(directorSettings(config, gatherFacts(machineWith([address]))));
    expect(on('eth0 2001:db8::a/64')).toEqual(['eth0 2001:db8::a/64']);
    expect(on('dummy0 2001:db8::a/128')).toEqual(['eth0 2001:db8::a/128']);
  });

  // biome-ignore format: a table
  test.each([
    ['', []],
    [', persistence: {timeout: 60}', ['expire_nodest_conn', 'expire_quiescent_template']],
    [', checks: [{kind: tcp}]', ['expire_nodest_conn']],
    [', checks: [{kind: tcp}], health: {failed: quiesce}', []],
    [', protocol: udp', ['expire_nodest_conn']],
    [', protocol: udp, one_packet: true', []],
  ])('connections of servers that leave: %j', (rest, expected) => {
    const facts = gatherFacts(machineWith(['eth0 192.0.2.1/24']));
    const config = fileWith('dr', '192.0.2.10', '192.0.2.11', rest);
    expect(
      directorSettings(config, facts).flatMap(({ resource }) =>
        resource.kind === 'sysctl' && resource.key.startsWith('net/ipv4/vs/')
          ? [resource.key.slice('net/ipv4/vs/'.length)]
          : [],
      ),
    ).toEqual(expected);
  });

  test('an interface that does not forward, though the machine does', async () => {
    const machine = machineWith(['eth0 203.0.113.1/24', 'eth1 192.0.2.1/24'], {
      'eth1.forwarding': '0',
    });
    machine.files.set('/proc/sys/net/ipv4/ip_forward', '1');
    const [forward] = directorSettings(fileWith('nat'), gatherFacts(machine)).filter(
      ({ resource }) => resource.kind === 'sysctl' && resource.key === 'net/ipv4/ip_forward',
    );
    if (!forward) throw new Error('no setting');
    const bound = resourceWith(forward.resource);
    const actual = await bound.read(machine);
    expect(bound.same(actual, forward.desired)).toBe(false);
    expect(bound.show(actual)).toBe('1 (eth1 0)');
    expect(bound.commands(actual, forward.desired)).toEqual([
      { kind: 'sysctl', key: 'net/ipv4/conf/eth1/forwarding', value: '1' },
    ]);
  });
});
