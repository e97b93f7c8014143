// Entries that stand for several, and variables: each row is what a file has and what comes of it.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of an lvsctl file
import { expect, test } from 'vitest';
import { ALONE } from '../../../src/lvsctl/config/context.js';
import type { Config } from '../../../src/lvsctl/config/file.js';
import { ConfigError } from '../../../src/lvsctl/config/problem.js';
import { inspectConfig } from '../../../src/lvsctl/config/read.js';
import { formatAddress } from '../../../src/model/address.js';
import { placedInFile, problemsOf } from '../../support/marked.js';

const AROUND = { ...ALONE, host: 'h1.example.org' };

/** Warnings and what `shown` makes of the file; where it has errors, these. */
function answers(text: string, shown: (config: Config) => readonly string[]): string[] {
  try {
    const { config, warnings } = inspectConfig(text, 'f', AROUND);
    return [...warnings.map(({ message }) => `w ${message}`), ...shown(config)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return problemsOf(text, AROUND);
  }
}

/** `NAME VIP+VIP PORT[PORTS] SERVER@ADDRESS:PORT,…` */
const servicesOf = ({ services }: Config) =>
  services.map(({ name, address, addresses = [address], port = '', ports, servers }) => {
    const vips = addresses.map(formatAddress).join('+');
    const group = ports ? `[${ports.map((one) => one.port).join()}]` : '';
    const real = servers.map(
      (one) => `${one.name ?? ''}@${formatAddress(one.address)}:${one.port ?? ''}`,
    );
    return `${name} ${vips} ${port}${group} ${real.join()}`.trimEnd();
  });

const VIPS =
  'vips: [{address: 192.0.2.0/28, interface: eth0}, {address: "2001:db8::1-3", interface: eth0}]\n';
const fileOf = (services: readonly string[]) =>
  `${VIPS}services:\n${services.map((one) => `  - {${one}}\n`).join('')}`;

// biome-ignore format: a table
test.each<readonly [readonly string[], readonly string[]]>([
  [['name: a, address: 192.0.2.1-2, port: 80, mode: dr, servers: []'], ['a-192.0.2.1 192.0.2.1 80', 'a-192.0.2.2 192.0.2.2 80']],
  [['name: a, address: 192.0.2.1-2, port: [80, 81], mode: dr, servers: [{address: 10.0.0.1-2, name: x}]'], ['a-192.0.2.1-80 192.0.2.1 80 x-10.0.0.1@10.0.0.1:,x-10.0.0.2@10.0.0.2:', 'a-192.0.2.1-81 192.0.2.1 81 x-10.0.0.1@10.0.0.1:,x-10.0.0.2@10.0.0.2:', 'a-192.0.2.2-80 192.0.2.2 80 x-10.0.0.1@10.0.0.1:,x-10.0.0.2@10.0.0.2:', 'a-192.0.2.2-81 192.0.2.2 81 x-10.0.0.1@10.0.0.1:,x-10.0.0.2@10.0.0.2:']],
  [['name: a, addresses: [192.0.2.1], port: 80, mode: dr, servers: []'], ['a-192.0.2.1 192.0.2.1 80']],
  [['name: a, addresses: 192.0.2.1, port: 80, mode: dr, servers: []'], ['[192.0.2.1] addresses: expected a list: write [192.0.2.1]']],
  [['name: a, addresses: [192.0.2.1, [x]], port: 80, mode: dr, servers: []'], ['[[] addresses[1]: expected one value']],
  [['name: a, addresses: [192.0.2.1, ~], port: 80, mode: dr, servers: []'], ['[~] addresses[1]: expected a value, there is none']],
  [['name: a, addresses: ~, address: 192.0.2.1, port: 80, mode: dr, servers: []'], ["[~] addresses: give either `address' or `addresses'", '[~] addresses: expected a list, there is nothing; write [] for an empty one']],
  [['name: a, address: , port: 80, mode: dr, servers: []'], ['[,] address: expected a value, there is none']],
  [['name: a, address: [192.0.2.1], port: 80, mode: dr, servers: []'], ['[[] address: expected one value']],
  [['address: 192.0.2.1-2, port: 80, mode: dr, servers: []'], ["[{] services[0]: `name' is missing"]],
  [['name: , address: 192.0.2.1-2, port: 80, mode: dr, servers: []'], ['[,] name: expected a value, there is none']],
  [['name: [x], address: 192.0.2.1-2, port: 80, mode: dr, servers: []'], ['[[] name: expected one value']],
  [['name: 5, address: 192.0.2.1-2, port: 80, mode: dr, servers: []'], ['5-192.0.2.1 192.0.2.1 80', '5-192.0.2.2 192.0.2.2 80']],
  [['name: a, address: 192.0.2.1-2, port: [], mode: dr, servers: []'], ['[[] port: expected one value']],
  [['name: a, address: 192.0.2.1, port: [80, [81]], mode: dr, servers: []'], ['[[] port: expected one value']],
  [['name: a, address: 192.0.2.1, port: [80, 80], mode: dr, servers: []'], ['[{] services[0]: service tcp 192.0.2.1:80 is there twice, first in line 3', '[a] name: service a-80 is there twice, first in line 3']],
  [['name: a, address: 192.0.2.1, port: [x, 80], mode: dr, servers: []'], ["[x] port[0]: `x' is not a whole number from 0 to 65535"]],
  [['name: a, address: 192.0.2.1, port: [80, ~], mode: dr, servers: []'], ['[[] port: expected one value']],
  [['name: a, address: 192.0.2.1-2, ports: [80], mark: 5, mode: dr, servers: []'], ['a 192.0.2.1+192.0.2.2 [80]']],
  [['name: a, addresses: [192.0.2.1-2, 192.0.2.5], ports: [80], mark: 5, mode: dr, servers: [{address: 10.0.0.1-2}]'], ['a 192.0.2.1+192.0.2.2+192.0.2.5 [80] @10.0.0.1:,@10.0.0.2:']],
  [['name: a, addresses: [192.0.2.9-3], ports: [80], mark: 5, mode: dr, servers: []'], ["[192.0.2.9-3] addresses[0]: `192.0.2.9-3' ends before it begins", "[192.0.2.9-3] addresses[0]: `192.0.2.9-3' is not an IPv4 or IPv6 address"]],
  [['name: a, address: 192.0.2.9-3, port: 80, mode: dr, servers: []'], ["[192.0.2.9-3] address: `192.0.2.9-3' ends before it begins"]],
  [['name: a, address: 192.0.2.1, ports: [80], mark: 5, port: [80], mode: dr, servers: []'], ['[[] port: expected one value']],
  [['name: a, address: 192.0.2.1, ports: [80], mark: , mode: dr, servers: []'], ['[,] mark: expected a value, there is none']],
  [['name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: 10.0.0.1-2}, {address: 10.0.0.9}]'], ['a 192.0.2.1 80 @10.0.0.1:,@10.0.0.2:,@10.0.0.9:']],
  [['name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: 10.0.0.1-2}, x]'], ['[x] servers[1]: expected a map of keys and values: write {name: x, address: \u2026}']],
  [['name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: 10.0.0.1-2}, ~]'], ['[~] servers[1]: expected a map of keys and values, there is nothing']],
  [['name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: 10.0.0.2-1}, {address: 10.0.0.3}]'], ["[10.0.0.2-1] servers[0].address: `10.0.0.2-1' ends before it begins"]],
  [['name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: 10.0.0.0/20}]'], ["[10.0.0.0/20] servers[0].address: `10.0.0.0/20' has 4096 addresses; at most 1024"]],
  [['name: a, address: "2001:db8::1-2", port: 80, mode: tun, servers: [{address: "2001:db8::9-a", name: x}]'], ['a-2001-db8--1 2001:db8::1 80 x-2001-db8--9@2001:db8::9:,x-2001-db8--a@2001:db8::a:', 'a-2001-db8--2 2001:db8::2 80 x-2001-db8--9@2001:db8::9:,x-2001-db8--a@2001:db8::a:']],
  [['name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: 10.0.0.1-2, zzz: 1}]'], ["[zzz] servers[0]: unknown key `zzz'; known are address, port, weight, upper, lower, mode, tunnel, name, checks"]],
  [['name: a, address: 192.0.2.1, port: 80, mode: dr, servers: {address: 10.0.0.1-2}'], ["[{] servers: expected a list: put `- ' before each element"]],
  [['name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{addresses: [10.0.0.1]}]'], ["[addresses] servers[0]: unknown key `addresses'; did you mean `address'?"]],
  [['name: a, address: 192.0.2.1-2, port: 80, mode: dr, servers: []', 'name: b, address: 192.0.2.3, port: 80, mode: dr, servers: [], zzz: 1'], ["4 [zzz] services[1]: unknown key `zzz'; known are name, protocol, address, addresses, port, ports, mark, mode, tunnel, gateway, scheduler, flags, one_packet, persistence, servers, sorry, checks, check_defaults, health"]],
  [['name: a, address: 192.0.2.1-2, port: 80, mode: dr, servers: [], sorry: {address: 10.0.0.1-2}'], ["[10.0.0.1-2] sorry.address: `10.0.0.1-2' is not an IPv4 or IPv6 address"]],
  [['name: a, address: "192.0.2.1-2", port: 80, mode: dr, servers: []'], ['a-192.0.2.1 192.0.2.1 80', 'a-192.0.2.2 192.0.2.2 80']],
  [['name: a, address: 192.0.2.1-2, port: 80, port2: 1, mode: dr, servers: []'], ["[port2] services[0]: unknown key `port2'; did you mean `port'?"]],
  [['name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: &r 10.0.0.1-2}]', 'name: b, address: 192.0.2.1, port: 81, mode: dr, servers: [{address: *r}]'], ['a 192.0.2.1 80 @10.0.0.1:,@10.0.0.2:', 'b 192.0.2.1 81 @10.0.0.1:,@10.0.0.2:']],
  [['name: a, addresses: [&r 192.0.2.1-2], port: 80, mode: dr, servers: []', 'name: b, addresses: [*r, 192.0.2.9], port: 81, mode: dr, servers: []'], ['a-192.0.2.1 192.0.2.1 80', 'a-192.0.2.2 192.0.2.2 80', 'b-192.0.2.1 192.0.2.1 81', 'b-192.0.2.2 192.0.2.2 81', 'b-192.0.2.9 192.0.2.9 81']],
])('services %j', (services, expected) => {
  const found = answers(fileOf(services), servicesOf);
  // of one service without its line and place
  const short = (text: string) => text.replace(/^\d+ (?=\[)/, '').replace('services[0].', '');
  expect(services.length > 1 ? found : found.map(short)).toEqual(expected);
});

// biome-ignore format: a table
test.each<readonly [string, readonly string[]]>([
  ['vips: [{address: 192.0.2.2-1, interface: eth0}]\nservices: []\n', ['1 [[] vips: expected at least 1 element', "1 [192.0.2.2-1] vips[0].address: `192.0.2.2-1' ends before it begins"]],
  ['vips: [{address: 192.0.2.0/20, interface: eth0}]\nservices: []\n', ["1 [192.0.2.0/20] vips[0].address: `192.0.2.0/20' is not an IPv4 or IPv6 address: write it without /20; the interface gets it as /32"]],
  ['vips: {address: 192.0.2.1-2}\nservices: []\n', ["1 [{] vips: expected a list: put `- ' before each element"]],
  ['vips: [192.0.2.1-2]\nservices: []\n', ['1 [192.0.2.1-2] vips[0]: expected a map of keys and values']],
  ['vips: [{address: 192.0.2.1-2, interface: eth0}, {address: 192.0.2.2, interface: eth0}]\nservices: []\n', ['1 [{] vips[1]: VIP 192.0.2.2 is there twice, first in line 1']],
  ['vips: [{address: 192.0.2.1-2, interface: eth0}, {address: 192.0.2.5/24, interface: eth0}]\nservices: []\n', ["1 [192.0.2.5/24] vips[1].address: `192.0.2.5/24' is not an IPv4 or IPv6 address: write it without /24; the interface gets it as /32"]],
  ['vips: []\nservices: []\n', ['1 [[] vips: expected at least 1 element']],
  ['vips: [~]\nservices: [~]\n', ['1 [~] vips[0]: expected a map of keys and values, there is nothing', '2 [~] services[0]: expected a map of keys and values, there is nothing']],
  ['vips: [{address: x, interface: eth0}]\nservices: [{name: a, address: 192.0.2.9, port: 80, mode: dr, servers: []}]\n', ["1 [x] vips[0].address: `x' is not an IPv4 or IPv6 address: it looks like a host name, and names are not looked up; write the address"]],
  ['vips: [{address: 192.0.2.1}]\nservices: [{name: a, address: 192.0.2.9, port: 80, mode: dr, servers: []}]\n', ["1 [{] vips[0]: `interface' is missing"]],
  ['- 1\n', ['1 [-] : expected a map of keys and values, not a list']],
  ['x\n', ['1 [x] : expected a map of keys and values: write {include: x, vips: \u2026, services: \u2026}']],
  ['5\n', ['1 [5] : expected a map of keys and values: write {include: 5, vips: \u2026, services: \u2026}']],
  ['~\n', ['1 [~] : expected a map of keys and values, there is nothing']],
  ['services: []\n', ["1 [s] : `vips' is missing"]],
  ['vips: [{address: 192.0.2.1, interface: eth0}]\n', ["1 [v] : `services' is missing"]],
])('the file %j', (text, expected) => expect(problemsOf(text)).toEqual(expected));

// biome-ignore format: a table
test.each<readonly [string, string, string, readonly string[], string?]>([
  ['p: 80', '', 'port: $p', ['[80,null,false,null,[],null]']],
  ['p: 80', '', 'port: "${p}"', ['[80,null,false,null,[],null]']],
  ['p: 80', '', 'port: "$p"', ['[80,null,false,null,[],null]']],
  ['p: 80', '', 'port: "8${p}"', ['[880,null,false,null,[],null]']],
  ['p: 80', '', 'port: $q', ["4 [$q] port: no variable `q' in vars or hosts; write $$ for a plain $"]],
  ['p: 80', '', 'port: $P', ["4 [$P] port: no variable `P' in vars or hosts; did you mean `p'?; write $$ for a plain $"]],
  ['p: 80', '', 'port: "${}"', ["4 [\"${}\"] port: no variable `' in vars or hosts; write $$ for a plain $"]],
  ['p: 80', '', 'port: "${a b}"', ["4 [\"${a b}\"] port: no variable `a b' in vars or hosts; write $$ for a plain $"]],
  ['p: 80', '', 'port: "$p "', ["4 [\"$p \"] port: `$p ' is not a whole number from 0 to 65535"]],
  ['p: 80', '', 'port: "$p$p"', ["4 [\"$p$p\"] port: `$p$p' is not a whole number from 0 to 65535"]],
  ['p: 80', '', 'port: "${p}${p}"', ['[8080,null,false,null,[],null]']],
  ['p: "80"', '', 'port: $p', ["4 [$p] port: `80' is not a whole number from 0 to 65535"]],
  ['p: "80"', '', 'port: "${p}"', ["4 [\"${p}\"] port: `80' is not a whole number from 0 to 65535"]],
  ['p: 0x50', '', 'port: $p', ['[80,null,false,null,[],null]']],
  ['p: 0x50', '', 'port: "${p}"', ['[80,null,false,null,[],null]']],
  ['p: 0x50', '', 'port: "1${p}"', ["4 [\"1${p}\"] port: `10x50' is not a whole number from 0 to 65535"]],
  ['p: 080', '', 'port: $p', ['[80,null,false,null,[],null]']],
  ['p: true', '', 'port: 1, protocol: udp, one_packet: $p', ['[1,null,true,null,[],null]']],
  ['p: true', '', 'port: 1, protocol: udp, one_packet: "${p}"', ['[1,null,true,null,[],null]']],
  ['p: tru', '', 'port: 1, protocol: udp, one_packet: "${p}e"', ['[1,null,true,null,[],null]']],
  ['p: fals', '', 'port: 1, protocol: udp, one_packet: "${p}e"', ['[1,null,false,null,[],null]']],
  ['p: yes', '', 'port: 1, protocol: udp, one_packet: $p', ["4 [$p] one_packet: `yes' is neither true nor false; did you mean `true'?"]],
  ['p: -1', '', 'port: "${p}"', ["4 [\"${p}\"] port: `-1' is not a whole number from 0 to 65535"]],
  ['p: 1.5', '', 'port: "${p}"', ["4 [\"${p}\"] port: `1.5' is not a whole number from 0 to 65535"]],
  ['p: .5', '', 'port: 1, checks: [{kind: tcp, interval: "0${p}"}]', ['w the timeout, 3 s, is longer than the interval, 0.5 s: a server that does not answer is checked every 3 s only', '[1,null,false,null,[[0.5,null,null]],null]']],
  ['p: 5', '', 'port: 1, checks: [{kind: tcp, timeout: 0.1, interval: "0.${p}"}]', ['[1,null,false,null,[[0.5,null,null]],null]']],
  ['p: 1234567890123456', '', 'port: "${p}"', ["4 [\"${p}\"] port: `1234567890123456' is not a whole number from 0 to 65535"]],
  ['p: 123456789012345', '', 'port: "${p}"', ["4 [\"${p}\"] port: `123456789012345' is not a whole number from 0 to 65535"]],
  ['p: 1', 'h1: {p: 2}', 'port: $p', ['[2,null,false,null,[],null]']],
  ['p: 1', 'h2: {p: 2}', 'port: $p', ['[1,null,false,null,[],null]']],
  ['p: 1', 'h1: {p: 2}, h1.example.org: {p: 3}', 'port: $p', ['[3,null,false,null,[],null]']],
  ['', 'h1: {p: }', 'port: $p', ['5 [$p] port: the variable p has no value for this host, h1.example.org, but for h1; give it one in vars, or name another host with --host']],
  ['p: 1', 'h1: {p: }', 'port: $p', ['5 [$p] port: the variable p has no value for this host, h1.example.org, but for h1; give it one in vars, or name another host with --host']],
  ['', 'h2: {p: 1}, h3: {p: 2}', 'port: $p', ['5 [$p] port: the variable p has no value for this host, h1.example.org, but for h2, h3; give it one in vars, or name another host with --host']],
  ['', 'h2: {p: 1}', 'port: 1', ['[1,null,false,null,[],null]']],
  ['p: 80', '', 'port: $p', ['[80,null,false,null,[],["/x","$$p-x","$$p ","x$$p","$$1","$p"]]'], 'monitor: {hook: [/x, "$$p-x", "$$p ", "x$$p", "$$1", "$$p"]}\n'],
  ['', 'h1: {p: 1}', 'port: 1', ['w no value uses the variable p', '[1,null,false,null,[],null]']],
  ['q: 1', 'h2: {p: 1, q: 2}', 'port: $q', ['[1,null,false,null,[],null]']],
  ['', 'h1: {p: 1}, h1: {p: 2}', 'port: $p', ['2 [h1] : this key is there twice']],
  ['', 'h1: 5, h2: {p: 1}', 'port: $p', ['2 [5] hosts.h1: expected a map of names and values', '5 [$p] port: the variable p has no value for this host, h1.example.org, but for h2; give it one in vars, or name another host with --host']],
  ['', 'h1: {LVS_A: 1}', 'port: 1', ['2 [LVS_A] hosts.h1.LVS_A: names that begin with LVS_ are those of the environment of checks and hooks']],
  ['LVS: 1, LVS_: 2, _a: 3, a1: 4, 1a: 5, a-b: 6', '', 'port: 1', ['1 [LVS_] vars.LVS_: names that begin with LVS_ are those of the environment of checks and hooks', "1 [1a] vars.1a: `1a' is not a name of letters, digits and underscores", "1 [a-b] vars.a-b: `a-b' is not a name of letters, digits and underscores"]],
  ['lvs_a: 1', '', 'port: $lvs_a', ['[1,null,false,null,[],null]']],
  ['s: [{address: 10.0.0.1}]', '', 'port: 1, sorry: $s', ['1 [[] vars.s: expected a map of keys and values, not a list']],
  ['s: {address: 10.0.0.1}', '', 'port: 1, sorry: $s', ['[1,null,false,"10.0.0.1",[],null]']],
  ['s: {address: $a}, a: 10.0.0.1', '', 'port: 1, sorry: $s', ['[1,null,false,"10.0.0.1",[],null]']],
  ['s: {address: $a}, a: 10.0.0.x', '', 'port: 1, sorry: $s', ["1 [$a] vars.s.address: `10.0.0.x' is not an IPv4 or IPv6 address"]],
  ['s: {address: $a}', '', 'port: 1, sorry: $s', ["1 [$a] vars.s.address: no variable `a' in vars or hosts; write $$ for a plain $"]],
  ['s: {address: $a}', '', 'port: 1', ["1 [$a] vars.s.address: no variable `a' in vars or hosts; write $$ for a plain $"]],
  ['s: [1, $t], t: [2, 3]', '', 'ports: $s, mark: 1', ['[null,[1,2,3],false,null,[],null]']],
  ['s: [1, [2]]', '', 'ports: $s, mark: 1', ['1 [[] vars.s[1]: expected one value']],
  ['s: [1, $t], t: 2', '', 'ports: [$s, 5], mark: 1', ['[null,[1,2,5],false,null,[],null]']],
  ['s: [1, x]', '', 'ports: [$s, 5], mark: 1', ["1 [x] vars.s[1]: `x' is not a port, a range like 8000-8100 or 0 for all ports, or one with its protocol like 53/udp"]],
  ['s: []', '', 'ports: [$s, 5], mark: 1', ['[null,[5],false,null,[],null]']],
  ['t: [5, x]', '', 'ports: [[6], $t, y], mark: 1', ["1 [x] vars.t[1]: `x' is not a port, a range like 8000-8100 or 0 for all ports, or one with its protocol like 53/udp", '4 [[] ports[0]: expected one value', "4 [y] ports[3]: `y' is not a port, a range like 8000-8100 or 0 for all ports, or one with its protocol like 53/udp"]],
  ['a: $b, b: $c, c: 5', '', 'port: $a', ['[5,null,false,null,[],null]']],
  ['a: $b, b: $c, c: $a', '', 'port: $a', ['1 [$a] vars.c: variables refer to each other: a > b > c > a']],
  ['a: $b, b: $c, c: $b', '', 'port: $a', ['1 [$b] vars.c: variables refer to each other: a > b > c > b']],
  ['a: "${a}"', '', 'port: 1', ['1 ["${a}"] vars.a: variables refer to each other: a > a']],
  ['a: [$a]', '', 'port: 1', ['1 [$a] vars.a[0]: variables refer to each other: a > a']],
  ['a: {b: $a}', '', 'port: 1', ['1 [$a] vars.a.b: variables refer to each other: a > a']],
  ['a: &x 5, b: *x', '', 'port: $b', ['w no value uses the variable a', '[5,null,false,null,[],null]']],
  ['a: &x $c, b: *x, c: 7', '', 'port: $b', ['w no value uses the variable a', '[7,null,false,null,[],null]']],
  ['a: 5', '', 'port: &q $a, checks: [{kind: tcp, port: *q}]', ['[5,null,false,null,[[5,5,null]],null]']],
  ['p: 80', '', 'port: $p', ['[80,null,false,null,[],["/x$p","$p","${p}","a$$p","$1","$","${LVS_P}","$LVS_P","x${LVS_P}80"]]'], 'monitor: {hook: ["/x$p", "$$p", "$${p}", "a$$p", "$1", "$", "${LVS_P}", "$LVS_P", "x${LVS_P}${p}"]}\n'],
  ['p: "a$b"', '', 'port: 1, checks: [{kind: http, path: "/${p}"}]', ['[1,null,false,null,[[5,null,"/a$b"]],null]']],
  ['p: "$$b"', '', 'port: 1, checks: [{kind: http, path: "/${p}"}]', ['[1,null,false,null,[[5,null,"/$b"]],null]']],
  ['p: 80', '', '"$p": 1, port: 1', ["4 [\"$p\"] services[0]: unknown key `$p'; known are name, protocol, address, addresses, port, ports, mark, mode, tunnel, gateway, scheduler, flags, one_packet, persistence, servers, sorry, checks, check_defaults, health"]],
  ['p: name', '', '$p: 1, port: 1', ["4 [$p] services[0]: unknown key `$p'; known are name, protocol, address, addresses, port, ports, mark, mode, tunnel, gateway, scheduler, flags, one_packet, persistence, servers, sorry, checks, check_defaults, health"]],
  ['p: ', '', 'port: 1, checks: [{kind: tcp, port: $p, interval: x}]', ['4 [$p] checks[0].port: the variable p has no value; give it one with --set p=VALUE', "4 [x] checks[0].interval: `x' is not a number from 0.1 to 31536000"]],
  ['p: 1', '', 'port: $p, checks: [{kind: tcp, port: "$p", timeout: "$p", zzz: $p}]', ["4 [zzz] checks[0]: unknown key `zzz'; known are kind, interval, timeout, rise, fall, fast_interval, jitter, port, target, connect_to, source"]],
])('vars {%s}, hosts {%s}, a service with %s', (vars, hosts, keys, expected, rest = '') => {
  const text = `vars: {${vars}}\n${hosts === '' ? '' : `hosts: {${hosts}}\n`}vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - {name: a, address: 192.0.2.1, mode: dr, servers: [], ${keys}}
${rest}`;
  const shown = ({ services: [service], monitor: { hook } }: Config) => {
    const { port, ports, one_packet: once, sorry, checks } = service ?? {};
    const checked = checks?.map((one) => [one.interval, one.port, 'path' in one ? one.path : null]);
    const numbers = ports?.map((one) => one.port);
    return [JSON.stringify([port, numbers, once, sorry && formatAddress(sorry.address), checked, hook])];
  };
  expect(answers(text, shown).map((one) => one.replace('services[0].', ''))).toEqual(expected);
});

test('a variable may stand in the value of another 31 times, one after the other', () => {
  const portOf = (count: number) => {
    const vars = Array.from({ length: count }, (_, i) => `a${i}: $a${i + 1}`).join(', ');
    const text = `vars: {${vars}, a${count}: 5}\nvips: [{address: 192.0.2.1, interface: eth0}]\nservices: [{name: a, address: 192.0.2.1, port: $a0, mode: dr, servers: []}]\n`;
    return answers(text, ({ services }) => [String(services[0]?.port)]);
  };
  const wrong = 'variables refer to each other more than 32 levels deep';
  expect(portOf(31)).toEqual(['5']);
  expect(portOf(32)).toEqual([`1 [$a32] vars.a31: ${wrong}`]);
  expect(portOf(40)).toEqual([`1 [$a32] vars.a31: ${wrong}`]);
});

const oneService = (top: string, keys: string) =>
  `${top}vips: [{address: 192.0.2.1, interface: eth0}]
services: [{name: a, address: 192.0.2.1, mode: dr, servers: [], ${keys}}]
`;

/** The port of the service and warnings, or errors with the file that each of them is in. */
function withSet(text: string, set: readonly string[]): unknown[] {
  const named = set.map((one) => ({
    name: one.split('=')[0] ?? '',
    value: one.replace(/^[^=]*=/, ''),
  }));
  try {
    const { config, warnings } = inspectConfig(text, 'f', { ...ALONE, host: 'h', set: named });
    return [config.services[0]?.port, ...warnings.map(({ message }) => message)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(placedInFile);
  }
}

const HOST_NAME = 'it looks like a host name, and names are not looked up; write the address';

// biome-ignore format: a table
test.each<readonly [string, string, readonly string[], readonly unknown[]]>([
  ['vars: {p: 1}\n', 'port: $p', ['p=80'], [80]],
  ['vars: {p: 1}\n', 'port: $p', ['p=80 # x'], [80]],
  ['vars: {p: 1}\n', 'port: $p', ['p=1', 'p=2'], [2]],
  ['hosts: {h: {p: 1}}\n', 'port: $p', ['p=5'], [5]],
  ['hosts: {h: {p: 1}}\n', 'port: $p', [], [1]],
  ['vars: {p: 1}\n', 'port: 80', ['p=2'], [80, 'no value uses the variable p']],
  ['vars: {p: 1}\n', 'port: $p', ['p='], ['f:3:71 [$p] services[0].port: --set p has no value']],
  ['vars: {p: 1}\n', 'port: $p', ['p=~'], ['f:3:71 [$p] services[0].port: --set p has no value']],
  ['vars: {p: 1}\n', 'port: $p', ['p="80"'], ["f:3:71 [$p] services[0].port: `80' is not a whole number from 0 to 65535"]],
  ['vars: {p: 1}\n', 'port: $p', ['p=1: 2: 3'], ['--set p:1:4 [2] : a key and its value stand where a value should end; a text with a colon and a blank in it needs quotes']],
  ['vars: {p: 1}\n', 'port: $p', ['p=*x'], ["--set p:1:1 [*x] : no anchor `&x' before this alias"]],
  ['vars: {p: 1}\n', 'port: $p', ['p=$p'], ['--set p:1:1 [$p] : variables refer to each other: p > p']],
  ['vars: {p: 1}\n', 'port: $p', ['p=80\n---\n81'], ['--set p:2:1 [---] : a second document begins here; a file has one']],
  ['vars: {p: 1}\n', 'port: $p', ['q=1'], ['--set q:1:1 [1] : no variable q; the file has p']],
  ['vars: {p: 1, r: 2}\n', 'port: $p', ['q=1', 'p=x'], ['--set q:1:1 [1] : no variable q; the file has p, r', "f:3:71 [$p] services[0].port: `x' is not a whole number from 0 to 65535"]],
  ['vars: {p: 1}\nhosts: {h: {q: 1}}\n', 'port: $p', ['r=2'], ['--set r:1:1 [2] : no variable r; the file has p, q']],
  ['', 'port: 80', ['q=1'], ['--set q:1:1 [1] : no variable q; the file has no vars']],
  ['vars: 5\n', 'port: 80', ['p=2'], ['f:1:7 [5] vars: expected a map of names and values', '--set p:1:1 [2] : no variable p; the file has no vars']],
  ['vars: {s: {address: 10.0.0.1}}\n', 'port: 80, sorry: $s', ['s={address: x}'], [`--set s:1:11 [x] address: \`x' is not an IPv4 or IPv6 address: ${HOST_NAME}`]],
  ['vars: {s: {address: 10.0.0.1}, p: 1}\n', 'port: $p, sorry: $s', ['p=7', 's={zzz: x, address: y}'], ["--set s:1:2 [zzz] : unknown key `zzz'; known are address, port, mode", `--set s:1:19 [y] address: \`y' is not an IPv4 or IPv6 address: ${HOST_NAME}`]],
  ['vars: {s: {address: 10.0.0.1}, p: 1}\n', 'port: $p, sorry: $s', ['s={address: $p}'], ["--set s:1:11 [$p] address: `1' is not an IPv4 or IPv6 address: it has 1 part in place of 4"]],
])('%j, %s, --set %j', (top, keys, set, expected) => {
  expect(withSet(oneService(top, keys), set)).toEqual(expected);
});

test('a text has at most 65,536 letters with its variables, a list so many elements', () => {
  const hook = (vars: string, value: string) =>
    `vars: {${vars}}\n${oneService('', 'port: 80')}monitor: {${value}}\n`;
  const text = (more: string) =>
    hook(`a: ${'x'.repeat(255)}, b: "/${'${a}'.repeat(257)}${more}"`, 'log: {file: $b}');
  expect(withSet(text(''), [])).toEqual([80]);
  expect(withSet(text('y'), [])).toEqual([
    expect.stringMatching(
      /^f:1:\d+ .* vars\.b: longer than 65536 letters with the values of its variables$/,
    ),
  ]);
  const list = (more: string) =>
    hook(`a: [/x${', x'.repeat(255)}], b: [$a${', $a'.repeat(255)}${more}]`, 'hook: $b');
  expect(withSet(list(''), [])).toEqual([80]);
  expect(withSet(list(', x'), [])).toEqual([
    expect.stringMatching(/^f:1:\d+ \[\[\] vars\.b: more than 65536 elements$/),
  ]);
});
