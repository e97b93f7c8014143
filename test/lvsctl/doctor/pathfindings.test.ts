// A finding for each cause of a lost packet: what it is called, whose it is, what repairs it.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { option } from '../../../src/lvsctl/doctor/causerow.js';
import { inspect } from '../../../src/lvsctl/doctor/inspection.js';
import type { LostPacket } from '../../../src/lvsctl/doctor/lostpackets.js';
import { pathFindings, sameNetwork } from '../../../src/lvsctl/doctor/pathfindings.js';
import { insideOf } from '../../../src/lvsctl/doctor/representatives.js';
import { doubts, otherLoss } from '../../../src/lvsctl/doctor/unreported.js';
import type { MachineFacts } from '../../../src/lvsctl/facts/types.js';
import type { LossCause, PathHop } from '../../../src/lvsctl/path/hop.js';
import { hostOf } from '../../../src/lvsctl/path/host.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import type { ShownServer, ShownService } from '../../../src/lvsctl/show/table.js';
import { at } from '../../support/address.js';
import { addressed, addressFact, routeFact } from '../../support/hostfacts.js';

const FILE = `vips: [{address: 192.0.2.10, interface: eth0}]
services: [{name: a, address: 192.0.2.10, port: 80, mode: dr, servers: [{address: 192.0.2.11, name: rs}]}]
`;
const [DIRECTOR, SERVER] = intendedFacts(readConfig(FILE, 'f')) as [MachineFacts, MachineFacts];
const inspection = (more: Partial<MachineFacts> = {}, others: readonly MachineFacts[] = []) =>
  inspect(undefined, undefined, { facts: { ...DIRECTOR, ...more }, others: others.map(hostOf) });
const HOST = inspection();
const HERE = DIRECTOR.machine;

const shown = (mode: string, six: boolean): ShownServer => ({
  server: six ? '[2001:db8::11]:80' : '192.0.2.11:80',
  address: six ? '2001:db8::11' : '192.0.2.11',
  port: 80,
  mode,
  tunnel: null,
  weight: 3,
  upper: null,
  lower: null,
  active: 0,
  inactive: 0,
  persistent: null,
  counters: null,
});
const serviceCalled = (service: string | null, six = false) =>
  ({
    service,
    address: six ? '2001:db8::10' : '192.0.2.10',
    protocol: 'tcp',
    servers: [],
  }) as unknown as ShownService;

interface Case {
  readonly cause: LossCause;
  readonly what?: string;
  readonly machine?: string;
  readonly mode?: string;
  readonly six?: boolean;
  readonly vip?: string;
  readonly service?: string | null;
  readonly outcome?: PathHop['outcome'];
  readonly sourcePort?: number | undefined;
  readonly stage?: PathHop['stage'];
}
function lost(one: Case): LostPacket {
  const { cause, what = 'WHAT', machine = HERE, mode = 'dr', six = false } = one;
  const { service = six ? 'tcp [2001:db8::10]:80' : 'tcp 192.0.2.10:80', outcome = 'lost' } = one;
  const client = at(six ? '2001:db8:9::9' : '203.0.113.9');
  const packet = {
    protocol: 'tcp',
    source: client,
    sourcePort: 'sourcePort' in one ? one.sourcePort : 5000,
    destination: at(one.vip ?? (six ? '2001:db8::10' : '192.0.2.10')),
    destinationPort: 80,
  };
  return {
    cause,
    client,
    server: shown(mode, six),
    service: serviceCalled(service, six),
    hop: { machine, what, outcome, cause, packet, stage: one.stage ?? 'input' } as PathHop,
  };
}
/** `id on MACHINE: what > repair; repair # advice` */
function found(...cases: readonly Case[]): string[] {
  return pathFindings(cases.map(lost), HOST).map(({ id, what, on, why, repair, advice }) => {
    expect(why).toMatch(/^(?:[A-Z]|dr ).{20,}\.$/);
    const where = on === undefined ? '' : ` on ${on}`;
    const more = advice === undefined ? '' : ` # ${advice}`;
    return `${id}${where}: ${what} > ${repair.join('; ')}${more}`;
  });
}

