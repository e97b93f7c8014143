// What a file asks for as model objects: whose keys count where both a service and a server have
// them.
import { expect, test } from 'vitest';
import { checkKeys } from '../../../src/lvsctl/config/checks.js';
import {
  desiredServices,
  hasHoles,
  serverChecks,
  serviceId,
  toNetmask,
  vipsOf,
} from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { formatAddress } from '../../../src/model/address.js';
import { serverKey } from '../../../src/model/table.js';

const read = (keys: string) =>
  readConfig(
    `vips: [{address: 192.0.2.1-2, interface: eth0}, {address: "2001:db8::1", interface: eth0}]\nservices: [{name: a, ${keys}}]\n`,
    'f',
  );
const first = (keys: string) => {
  const [one] = desiredServices(read(keys));
  if (!one) throw new Error('no service');
  return one;
};
const AT = 'address: 192.0.2.1, port: 80';

// biome-ignore format: a table
test.each<readonly [string, object]>([
  [`${AT}, mode: nat, servers: []`, { id: { kind: 'address', protocol: 'tcp', port: 80 }, scheduler: 'wlc', schedulerFlags: 0, persistence: undefined, netmask: 0xffffffff, engine: undefined, onePacket: false }],
  [`${AT}, protocol: udp, one_packet: true, mode: dr, scheduler: rr, servers: []`, { id: { protocol: 'udp' }, scheduler: 'rr', onePacket: true }],
  [`${AT}, mode: dr, persistence: {engine: sip}, servers: []`, { persistence: { timeout: 300 }, engine: 'sip', netmask: 0xffffffff }],
  [`${AT}, mode: dr, persistence: {netmask: 255.255.0.0}, servers: []`, { netmask: 0xffff0000 }],
  [`${AT}, mode: dr, persistence: {netmask: 8}, servers: []`, { netmask: 0xff000000 }],
  ['address: "2001:db8::1", port: 80, mode: dr, persistence: {netmask: 64}, servers: []', { netmask: 64, id: { address: { family: 'ipv6' } } }],
  ['address: "2001:db8::1", port: 80, mode: dr, servers: []', { netmask: 128 }],
  ['address: "2001:db8::1", ports: [80], mark: 5, mode: dr, servers: []', { id: { kind: 'fwmark', mark: 5, family: 'ipv6' } }],
])('the service of {%s}', (keys, expected) => expect(first(keys).service).toMatchObject(expected));

const IPIP = { type: 'ipip', port: 0, flags: 0 };
// biome-ignore format: a table
test.each<readonly [string, string, object]>([
  ['mode: nat', '', { port: 80, forwarding: 'masquerade', tunnel: IPIP, weight: 1, upperThreshold: 0, lowerThreshold: 0 }],
  ['mode: dr', '', { forwarding: 'direct' }],
  ['mode: tun', '', { forwarding: 'tunnel', tunnel: IPIP }],
  ['mode: nat', ', port: 81', { port: 81 }],
  ['mode: dr', ', mode: nat', { forwarding: 'masquerade' }],
  ['mode: dr', ', weight: 7, upper: 9, lower: 3', { weight: 7, upperThreshold: 9, lowerThreshold: 3 }],
  ['mode: tun, tunnel: {type: gre, checksum: checksum}', '', { tunnel: { type: 'gre', port: 0, flags: 1 } }],
  ['mode: tun, tunnel: {type: gre, checksum: remote}', ', tunnel: {type: gue, port: 9}', { tunnel: { type: 'gue', port: 9, flags: 0 } }],
  ['mode: tun, tunnel: {type: gre}', ', mode: dr', { forwarding: 'direct', tunnel: IPIP }],
])('the server of {%s} {%s}', (keys, server, expected) => {
  const { destinations } = first(`${AT}, ${keys}, servers: [{address: 10.0.0.1${server}}]`);
  expect(destinations).toMatchObject([expected]);
});

