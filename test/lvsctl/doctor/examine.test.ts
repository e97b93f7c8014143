// The whole answer of the doctor: what could not be checked, what is on which machine, what is said
// once; and what other hosts answer to arping.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { arpAnswers, unaskedVips } from '../../../src/lvsctl/doctor/arpanswers.js';
import { examine, examineAll } from '../../../src/lvsctl/doctor/examine.js';
import { type InspectedRole, inspect } from '../../../src/lvsctl/doctor/inspection.js';
import type { MachineFacts } from '../../../src/lvsctl/facts/types.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import type { ExecResult, Machine } from '../../../src/lvsctl/plan/machine.js';
import {
  addressed,
  addressFact,
  linkFact,
  routeFact,
  tunnelLink,
} from '../../support/hostfacts.js';
import { fakeMachine } from '../../support/machine.js';

const vipsOf = (count: number) => Array.from({ length: count }, (_, i) => `192.0.2.${100 + i}`);
const configOf = (mode = 'dr', vips: readonly string[] = ['192.0.2.10'], more = '') =>
  readConfig(
    `vips: [${vips.map((vip) => `{address: "${vip}", interface: eth0}`).join(', ')}]
services:
${vips.map((vip, i) => `  - {name: s${i}, address: "${vip}", port: 80, mode: ${mode}, ${more}servers: [{address: "${vip.includes(':') ? '2001:db8::11' : '192.0.2.11'}"}]}\n`).join('')}`,
    'f',
  );
/** Servers of both methods. */
const MIXED = readConfig(
  `vips: [{address: 192.0.2.10, interface: eth0}]
services: [{name: a, address: 192.0.2.10, port: 80, mode: nat, servers: [{address: 192.0.2.11}, {address: 192.0.2.12, mode: dr}]}]
`,
  'f',
);
type Stated = Partial<MachineFacts>;
interface Of {
  readonly config?: ReturnType<typeof configOf> | undefined;
  readonly stated?: Stated;
  readonly machine?: Machine;
  readonly role?: InspectedRole;
  readonly file?: ReturnType<typeof configOf>;
}
function inspectionOf({ config, stated, machine, role, file = configOf() }: Of) {
  const [director] = intendedFacts(config ?? file) as [MachineFacts];
  const facts = { ...director, modules: ['ip_vs', 'ip_vs_wlc', 'ip_vs_rr'], ...stated };
  return inspect(config, role, { facts, machine });
}
const text = ({ id, what, on }: { id: string; what: string; on?: string }) =>
  `${on === undefined ? '' : `${on}: `}${id} ${what}`;

/** A machine whose arping says who has an address, and whose neighbours are these lines. */
function asking(
  answers: Readonly<Record<string, Partial<ExecResult>>>,
  neighbours: readonly string[] = [],
) {
  return fakeMachine(
    {},
    {
      arping: (args) => (args[0] === '-V' ? {} : (answers[args.at(-1) ?? ''] ?? {})),
      ip: (args) =>
        args.join(' ') === 'neigh show dev eth0'
          ? { stdout: neighbours.join('\n') }
          : { status: 1 },
    },
  );
}