const rule = (text: string, remove?: string) => ({ text, remove, isPolicy: remove === undefined });
const policy = (text: string) => ({ text, remove: undefined, isPolicy: true });
const filter = (by: ReturnType<typeof rule>): LossCause => ({
  id: 'filter',
  hook: 'input',
  by,
  answer: false,
});
const TCP = 'tcp 192.0.2.10:80: ';
const TCP6 = 'tcp [2001:db8::10]:80: ';
const RS = '192.0.2.11';
const VIP = at('192.0.2.10');
const VIP6 = at('2001:db8::10');
const size: LossCause = { id: 'size', fits: 1400, device: 'eth0' };
const outer = { type: 'ipip', source: undefined, destination: at(RS), port: undefined, bytes: 20 };
const NO_DEVICE = 'no device takes ipip packets (ipip)';

// biome-ignore format: a table
const ROWS: readonly (readonly [name: string, Case, readonly string[]])[] = [
  ['a rule', { cause: filter(rule('X', 'iptables -D X')) }, [`packet-filter: ${TCP}WHAT > iptables -D X`]],
  ['a rule of which no removal is known', { cause: filter({ text: 'X', remove: undefined, isPolicy: false }) }, [`packet-filter: ${TCP}WHAT > `]],
  ['a policy', { cause: filter(policy('iptables -P INPUT DROP')) }, [`packet-filter: ${TCP}WHAT > iptables -I INPUT -d 192.0.2.10 -p tcp --dport 80 -j ACCEPT`]],
  ['a policy of IPv6', { six: true, cause: filter(policy('ip6tables -P INPUT DROP')) }, [`packet-filter: ${TCP6}WHAT > ip6tables -I INPUT -d 2001:db8::10 -p tcp --dport 80 -j ACCEPT`]],
  ['a policy that drops answers', { what: 'forward: x', cause: filter(policy('iptables -P FORWARD DROP')) }, [`packet-filter: ${TCP}forward: x > iptables -I FORWARD -s 203.0.113.9 -p tcp --sport 5000 -j ACCEPT`]],
  ['a policy that drops what any port sent', { what: 'forward: x', sourcePort: undefined, cause: filter(policy('iptables -P FORWARD DROP')) }, [`packet-filter: ${TCP}forward: x > iptables -I FORWARD -d 192.0.2.10 -p tcp --dport 80 -j ACCEPT`]],
  ['a policy that drops neighbour solicitations', { what: 'neighbour solicitations: x', cause: filter(policy('ip6tables -P INPUT DROP')) }, [`packet-filter: ${TCP}neighbour solicitations: x > ip6tables -I INPUT -p icmpv6 -j ACCEPT`]],
  ['a policy of nft', { cause: filter(policy('nft chain x')) }, [`packet-filter: ${TCP}WHAT > `]],
  ['another destination', { cause: { id: 'translated', by: rule('X', 'nft delete rule x'), to: '192.0.2.9' } }, [`packet-filter: ${TCP}WHAT > nft delete rule x`]],
  ['and no removal is known', { cause: { id: 'translated', by: rule('X'), to: '192.0.2.9' } }, [`packet-filter: ${TCP}WHAT > `]],
  ['a router before the server', { cause: { id: 'router', server: at(RS), via: at('192.0.2.254') } }, [`server-network: ${TCP}server 192.0.2.11:80 (dr) is on none of this machine's networks: router 192.0.2.254 gets its packets > ipvsadm -e -t 192.0.2.10:80 -r 192.0.2.11:80 -i -w 3`]],
  ['the last server does not answer', { cause: { id: 'neighbour', address: at(RS), device: 'eth7' } }, [`neighbour: ${TCP}192.0.2.11 does not answer on eth7 >  # start that machine, or add another server first: without this one the service has none`]],
  ['a MAC that was set by hand', { cause: { id: 'neighbour', address: at(RS), device: 'eth7', isPermanent: true } }, [`neighbour: ${TCP}WHAT > ip neigh del 192.0.2.11 dev eth7`]],
  ['the same on a server', { machine: 'rs', cause: { id: 'neighbour', address: VIP, device: 'eth7', isPermanent: true } }, [`neighbour on rs: ${TCP}WHAT > ip neigh del 192.0.2.10 dev eth7`]],
  ['no neighbour is answered for the VIP: another check has it', { cause: { id: 'silent', address: VIP, device: 'eth7' } }, []],
  ['a router does not answer', { cause: { id: 'neighbour', address: at('192.0.2.254'), device: 'eth7' } }, [`neighbour: ${TCP}192.0.2.254 does not answer on eth7 >  # start that machine, or use another router`]],
  ['an interface without carrier', { machine: RS, what: 'interface eth7 has no carrier', cause: { id: 'link', device: 'eth7' } }, [`interface on ${RS}: ${TCP}interface eth7 has no carrier >  # check the cable, and the port at its other end`]],
  ['an interface is down', { machine: RS, cause: { id: 'link', device: 'eth7' } }, [`interface on ${RS}: ${TCP}WHAT > ip link set eth7 up`]],
  ['too large, nat', { mode: 'nat', cause: size }, [`mtu: ${TCP}WHAT > iptables -t mangle -A FORWARD -s 192.0.2.11 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400`]],
  ['too large, dr', { cause: size }, [`mtu: ${TCP}WHAT > ssh 192.0.2.11 iptables -t mangle -A OUTPUT -s 192.0.2.10 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400`]],
  ['too large, IPv6', { six: true, mode: 'nat', cause: size }, [`mtu: ${TCP6}WHAT > ip6tables -t mangle -A FORWARD -s 2001:db8::11 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400`]],
  ['too large is reported where it is not sure as well', { outcome: 'unknown', mode: 'nat', cause: size }, [expect.stringMatching(/^mtu: /)]],
  ['too large for a tunnel: tunnel-mtu has it', { mode: 'tun', cause: size }, []],
  ['what else is unknown is no finding', { outcome: 'unknown', cause: { id: 'link', device: 'eth7' } }, []],
  ['no route', { cause: { id: 'no-route', to: at('198.51.100.1'), because: undefined } }, [`route: ${TCP}WHAT >  # add a route to it; which router leads there is not known here`]],
  ['no route of a server for its answers', { machine: 'rs', stage: 'answer', cause: { id: 'no-route', to: at('198.51.100.1'), because: undefined } }, [`route on rs: ${TCP}WHAT >  # add a route to it; which router leads there is not known here`]],
  ['the source, strict', { machine: HERE, cause: { id: 'source', device: 'eth0', kind: 'strict' } }, [`rp-filter: ${TCP}WHAT > sysctl -w net.ipv4.conf.eth0.rp_filter=2`]],
  ['the same on a server', { machine: 'rs', cause: { id: 'source', device: 'eth7', kind: 'strict' } }, [`rp-filter on rs: ${TCP}WHAT > sysctl -w net.ipv4.conf.eth7.rp_filter=2`]],
  ['a device without an address, where loose is no help', { machine: 'rs', cause: { id: 'source', device: 'tunl0', kind: 'address' } }, [`rp-filter on rs: ${TCP}WHAT > ip addr add 192.0.2.10/32 dev tunl0`]],
  ['an address of the machine itself', { cause: { id: 'source', device: 'eth0', kind: 'own' } }, []],
  ['answers from the own VIP', { cause: { id: 'spoofed', director: HERE } }, [`answers on ${RS}: ${TCP}answers of 192.0.2.11:80 go through this machine, which drops what comes from its own VIP >  # give the server a router that does not have the VIP; none is known here`]],
  ['a VIP with a wide prefix', { machine: 'rs', cause: { id: 'wide', device: 'lo', address: VIP, prefix: 24 } }, [`vip on rs: ${TCP}VIP 192.0.2.10 is on lo with prefix 24 > ip addr del 192.0.2.10/24 dev lo`]],
  ['no VIP, dr', { machine: 'rs', cause: { id: 'not-local', address: VIP } }, [`vip on rs: ${TCP}VIP 192.0.2.10 is on no interface of rs > sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2; ip addr add 192.0.2.10/32 dev lo`]],
  ['no VIP, tun', { machine: 'rs', mode: 'tun', cause: { id: 'not-local', address: VIP } }, [`vip on rs: ${TCP}VIP 192.0.2.10 is on no interface of rs > ip addr add 192.0.2.10/32 dev lo`]],
  ['no VIP of IPv6', { machine: 'rs', six: true, cause: { id: 'not-local', address: VIP6 } }, [`vip on rs: ${TCP6}VIP 2001:db8::10 is on no interface of rs > ip addr add 2001:db8::10/128 dev lo`]],
  ['no VIP on the director: another check has it', { cause: { id: 'not-local', address: VIP } }, []],
  ['a server answers ARP', { machine: 'rs', what: 'answers', cause: { id: 'arp', machine: 'rs', address: VIP } }, [`arp-answer on rs: ${TCP}rs answers > `]],
  ['nat on one network', { mode: 'nat', cause: { id: 'same-network', client: at('192.0.2.99') } }, [`nat-client: ${TCP}192.0.2.99 and server 192.0.2.11:80 (nat) are on one network: answers do not come back through the director > iptables -t nat -A POSTROUTING -d 192.0.2.11 -p tcp -j MASQUERADE; sysctl -w net.ipv4.vs.conntrack=1`]],
  ['answers past the director', { mode: 'nat', what: 'past it', cause: { id: 'gateway', via: undefined, director: HERE } }, [`gateway on ${RS}: ${TCP}answers of 192.0.2.11:80 go past it >  # give the director an address on a network of the server, and make that its gateway`]],
  ['nothing listens', { machine: 'rs', cause: { id: 'listener', address: VIP, port: 80 } }, [`listener on rs: ${TCP}WHAT >  # start the program there, on this address or on all (ss -ltnp shows what listens)`]],
  ['a tunnel device is down', { machine: 'rs', cause: { id: 'no-tunnel', outer, lack: { kind: 'down', device: 'tunl0' } } }, [`tunnel-device on rs: ${TCP}WHAT > ip link set tunl0 up`]],
  ['there is no tunnel device', { machine: 'rs', what: NO_DEVICE, cause: { id: 'no-tunnel', outer, lack: { kind: 'missing' } } }, [`tunnel-device on rs: ${TCP}${NO_DEVICE} > ip link add lvs-ipip type ipip local 192.0.2.11; ip link set lvs-ipip up; ip addr add 192.0.2.10/32 dev lvs-ipip`]],
  ['none of gre with checksums', { machine: 'rs', what: NO_DEVICE, cause: { id: 'no-tunnel', outer: { ...outer, type: 'gre', checksum: true }, lack: { kind: 'missing' } } }, [`tunnel-device on rs: ${TCP}${NO_DEVICE} > ip link add lvs-grec type gre local 192.0.2.11 csum; ip link set lvs-grec up; ip addr add 192.0.2.10/32 dev lvs-grec`]],
  ['the port of gue is closed', { machine: 'rs', what: 'no UDP port 6080 takes gue', cause: { id: 'no-tunnel', outer: { ...outer, type: 'gue', port: 6080 }, lack: { kind: 'port' } } }, [`tunnel-device on rs: ${TCP}no UDP port 6080 takes gue > ip fou add port 6080 gue`]],
  ['the sender of the tunnel is an address of the server', { machine: 'rs', what: 'vt0 drops', cause: { id: 'no-tunnel', outer, lack: { kind: 'sender' } } }, [`tunnel-device on rs: ${TCP}vt0 drops >  # give the director an address on its network that the server does not have, and make the VIP deprecated there (preferred_lft 0)`]],
  ['of what other checks report nothing', { cause: { id: 'no-service' } }, []],
];

