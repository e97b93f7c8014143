// What several entries of a file mean together, and defaults: errors and warnings of each row.
import { expect, test } from 'vitest';
import { inspectConfig } from '../../../src/lvsctl/config/read.js';
import { problemsOf } from '../../support/marked.js';

const VIPS =
  'vips: [{address: 192.0.2.1-2, interface: eth0}, {address: "2001:db8::1", interface: eth0}]\n';
const fileOf = (services: readonly string[], rest = '') =>
  `${VIPS}services:\n${services.map((one) => `  - {${one}}\n`).join('')}${rest}`;
/** A service without servers. */
const web = (name: string, more = '') =>
  `name: ${name}, address: 192.0.2.1, mode: dr, servers: []${more && `, ${more}`}`;
const KEYS =
  'name, protocol, address, addresses, port, ports, mark, mode, tunnel, gateway, scheduler, flags, one_packet, persistence, servers, sorry, checks, check_defaults, health';

type Row = readonly [services: readonly string[], answers: readonly string[], rest: string];

// biome-ignore format: a table
test.each<Row>([
  [[web('a', 'port: 80'), web('a', 'port: 81')], ['4 [a] services[1].name: service a is there twice, first in line 3'], ''],
  [[web('a', 'port: 80'), web('b', 'port: 80')], ['4 [{] services[1]: service tcp 192.0.2.1:80 is there twice, first in line 3'], ''],
  [[web('a', 'port: 80'), web('b', 'port: 80, protocol: udp')], [], ''],
  [[web('a', 'port: 80'), 'name: b, address: 192.0.2.2, mode: dr, servers: [], port: 80'], [], ''],
  [[web('a', 'ports: [80], mark: 1'), web('b', 'ports: [81], mark: 1')], ['4 [1] services[1].mark: mark 1 is there twice, first in line 3'], ''],
  [[web('a', 'ports: [80], mark: 1'), 'name: b, address: "2001:db8::1", mode: dr, servers: [], ports: [81], mark: 1'], ['4 [1] services[1].mark: mark 1 is there twice, first in line 3'], ''],
  [[web('a', 'ports: [80], mark: 1'), 'name: b, address: 192.0.2.2, mode: dr, servers: [], port: 80'], [], ''],
  [[web('a'), web('b')], ["3 [{] services[0]: give either `port', or `ports' with `mark'", "4 [{] services[1]: give either `port', or `ports' with `mark'"], ''],
  [[web('a', 'port: 80'), web('a', 'port: 80'), web('a', 'port: 80')], ['4 [{] services[1]: service tcp 192.0.2.1:80 is there twice, first in line 3', '4 [a] services[1].name: service a is there twice, first in line 3', '5 [{] services[2]: service tcp 192.0.2.1:80 is there twice, first in line 3', '5 [a] services[2].name: service a is there twice, first in line 3'], ''],
  [[web('a', 'port: 80, zzz: 1'), web('b', 'port: 81'), web('b', 'port: 81')], [`3 [zzz] services[0]: unknown key \`zzz'; known are ${KEYS}`, '5 [{] services[2]: service tcp 192.0.2.1:81 is there twice, first in line 4', '5 [b] services[2].name: service b is there twice, first in line 4'], ''],
  [['name: a, address: 192.0.2.9, mode: dr, servers: [], port: 80'], ['3 [192.0.2.9] services[0].address: 192.0.2.9 is not one of vips'], ''],
  [['name: a, addresses: [192.0.2.1, 192.0.2.9], mode: dr, servers: [], ports: [80], mark: 1'], ['3 [192.0.2.9] services[0].addresses[1]: 192.0.2.9 is not one of vips'], ''],
  [['name: a, addresses: [192.0.2.1, "2001:db8::1", "2001:db8::9"], mode: dr, servers: [], ports: [80], mark: 1'], ['3 ["2001:db8::1"] services[0].addresses[1]: a mark is for IPv4 or for IPv6; give each family a service of its own', '3 ["2001:db8::9"] services[0].addresses[2]: 2001:db8::9 is not one of vips', '3 ["2001:db8::9"] services[0].addresses[2]: a mark is for IPv4 or for IPv6; give each family a service of its own'], ''],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1, name: x}, {address: 10.0.0.2, name: x}], port: 80', 'name: b, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1, name: x}, {address: 10.0.0.3, name: x}], port: 81'], ['3 [x] services[0].servers[1].name: server name x is that of 10.0.0.1 already, first in line 3', '4 [x] services[1].servers[1].name: server name x is that of 10.0.0.1 already, first in line 3'], ''],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1}, {address: 10.0.0.2}], port: 80', 'zzz: 1', 'name: b, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.2, name: x}], port: 81'], ["4 [{] services[1]: `name' is missing", "4 [{] services[1]: `address' is missing", "4 [{] services[1]: `mode' is missing", "4 [{] services[1]: `servers' is missing", `4 [zzz] services[1]: unknown key \`zzz'; known are ${KEYS}`], ''],
  [[web('a', 'port: 80')], ['4 [[] monitor.hook: the program needs an absolute path'], 'monitor: {hook: [x]}\n'],
  [[web('a', 'port: 80')], [], 'monitor: {hook: [/x, y]}\n'],
  [[web('a', 'port: 80')], ['4 [[] monitor.hook: the program needs an absolute path'], 'monitor: {hook: [y/x]}\n'],
  [[web('a', 'port: 80')], ["4 [nobody] monitor.hook_user: `hook_user' needs `hook'"], 'monitor: {hook_user: nobody}\n'],
  [[web('a', 'port: 80')], ['4 [[] monitor.hook: the program needs an absolute path'], 'monitor: {hook_user: nobody, hook: [x]}\n'],
  [[web('a', 'port: 80')], ["4 [zzz] monitor: unknown key `zzz'; known are check_netns, drift, pause_on_standby, reload_on_change, hook, hook_user, log"], 'monitor: {hook_user: nobody, zzz: 1}\n'],
  [[web('a', 'port: 80, checks: [{kind: tcp, target: vip}]')], ["3 [vip] services[0].checks[0].target: the VIP is the director's own address: to reach that of a server `monitor.check_netns' is needed", "4 [zzz] : unknown key `zzz'; known are include, vars, hosts, defaults, vips, services, timeouts, sync, ha, monitor"], 'zzz: 1\n'],
  [[web('a', 'port: 80, checks: [{kind: tcp, target: vip}]')], ["4 [zzz] monitor: unknown key `zzz'; known are check_netns, drift, pause_on_standby, reload_on_change, hook, hook_user, log"], 'monitor: {zzz: 1}\n'],
  [[web('a', 'port: 80, checks: [{kind: tcp, target: vip}]')], ["5 [zzz] : unknown key `zzz'; known are include, vars, hosts, defaults, vips, services, timeouts, sync, ha, monitor"], 'monitor: {check_netns: x}\nzzz: 1\n'],
  [[web('a', 'port: 80, checks: [{kind: tcp, target: vip}]')], ['4 [] monitor: expected a map of keys and values, there is nothing'], 'monitor: \n'],
  [[web('a', 'port: 80')], ['4 [{] sync[2]: sync daemon master is there twice, first in line 4'], 'sync: [{role: master, interface: eth0}, {role: backup, interface: eth0}, {role: master, interface: eth0}]\n'],
  [[web('a', 'port: 80')], ["4 [x] sync[1].role: `x' is not one of master, backup", '4 [{] sync[2]: sync daemon master is there twice, first in line 4'], 'sync: [{role: master, interface: eth0}, {role: x, interface: eth0}, {role: master, interface: eth0}]\n'],
  [[web('a b', 'port: 80')], ["3 [a b] services[0].name: `a b' is not a name of letters, digits, dots, dashes and underscores"], ''],
  [[web('" a"', 'port: 80')], ["3 [\" a\"] services[0].name: ` a' is not a name of letters, digits, dots, dashes and underscores"], ''],
  [[web('"a "', 'port: 80')], ["3 [\"a \"] services[0].name: `a ' is not a name of letters, digits, dots, dashes and underscores"], ''],
  [[web('a_b.c-d', 'port: 80')], [], ''],
  [[web('""', 'port: 80')], ["3 [\"\"] services[0].name: `' is not a name of letters, digits, dots, dashes and underscores"], ''],
  [[web('\u00e4', 'port: 80')], ["3 [\u00e4] services[0].name: `\u00e4' is not a name of letters, digits, dots, dashes and underscores"], ''],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1, name: 10.0.0.1}], port: 80'], ["3 [10.0.0.1] services[0].servers[0].name: `10.0.0.1' is not a name of letters, digits, dots, dashes and underscores, and no address"], ''],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1, name: a b}], port: 80'], ["3 [a b] services[0].servers[0].name: `a b' is not a name of letters, digits, dots, dashes and underscores, and no address"], ''],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1, name: " a"}], port: 80'], ["3 [\" a\"] services[0].servers[0].name: ` a' is not a name of letters, digits, dots, dashes and underscores, and no address"], ''],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1, name: "a "}], port: 80'], ["3 [\"a \"] services[0].servers[0].name: `a ' is not a name of letters, digits, dots, dashes and underscores, and no address"], ''],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1, name: a/b}], port: 80'], ["3 [a/b] services[0].servers[0].name: `a/b' is not a name of letters, digits, dots, dashes and underscores, and no address"], ''],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1, name: rs-1.x_y}], port: 80'], [], ''],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1, name: "::1"}], port: 80'], ["3 [\"::1\"] services[0].servers[0].name: `::1' is not a name of letters, digits, dots, dashes and underscores, and no address"], ''],
  [[web('a', 'port: 80, persistence: {netmask: 0}')], ["3 [0] services[0].persistence.netmask: `0' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: 1}')], [], ''],
  [[web('a', 'port: 80, persistence: {netmask: 24}')], [], ''],
  [[web('a', 'port: 80, persistence: {netmask: 32}')], [], ''],
  [[web('a', 'port: 80, persistence: {netmask: 33}')], ['3 [33] services[0].persistence.netmask: the mask does not fit an ipv4 service'], ''],
  [[web('a', 'port: 80, persistence: {netmask: 128}')], ['3 [128] services[0].persistence.netmask: the mask does not fit an ipv4 service'], ''],
  [[web('a', 'port: 80, persistence: {netmask: 129}')], ["3 [129] services[0].persistence.netmask: `129' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: 999}')], ["3 [999] services[0].persistence.netmask: `999' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: 1000}')], ["3 [1000] services[0].persistence.netmask: `1000' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: 024}')], ["3 [024] services[0].persistence.netmask: `024' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: 24x}')], ["3 [24x] services[0].persistence.netmask: `24x' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: x24}')], ["3 [x24] services[0].persistence.netmask: `x24' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: /24}')], ["3 [/24] services[0].persistence.netmask: `/24' is not a mask like 255.255.255.0 or a prefix length like 24: write it without /"], ''],
  [[web('a', 'port: 80, persistence: {netmask: /}')], ["3 [/] services[0].persistence.netmask: `/' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: 24/}')], ["3 [24/] services[0].persistence.netmask: `24/' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: 255.255.0.0}')], [], ''],
  [[web('a', 'port: 80, persistence: {netmask: 0.0.0.0}')], [], ''],
  [[web('a', 'port: 80, persistence: {netmask: 255.255.255}')], ["3 [255.255.255] services[0].persistence.netmask: `255.255.255' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: -1}')], ["3 [-1] services[0].persistence.netmask: `-1' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: 1.5}')], ["3 [1.5] services[0].persistence.netmask: `1.5' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: "24"}')], [], ''],
  [[web('a', 'port: 80, persistence: {netmask: ""}')], ["3 [\"\"] services[0].persistence.netmask: `' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [[web('a', 'port: 80, persistence: {netmask: /24/}')], ["3 [/24/] services[0].persistence.netmask: `/24/' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [['name: a, address: "2001:db8::1", mode: dr, servers: [], port: 80, persistence: {netmask: 0}'], ["3 [0] services[0].persistence.netmask: `0' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [['name: a, address: "2001:db8::1", mode: dr, servers: [], port: 80, persistence: {netmask: 1}'], [], ''],
  [['name: a, address: "2001:db8::1", mode: dr, servers: [], port: 80, persistence: {netmask: 32}'], [], ''],
  [['name: a, address: "2001:db8::1", mode: dr, servers: [], port: 80, persistence: {netmask: 33}'], [], ''],
  [['name: a, address: "2001:db8::1", mode: dr, servers: [], port: 80, persistence: {netmask: 128}'], [], ''],
  [['name: a, address: "2001:db8::1", mode: dr, servers: [], port: 80, persistence: {netmask: 129}'], ["3 [129] services[0].persistence.netmask: `129' is not a mask like 255.255.255.0 or a prefix length like 24"], ''],
  [['name: a, address: "2001:db8::1", mode: dr, servers: [], port: 80, persistence: {netmask: 255.0.0.0}'], ['3 [255.0.0.0] services[0].persistence.netmask: the mask does not fit an ipv6 service'], ''],
  [[web('a', 'ports: [0], mark: 1'), web('b', 'port: 0, persistence: {}')], [], ''],
  [[web('a', 'ports: [0], mark: 1'), web('b', 'port: 1')], ['warning 4 [1] services[1].port: tcp 192.0.2.1 port 1 belongs to the group a too, whose mark comes first: this service gets nothing'], ''],
  [[web('a', 'ports: [0/udp], mark: 1'), web('b', 'port: 1')], [], ''],
  [[web('a', 'ports: [0], mark: 1'), web('b', 'ports: [65535], mark: 2')], ['warning 4 [65535] services[1].ports[0]: tcp 192.0.2.1 port 65535 belongs to the group a too; a packet gets one mark'], ''],
  [[web('a', 'port: 80')], ['4 [] defaults: expected a map of keys and values, there is nothing'], 'defaults: \n'],
  [[web('a', 'port: 80')], ['4 [}] defaults.mode: expected a value, there is none'], 'defaults: {mode: }\n'],
  [['name: a, address: 192.0.2.1, servers: [], port: 80'], ['4 [}] defaults.mode: expected a value, there is none'], 'defaults: {mode: }\n'],
  [['name: a, address: 192.0.2.1, servers: [], port: 80'], [], 'defaults: {mode: tun}\n'],
  [['name: a, address: 192.0.2.1, servers: [], port: 80, mode: '], ['3 [}] services[0].mode: expected a value, there is none'], 'defaults: {mode: tun}\n'],
  [[web('a', 'port: 80, health: ')], ['3 [}] services[0].health: expected a map of keys and values, there is nothing'], 'defaults: {health: {quorum: 1}}\n'],
  [[web('a', 'port: 80, health: []')], ['3 [[] services[0].health: expected a map of keys and values, not a list', "4 [0] defaults.health.quorum: `0' is not a whole number from 1 to 2147483647"], 'defaults: {health: {quorum: 0}}\n'],
  [[web('a', 'port: 80, health: {quorum: 3, hysteresis: 5}')], ['3 [5] services[0].health.hysteresis: the hysteresis, 5, must be less than the quorum, 3: the service would never count as down'], 'defaults: {health: {hysteresis: 2}}\n'],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1}, {address: 10.0.0.2}], port: 80, health: {quorum: 2}'], ['4 [2] defaults.health.hysteresis: the hysteresis, 2, must be less than the quorum, 2: the service would never count as down'], 'defaults: {health: {hysteresis: 2}}\n'],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1}], port: 80'], ["4 [2] defaults.health.quorum: the servers' weights are 1 together: a service that is down never reaches 2 again"], 'defaults: {health: {quorum: 2}}\n'],
  [[web('a', 'port: 80, check_defaults: , checks: [{kind: tcp}]')], ['3 [,] services[0].check_defaults: expected a map of keys and values, there is nothing'], ''],
  [[web('a', 'port: 80, check_defaults: [], checks: [{kind: tcp}]')], ['3 [[] services[0].check_defaults: expected a map of keys and values, not a list'], ''],
  [[web('a', 'port: 80, check_defaults: {zzz: 1}, checks: [{kind: tcp}]')], ["3 [zzz] services[0].check_defaults: unknown key `zzz'; known are interval, timeout, rise, fall, fast_interval, jitter"], ''],
  [[web('a', 'port: 80, check_defaults: {rise: 0}, checks: [{kind: tcp}]')], ["3 [0] services[0].check_defaults.rise: `0' is not a whole number from 1 to 1000"], ''],
  [[web('a', 'port: 80, check_defaults: {rise: 0}')], ["3 [0] services[0].check_defaults.rise: `0' is not a whole number from 1 to 1000"], ''],
  [['name: a, address: 192.0.2.1, mode: dr, servers: [{address: 10.0.0.1, checks: [{kind: tcp}, x]}, ~, {address: 10.0.0.2, checks: 5}, {address: 10.0.0.3}], port: 80, check_defaults: {rise: 0}'], ["3 [x] services[0].servers[0].checks[1]: expected a map with `kind'", '3 [~] services[0].servers[1]: expected a map of keys and values, there is nothing', "3 [5] services[0].servers[2].checks: expected a list: put `- ' before each element", "3 [0] services[0].check_defaults.rise: `0' is not a whole number from 1 to 1000"], ''],
  [[web('a', 'port: 80, check_defaults: {rise: 5}, checks: [{kind: tcp, rise: 0}, {kind: tcp, fall: 0}]')], ["3 [0] services[0].checks[0].rise: `0' is not a whole number from 1 to 1000", "3 [0] services[0].checks[1].fall: `0' is not a whole number from 1 to 1000"], ''],
  [[web('a', 'port: 80, checks: [x, {kind: tcp}]')], ["3 [x] services[0].checks[0]: expected a map with `kind'", "4 [0] defaults.checks.rise: `0' is not a whole number from 1 to 1000"], 'defaults: {checks: {rise: 0}}\n'],
  [[web('a', 'port: 80, checks: x')], ["3 [x] services[0].checks: expected a list: put `- ' before each element"], 'defaults: {checks: {rise: 5}}\n'],
  [['name: a, address: 192.0.2.1, mode: dr, servers: x, port: 80'], ["3 [x] services[0].servers: expected a list: put `- ' before each element"], 'defaults: {checks: {rise: 5}}\n'],
])('%j', (services, expected, rest) => {
  expect(problemsOf(fileOf(services, rest))).toEqual(expected);
});

