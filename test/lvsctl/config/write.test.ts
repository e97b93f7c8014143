// Rules as an lvsctl file: each key, when it is left out, and what a file cannot hold.
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  type ImportContext,
  UnsupportedRule,
  writeConfig,
} from '../../../src/lvsctl/config/write.js';
import { formatAddress, ipv4, parseAddress } from '../../../src/model/address.js';
import type { Destination } from '../../../src/model/destination.js';
import { IPIP } from '../../../src/model/forwarding.js';
import type { Service } from '../../../src/model/service.js';

const service = (more: Partial<Service> = {}): Service => ({
  id: { kind: 'address', protocol: 'tcp', address: ipv4(0xc0000201), port: 80 },
  scheduler: 'wlc',
  schedulerFlags: 0,
  persistence: undefined,
  netmask: 0xffffffff,
  engine: undefined,
  onePacket: false,
  ...more,
});
const server = (more: Partial<Destination> = {}): Destination => ({
  address: ipv4(0x0a000001),
  port: 80,
  forwarding: 'direct',
  tunnel: IPIP,
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
  ...more,
});
const CONTEXT: ImportContext = {
  timeouts: undefined,
  daemons: [],
  marks: [],
  interfaceOf: (vip) => `to-${formatAddress(vip)}`,
};
const written = (
  one: Service,
  destinations: readonly Destination[] = [server()],
  more: Partial<ImportContext> = {},
) => parse(writeConfig([{ service: one, destinations }], { ...CONTEXT, ...more }));
const only = (...args: Parameters<typeof written>) => written(...args).services[0];

const SERVER = { address: '10.0.0.1', weight: 1 };
const ENTRY = {
  name: 'tcp-192.0.2.1-80',
  protocol: 'tcp',
  address: '192.0.2.1',
  port: 80,
  mode: 'dr',
  scheduler: 'wlc',
  servers: [SERVER],
};

test('the least', () => {
  expect(written(service())).toEqual({
    vips: [{ address: '192.0.2.1', interface: 'to-192.0.2.1' }],
    services: [ENTRY],
  });
});

// biome-ignore format: a table
test.each<readonly [Partial<Service>, object]>([
  [{ scheduler: 'sh', schedulerFlags: 3 }, { scheduler: 'sh', flags: ['sh-fallback', 'sh-port'] }],
  [{ onePacket: true }, { one_packet: true }],
  [{ persistence: { timeout: 60 } }, { persistence: { timeout: 60 } }],
  [{ persistence: { timeout: 60 }, netmask: 0xffffff00 }, { persistence: { timeout: 60, netmask: '255.255.255.0' } }],
  [{ persistence: { timeout: 60 }, engine: 'sip' }, { persistence: { timeout: 60, engine: 'sip' } }],
])('of a service %j', (more, keys) => expect(only(service(more))).toEqual({ ...ENTRY, ...keys }));

// biome-ignore format: a table
test.each<readonly [Partial<Destination>, object]>([
  [{ weight: 0 }, { weight: 0 }],
  [{ port: 8080 }, { port: 8080 }],
  [{ upperThreshold: 9 }, { upper: 9 }],
  [{ upperThreshold: 9, lowerThreshold: 2 }, { upper: 9, lower: 2 }],
])('of a server %j', (more, keys) => {
  expect(only(service(), [server(more)])).toEqual({ ...ENTRY, servers: [{ ...SERVER, ...keys }] });
});

// biome-ignore format: a table
test.each<readonly [string, Partial<Destination>, object]>([
  ['ipip', {}, {}],
  ['gre', { tunnel: { type: 'gre', port: 0, flags: 0 } }, { tunnel: { type: 'gre', checksum: 'none' } }],
  ['gre with a checksum', { tunnel: { type: 'gre', port: 0, flags: 1 } }, { tunnel: { type: 'gre', checksum: 'checksum' } }],
  ['gue', { tunnel: { type: 'gue', port: 5555, flags: 2 } }, { tunnel: { type: 'gue', port: 5555, checksum: 'remote' } }],
])('of a tunnel %s', (_, more, keys) => {
  expect(only(service(), [server({ forwarding: 'tunnel', ...more })])).toEqual({
    ...ENTRY,
    mode: 'tun',
    servers: [{ ...SERVER, ...keys }],
  });
});

