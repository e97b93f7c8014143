// What the network around a director makes of its services: clients on the network of a NAT server,
// VIPs for which no neighbour is answered, a machine that is director and real server at once.
import { describe, expect, test } from 'vitest';
import { EVIDENCE_CHECKS } from '../../../src/lvsctl/doctor/evidence.js';
import { inspect } from '../../../src/lvsctl/doctor/inspection.js';
import type { ConnectionTally, MachineFacts } from '../../../src/lvsctl/facts/types.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import type { ShownService } from '../../../src/lvsctl/show/table.js';
import { addressed, foundBy, linkFact, routeFact, tunnelLink } from '../../support/hostfacts.js';
import { smallConfig } from '../../support/smallfile.js';

const VIP = '192.0.2.10';
const configOf = (mode: string, vip = VIP, rip = '192.0.2.11', protocol = 'tcp') =>
  smallConfig({ mode, vip, rip, more: `protocol: ${protocol}` });
const servicesOf = (...file: Parameters<typeof configOf>): readonly ShownService[] =>
  intendedFacts(configOf(...file))[0]?.services ?? [];
const [BASE] = intendedFacts(configOf('nat')) as [MachineFacts];
type Stated = Partial<MachineFacts>;
const found = (id: string, stated: Stated) =>
  foundBy(EVIDENCE_CHECKS, id, inspect(undefined, 'director', { facts: { ...BASE, ...stated } }));
const network = (text: string) => routeFact(text);

/** Interfaces with addresses, their networks among the routes. */
function machine(texts: readonly string[], ...more: readonly string[]) {
  const { addresses, routes } = addressed(...texts);
  return { addresses, routes: [...routes, ...more.map(network)] };
}

describe('a NAT server on the network of clients', () => {
  const text = (who: string, service = `tcp ${VIP}:80`, server = '192.0.2.11:80') =>
    `${service}: ${who} and server ${server} (nat) are on one network: answers do not come back through the director`;
  const REPAIR =
    'iptables -t nat -A POSTROUTING -d 192.0.2.11 -p tcp -j MASQUERADE; sysctl -w net.ipv4.vs.conntrack=1';
  const here = (who = 'clients of this network') => [`${text(who)} > ${REPAIR}`];
  const HERE = ['eth0 192.0.2.1/24', 'eth0 192.0.2.10/32'];
  const OWN = '192.0.2.0/24 eth0';
  const tally = (more: Partial<ConnectionTally> = {}): Stated => ({
    connections: {
      count: 1,
      listed: [],
      tally: [
        {
          service: `tcp ${VIP}:80`,
          server: '192.0.2.11:80',
          state: 'SYN_RECV',
          connections: 1,
          example: '192.0.2.99',
          ...more,
        },
      ],
    },
  });

  // biome-ignore format: a table
  test.each<readonly [string, Stated, readonly string[]]>([
    ['there is no other network', machine(HERE, OWN), here()],
    ['there is a default route', machine(HERE, OWN, '0.0.0.0/0 eth0 192.0.2.254'), []],
    ['there is another network', machine([...HERE, 'eth1 198.51.100.1/24'], OWN, '198.51.100.0/24 eth1'), []],
    ['a router leads to another network', machine(HERE, OWN, '198.51.100.0/24 eth0 192.0.2.254'), []],
    ['a network of IPv6 is none for these clients', machine(HERE, OWN, '2001:db8::/64 eth1'), here()],
    ['a route that refuses leads nowhere', { ...machine(HERE, OWN), routes: [...machine(HERE, OWN).routes, routeFact('198.51.100.0/24 eth1', { type: 'blackhole' })] }, here()],
    ['the VIP is on another network', machine(['eth0 192.0.2.1/24', 'eth1 203.0.113.1/24'], OWN), [expect.stringContaining(text('clients of this network'))]],
    ['the server is on no network of the director', machine(['eth0 198.51.100.1/24'], '198.51.100.0/24 eth0'), []],
    ['a client of it is known', { ...machine(HERE, OWN, '0.0.0.0/0 eth0 192.0.2.254'), ...tally() }, here('192.0.2.99')],
    ['a client of another network is known', { ...machine(HERE, OWN, '0.0.0.0/0 eth0 192.0.2.254'), ...tally({ example: '203.0.113.9' }) }, []],
    ['the client was answered', { ...machine(HERE, OWN, '0.0.0.0/0 eth0 192.0.2.254'), ...tally({ state: 'ESTABLISHED' }) }, []],
    ['the client is of another service', { ...machine(HERE, OWN, '0.0.0.0/0 eth0 192.0.2.254'), ...tally({ service: `tcp ${VIP}:81` }) }, []],
    ['the client is of another server', { ...machine(HERE, OWN, '0.0.0.0/0 eth0 192.0.2.254'), ...tally({ server: '192.0.2.12:80' }) }, []],
    ['what the connection table has is no address', { ...machine(HERE, OWN, '0.0.0.0/0 eth0 192.0.2.254'), ...tally({ example: '?' }) }, []],
    ['dr answers past the director', { ...machine(HERE, OWN), services: servicesOf('dr') }, []],
  ])('%s', async (_, stated, expected) => {
    expect(await found('nat-client', stated)).toEqual(expected);
  });

  test('of another VIP', async () => {
    const stated = { ...machine(HERE, OWN), services: servicesOf('nat', '203.0.113.10') };
    expect(await found('nat-client', stated)).toEqual([]);
  });

  test('of UDP and IPv6', async () => {
    const of = (...file: Parameters<typeof configOf>) =>
      found('nat-client', {
        ...machine([...HERE, 'eth0 2001:db8::1/64'], OWN, '2001:db8::/64 eth0'),
        services: servicesOf(...file),
      });
    expect((await of('nat', VIP, '192.0.2.11', 'udp'))[0]).toContain('-p udp -j MASQUERADE');
    const [six] = await of('nat', '2001:db8::10', '2001:db8::11');
    expect(six).toContain('> ip6tables -t nat -A POSTROUTING -d 2001:db8::11 -p tcp');
  });

  test('link-local and multicast of IPv6 are no networks of clients', async () => {
    const services = servicesOf('nat', '2001:db8::10', '2001:db8::11');
    const of = (...more: readonly string[]) =>
      found('nat-client', {
        ...machine(['eth0 2001:db8::1/64', 'eth1 fe80::1/64'], '2001:db8::/64 eth0', ...more),
        services,
      });
    expect(await of('fe80::/64 eth1')).toHaveLength(1);
    expect(await of('ff00::/8 eth1')).toHaveLength(1);
    expect(await of('2001:db8:1::/64 eth1')).toHaveLength(0);
  });

  describe('answers that come back', () => {
    const nat = (rule: string, chain = 'POSTROUTING'): Stated => ({
      packet_filter: {
        iptables: [
          {
            family: 'ipv4',
            variant: 'x_tables',
            text: `*nat\n:POSTROUTING ACCEPT [0:0]\n:OTHER - [0:0]\n-A ${chain} ${rule}\nCOMMIT\n`,
          },
        ],
        nft: [],
      },
    });
    const sysctls = (conntrack: string) => ({
      sysctls: { ...BASE.sysctls, 'net/ipv4/vs/conntrack': conntrack },
    });
    const MASQ = '-d 192.0.2.11/32 -j MASQUERADE';
    test.each<readonly [string, Stated, number]>([
      ['a rule and conntrack', { ...nat(MASQ), ...sysctls('1') }, 0],
      ['another sender', { ...nat('-j SNAT --to-source 192.0.2.1'), ...sysctls('1') }, 0],
      ['a rule of another chain', { ...nat(MASQ, 'OTHER'), ...sysctls('1') }, 0],
      ['without conntrack', { ...nat(MASQ), ...sysctls('0') }, 1],
      ['conntrack is not known', nat(MASQ), 1],
      ['without a rule', sysctls('1'), 1],
      ['a rule that does something else', { ...nat('-j ACCEPT'), ...sysctls('1') }, 1],
    ])('%s', async (_, stated, count) => {
      expect(await found('nat-client', { ...machine(HERE, OWN), ...stated })).toHaveLength(count);
    });
  });
});

