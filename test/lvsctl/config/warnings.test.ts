// Each warning with its whole text, and what is next to it and gets none.
import { expect, test } from 'vitest';
import { netmaskWarning } from '../../../src/lvsctl/config/warnings.js';
import { problemsOf } from '../../support/marked.js';

const file = (...services: readonly string[]) =>
  `vips: [{address: 192.0.2.1-2, interface: eth0}, {address: "2001:db8::1", interface: eth0}]\nservices:\n${services
    .map((one, i) => `  - {name: s${i}, ${one}}\n`)
    .join('')}`;
const one = (more: string, servers = '{address: 10.0.0.1}') =>
  file(`address: 192.0.2.1, port: 80, servers: [${servers}], ${more}`);

const GATEWAY =
  "mode nat without `gateway': lvsctl realserver up gives these servers no route back through the director";
const LATE =
  'the timeout, 9 s, is longer than the interval, 4 s: a server that does not answer is checked every 9 s only';
const OPS =
  'mode nat with one_packet: answers keep the address of their server, so that clients drop them';
const refuses = (scheduler: string, flag?: string) =>
  `scheduler ${scheduler} refuses the clients of a server with weight 0${flag === undefined ? '' : `; the flag ${flag} sends them to another server`}`;

// biome-ignore format: a table
test.each<readonly [string, string, readonly string[]]>([
  ['nat', one('mode: nat'), [`warning 3 [nat] services[0].mode: ${GATEWAY}`]],
  ['nat of one server', one('mode: dr', '{address: 10.0.0.1}, {address: 10.0.0.2, mode: nat}'), [`warning 3 [dr] services[0].mode: ${GATEWAY}`]],
  ['nat without servers', one('mode: nat', ''), []],
  ['dr', one('mode: dr'), []],
  ['late checks of a service', one('mode: dr, checks: [{kind: tcp}, {kind: tcp, timeout: 9, interval: 4}]'), [`warning 3 [9] services[0].checks[1].timeout: ${LATE}`]],
  ['late checks of a server', one('mode: dr', '{address: 10.0.0.2}, {address: 10.0.0.1, checks: [{kind: tcp, timeout: 9, interval: 4}]}'), [`warning 3 [9] services[0].servers[1].checks[0].timeout: ${LATE}`]],
  ['one packet', one('mode: nat, protocol: udp, gateway: 10.0.0.9, one_packet: true'), [`warning 3 [true] services[0].one_packet: ${OPS}`]],
  ['one packet without servers', one('mode: nat, protocol: udp, one_packet: true', ''), []],
  ['a mask with holes', one('mode: dr, persistence: {netmask: 0.0.0.33}'), ['warning 3 [0.0.0.33] services[0].persistence.netmask: the netmask 0.0.0.33 has holes']],
  ['a prefix as a mask', one('mode: dr, persistence: {netmask: 0.0.0.24}'), ['warning 3 [0.0.0.24] services[0].persistence.netmask: the netmask 0.0.0.24 has holes; the prefix length 24 is another mask']],
  ['a mask', one('mode: dr, persistence: {netmask: 255.255.0.0}'), []],
  ['a length', one('mode: dr, persistence: {netmask: 20}'), []],
  ['sh with a server of weight 0', one('mode: dr, scheduler: sh', '{address: 10.0.0.1}, {address: 10.0.0.2, weight: 0}'), [`warning 3 [0] services[0].servers[1].weight: ${refuses('sh', 'sh-fallback')}`]],
  ['mh the same', one('mode: dr, scheduler: mh', '{address: 10.0.0.1, weight: 0}'), [`warning 3 [0] services[0].servers[0].weight: ${refuses('mh', 'mh-fallback')}`]],
  ['dh has no flag for it', one('mode: dr, scheduler: dh', '{address: 10.0.0.1, weight: 0}'), [`warning 3 [0] services[0].servers[0].weight: ${refuses('dh')}`]],
  ['rr with a server of weight 0', one('mode: dr, scheduler: rr', '{address: 10.0.0.1, weight: 0}'), []],
  ['sh with quiesce and checks', one('mode: dr, scheduler: sh, health: {failed: quiesce}, checks: [{kind: tcp}]'), [`warning 3 [quiesce] services[0].health.failed: ${refuses('sh', 'sh-fallback')}`]],
  ['sh with quiesce and checks of a server', one('mode: dr, scheduler: sh, health: {failed: quiesce}', '{address: 10.0.0.1}, {address: 10.0.0.2, checks: [{kind: tcp}]}'), [`warning 3 [quiesce] services[0].health.failed: ${refuses('sh', 'sh-fallback')}`]],
  ['sh with quiesce and no checks', one('mode: dr, scheduler: sh, health: {failed: quiesce}', '{address: 10.0.0.1, checks: []}'), []],
  ['sh with remove and checks', one('mode: dr, scheduler: sh, health: {failed: remove}, checks: [{kind: tcp}]'), []],
  ['sh with flag-1', one('mode: dr, scheduler: sh, flags: [flag-1]', '{address: 10.0.0.1, weight: 0}'), []],
  ['dh with flag-2', one('mode: dr, scheduler: dh, flags: [flag-2]', '{address: 10.0.0.1, weight: 0}'), [`warning 3 [0] services[0].servers[0].weight: ${refuses('dh')}`]],
])('%s', (_, text, expected) => expect(problemsOf(text)).toEqual(expected));