test('the mode is that of most servers, the first of two; the others name theirs', () => {
  const modes = (...forwardings: Destination['forwarding'][]) => {
    const list = forwardings.map((forwarding, i) =>
      server({ forwarding, address: ipv4(0x0a000001 + i) }),
    );
    const { mode, servers } = only(service(), list);
    return [mode, ...servers.map((one: { mode?: string }) => one.mode)];
  };
  expect(modes('masquerade', 'direct', 'direct')).toEqual(['dr', 'nat', undefined, undefined]);
  expect(modes('masquerade', 'tunnel')).toEqual(['nat', undefined, 'tun']);
  expect(modes('local', 'direct', 'tunnel')).toEqual(['dr', undefined, undefined, 'tun']);
  expect(modes()).toEqual(['nat']);
});

test('a gateway is asked for with the nat servers alone', () => {
  const asked: string[] = [];
  const gatewayOf: ImportContext['gatewayOf'] = (servers) => {
    asked.push(servers.map(formatAddress).join());
    return ipv4(0x0a0000fe);
  };
  const mixed = [server({ forwarding: 'masquerade' }), server({ address: ipv4(0x0a000002) })];
  expect(only(service(), mixed, { gatewayOf }).gateway).toBe('10.0.0.254');
  expect(only(service(), [server()], { gatewayOf }).gateway).toBeUndefined();
  expect(asked).toEqual(['10.0.0.1']);
  expect(only(service(), mixed, { gatewayOf: () => undefined }).gateway).toBeUndefined();
  expect(only(service(), mixed).gateway).toBeUndefined();
});

test('IPv6, with a prefix length', () => {
  const address = parseAddress('2001:db8::1') ?? ipv4(0);
  const one = service({
    id: { kind: 'address', protocol: 'udp', address, port: 53 },
    persistence: { timeout: 9 },
    netmask: 64,
  });
  expect(only(one, [])).toMatchObject({
    name: 'udp-2001-db8-1-53',
    address: '2001:db8::1',
    persistence: { timeout: 9, netmask: 64 },
  });
  const whole = only({ ...one, netmask: 128 }, []);
  expect(whole.persistence).toEqual({ timeout: 9 });
});

const MARK = service({ id: { kind: 'fwmark', mark: 7, family: 'ipv4' } });
const source = (vip: number, more = {}) => ({
  ...{ family: 'ipv4' as const, mark: 7, address: formatAddress(ipv4(vip)), vip: ipv4(vip) },
  ...{ protocol: 'tcp' as const, ports: [80, 443] },
  ...more,
});

test('a mark is a group of one VIP or of several, of its family and number alone', () => {
  const marks = [source(0xc0000209), source(0xc0000207, { mark: 8 })];
  expect(written(MARK, [server({ port: 0 })], { marks })).toEqual({
    vips: [{ address: '192.0.2.9', interface: 'to-192.0.2.9' }],
    services: [
      {
        name: 'fwmark-7-ipv4',
        address: '192.0.2.9',
        ports: [80, 443],
        mark: 7,
        mode: 'dr',
        scheduler: 'wlc',
        servers: [SERVER],
      },
    ],
  });
  const both = written(MARK, [server()], { marks: [source(0xc0000209), source(0xc000020a)] });
  expect(both.services[0]).toMatchObject({ addresses: ['192.0.2.9', '192.0.2.10'] });
  expect(both.services[0].address).toBeUndefined();
  expect(both.vips).toHaveLength(2);
});

test('of a group only nat has a port of its own', () => {
  const marks = [source(0xc0000209)];
  const portOf = (more: Partial<Destination>) =>
    only(MARK, [server(more)], { marks }).servers[0].port;
  expect(portOf({ forwarding: 'masquerade', port: 8080 })).toBe(8080);
  expect(portOf({ forwarding: 'masquerade', port: 0 })).toBeUndefined();
  expect(portOf({ forwarding: 'direct', port: 8080 })).toBeUndefined();
});