describe('other hosts that answer ARP for a VIP', () => {
  const MAC = '52:54:00:aa:bb:cc';
  const reply = { status: 1, stdout: `Unicast reply from 192.0.2.10 [${MAC.toUpperCase()}] 1ms` };
  const SILENCE =
    'sysctl -w net.ipv4.conf.all.arp_ignore=1; sysctl -w net.ipv4.conf.all.arp_announce=2';
  const answered = async (machine: Machine | undefined, of: Of = {}) =>
    (await arpAnswers(inspectionOf({ ...of, ...(machine === undefined ? {} : { machine }) }))).map(
      ({ what, on, repair }) => `${on}: ${what} > ${repair.join('; ')}`,
    );
  const by = (who: string, on = who) =>
    `${on}: ${who} (${MAC}) answers ARP for VIP 192.0.2.10 > ${SILENCE}`;

  // biome-ignore format: a table
  test.each<readonly [string, Machine, readonly string[]]>([
    ['nobody', asking({}), []],
    ['one that is no neighbour yet', asking({ '192.0.2.10': reply }), [by('a machine', `the machine with ${MAC}`)]],
    ['a neighbour', asking({ '192.0.2.10': reply }, ['192.0.2.9 lladdr 52:54:00:00:00:09 REACHABLE', `192.0.2.11 lladdr ${MAC} REACHABLE`]), [by('192.0.2.11')]],
    ['its link-local address names no server', asking({ '192.0.2.10': reply }, [`fe80::5054:ff:feaa:bbcc lladdr ${MAC} STALE`, `192.0.2.11 lladdr ${MAC} REACHABLE`]), [by('192.0.2.11')]],
    ['it was answered, and the program found no double', asking({ '192.0.2.10': { ...reply, status: 0 } }), []],
    ['it failed', asking({ '192.0.2.10': { status: 2, stdout: reply.stdout } }), []],
    ['it prints no MAC', asking({ '192.0.2.10': { status: 1, stdout: 'bind: Cannot assign' } }), []],
  ])('%s', async (_, machine, expected) => {
    expect(await answered(machine)).toEqual(expected);
  });

  test('nothing is asked of facts alone', async () => {
    expect(await answered(undefined)).toEqual([]);
  });

  test.each<readonly [string, Of, readonly string[]]>([
    ['dr', {}, ['192.0.2.10 eth0']],
    ['tun', { file: configOf('tun') }, ['192.0.2.10 eth0']],
    ['nat', { file: configOf('nat') }, []],
    ['nat and dr', { file: MIXED }, ['192.0.2.10 eth0']],
    ['IPv6', { file: configOf('dr', ['2001:db8::10']) }, []],
    ['on lo', { stated: addressed('lo 192.0.2.10/32') }, []],
    [
      'on a device without ARP',
      { stated: { ...addressed('d0 192.0.2.10/32'), links: [linkFact('d0', { noarp: true })] } },
      [],
    ],
    ['on a device that is not known', { stated: addressed('d0 192.0.2.10/32') }, ['192.0.2.10 d0']],
    [
      'on two',
      { stated: addressed('eth0 192.0.2.10/32', 'eth1 192.0.2.10/32') },
      ['192.0.2.10 eth0', '192.0.2.10 eth1'],
    ],
    [
      'another address',
      { stated: addressed('eth0 192.0.2.1/24', 'eth0 192.0.2.10/32') },
      ['192.0.2.10 eth0'],
    ],
  ])('which are asked for: %s', async (_, of, expected) => {
    const machine = asking({});
    await arpAnswers(inspectionOf({ ...of, machine }));
    expect(machine.ran).toEqual(
      expected.map((line) => {
        const [address, device] = line.split(' ');
        return `arping -D -c 2 -w 1 -I ${device} ${address}`;
      }),
    );
  });

  test('twenty of them, and the rest is named', async () => {
    const machine = asking({});
    const of = (count: number) => inspectionOf({ file: configOf('dr', vipsOf(count)), machine });
    await arpAnswers(of(23));
    expect(machine.ran).toHaveLength(20);
    expect(unaskedVips(of(23))).toEqual([
      'other hosts that answer ARP for 3 of the VIPs: the first 20 were asked for',
    ]);
    expect(unaskedVips(of(20))).toEqual([]);
    const { machine: _, ...alone } = of(23);
    expect(unaskedVips({ ...alone, machine: undefined })).toEqual([]);
  });
});

