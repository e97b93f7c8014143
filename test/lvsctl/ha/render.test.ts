// What the engines get, and what a file with `ha` must have.
import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/lvsctl/config/problem.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { birdConf } from '../../../src/lvsctl/ha/bird.js';
import { keepalivedConf } from '../../../src/lvsctl/ha/keepalived.js';
import { directorAt, ownDirector } from '../../../src/lvsctl/ha/own.js';
import { directorSettings } from '../../../src/lvsctl/plan/director.js';
import { gatherFacts } from '../../../src/lvsctl/plan/facts.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';

const SERVICE =
  '{name: web, address: 192.0.2.9, port: 80, mode: dr, scheduler: mh, servers: [{address: 10.0.0.11}]}';
const file = (ha: string, rest = '', service = SERVICE) =>
  `ha: {${ha}}\nvips: [{address: 192.0.2.9, interface: eth0}]\nservices: [${service}]\n${rest}`;
const PAIR = 'interface: eth1, peers: [10.0.0.1, 10.0.0.2]';
const ANYCAST =
  'engine: bird, peers: [10.0.0.1, 10.0.0.2], as: 64512, neighbors: [{address: 10.0.0.254, as: 64500}]';
/** the file of an anycast director, with VIPs on a dummy device */
const anycast = (ha: string, service = SERVICE) =>
  file(ha, '', service).replaceAll('eth0', 'lvs-vip');
const PATHS = { standby: '/var/lib/lvsctl/standby', lvsctl: '/usr/sbin/lvsctl' };

function rendered(text: string, as: string): string {
  const config = readConfig(text, 'f');
  const { ha } = config;
  if (ha === undefined) throw new Error('no ha');
  const own = directorAt(ha, as);
  return ha.engine === 'bird' ? birdConf(config, ha, own) : keepalivedConf(config, ha, own, PATHS);
}

function errorsOf(text: string): string[] {
  try {
    readConfig(text, 'f');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, message }) => `${line}: ${message}`);
  }
}

test('keepalived: each director names itself, the others and its priority', () => {
  const [first, second] = ['10.0.0.1', '10.0.0.2'].map((as) => rendered(file(PAIR), as));
  expect(first).toContain(
    'priority 200\n  advert_int 0.2\n  nopreempt\n  unicast_src_ip 10.0.0.1\n  unicast_peer {\n    10.0.0.2\n',
  );
  expect(second).toContain(
    'priority 199\n  advert_int 0.2\n  nopreempt\n  unicast_src_ip 10.0.0.2\n  unicast_peer {\n    10.0.0.1\n',
  );
  expect(first).toContain(
    'virtual_ipaddress {\n    192.0.2.9/32 dev eth0\n  }\n  notify "/usr/sbin/lvsctl ha notify"\n',
  );
  expect(first).not.toContain('virtual_ipaddress_excluded');
});

test('keepalived: the gateways of nat move with the VIPs; the other family goes unnamed', () => {
  const service =
    '{name: web, address: 192.0.2.9, port: 80, mode: nat, gateway: 10.1.0.254, servers: [{address: 10.1.0.11}]}';
  const text = file(`${PAIR}, gateway_interface: eth2`, '', service).replace(
    'vips: [',
    'vips: [{address: "2001:db8::9", interface: eth0}, ',
  );
  const conf = rendered(text, '10.0.0.1');
  expect(conf).toContain(
    'virtual_ipaddress {\n    192.0.2.9/32 dev eth0\n    10.1.0.254/32 dev eth2\n  }\n  virtual_ipaddress_excluded {\n    2001:db8::9/128 dev eth0\n  }\n',
  );
});