test('the sorry server: weight 1, the mode of the service or its own', () => {
  const sorry = (keys: string, more = '') =>
    first(`${AT}, ${keys}, servers: [], sorry: {address: 10.0.0.9${more}}`).sorry;
  expect(first(`${AT}, mode: dr, servers: []`).sorry).toBeUndefined();
  const plain = { weight: 1, upperThreshold: 0, lowerThreshold: 0, port: 80 };
  expect(sorry('mode: dr')).toMatchObject({ ...plain, forwarding: 'direct', tunnel: IPIP });
  expect(sorry('mode: dr', ', mode: nat, port: 8')).toMatchObject({
    ...plain,
    forwarding: 'masquerade',
    port: 8,
  });
  expect(sorry('mode: tun, tunnel: {type: gre}')?.tunnel.type).toBe('gre');
});

test('names and checks by server; those of a service are the same list for all', () => {
  const one = first(
    `${AT}, mode: nat, servers: [{address: 10.0.0.1, name: rs1}, {address: 10.0.0.2}, {address: 10.0.0.3, checks: [{kind: ping}]}], checks: [{kind: tcp}, {kind: tcp}]`,
  );
  const keys = one.destinations.map(serverKey);
  expect([...one.serverNames]).toEqual([[keys[0], 'rs1']]);
  expect([...one.checks].map(([key, list]) => [key, list.map(({ kind }) => kind)])).toEqual([
    [keys[0], ['tcp', 'tcp']],
    [keys[1], ['tcp', 'tcp']],
    [keys[2], ['ping']],
  ]);
  const [a, b, c] = keys.map((key) => one.checkKeys.get(key));
  expect(a).toBe(b);
  expect(a?.map((text) => text.slice(0, 2))).toEqual(['0 ', '1 ']);
  expect(a?.[0]?.slice(2)).toBe(a?.[1]?.slice(2));
  expect(c).toEqual(checkKeys(one.checks.get(keys[2] ?? '') ?? []));
  expect(c?.[0]).toMatch(/^0 \{"kind":"ping"/);
  expect(serverChecks(one.source, { checks: undefined })).toBe(one.source.checks);
  expect(serverChecks(one.source, { checks: [] })).toEqual([]);
});

test('checks that differ in one key are others, counted each from 0', () => {
  const one = first(
    `${AT}, mode: dr, servers: [], checks: [{kind: tcp}, {kind: tcp, rise: 9}, {kind: tcp}, {kind: tcp}]`,
  );
  expect(checkKeys(one.source.checks).map((text) => text[0])).toEqual(['0', '0', '1', '2']);
});

test('the VIPs and the identity of a service', () => {
  const vips = (keys: string) =>
    read(keys).services.map((one) => vipsOf(one).map(formatAddress).join());
  expect(vips('addresses: [192.0.2.1-2], ports: [80], mark: 3, mode: dr, servers: []')).toEqual([
    '192.0.2.1,192.0.2.2',
  ]);
  expect(vips(`${AT}, mode: dr, servers: []`)).toEqual(['192.0.2.1']);
  const [service] = read(`${AT}, mode: dr, servers: []`).services;
  if (!service) throw new Error('no service');
  expect(serviceId({ ...service, port: undefined })).toMatchObject({ kind: 'address', port: 0 });
});

// biome-ignore format: a table
test.each([
  [{ bits: 0xffffff00 }, 'ipv4', 0xffffff00], [{ bits: 0xffffff00 }, 'ipv6', undefined], [{ length: 24 }, 'ipv4', 0xffffff00], [{ length: 32 }, 'ipv4', 0xffffffff],
  [{ length: 33 }, 'ipv4', undefined], [{ length: 33 }, 'ipv6', 33], [{ length: 128 }, 'ipv6', 128],
] as const)('the mask %j of %s', (mask, family, expected) => expect(toNetmask(mask, family)).toBe(expected));

// biome-ignore format: a table
test.each([
  [0, false], [0xffffffff, false], [0x80000000, false], [0xfffffffe, false], [1, true], [0xfffffffd, true], [0x7fffffff, true], [24, true],
])('holes in %i: %s', (bits, has) => expect(hasHoles(bits)).toBe(has));