describe('what could not be checked', () => {
  const NO_ARPING =
    'other hosts that answer ARP for a VIP: arping is not installed (Debian: iputils-arping)';
  const ASKED = 'other hosts that answer ARP for 2 of the VIPs: the first 20 were asked for';
  const many = { file: configOf('dr', vipsOf(22)) };
  const gateway = (name: string) =>
    `whether answers of ${name} go back through the director: the file names no gateway`;
  const NAT = configOf('nat', ['192.0.2.10', '192.0.2.20']);

  // biome-ignore format: a table
  test.each<readonly [string, Of, readonly string[]]>([
    ['nothing', { machine: asking({}) }, []],
    ['from facts alone', {}, []],
    ['arping is not installed', { machine: fakeMachine({}) }, [NO_ARPING]],
    ['arping is not installed: then nobody was asked', { ...many, machine: fakeMachine({}) }, [NO_ARPING]],
    ['a real server needs none', { machine: fakeMachine({}), role: 'realserver' }, []],
    ['more VIPs than are asked for', { ...many, machine: asking({}) }, [ASKED]],
    ['more VIPs, on a real server', { ...many, machine: asking({}), role: 'realserver' }, []],
    ['the rules cannot be read', { stated: { services: null } }, ['the rules of the kernel: no CAP_NET_ADMIN']],
    ['what the facts have not, the rules aside', { stated: { missing: ['the rules of the kernel: EPERM', 'nft: not installed'] } }, ['nft: not installed']],
    ['NAT services without a gateway', { config: NAT }, [gateway('s0'), gateway('s1')]],
    ['those with one', { config: configOf('nat', ['192.0.2.10'], 'gateway: 192.0.2.1, ') }, []],
    ['dr needs none', { config: configOf() }, []],
  ])('%s', async (_, of, expected) => {
    const { skipped } = await examine(inspectionOf(of));
    expect(skipped).toEqual(expected);
  });
});

describe('the findings of several machines', () => {
  const named = (name: string, stated: Stated = {}) =>
    inspectionOf({ stated: { machine: name, ...stated } });
  const noModule = (more: Stated = {}): Stated => ({ modules: [], ...more });

  test('of one machine: without its name', async () => {
    const { findings, roles } = await examineAll([named('a', noModule())]);
    expect(findings.map(text)).toEqual(['module module ip_vs is not loaded']);
    expect(roles).toEqual(['director']);
  });

  test('of two: with the name of each; a finding of another machine keeps its own', async () => {
    const full = {
      connections: {
        count: 9,
        listed: [],
        tally: [
          {
            service: 'tcp 192.0.2.10:80',
            server: '192.0.2.11:80',
            state: 'SYN_RECV',
            connections: 9,
            example: '203.0.113.9',
          },
        ],
      },
    };
    const { findings } = await examineAll([named('a', noModule()), named('b', noModule(full))]);
    expect(findings.map(text)).toEqual([
      'a: module module ip_vs is not loaded',
      'b: module module ip_vs is not loaded',
      '192.0.2.11: no-answers tcp 192.0.2.10:80: all 9 connections to server 192.0.2.11:80 are in SYN_RECV',
    ]);
  });

  test('what two say of the same machine is said once', async () => {
    const { findings } = await examineAll([named('a', noModule()), named('a', noModule())]);
    expect(findings.map(text)).toEqual(['a: module module ip_vs is not loaded']);
  });

  test('what was not checked has the name of its machine, and notes come first', async () => {
    const missing = { missing: ['nft: no'] };
    const { skipped } = await examineAll([named('a', missing), named('b')], ['note', 'note']);
    expect(skipped).toEqual(['note', 'a: nft: no']);
    expect((await examineAll([named('a', missing)], ['note'])).skipped).toEqual([
      'note',
      'nft: no',
    ]);
  });
});

describe('a machine with nothing to examine', () => {
  const EMPTY: Stated = { services: [], ...addressed('eth0 192.0.2.1/24') };
  const refused = async (...all: readonly Of[]) => {
    const error = await examineAll(all.map(inspectionOf)).catch((thrown: unknown) => thrown);
    return error instanceof Error ? [error.message] : [];
  };
  const NOTHING =
    'nothing to examine: no services in the table, and no VIP on lo, dummy or tunnel devices';
  // biome-ignore format: a table
  test.each<readonly [string, readonly Of[], readonly string[]]>([
    ['no services and no VIP', [{ stated: EMPTY }], [NOTHING]],
    ['a VIP on lo', [{ stated: { ...EMPTY, ...addressed('lo 192.0.2.10/32') } }], []],
    ['a service', [{}], []],
    ['the table cannot be read', [{ stated: { ...EMPTY, services: null } }], []],
    ['a file', [{ stated: EMPTY, config: configOf() }], []],
    ['a role', [{ stated: EMPTY, role: 'realserver' }], []],
    ['one of two has a service', [{ stated: EMPTY }, {}], []],
    ['neither of two', [{ stated: EMPTY }, { stated: EMPTY }], [NOTHING]],
    ['something is found all the same', [{ stated: { ...EMPTY, conntrack: { count: 99, max: 100 } } }], []],
  ])('%s', async (_, all, expected) => {
    expect(await refused(...all)).toEqual(expected);
  });
  test('what to do', async () => {
    await expect(examineAll([inspectionOf({ stated: EMPTY })])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: 'name an lvsctl file, or --role realserver on a real server',
    });
  });
});