describe('the finding of a cause', () => {
  test.each(ROWS)('%s', (_, one, expected) => {
    expect(found(one)).toEqual(expected);
  });

  const [FIRST, SECOND] = ['eth0 2001:db8::1/64', 'eth0 2001:db8::10/128'];
  test.each([
    [
      'another address',
      [FIRST, SECOND],
      ['lo 2001:db8::10/128'],
      [
        'ip -6 addr change 2001:db8::10/128 dev eth0 preferred_lft 0',
        "ipvsadm -e -t '[2001:db8::10]:80' -r '[2001:db8::11]:80' -i -w 3 --tun-type ipip",
      ],
    ],
    ['no other one', [SECOND], ['lo 2001:db8::10/128'], []],
    [
      'another one that the server has too',
      [FIRST, SECOND],
      ['lo 2001:db8::10/128', 'lo 2001:db8::1/128'],
      [],
    ],
  ])('the server has the sender of the tunnel, and the director %s', (_, own, its, repair) => {
    const director = inspection(
      { ...addressed(...own), routes: [routeFact('2001:db8::/64 eth0')] },
      [{ ...SERVER, machine: 'rs', ...addressed(...its) }],
    );
    const source = VIP6;
    const six = { ...outer, source, destination: at('2001:db8::11') };
    const one = lost({
      machine: 'rs',
      six: true,
      mode: 'tun',
      cause: { id: 'no-tunnel', outer: six, lack: { kind: 'sender' } },
    });
    const [finding] = pathFindings([one], director);
    expect(finding?.repair).toEqual(repair);
    expect([finding?.on, finding?.advice !== undefined]).toEqual(
      repair.length > 0 ? [undefined, false] : ['rs', true],
    );
  });

  const link = (device: string, service: string | null, what = 'WHAT'): Case => ({
    cause: { id: 'link', device },
    service,
    what,
  });
  test('a cause on two machines is two findings', () => {
    const down = (machine: string) => ({ ...link('eth0', 'a'), machine });
    expect(found(down('r1'), down('r2'))).toEqual([
      'interface on r1: a: WHAT > ip link set eth0 up',
      'interface on r2: a: WHAT > ip link set eth0 up',
    ]);
  });

  test('a policy that stops two services is one finding, with a rule for each', () => {
    const cause = filter(policy('iptables -P INPUT DROP'));
    const rule = (vip: string) => `iptables -I INPUT -d ${vip} -p tcp --dport 80 -j ACCEPT`;
    const [line] = found({ cause }, { cause }, { cause, vip: '192.0.2.99', service: 'b' });
    expect(line).toBe(
      `packet-filter: tcp 192.0.2.10:80, b: WHAT > ${rule('192.0.2.10')}; ${rule('192.0.2.99')}`,
    );
  });

  test('names the services that it concerns, three of them', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const of = (count: number) => found(...names.slice(0, count).map((one) => link('eth0', one)));
    const text = (start: string) => [`interface: ${start}: WHAT > ip link set eth0 up`];
    expect(of(1)).toEqual(text('a'));
    expect(of(3)).toEqual(text('a, b, c'));
    expect(of(4)).toEqual(text('a, b, c and 1 more'));
    expect(of(5)).toEqual(text('a, b, c and 2 more'));
    expect(found(link('eth0', 'a'), link('eth0', 'a'))).toEqual(text('a'));
    expect(found(link('eth0', null))).toEqual(['interface: WHAT > ip link set eth0 up']);
  });
  test('is another one for another text', () => {
    expect(found(link('eth0', 'a', 'one'), link('eth1', 'a', 'two'))).toEqual([
      'interface: a: one > ip link set eth0 up',
      'interface: a: two > ip link set eth1 up',
    ]);
  });
});

