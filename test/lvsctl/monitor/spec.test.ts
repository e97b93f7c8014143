// A check of the file -> what is probed, and where.
import { describe, expect, test } from 'vitest';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { labelOf, missingPrerequisite, probeOf } from '../../../src/lvsctl/monitor/checks/spec.js';

/** The first check of a service with these keys, and its first server. */
function checkOf(service: string, check: string) {
  const text = `vips: [{address: 192.0.2.1, interface: eth0}, {address: "2001:db8::1", interface: eth0}]
services:
  - {name: web, ${service}, checks: [{${check}}]}
monitor: {check_netns: c}
`;
  const [desired] = desiredServices(readConfig(text, 'f'));
  const [server] = desired?.destinations ?? [];
  const [first] = desired?.source.checks ?? [];
  if (!desired || !server || !first) throw new Error('no check');
  return {
    check: first,
    service: desired.source,
    server,
    route: { netns: 'c', ports: [20_000, 20_063] as const },
  };
}
const probed = (service: string, check: string) => probeOf(checkOf(service, check));
const SERVER = 'servers: [{address: 10.0.0.1}]';
const NAT = `address: 192.0.2.1, port: 8080, mode: nat, ${SERVER}`;
const GROUP = `address: 192.0.2.1, ports: [80, 443, 53/udp], mark: 7, mode: nat, ${SERVER}`;
const ALL = `address: 192.0.2.1, port: 0, persistence: {timeout: 9}, mode: nat, ${SERVER}`;