// biome-ignore format: a table
test.each([
  ['the interface between the directors has the VIPs', PAIR.replace('eth1', 'eth0'), SERVICE, undefined],
  ['the VIPs are on another one', PAIR, SERVICE, 'eth0'],
  ['the gateway is on a third one', `${PAIR}, gateway_interface: eth2`, SERVICE.replace('dr,', 'nat, gateway: 10.1.0.254,'), 'eth0 eth2'],
])('keepalived: a director that has lost an interface gives the VIPs up: %s', (_, ha, service, expected) => {
  const [, names] = /track_interface \{\n([^}]*)\}/.exec(rendered(file(ha, '', service), '10.0.0.1')) ?? [];
  expect(names?.trim().split(/\s+/).join(' ')).toBe(expected);
});

test('keepalived: more than 20 addresses', () => {
  const text = file(PAIR).replace('192.0.2.9, interface', '192.0.2.1-30, interface');
  const [, named = '', unnamed = ''] =
    /virtual_ipaddress \{\n([^}]*)\}\n {2}virtual_ipaddress_excluded \{\n([^}]*)\}/.exec(
      rendered(text, '10.0.0.1'),
    ) ?? [];
  expect([named, unnamed].map((part) => part.trim().split('\n').length)).toEqual([20, 10]);
});

test('bird: a protocol for each VIP, withdrawn at first', () => {
  const conf = rendered(anycast(ANYCAST), '10.0.0.2');
  expect(conf).toContain('router id 10.0.0.2;');
  expect(conf).toContain(
    'protocol static lvsctl_vip_192_0_2_9 {\n  disabled;\n  ipv4 { };\n  route 192.0.2.9/32 via "lvs-vip";\n}',
  );
  expect(conf).toContain('  local 10.0.0.2 as 64512;\n  neighbor 10.0.0.254 as 64500;\n');
  expect(rendered(anycast(`${ANYCAST}, bfd: false`), '10.0.0.2')).not.toMatch(/bfd/i);
});

// biome-ignore format: a table
test.each([
  ['a VIP as a peer', file('interface: eth1, peers: [10.0.0.1, 192.0.2.9]'), '1: 192.0.2.9 is a VIP; a peer is an address of one director'],
  ['a peer twice', file('interface: eth1, peers: [10.0.0.1, 10.0.0.1]'), expect.stringContaining('peer 10.0.0.1')],
  ['two families', file('interface: eth1, peers: [10.0.0.1, "2001:db8::1"]'), '1: peers are of one address family'],
  ['one peer', file('interface: eth1, peers: [10.0.0.1]'), '1: expected at least 2 elements'],
  ['no interface', file('peers: [10.0.0.1, 10.0.0.2]'), "1: engine keepalived needs `interface'"],
  ['sync twice', file(PAIR, 'sync: [{role: master, interface: eth1}]'), expect.stringContaining('`ha.sync')],
  ['a gateway that stays', file(PAIR, '', SERVICE.replace('dr,', 'nat, gateway: 10.0.0.254,')), expect.stringContaining('`gateway_interface')],
  ['bird without as', anycast(ANYCAST.replace('as: 64512, ', '')), expect.stringContaining("needs `as'")],
  ['bird without neighbors', anycast('engine: bird, as: 1, peers: [10.0.0.1, 10.0.0.2]'), expect.stringContaining("needs `neighbors'")],
  ['a peer that is loopback', file('interface: eth1, peers: [127.0.0.1, 10.0.0.1]'), '1: 127.0.0.1 is no address by which a director can be reached'],
  ['a peer that is multicast', file('interface: eth1, peers: [10.0.0.1, 224.0.0.18]'), '1: 224.0.0.18 is no address by which a director can be reached'],
  ['a peer of one link', file('interface: eth1, peers: ["2001:db8::1", "fe80::1"]'), '1: fe80::1 is no address by which a director can be reached'],
  ['lo', file(PAIR.replace('eth1', 'lo')), '1: lo has no other hosts'],
  ['a key of bird', file(`${PAIR}, as: 5`), '1: not for engine keepalived; remove it, or set engine: bird'],
  ['a key of keepalived', anycast(`${ANYCAST}, interface: eth1`), '1: not for engine bird; remove it, or set engine: keepalived'],
  ['a neighbor twice', anycast(ANYCAST.replace('[{', '[{address: 10.0.0.254, as: 1}, {')), expect.stringContaining('neighbor 10.0.0.254')],
  ['a neighbor that is a peer', anycast(ANYCAST.replace('10.0.0.254', '10.0.0.2')), '1: 10.0.0.2 is a peer; a neighbor is a router'],
  ['bird and nat', anycast(ANYCAST, SERVICE.replace('dr,', 'nat,')), expect.stringContaining('mode nat cannot be announced')],
  ['a VIP on an interface', file(ANYCAST), expect.stringContaining('must begin with lvs-')],
  ['a VIP that no router takes', anycast(ANYCAST).replace('vips: [', 'vips: [{address: "2001:db8::9", interface: lvs-vip}, '), expect.stringContaining('no neighbor of family ipv6')],
])('%s', (_, text, message) => expect(errorsOf(text)).toEqual([message]));