describe('the repair of a packet without a route', () => {
  const shared = {
    addresses: [
      ...DIRECTOR.addresses,
      addressFact('eth0 192.0.2.1/24'),
      addressFact('eth0 192.0.2.10/32'),
    ],
    routes: [...DIRECTOR.routes, routeFact('0.0.0.0/0 eth0 192.0.2.254')],
  };
  const refusing = (to: string, machine: MachineFacts): MachineFacts => ({
    ...machine,
    routes: [routeFact(`${to} eth0`, { type: 'blackhole', hops: [] }), ...machine.routes],
  });
  const of = (one: Partial<Case>, here: Partial<MachineFacts>, ...others: MachineFacts[]) =>
    pathFindings(
      [lost({ cause: { id: 'no-route', to: at('198.51.100.1'), because: undefined }, ...one })],
      inspection({ ...shared, ...here }, others),
    ).map(({ on, repair, advice }) => [on, ...repair, advice]);
  const ADVICE = 'add a route to it; which router leads there is not known here';
  const REPLACE = 'ip route replace default via 192.0.2.1';
  const REFUSED = 'ip route del blackhole 198.51.100.0/24';
  const RS_HERE = { ...SERVER, machine: 'rs' };

  // biome-ignore format: a table
  test.each<readonly [string, Partial<Case>, Partial<MachineFacts>, readonly MachineFacts[], readonly unknown[]]>([
    ['a route of the director refuses', {}, { routes: refusing('198.51.100.0/24', DIRECTOR).routes }, [], [undefined, REFUSED, undefined]],
    ['nothing refuses', {}, {}, [], [undefined, ADVICE]],
    ['answers of the director itself', { stage: 'answer', mode: 'nat' }, {}, [RS_HERE], [undefined, ADVICE]],
    ['answers of a server', { stage: 'answer', mode: 'nat', machine: 'rs' }, {}, [RS_HERE], ['rs', REPLACE, undefined]],
    ['a route of the server refuses them', { stage: 'answer', mode: 'nat', machine: 'rs' }, {}, [refusing('198.51.100.0/24', RS_HERE)], ['rs', REFUSED, undefined]],
    ['requests on the server', { stage: 'routing', mode: 'nat', machine: 'rs' }, {}, [RS_HERE], ['rs', ADVICE]],
    ['nothing is known of the server', { stage: 'answer', mode: 'nat', machine: 'rs' }, {}, [], ['rs', ADVICE]],
  ])('%s', (_, one, here, others, expected) => {
    expect(of(one, here, ...others)).toEqual([expected]);
  });
});