describe('a VIP for which no neighbour is answered', () => {
  const ignore = (value: string, device = 'eth0') => ({
    sysctls: { [`net/ipv4/conf/${device}/arp_ignore`]: value },
  });
  const ON_LO = machine(['eth0 192.0.2.1/24', 'lo 192.0.2.10/32'], '192.0.2.0/24 eth0');
  const ON_ETH = machine(['eth0 192.0.2.1/24', 'eth0 192.0.2.10/32'], '192.0.2.0/24 eth0');
  const silent = `VIP ${VIP} is here, and arp_ignore of eth0 keeps it from being answered for > ip addr add ${VIP}/32 dev eth0`;
  const eth0 = (more: object) => ({ links: [linkFact('lo'), linkFact('eth0', more)] });

  // biome-ignore format: a table
  test.each<readonly [string, Stated, readonly string[]]>([
    ['on lo, ignored', { ...ON_LO, ...ignore('1') }, [silent]],
    ['on lo, by a stricter value', { ...ON_LO, ...ignore('2') }, [silent]],
    ['on lo, all are ignored', { ...ON_LO, ...ignore('8') }, [silent]],
    ['on lo, answered', { ...ON_LO, ...ignore('0') }, []],
    ['on the interface', { ...ON_ETH, ...ignore('1') }, []],
    ['on the interface, all are ignored', { ...ON_ETH, ...ignore('8') }, [silent]],
    ['not here', { ...machine(['eth0 192.0.2.1/24'], '192.0.2.0/24 eth0'), ...ignore('1') }, []],
    ['the interface is down', { ...ON_LO, ...ignore('1'), ...eth0({ up: false }) }, []],
    ['nobody asks on the interface', { ...ON_LO, ...ignore('1'), ...eth0({ noarp: true }) }, []],
    ['it is of no network here', { ...machine(['eth0 198.51.100.1/24', 'lo 192.0.2.10/32'], '198.51.100.0/24 eth0'), ...ignore('1') }, []],
    ['answered on one of two interfaces', { links: [linkFact('lo'), linkFact('eth0'), linkFact('eth1')], ...machine(['eth0 192.0.2.1/24', 'eth1 192.0.2.2/24', 'lo 192.0.2.10/32'], '192.0.2.0/24 eth0'), ...ignore('1') }, []],
    ['dr: another check has it', { ...ON_LO, ...ignore('1'), services: servicesOf('dr') }, []],
    ['dr to itself alone', { ...ON_LO, ...ignore('1'), services: servicesOf('dr', VIP, '192.0.2.1') }, [silent]],
  ])('%s', async (_, stated, expected) => {
    expect(await found('vip', stated)).toEqual(expected);
  });

  test('of two services is one finding; of IPv6 there is none', async () => {
    const both = [...servicesOf('nat'), ...servicesOf('nat', VIP, '192.0.2.11', 'udp')];
    expect(await found('vip', { ...ON_LO, ...ignore('1'), services: both })).toEqual([silent]);
    const six = machine(['eth0 2001:db8::1/64', 'lo 2001:db8::10/128'], '2001:db8::/64 eth0');
    const services = servicesOf('nat', '2001:db8::10', '2001:db8::11');
    expect(await found('vip', { ...six, ...ignore('1'), services })).toEqual([]);
  });
});