describe('the port', () => {
  test.each([
    [NAT, 'kind: tcp', 8080],
    [NAT, 'kind: https', 8080],
    [NAT, 'kind: tcp, port: 81', 81],
    [
      'address: 192.0.2.1, port: 80, mode: nat, servers: [{address: 10.0.0.1, port: 8000}]',
      'kind: http',
      8000,
    ],
    // of a group the one that such a service usually has
    [GROUP, 'kind: https', 443],
    [GROUP, 'kind: http', 80],
    [GROUP, 'kind: dns, name: a', 53],
    [GROUP, 'kind: smtp', 80],
    [GROUP, 'kind: tcp', 80],
    [ALL, 'kind: https', 443],
    [ALL, 'kind: smtp', 25],
  ])('{%s} {%s}: %d', (service, check, port) =>
    expect(probed(service, check).target).toMatchObject({ address: '10.0.0.1', port }),
  );

  test('where none is known the file is refused', () => {
    expect(() => checkOf(ALL, 'kind: tcp')).toThrow(/checks\[0\]: check tcp needs `port'/);
    expect(() => checkOf(ALL, 'kind: udp')).toThrow(/checks\[0\]: check udp needs `port'/);
  });
});

describe('host and name', () => {
  const V6 = 'address: "2001:db8::1", port: 8443, mode: nat, servers: [{address: "2001:db8::11"}]';
  test.each([
    [NAT, 'kind: http', '192.0.2.1:8080', undefined],
    [NAT.replace('8080', '80'), 'kind: http', '192.0.2.1', undefined],
    [NAT.replace('8080', '443'), 'kind: https', '192.0.2.1', '192.0.2.1'],
    [NAT, 'kind: http, port: 9001', '192.0.2.1:9001', undefined],
    [NAT, 'kind: http, port: 80', '192.0.2.1', undefined],
    [V6, 'kind: https', '[2001:db8::1]:8443', '2001:db8::1'],
    [V6, 'kind: https, host: "www.example:8443"', 'www.example:8443', 'www.example'],
    [V6, 'kind: https, host: "[2001:db8::2]"', '[2001:db8::2]', '2001:db8::2'],
    [V6, 'kind: https, host: www.example, sni: other.example', 'www.example', 'other.example'],
  ])('{%s} {%s}: %s, %s', (service, check, host, name) => {
    expect(probed(service, check).spec).toMatchObject({ host, ...(name ? { tls: { name } } : {}) });
  });
});

test('times are whole milliseconds', () => {
  for (const timeout of [2.01, 4.06, 0.1234])
    expect(probed(NAT, `kind: dns, name: a, timeout: ${timeout}`).target).toMatchObject({
      timeoutMs: Math.round(timeout * 1000),
    });
});

test('the VIP is probed on the server, from the namespace and by its ports', () => {
  const dr = `address: 192.0.2.1, port: 80, mode: dr, ${SERVER}`;
  expect(probed(dr, 'kind: tcp, target: vip')).toEqual({
    spec: { kind: 'tcp' },
    target: {
      address: '192.0.2.1',
      port: 80,
      timeoutMs: 3000,
      netns: 'c',
      ports: [20_000, 20_063],
    },
  });
  expect(probed(dr, 'kind: tcp').target).toEqual({
    address: '10.0.0.1',
    port: 80,
    timeoutMs: 3000,
  });
  expect(probed(dr, 'kind: tcp, source: 10.0.0.99').target.source).toBe('10.0.0.99');
});

test.each([
  ['of all servers', 'connect_to: 10.9.0.9', '10.9.0.9'],
  ['of this one', 'connect_to: {10.0.0.1: 10.9.0.1}', '10.9.0.1'],
  [
    'of this one, which is the second',
    'connect_to: {10.0.0.2: 10.9.0.2, 10.0.0.1: 10.9.0.1}',
    '10.9.0.1',
  ],
  ['of another one alone', 'connect_to: {10.0.0.2: 10.9.0.2}', '10.0.0.1'],
])('another address to check, %s', (_, check, address) => {
  const two = NAT.replace(
    'servers: [{address: 10.0.0.1}]',
    'servers: [{address: 10.0.0.1}, {address: 10.0.0.2}]',
  );
  expect(probed(two, `kind: tcp, ${check}`).target.address).toBe(address);
});

test('bytes of udp, from text and from digits', () => {
  expect(probed(NAT, 'kind: udp, payload: hé').spec).toEqual({
    kind: 'udp',
    hex: '68c3a9',
    reply: false,
  });
  expect(probed(NAT, 'kind: udp, payload_hex: ff 00, reply: true').spec).toEqual({
    kind: 'udp',
    hex: 'ff00',
    reply: true,
  });
});

test('what a program finds in its environment', () => {
  const { spec, target } = probed(NAT, 'kind: exec, command: [/bin/x, a], timeout: 1.5');
  expect(target.timeoutMs).toBe(1500);
  expect(spec).toEqual({
    kind: 'exec',
    command: ['/bin/x', 'a'],
    environment: {
      LVS_SERVICE: 'web',
      LVS_PROTOCOL: 'tcp',
      LVS_VIP: '192.0.2.1',
      LVS_VPORT: '8080',
      LVS_SERVER: '10.0.0.1:8080',
      LVS_RIP: '10.0.0.1',
      LVS_RPORT: '8080',
      LVS_TARGET: '10.0.0.1',
      LVS_TIMEOUT: '1.5',
    },
  });
});

test('a spec is plain data: it survives JSON', () => {
  for (const check of [
    'kind: tcp',
    'kind: https, ca: /x, body: "^o+k", headers: {A: b}',
    'kind: dns, name: a, expected: [10.0.0.1]',
    'kind: smtp',
    'kind: ping',
  ]) {
    const all = probed(NAT, check);
    expect(JSON.parse(JSON.stringify(all))).toEqual(all);
  }
});

test('labels', () => {
  const label = (check: string) => labelOf(checkOf(NAT, check).check);
  expect(
    [
      'kind: tcp',
      'kind: http, path: /x',
      'kind: dns, name: a, type: MX',
      'kind: exec, command: [/bin/x, y]',
    ].map(label),
  ).toEqual(['tcp', 'http /x', 'dns MX a', 'exec /bin/x']);
});

test('a file of certificates that cannot be used is refused before anything begins', () => {
  const runtime = {
    isExecutable: () => true,
    certificateError: () => 'no such file',
    keyPairError: () => undefined,
    userError: () => undefined,
  };
  expect(missingPrerequisite(checkOf(NAT, 'kind: https, ca: /x').check, runtime)).toBe(
    'check https: /x: no such file',
  );
});