describe('answers from the own VIP', () => {
  const of = (local: readonly string[]) =>
    pathFindings(
      [lost({ cause: { id: 'spoofed', director: HERE } })],
      inspection(addressed(...local.map((one) => `eth0 ${one}/32`))),
    ).map(({ what, advice }) => `${what} # ${advice}`);
  const through = expect.stringContaining('go through this machine');
  test.each([
    ['neither end is here', ['192.0.2.1'], [through]],
    ['the VIP is here', ['192.0.2.10'], [through]],
    ['the client is here', ['203.0.113.9'], [through]],
    [
      'both are: a rule changed the sender',
      ['192.0.2.10', '203.0.113.9'],
      [
        `${TCP}answers of 192.0.2.11:80 come to this machine, since a rule makes it the sender of the requests # leave packets to the VIP out of MASQUERADE and SNAT: dr needs the client's address`,
      ],
    ],
  ])('%s', (_, local, expected) => expect(of(local)).toEqual(expected));
});

test('a VIP that nobody is answered for, of services whose VIP the table does not show', () => {
  const of = (more: Partial<ShownService>, servers: readonly string[], address = VIP) => {
    const one = lost({ cause: { id: 'silent', address, device: 'eth7' } });
    const service = { ...one.service, servers: servers.map((mode) => shown(mode, false)), ...more };
    return pathFindings([{ ...one, service }], HOST).flatMap(({ repair }) => repair);
  };
  const ADD = 'ip addr add 192.0.2.10/32 dev eth7';
  const SIX = {
    service: 'tcp [2001:db8::10]:80',
    address: '2001:db8::10',
    family: 'ipv6',
  } as const;
  expect(of({}, ['nat'])).toEqual([]);
  expect(of({}, ['dr'])).toEqual([]);
  expect(of({ mark: 7 }, ['dr'])).toEqual([ADD]);
  expect(of(SIX, ['nat'], VIP6)).toEqual(['ip addr add 2001:db8::10/128 dev eth7']);
  expect(of(SIX, ['dr'], VIP6)).toEqual([]);
});

