// JSON for programs: snake_case keys, addresses as text, values as structures.
import { expect, test } from 'vitest';
import { jsonText } from '../../src/lvsctl/json.js';
import { parseAddress } from '../../src/model/address.js';
import { lvsctl } from '../support/lvsctl.js';
import { fakeMachine } from '../support/machine.js';

test.each([
  [{ upperThreshold: 1 }, { upper_threshold: 1 }],
  [{ 'net/ipv4/conf/Eth0/rp_filter': '1' }, { 'net/ipv4/conf/Eth0/rp_filter': '1' }],
  [[{ address: parseAddress('192.0.2.10') }], [{ address: '192.0.2.10' }]],
  [{ address: parseAddress('2001:db8::1') }, { address: '2001:db8::1' }],
  [
    { family: 'ipv4', mark: 1 },
    { family: 'ipv4', mark: 1 },
  ],
  [
    { bytes: 12n, none: null, on: true },
    { bytes: 12, none: null, on: true },
  ],
])('row %#', (value, expected) => {
  expect(JSON.parse(jsonText(value))).toEqual(expected);
});

const FILE = `vips: [{address: 192.0.2.10, interface: lo}]
services:
  - {name: a, address: 192.0.2.10, port: 80, mode: nat, persistence: {timeout: 60}, servers: [{address: 10.0.0.1, upper: 9}]}
timeouts: {tcp: 100, tcp_fin: 10}
sync: [{role: master, interface: lo}]
`;
const RULES = '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m\n';

function keysIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap(keysIn);
  return Array.isArray(value) ? below : [...Object.keys(value), ...below];
}

const machine = () =>
  fakeMachine(
    {},
    {
      ip: (args) => ({
        stdout: args.includes('-json') ? '[{"ifname":"lo","flags":["UP"],"addr_info":[]}]' : '',
      }),
    },
  );

test.each([
  [['director', 'status', 'f', '--json']],
  [['doctor', 'f', '--json']],
  [['simulate', 'r', '--connections', '20', '--json']],
  [['simulate', 'r', '--connections', '20', '--json', '--compare', 'rr,wlc']],
])('%j has keys in snake_case, and no texts of several lines', async (args) => {
  const { stdout } = await lvsctl(args, { f: FILE, r: RULES }, { machine: machine() });
  const keys = keysIn(JSON.parse(stdout)).filter((key) => !key.includes('/'));
  expect(keys.length).toBeGreaterThan(4);
  expect(keys.filter((key) => !/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(key))).toEqual([]);
  expect(stdout).not.toMatch(/\\n/);
});

test('a service that is missing, with its address and servers', async () => {
  const args = ['director', 'status', 'f', '--json'];
  const { stdout, status } = await lvsctl(args, { f: FILE }, { machine: machine() });
  expect(status).toBe(1);
  const lines = JSON.parse(stdout) as { resource: { kind: string } }[];
  expect(lines.find(({ resource }) => resource.kind === 'service')).toMatchObject({
    resource: { id: { protocol: 'tcp', address: '192.0.2.10', port: 80 } },
    desired: {
      service: { scheduler: 'wlc', persistence: { timeout: 60 } },
      destinations: [{ address: '10.0.0.1', port: 80, upper_threshold: 9 }],
    },
    actual: null,
    same: false,
  });
});