test('a default is that of the service, then that of the file, then that of the table', () => {
  const { services } = inspectConfig(
    fileOf(
      [
        'name: a, address: 192.0.2.1, port: 80, checks: [{kind: tcp, fall: 9}], check_defaults: {timeout: 2}, servers: [{address: 10.0.0.1}, {address: 10.0.0.2, checks: [{kind: tcp}, {kind: tcp, rise: 9}]}]',
        'name: b, address: 192.0.2.1, port: 81, mode: dr, scheduler: sed, health: {combine: all}, checks: [{kind: tcp}], servers: []',
      ],
      'defaults: {mode: tun, scheduler: rr, health: {slow_start: 3, combine: any}, checks: {rise: 5, fall: 6, timeout: 1}}\n',
    ),
    'f',
  ).config;
  const [a, b] = services;
  const times = { interval: 5, jitter: 0.1, target: 'server' };
  expect(a).toMatchObject({
    ...{
      mode: 'tun',
      scheduler: 'rr',
      health: { slow_start: 3, combine: 'any', failed: 'remove' },
    },
    checks: [{ ...times, timeout: 2, rise: 5, fall: 9 }],
    servers: [
      { checks: undefined },
      {
        checks: [
          { ...times, timeout: 2, rise: 5, fall: 6 },
          { timeout: 2, rise: 9, fall: 6 },
        ],
      },
    ],
  });
  expect(b).toMatchObject({
    ...{ mode: 'dr', scheduler: 'sed', health: { slow_start: 3, combine: 'all' } },
    checks: [{ ...times, timeout: 1, rise: 5, fall: 6 }],
  });
});
