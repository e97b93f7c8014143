// What a check of the file asks whom.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { wantedTable } from '../../../src/lvsctl/config/wanted.js';
import type { Probes } from '../../../src/lvsctl/health/outside.js';
import { ask, impossible, labelOf } from '../../../src/lvsctl/health/question.js';

/** The first check of a service with these keys, and its first server. */
function question(service: string, check: string) {
  const text = `vips: [{address: 192.0.2.1, interface: eth0}, {address: "2001:db8::1", interface: eth0}]
services:
  - {name: web, ${service}, checks: [{${check}}]}
monitor: {check_netns: c}
`;
  const [wanted] = wantedTable(readConfig(text, 'f'));
  const [server] = wanted?.destinations ?? [];
  const [first] = wanted?.source.checks ?? [];
  if (!wanted || !server || !first) throw new Error('no question');
  return {
    check: first,
    service: wanted.source,
    server,
    way: { netns: 'c', ports: [20_000, 20_063] as const },
  };
}

/** What is asked, as the arguments of the probe. */
async function asked(service: string, check: string): Promise<unknown[]> {
  const calls: unknown[][] = [];
  const record =
    (where: string) =>
    (kind: string) =>
    async (...words: unknown[]) => {
      calls.push([where, kind, ...words]);
      return undefined;
    };
  const all = (where: string) =>
    Object.fromEntries(
      ['tcp', 'http', 'dns', 'udp', 'smtp', 'ping', 'exec'].map((kind) => [
        kind,
        record(where)(kind),
      ]),
    ) as unknown as Probes;
  await ask({ probes: all('here'), probesIn: (netns) => all(netns) }, question(service, check));
  return calls[0] ?? [];
}
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
  ])('{%s} {%s}: %d', async (service, check, port) =>
    expect((await asked(service, check))[2]).toMatchObject({ address: '10.0.0.1', port }),
  );

  test('where none is known the file is refused', () => {
    expect(() => question(ALL, 'kind: tcp')).toThrow(/checks\[0\]: check tcp needs `port'/);
    expect(() => question(ALL, 'kind: udp')).toThrow(/checks\[0\]: check udp needs `port'/);
  });
});

describe('host and name', () => {
  const V6 = 'address: "2001:db8::1", port: 8443, mode: nat, servers: [{address: "2001:db8::11"}]';
  test.each([
    [NAT, 'kind: http', '192.0.2.1:8080', undefined],
    [NAT.replace('8080', '80'), 'kind: http', '192.0.2.1', undefined],
    [NAT.replace('8080', '443'), 'kind: https', '192.0.2.1', '192.0.2.1'],
    [V6, 'kind: https', '[2001:db8::1]:8443', '2001:db8::1'],
    [V6, 'kind: https, host: "www.example:8443"', 'www.example:8443', 'www.example'],
    [V6, 'kind: https, host: "[2001:db8::2]"', '[2001:db8::2]', '2001:db8::2'],
    [V6, 'kind: https, host: www.example, sni: other.example', 'www.example', 'other.example'],
  ])('{%s} {%s}: %s, %s', async (service, check, host, name) => {
    const [, , , http] = (await asked(service, check)) as [
      0,
      0,
      0,
      { host: string; tls: { name: string } | undefined },
    ];
    expect([http.host, http.tls?.name]).toEqual([host, name]);
  });
});

test('times are whole milliseconds', async () => {
  for (const timeout of [2.01, 4.06, 0.1234]) {
    expect((await asked(NAT, `kind: dns, name: a, timeout: ${timeout}`))[2]).toMatchObject({
      timeoutMs: Math.round(timeout * 1000),
    });
  }
});

test('the VIP is asked for on the server, from the namespace and by its ports', async () => {
  const dr = `address: 192.0.2.1, port: 80, mode: dr, ${SERVER}`;
  expect((await asked(dr, 'kind: tcp, target: vip')).slice(0, 3)).toMatchObject([
    'c',
    'tcp',
    { address: '192.0.2.1', ports: [20_000, 20_063] },
  ]);
  expect((await asked(dr, 'kind: tcp')).slice(0, 3)).toEqual([
    'here',
    'tcp',
    { address: '10.0.0.1', port: 80, source: undefined, timeoutMs: 3000 },
  ]);
});

test('bytes of udp, from text and from digits', async () => {
  expect((await asked(NAT, 'kind: udp, payload: hé')).at(-1)).toEqual({
    hex: '68c3a9',
    reply: false,
  });
  expect((await asked(NAT, 'kind: udp, payload_hex: ff 00, reply: true')).at(-1)).toEqual({
    hex: 'ff00',
    reply: true,
  });
});

test('what a program finds in its environment', async () => {
  expect((await asked(NAT, 'kind: exec, command: [/bin/x, a], timeout: 1.5')).slice(2)).toEqual([
    ['/bin/x', 'a'],
    {
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
    1500,
  ]);
});

test('labels', () => {
  const label = (check: string) => labelOf(question(NAT, check).check);
  expect(
    [
      'kind: tcp',
      'kind: http, path: /x',
      'kind: dns, name: a, type: MX',
      'kind: exec, command: [/bin/x, y]',
    ].map(label),
  ).toEqual(['tcp', 'http /x', 'dns MX a', 'exec /bin/x']);
});

test('a file of certificates that cannot be used is told before anything begins', () => {
  const outside = { isExecutable: () => true, whyNoCertificates: () => 'no such file' };
  expect(impossible(question(NAT, 'kind: https, ca: /x').check, outside)).toBe(
    'check https: /x: no such file',
  );
});