test('the file as it is with ha: VIPs of keepalived, both daemons, sloppy_tcp', () => {
  const ip = (args: readonly string[]) => ({
    stdout: args.includes('link')
      ? '[{"ifname":"eth0"},{"ifname":"eth1"}]'
      : '[{"ifname":"eth1","flags":["UP"],"addr_info":[{"local":"10.0.0.2","prefixlen":24}]}]',
  });
  const facts = gatherFacts(fakeMachine({}, { ip }));
  const kinds = (text: string) =>
    directorSettings(readConfig(text, 'f'), facts).map(({ resource, desired }) =>
      resource.kind === 'daemon' ? { ...resource, desired } : resource,
    );
  const daemon = { interface: 'eth1', syncId: 51 };
  expect(kinds(file(PAIR))).toEqual(
    expect.arrayContaining([
      { kind: 'sysctl', key: 'net/ipv4/vs/sloppy_tcp' },
      { kind: 'daemon', role: 'master', desired: expect.objectContaining(daemon) },
      { kind: 'daemon', role: 'backup', desired: expect.objectContaining(daemon) },
    ]),
  );
  expect(kinds(file(PAIR)).map(({ kind }) => kind)).not.toContain('address');
  expect(kinds(file(`${PAIR}, sync: false`)).map(({ kind }) => kind)).not.toContain('daemon');
  expect(kinds(anycast(ANYCAST))).toEqual(
    expect.arrayContaining([
      { kind: 'link', name: 'lvs-vip', args: ['type', 'dummy'] },
      { kind: 'address', device: 'lvs-vip', address: '192.0.2.9/32' },
    ]),
  );
  const ha = readConfig(file(PAIR), 'f').ha;
  expect(ha && ownDirector(ha, facts).index).toBe(1);
});

test('ha render on a machine that is no director, and for one that is none', async () => {
  const files = { f: file(PAIR) };
  const machine = fakeMachine({}, { ip: () => ({ stdout: '[]' }) });
  expect(await lvsctl(['ha', 'render', 'f'], files, { machine })).toEqual({
    status: 2,
    stdout: '',
    stderr:
      "lvsctl: this machine has none of the addresses of `ha.peers': 10.0.0.1, 10.0.0.2\nhint: name the director: --as ADDRESS\n",
  });
  expect(
    (await lvsctl(['ha', 'render', 'f', '--as', '10.0.0.3'], files, { machine })).stderr,
  ).toContain('10.0.0.3 is not one of');
  expect((await lvsctl(['ha', 'render', 'f', '--as', '10.0.0.1'], files, { machine })).status).toBe(
    0,
  );
  const alone = { f: file(PAIR).replace(/^ha.*\n/, '') };
  expect((await lvsctl(['ha', 'status', 'f'], alone, { machine })).stderr).toContain(
    'one director alone',
  );
});