describe('a director that is a real server of its VIP', () => {
  const SILENT: Stated = {
    ...machine(['eth0 192.0.2.1/24', 'lo 192.0.2.10/32'], '192.0.2.0/24 eth0'),
    services: servicesOf('dr'),
  };
  const sysctls = (more: Readonly<Record<string, string>> = {}): Stated => ({
    sysctls: { 'net/ipv4/conf/all/arp_ignore': '1', ...more },
  });
  const daemon = (role: string): Stated => ({
    daemons: [{ role, interface: 'eth0', syncid: 1 }] as unknown as MachineFacts['daemons'],
  });
  const loop = (daemonOn?: string) =>
    `tcp ${VIP}:80: this machine is a real server of the VIP and balances it too > sysctl -w net.ipv4.vs.backup_only=1${daemonOn === undefined ? '' : `; ipvsadm --start-daemon backup --mcast-interface ${daemonOn}`}`;
  const marked = () =>
    servicesOf('dr').map((one) => ({ ...one, service: 'fwmark 7 ipv4', mark: 7 }) as ShownService);
  const BACKUP_ONLY = { 'net/ipv4/vs/backup_only': '1' };

  // biome-ignore format: a table
  test.each<readonly [string, Stated, readonly string[]]>([
    ['dr', { ...SILENT, ...sysctls() }, [loop('eth0')]],
    ['tun', { ...SILENT, ...sysctls(), services: servicesOf('tun') }, [loop('eth0')]],
    ['nat', { ...SILENT, ...sysctls(), services: servicesOf('nat') }, []],
    ['to itself alone', { ...SILENT, ...sysctls(), services: servicesOf('dr', VIP, '192.0.2.1') }, []],
    ['neighbours are answered: it is the director', { ...SILENT, sysctls: {} }, []],
    ['it is a backup that balances', { ...SILENT, ...sysctls(), ...daemon('backup') }, [loop()]],
    ['it is a backup that does not', { ...SILENT, ...sysctls(BACKUP_ONLY), ...daemon('backup') }, []],
    ['it is both a master and a backup', { ...SILENT, ...sysctls(BACKUP_ONLY), daemons: ['master', 'backup'].flatMap((one) => daemon(one).daemons ?? []) }, []],
    ['a service by mark has no VIP of its own', { ...SILENT, ...sysctls(), services: marked() }, []],
    ['it would not as a backup, and is none', { ...SILENT, ...sysctls(BACKUP_ONLY) }, [loop('eth0')]],
    ['it would not as a backup, and is the master', { ...SILENT, ...sysctls(BACKUP_ONLY), ...daemon('master') }, [loop('eth0')]],
  ])('%s', async (_, stated, expected) => {
    expect(await found('loop', stated)).toEqual(expected);
  });

  // biome-ignore format: a table
  test.each([
    ['the first outer one', [linkFact('lo'), linkFact('eth9'), linkFact('eth0')], 'eth9'],
    ['not one that is down', [linkFact('eth9', { up: false }), linkFact('eth0')], 'eth0'],
    ['not one without ARP', [linkFact('lo'), tunnelLink('tunl0', 'ipip'), linkFact('eth0')], 'eth0'],
    ['not a dummy device', [linkFact('d0', { kind: 'dummy' }), linkFact('eth0')], 'eth0'],
    ['not lo', [linkFact('lo', { noarp: false }), linkFact('eth0')], 'eth0'],
  ])('the interface of its daemon: %s', async (_, links, device) => {
    expect(await found('loop', { ...SILENT, ...sysctls(), links })).toEqual([loop(device)]);
  });
});