test('a machine whose facts are there is told how to be quiet', () => {
  const cause: LossCause = { id: 'arp', machine: 'rs', address: VIP };
  const server = { ...SERVER, machine: 'rs', ...addressed('eth0 192.0.2.10/24') };
  const of = (others: readonly MachineFacts[]) =>
    pathFindings([lost({ machine: 'rs', what: 'answers', cause })], inspection({}, others))[0]
      ?.repair;
  expect(of([])).toEqual([]);
  expect(of([{ ...server, machine: 'other' }])).toEqual([]);
  expect(of([{ ...server, machine: 'other' }, server])).toContain(
    'ip addr del 192.0.2.10/24 dev eth0',
  );
});

test('a finding has a machine only where it is another one', () => {
  const keys = (machine: string) =>
    pathFindings([lost({ machine, cause: { id: 'link', device: 'eth0' } })], HOST).map((one) =>
      Object.keys(one).includes('on'),
    );
  expect([keys(HERE), keys('rs')]).toEqual([[false], [true]]);
  const [router] = pathFindings(
    [lost({ cause: { id: 'router', server: at(RS), via: at('192.0.2.254') } })],
    HOST,
  );
  expect(Object.keys(router ?? {})).not.toContain('on');
});

test('rp_filter that is larger in `all` is repaired there too, on this machine', () => {
  const cause: LossCause = { id: 'source', device: 'eth0', kind: 'strict' };
  const sysctls = { ...DIRECTOR.sysctls, 'net/ipv4/conf/all/rp_filter': '3' };
  expect(pathFindings([lost({ cause })], inspection({ sysctls }))[0]?.repair).toEqual([
    'sysctl -w net.ipv4.conf.all.rp_filter=2',
    'sysctl -w net.ipv4.conf.eth0.rp_filter=2',
  ]);
  // what `all` is on a server is not known here
  expect(
    pathFindings([lost({ cause, machine: 'rs' })], inspection({ sysctls }))[0]?.repair,
  ).toEqual(['sysctl -w net.ipv4.conf.eth0.rp_filter=2']);
});