const group = (mark: number, ports: string, more = 'address: 192.0.2.1') =>
  `${more}, ports: [${ports}], mark: ${mark}, mode: dr, servers: []`;
const belongs = (what: string) => `${what} belongs to the group s0 too; a packet gets one mark`;
const first = (what: string) =>
  `${what} belongs to the group s0 too, whose mark comes first: this service gets nothing`;

// biome-ignore format: a table
test.each<readonly [string, string, readonly string[]]>([
  ['a port', file(group(1, '80, 443'), group(2, '79, 443')), [`warning 4 [443] services[1].ports[1]: ${belongs('tcp 192.0.2.1 port 443')}`]],
  ['a range', file(group(1, '100-200'), group(2, '200-300')), [`warning 4 [200-300] services[1].ports[0]: ${belongs('tcp 192.0.2.1 ports 200-300')}`]],
  ['beside a range', file(group(1, '100-200'), group(2, '201-300, 99')), []],
  ['all ports', file(group(1, '80'), group(2, '0')), [`warning 4 [0] services[1].ports[0]: ${belongs('tcp 192.0.2.1 all ports')}`]],
  ['another protocol', file(group(1, '53/udp'), group(2, '53')), []],
  ['the protocol of the service', file(group(1, '53/udp'), `protocol: udp, ${group(2, '53')}`), [`warning 4 [53] services[1].ports[0]: ${belongs('udp 192.0.2.1 port 53')}`]],
  ['another VIP', file(group(1, '80'), group(2, '80', 'address: 192.0.2.2')), []],
  ['one of several VIPs', file(group(1, '80', 'addresses: [192.0.2.1-2]'), group(2, '80', 'address: 192.0.2.2')), [`warning 4 [80] services[1].ports[0]: ${belongs('tcp 192.0.2.2 port 80')}`]],
  ['twice in a group', file(group(1, '80, 443, 70-90')), ['warning 3 [70-90] services[0].ports[2]: tcp 192.0.2.1 ports 70-90 stands here twice']],
  ['the third of three', file(group(1, '80'), group(2, '81'), group(3, '80')), [`warning 5 [80] services[2].ports[0]: ${belongs('tcp 192.0.2.1 port 80')}`]],
  ['a service of a port', file(group(1, '80'), 'address: 192.0.2.1, port: 80, mode: dr, servers: []'), [`warning 4 [80] services[1].port: ${first('tcp 192.0.2.1 port 80')}`]],
  ['a service of another protocol', file(group(1, '80'), 'address: 192.0.2.1, protocol: udp, port: 80, mode: dr, servers: []'), []],
  ['a service of another port', file(group(1, '80-90'), 'address: 192.0.2.1, port: 91, mode: dr, servers: []'), []],
  ['a service of all ports', file(group(1, '80'), 'address: 192.0.2.1, port: 0, persistence: {}, mode: dr, servers: []'), []],
])('groups and services: %s', (_, text, expected) => expect(problemsOf(text)).toEqual(expected));

// biome-ignore format: a table
test.each([
  [0xffffffff, undefined], [0, undefined], [0xffff0000, undefined], [0x80000000, undefined], [1, 'the netmask 0.0.0.1 has holes; the prefix length 1 is another mask'],
  [32, 'the netmask 0.0.0.32 has holes; the prefix length 32 is another mask'], [33, 'the netmask 0.0.0.33 has holes'], [0xff00ff00, 'the netmask 255.0.255.0 has holes'], [0x7fffffff, 'the netmask 127.255.255.255 has holes'],
])('the mask %i', (bits, warning) => expect(netmaskWarning(bits)).toBe(warning));