test('two services of a VIP have it once', () => {
  const other = service({
    id: { kind: 'address', protocol: 'tcp', address: ipv4(0xc0000201), port: 81 },
  });
  const list = [service(), other].map((one) => ({ service: one, destinations: [] }));
  expect(parse(writeConfig(list, CONTEXT)).vips).toHaveLength(1);
});

// biome-ignore format: a table
test.each<readonly [string, Service, readonly Destination[], Partial<ImportContext>, string]>([
  ['an engine without persistence', service({ engine: 'sip' }), [], {}, 'tcp 192.0.2.1:80: persistence engine sip without persistence'],
  ['a mark that is not known', MARK, [], {}, 'fwmark 7 ipv4: which packets get the mark is not known; add --mark 7=VIP:PORT,…'],
  ['a mark of the other family', MARK, [], { marks: [source(0xc0000209, { family: 'ipv6' })] }, 'fwmark 7 ipv4: which packets get the mark is not known; add --mark 7=VIP:PORT,…'],
  ['a mark of no group', MARK, [], { marks: [source(0xc0000209), source(0xc000020a, { ports: [81] })] }, 'fwmark 7 ipv4: the packets with the mark are no group of VIPs with the same ports; add --mark 7=VIP:PORT,…'],
  ['a mark with a reason', MARK, [], { marks: [source(0xc0000209)], reasonFor: (mark, family) => `${mark} of ${family} is odd` }, 'fwmark 7 ipv4: 7 of ipv4 is odd; add --mark 7=VIP:PORT,…'],
  ['another protocol', service({ id: { kind: 'address', protocol: 'ip-47' as never, address: ipv4(0xc0000201), port: 80 } }), [], {}, 'ip-47 192.0.2.1:80: protocol ip-47 has no service'],
  ['another forwarding method', service(), [server({ forwarding: 'bypass' as never })], {}, 'tcp 192.0.2.1:80: forwarding method bypass has no mode'],
  ['another tunnel', service(), [server({ forwarding: 'tunnel', tunnel: { type: 9 as never, port: 0, flags: 0 } })], {}, 'tcp 192.0.2.1:80: tunnel type 9 has no name'],
])('%s is named', (_, one, destinations, more, message) => {
  const write = () => written(one, destinations, more);
  expect(write).toThrow(UnsupportedRule);
  expect(write).toThrow(expect.objectContaining({ message, code: 'UNSUPPORTED_RULE', service: one }));
});

test('timeouts without those that are 0, and sync daemons', () => {
  const daemon = (more = {}) => ({
    role: 'master' as const,
    interface: 'eth0',
    syncId: 3,
    maxLength: undefined,
    group: undefined,
    port: undefined,
    ttl: undefined,
    ...more,
  });
  const of = (more: Partial<ImportContext>) => written(service(), [], more);
  expect(of({ timeouts: { tcp: 5, tcpFin: 0, udp: 7 } }).timeouts).toEqual({ tcp: 5, udp: 7 });
  expect(of({ timeouts: { tcp: 0, tcpFin: 6, udp: 0 } }).timeouts).toEqual({ tcp_fin: 6 });
  expect(of({}).timeouts).toBeUndefined();
  expect(of({}).sync).toBeUndefined();
  expect(of({ daemons: [daemon() as never] }).sync).toEqual([
    { role: 'master', interface: 'eth0', syncid: 3 },
  ]);
  const whole = { maxLength: 1400, group: ipv4(0xe0000051), port: 8848, ttl: 2 };
  expect(of({ daemons: [daemon(whole) as never] }).sync).toEqual([
    {
      ...{ role: 'master', interface: 'eth0', syncid: 3 },
      ...{ max_length: 1400, group: '224.0.0.81', port: 8848, ttl: 2 },
    },
  ]);
});