test.each([
  ['tcp 192.0.2.1:80', '-t 192.0.2.1:80'],
  ['udp 192.0.2.1:80', '-u 192.0.2.1:80'],
  ['sctp [2001:db8::1]:80', '--sctp-service [2001:db8::1]:80'],
  ['fwmark 7 ipv4', '-f 7'],
  ['fwmark 7 ipv6', '-f 7 -6'],
  ['ip-47 192.0.2.1:0', '-t 192.0.2.1:0'],
])('%s is typed %s', (service, expected) => {
  expect(option(serviceCalled(service))).toBe(expected);
});

test('nat on one network: a service of UDP and IPv6, and a mark', () => {
  const six = { ...serviceCalled('udp x'), protocol: 'udp' } as ShownService;
  const { protocol: _, ...mark } = serviceCalled('fwmark 7');
  expect(sameNetwork('c', six, shown('nat', true)).repair[0]).toBe(
    'ip6tables -t nat -A POSTROUTING -d 2001:db8::11 -p udp -j MASQUERADE',
  );
  expect(sameNetwork('c', mark, shown('nat', false)).repair[0]).toContain('-p tcp');
});

describe('without a finding of its own', () => {
  const loss = (...cases: readonly Case[]) => otherLoss(cases.map(lost), HOST);
  const why = 'A packet of a client is lost here.';
  const none: LossCause = { id: 'no-service' };
  const away: LossCause = { id: 'not-local', address: VIP };
  test.each<readonly [string, readonly Case[], object[]]>([
    ['nothing is lost', [], []],
    ['nothing that is known', [{ cause: none, outcome: 'unknown' }], []],
    ['here', [{ cause: none }], [{ id: 'path', why, what: `${TCP}WHAT`, repair: [] }]],
    [
      'there',
      [{ cause: none, machine: 'rs' }],
      [{ id: 'path', why, what: `${TCP}WHAT`, repair: [], on: 'rs' }],
    ],
    ['the VIP is on another director', [{ cause: away }], []],
    [
      'it is not on the server',
      [{ cause: away }, { cause: away, machine: 'rs' }],
      [{ id: 'path', why, what: `${TCP}WHAT`, repair: [], on: 'rs' }],
    ],
  ])('%s', (_, cases, expected) => expect(loss(...cases)).toEqual(expected));

  test('what decides and is not known, once', () => {
    const unknown = (cause: LossCause, machine = HERE, what = cause.id): Case => ({
      cause,
      machine,
      what,
      outcome: 'unknown',
    });
    const cases = [
      unknown(filter(rule('X'))),
      unknown(filter(rule('X'))),
      unknown({ id: 'rule', text: 'x' }, 'rs'),
      unknown({ id: 'neighbour', address: VIP, device: 'eth0' }),
      unknown({ id: 'no-facts', address: VIP }),
      unknown({ id: 'no-service' }),
      { ...unknown({ id: 'rule', text: 'x' }), outcome: 'lost' as const },
    ].map(lost);
    const known = ['filter', 'rs: rule', 'neighbour'];
    expect(doubts(cases, HOST)).toEqual(known);
    expect(doubts(cases, inspection({}, [SERVER]))).toEqual([...known, 'no-facts']);
  });
});

test.each([
  ['192.0.2.0', 24, '192.0.2.254'],
  ['192.0.2.4', 30, '192.0.2.6'],
  ['192.0.2.4', 31, undefined],
  ['10.0.0.0', 8, '10.255.255.254'],
  ['2001:db8::', 64, '2001:db8::ffff:fffe'],
  ['2001:db8::', 80, '2001:db8::ffff:fffe'],
  ['2001:db8::1:0:0', 96, '2001:db8::1:ffff:fffe'],
  ['2001:db8::1:0', 112, '2001:db8::1:fffe'],
  ['2001:db8::4', 126, '2001:db8::6'],
  ['2001:db8::4', 127, undefined],
])('an address inside %s/%d: %s', (network, length, expected) => {
  expect(insideOf(at(network), length)).toEqual(expected === undefined ? undefined : at(expected));
});