describe('the roles of a machine, without a file', () => {
  const rolesOf = (stated: Stated) => [...inspectionOf({ stated }).roles];
  const dummy = { links: [linkFact('lo'), linkFact('eth0'), linkFact('d0', { kind: 'dummy' })] };
  const none: Stated = { services: [] };
  // biome-ignore format: a table
  test.each<readonly [string, Stated, readonly string[]]>([
    ['services', {}, ['director']],
    ['nothing', { ...none, ...addressed('eth0 192.0.2.1/24') }, ['director']],
    ['a VIP on lo', { ...none, ...addressed('lo 192.0.2.10/32') }, ['realserver']],
    ['a VIP on a dummy device', { ...none, ...dummy, ...addressed('d0 192.0.2.10/32') }, ['realserver']],
    ['the rules cannot be read, and a VIP is on lo', { services: null, ...addressed('lo 192.0.2.10/32') }, ['realserver']],
    ['services, and their own VIP on lo', addressed('lo 192.0.2.10/32'), ['director']],
    ['services, and another VIP on lo', addressed('lo 192.0.2.20/32'), ['director', 'realserver']],
    ['services, and another address on a dummy device', { ...dummy, ...addressed('d0 192.0.2.20/32') }, ['director']],
    ['services, and another VIP on a tunnel device', { links: [linkFact('eth0'), tunnelLink('t', 'ipip')], ...addressed('t 192.0.2.20/32') }, ['director', 'realserver']],
    ['an address that is not usable', { ...none, addresses: [addressFact('lo 192.0.2.10/32', { unusable: 'tentative' })] }, ['director']],
  ])('%s', (_, stated, expected) => expect(rolesOf(stated)).toEqual(expected));
});

test('a finding that a check of the table has is not repeated by the path', async () => {
  // the VIP is on the interface of the director and on no network of clients
  const stated: Stated = {
    ...addressed('eth0 192.0.2.1/24', 'eth0 192.0.2.10/32'),
    routes: [
      ...addressed('eth0 192.0.2.1/24', 'eth0 192.0.2.10/32').routes,
      routeFact('192.0.2.0/24 eth0'),
    ],
  };
  const { findings } = await examine(inspectionOf({ file: configOf('nat'), stated }));
  const names = findings.map(text);
  expect(names).toEqual([...new Set(names)]);
  expect(names.filter((name) => name.startsWith('nat-client'))).toHaveLength(1);
});

test('of a table that cannot be read nothing is found', async () => {
  const stated: Stated = { services: null, table_bits: 8 };
  const { findings, skipped } = await examine(inspectionOf({ stated }));
  expect([findings.map(text), skipped]).toEqual([
    [],
    ['the rules of the kernel: no CAP_NET_ADMIN'],
  ]);
  const withFile = await examine(inspectionOf({ stated, config: configOf() }));
  expect(withFile.findings.map(text)).toEqual([]);
});

test('a service that cannot be read is left out', () => {
  const [facts] = intendedFacts(configOf()) as [MachineFacts];
  const [one] = facts.services ?? [];
  if (!one) throw new Error('no service');
  const services = [{ ...one, service: '?', address: '?' }, one];
  expect(inspectionOf({ stated: { services } }).live).toHaveLength(1);
});

test('a server whose address cannot be read is left out', async () => {
  const [facts] = intendedFacts(configOf()) as [MachineFacts];
  const [one] = facts.services ?? [];
  const [server] = one?.servers ?? [];
  if (!one || !server) throw new Error('no service');
  const services = [{ ...one, servers: [{ ...server, address: '?' }, server] }];
  expect(inspectionOf({ stated: { services } }).live).toMatchObject([
    { destinations: [{ forwarding: 'direct' }] },
  ]);
});
