// What people write wrong in an lvsctl file, and what they are answered.
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/lvsctl/config/problem.js';
import { inspectConfig, readConfig } from '../../../src/lvsctl/config/read.js';
import { FULL } from '../../support/full.js';

const HEAD =
  'vips:\n  - {address: 192.0.2.1, interface: eth0}\nservices:\n  - name: web\n    address: 192.0.2.1\n';
const REST = '    mode: dr\n    servers: []\n';
const SERVICE = `${HEAD}    port: 80\n${REST}`;

/** Every error of a text, `LINE:COLUMN ENTRY MESSAGE`. */
function errors(text: string): string[] {
  try {
    readConfig(text, 'f');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(
      ({ line, column, path, message }) =>
        `${line}:${column} ${path === '' ? '' : `${path} `}${message}`,
    );
  }
  return [];
}

describe('YAML that cannot be read is explained', () => {
  // biome-ignore format: a table
  test.each([
    ['no blank after a colon', `${HEAD}    port:80\n${REST}`, "6:5 a blank is missing after `port:'"],
    ['the same in the last line', `${HEAD}${REST}    port:80\n`, "8:5 a blank is missing after `port:'"],
    ['no blank after a dash', `${HEAD}    servers:\n      -address: 10.0.0.1\n        weight: 2\n`, "7:7 a blank is missing after `-'"],
    ['a full-width colon', `${HEAD}    port\uff1a80\n${REST}`, "6:9 a full-width colon (U+FF1A); type `:'"],
    ['a dash of a word processor', `vips:\n  \u2013 address: 192.0.2.1\n    interface: eth0\n`, "2:3 a typographic dash (U+2013); type `-'"],
    ['an equals sign', `${HEAD}    port = 80\n${REST}`, "6:5 write `port: ' with a colon and a blank"],
    ['one blank too few', `${HEAD}   port: 80\n${REST}`, '6:4 indentation: this begins in column 4, its neighbours in column 3 or 5'],
    ['one blank too many', `${HEAD}     port: 80\n${REST}`, '6:6 indentation: this begins in column 6, its neighbours in column 5'],
    ['a key under a dash', `${HEAD}    port: 80\n  mode: dr\n    servers: []\n`, '7:3 indentation: this begins in column 3, its neighbours in column 5'],
    ['a tab', `${HEAD}\tport: 80\n`, '6:1 a tab in the indentation; YAML takes blanks only'],
    ['an open quote', `${SERVICE}    scheduler: "rr\n`, '9:16 this quote " is not closed'],
    ['an open bracket', `${SERVICE.replace('[]', '[{address: 10.0.0.1}')}    protocol: tcp\n`, '9:5 the brackets of a list or map are not closed before: ] is missing'],
    ['a comma too few', `${SERVICE.replace('[]', '[{address: 10.0.0.1 weight: 2}]')}`, '8:25 a comma or a closing bracket is missing after this'],
    ['a key twice', `${SERVICE}    name: b\n    mode: nat\n`, ['9:5 this key is there twice', '10:5 this key is there twice']],
    ['an alias of nothing', `${SERVICE}    checks: *c\n`, "9:13 no anchor `&c' before this alias"],
    ['a second document', `${SERVICE}---\na: b\n`, '9:1 a second document begins here; a file has one'],
    ['a list in a list in …', `services: ${'['.repeat(2000)}`, /^1:\d+ nested more than 64 levels deep$/],
    ['lists in lists in lines', '- '.repeat(3000), /^1:\d+ nested more than 64 levels deep$/],
    ['maps in maps', `services: ${'{a: '.repeat(2000)}`, /^1:\d+ nested more than 64 levels deep$/],
    ['NUL', 'vips: []\n\0\n', '2:1 a NUL character; this is no text file'],
  ])('%s', (_, text, expected) => {
    const found = errors(text);
    if (expected instanceof RegExp) expect(found).toEqual([expect.stringMatching(expected)]);
    else expect(found).toEqual([expected].flat());
  });
});

describe('keys and values', () => {
  // biome-ignore format: a table
  test.each([
    ['sheduler: rr', "9:5 services[0] unknown key `sheduler'; did you mean `scheduler'?"],
    ['persistent: 300', "9:5 services[0] unknown key `persistent'; did you mean `persistence'?"],
    ['check: []', "9:5 services[0] unknown key `check'; did you mean `checks'?"],
    ['lb_algo: rr', "9:5 services[0] unknown key `lb_algo'; did you mean `scheduler'?"],
    ['OnePacket: true', "9:5 services[0] unknown key `OnePacket'; did you mean `one_packet'?"],
    ['zzz: 1', /^9:5 services\[0\] unknown key `zzz'; known are name, protocol, /],
    ['\u00a0scheduler: rr', "9:5 services[0] unknown key `\u00a0scheduler': a blank of another kind (U+00A0); type a plain blank"],
    ['persistence: 300', '9:18 services[0].persistence expected a map of keys and values: write {timeout: 300}'],
    ['sorry: 10.0.0.9', '9:12 services[0].sorry expected a map of keys and values: write {address: 10.0.0.9}'],
    ['checks: tcp', "9:13 services[0].checks expected a list: put `- ' before each element"],
    ['flags: sh-port', '9:12 services[0].flags expected a list: write [sh-port]'],
    ['persistence: {netmask: /24}', "9:28 services[0].persistence.netmask `/24' is not a mask like 255.255.255.0 or a prefix length like 24: write it without /"],
    ['checks: [tcp]', "9:14 services[0].checks[0] expected a map with `kind': write {kind: tcp}"],
    ['checks: [{type: http}]', "9:14 services[0].checks[0] expected a map with `kind': write `kind: http' in place of `type'"],
    ['checks: [{http: {path: /}}]', "9:14 services[0].checks[0] expected a map with `kind': write `kind: http'"],
    ['checks: [{kind: http, url: /x}]', "9:27 services[0].checks[0] unknown key `url'; did you mean `path'?"],
    ['checks: [{kind: tcp, path: /x}]', "9:26 services[0].checks[0] unknown key `path': tcp has none; http, https have"],
    ['checks: [{kind: HTTP}]', "9:21 services[0].checks[0].kind `HTTP' is not one of tcp, http, https, dns, udp, smtp, send_expect, ping, exec; did you mean `http'?"],
    ['checks: [{kind: tcp, interval: 5s}]', "9:36 services[0].checks[0].interval `5s' is not a number from 0.1 to 31536000; write it without a unit: 5"],
    ['checks: [{kind: tcp, interval: 500 ms}]', "9:36 services[0].checks[0].interval `500 ms' is not a number from 0.1 to 31536000; write it without a unit: 0.5"],
    ['health: {quorum: 2, hysteresis: 2}', "9:37 services[0].health.hysteresis the hysteresis, 2, must be less than the quorum, 2: the service would never count as down"],
    ['health: {quorum: 2, hysteresis: 1}', "9:22 services[0].health.quorum the servers' weights are 0 together: a service that is down never reaches 2 + 1 again"],
    ['health: {min_up: 50%}', "9:22 services[0].health.min_up `50%' is not a number from 0 to 1; write it without a unit: 0.5"],
    ['protocol: TCP', "9:15 services[0].protocol `TCP' is not one of tcp, udp, sctp; did you mean `tcp'?"],
    ['scheduler: round-robin', /; did you mean `rr'\?$/],
    ['scheduler: \u201crr\u201d', "9:16 services[0].scheduler `\u201crr\u201d' has a typographic quote (U+201C); type `\"'"],
    ['one_packet: yes', "9:17 services[0].one_packet `yes' is neither true nor false; did you mean `true'?"],
    ['gateway: gw.example.com', "9:14 services[0].gateway `gw.example.com' is not an IPv4 or IPv6 address: it looks like a host name, and names are not looked up; write the address"],
    ['gateway: 192\u30020\u30022\u30021', "9:17 services[0].gateway `192\u30020\u30022\u30021' has a full-width full stop (U+3002); type `.'"],
  ])('%s', (line, expected) => {
    const [found, ...more] = errors(`${SERVICE}    ${line}\n`);
    if (expected instanceof RegExp) expect(found).toMatch(expected);
    else expect(found).toBe(expected);
    expect(more).toEqual([]);
  });

  // biome-ignore format: a table
  test.each([
    ['192.0.2.11', '8:15 services[0].servers[0] expected a map of keys and values: write {address: 192.0.2.11}'],
    ['10.0.0.2:8080', '8:15 services[0].servers[0] expected a map of keys and values: write {address: 10.0.0.2, port: 8080}'],
    ['{address: 192.0.2.11:8080}', "8:25 services[0].servers[0].address `192.0.2.11:8080' is not an IPv4 or IPv6 address: the port has a key of its own, `port: 8080'"],
    ['{address: "[2001:db8::1]:80"}', "8:25 services[0].servers[0].address `[2001:db8::1]:80' is not an IPv4 or IPv6 address: the port has a key of its own, `port: 80'"],
    ['{address: 192.0.2.11/24}', "8:25 services[0].servers[0].address `192.0.2.11/24' is not an IPv4 or IPv6 address: write it without /24"],
    ['{address: 172.16.1..136}', "8:25 services[0].servers[0].address `172.16.1..136' is not an IPv4 or IPv6 address: two dots follow each other"],
    ['{address: 172.16.1.256}', "8:25 services[0].servers[0].address `172.16.1.256' is not an IPv4 or IPv6 address: 256 is more than 255"],
    ['{address: 172.16.1.l36}', "8:25 services[0].servers[0].address `172.16.1.l36' is not an IPv4 or IPv6 address: `l' is a letter"],
    ['{address:192.0.2.11}', "8:16 services[0].servers[0] unknown key `address:192.0.2.11': a blank is missing after `address:'"],
    ['{address: 192.0.2.11, weight: "2"}', '8:45 services[0].servers[0].weight "2" is text, not a number; write 2 without quotes'],
    ['{address: 192.0.2.11, mode: masq}', "8:43 services[0].servers[0].mode `masq' is not one of nat, dr, tun; did you mean `nat'?"],
  ])('server %s', (server, expected) => {
    expect(errors(SERVICE.replace('[]', `[${server}]`))).toEqual([expected]);
  });

  test.each([
    ['eth0:0', 'it is an alias; use eth0'],
    ['"eth\\0"', 'the character U+0000 is not allowed'],
    ['"eth\\e[0m"', 'the character U+001B is not allowed'],
    ['éth0', 'the character U+00E9 is not allowed'],
    ['"eth 0"', 'the character U+0020 is not allowed'],
    ['eth/0', "the character `/' is not allowed"],
    ['abcdefghijklmnop', 'it has 1 to 15 characters'],
  ])('interface %s', (name, reason) => {
    const [found] = errors(`vips: [{address: 192.0.2.1, interface: ${name}}]\nservices: []\n`);
    expect(found).toContain(`is not the name of a network interface: ${reason}`);
  });
});

test('former names of keys and values lead to those of today', () => {
  expect(errors(`${SERVICE}monitor: {foreign: respect}\n`)).toEqual([
    "9:11 monitor unknown key `foreign'; did you mean `drift'?",
  ]);
  expect(errors(`${SERVICE}monitor: {drift: respect}\n`)).toEqual([
    "9:18 monitor.drift `respect' is not one of correct, ignore; did you mean `ignore'?",
  ]);
});

test('all errors are found, sorted by line, those of whole services too', () => {
  const text = `${SERVICE.replace('servers: []', 'server: []')}  - {name: b, address: 192.0.2.9, port: 1, mode: dr, servers: []}\ntimeouts: {tcpfin: 3}\nmonitor: {hook: [page]}\n`;
  expect(errors(text)).toEqual([
    "8:5 services[0] unknown key `server'; did you mean `servers'?",
    '9:24 services[1].address 192.0.2.9 is not one of vips',
    "10:12 timeouts unknown key `tcpfin'; did you mean `tcp_fin'?",
    '11:17 monitor.hook the program needs an absolute path',
  ]);
});

/** What a terminal gets. */
function report(text: string): string {
  try {
    readConfig(text, 'f\x1b');
  } catch (error) {
    if (error instanceof ConfigError) return error.report;
  }
  return '';
}

test('each error shows its line with carets, at most twenty of them', () => {
  const text = `${SERVICE}${'    # filler\n'.repeat(2)}`.replace('mode: dr', 'mode: \u6a21NAT');
  expect(report(text)).toBe(
    "f :7:11: services[0].mode: `\u6a21NAT' is not one of nat, dr, tun; did you mean `nat'?\n    7 |     mode: \u6a21NAT\n      |           ^^^^^",
  );
  const many = report(
    `${SERVICE}${Array.from({ length: 30 }, (_, i) => `    zz${i}: 1\n`).join('')}`,
  );
  expect(many.split('\n')[0]).toBe('f : 30 errors');
  expect(many.match(/unknown key/g)?.length).toBe(20);
  expect(many.split('\n').at(-1)).toBe('and 10 more');
});

test('an error of an entry that many aliases name is one error', () => {
  const service = (i: number) =>
    `  - {name: s${i}, address: 192.0.2.1, port: ${i + 1}, mode: dr, servers: [], checks: *c}\n`;
  const first =
    '  - {name: a, address: 192.0.2.1, port: 99, mode: dr, servers: [], checks: &c [{kind: tpc}]}\n';
  const text = `vips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n${first}${[0, 1, 2].map(service).join('')}`;
  expect(errors(text)).toEqual([expect.stringMatching(/^3:\d+ .*did you mean `tcp'/)]);
});

test('control characters of a file reach no terminal', () => {
  const text = `${SERVICE}    "a\\x1b[31mb": 1\n    scheduler: "\\x1b]0;x\\a"\n    "\u009bx": 1\n`;
  expect(report(text)).not.toBe('');
  expect(report(text)).not.toMatch(/[^\P{Cc}\n]/u);
});

test('aliases are followed without a walk for each of them', () => {
  const services = Array.from(
    { length: FULL ? 2000 : 500 },
    (_, i) =>
      `  - {name: s${i}, address: 192.0.2.1, port: ${i + 1}, mode: dr, servers: [{address: 10.0.0.1}], checks: ${i === 0 ? '&c [{kind: tcp}]' : '*c'}}\n`,
  );
  const config = readConfig(
    `vips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n${services.join('')}`,
    'f',
  );
  expect(config.services.every(({ checks }) => checks[0]?.kind === 'tcp')).toBe(true);
});

describe('files of another kind are named', () => {
  // biome-ignore format: a table
  test.each([
    ['keepalived', '! Configuration File\nvirtual_server 192.0.2.1 80 {\n  lb_algo rr\n}\n', /^1:1 this is a keepalived configuration/],
    ['ldirectord', 'checktimeout=3\nvirtual=192.0.2.1:80\n        real=10.0.0.1:80 gate\n', /^1:1 this is a configuration of ldirectord/],
    ['a script', '#!/bin/sh\nVIP=192.0.2.1\nipvsadm -A -t $VIP:80\n', /^1:1 this is a shell script/],
    ['saved rules', '-A -t 192.0.2.1:80 -s rr\n', /^1:1 these are saved rules of ipvsadm; .*lvsctl import/],
    ['a listing', 'IP Virtual Server version 1.2.1 (size=4096)\n', /^1:1 this is a listing/],
  ])('%s', (_, text, expected) => expect(errors(text)).toEqual([expect.stringMatching(expected)]));
});

describe('warnings leave a file usable', () => {
  const warnings = (text: string) =>
    inspectConfig(text, 'f').warnings.map(({ line, column, path }) => `${line}:${column} ${path}`);
  // biome-ignore format: a table
  test.each([
    ['none', SERVICE, []],
    ['nat without a gateway', SERVICE.replace('mode: dr', 'mode: nat').replace('[]', '[{address: 10.0.0.1}]'), ['7:11 services[0].mode']],
    ['nat with a gateway', `${SERVICE.replace('mode: dr', 'mode: nat').replace('[]', '[{address: 10.0.0.1}]')}    gateway: 10.0.0.254\n`, []],
    ['a timeout longer than the interval', `${SERVICE}    checks: [{kind: tcp, interval: 1, timeout: 2}]\n`, ['9:48 services[0].checks[0].timeout']],
    ['a timeout as long as the interval', `${SERVICE}    checks: [{kind: tcp, interval: 2, timeout: 2}]\n`, []],
    ['a netmask with holes', `${SERVICE}    persistence: {netmask: 0.0.0.24}\n`, ['9:28 services[0].persistence.netmask']],
    ['a prefix length', `${SERVICE}    persistence: {netmask: 24}\n`, []],
    ['a hash without its fallback', `${SERVICE}    scheduler: sh\n    checks: [{kind: tcp}]\n    health: {failed: quiesce}\n`, ['11:22 services[0].health.failed']],
    ['a hash with it', `${SERVICE}    scheduler: sh\n    flags: [sh-fallback]\n    checks: [{kind: tcp}]\n    health: {failed: quiesce}\n`, []],
    ['two groups of one port', `${HEAD}    ports: [80, 443]\n    mark: 1\n${REST}  - {name: b, address: 192.0.2.1, ports: [443], mark: 2, mode: dr, servers: []}\n`, ['10:43 services[1].ports[0]']],
    ['groups whose ranges meet', `${HEAD}    ports: [80, 8000-8100, 53/udp]\n    mark: 1\n${REST}  - {name: b, address: 192.0.2.1, ports: [8100-8200, 8201, 53, 0/udp], mark: 2, mode: dr, servers: []}\n`, ['10:43 services[1].ports[0]', '10:64 services[1].ports[3]']],
    ['a range of a group and a service of a port of it', `${SERVICE}  - {name: b, address: 192.0.2.1, ports: [0], mark: 2, mode: dr, servers: []}\n`, ['6:11 services[0].port']],
    ['a group and a service of one port', `${SERVICE}  - {name: b, address: 192.0.2.1, ports: [80], mark: 2, mode: dr, servers: []}\n`, ['6:11 services[0].port']],
  ])('%s', (_, text, expected) => expect(warnings(text)).toEqual(expected));
});

// biome-ignore format: a table
test.each([
  ['ports: [80]', "4:5 services[0] `ports' and `mark' go together"],
  ['port: 80\n    mark: 7', "4:5 services[0] `ports' and `mark' go together"],
  ['port: 80\n    ports: [80]', "4:5 services[0] `ports' and `mark' go together"],
  ['port: 80\n    ports: [80]\n    mark: 7', "4:5 services[0] give either `port', or `ports' with `mark'"],
  ['ports: [80]\n    mark: 7', undefined],
])('what clients ask for: %j', (keys, error) => {
  expect(errors(`${HEAD}    ${keys}\n${REST}`)).toEqual(error === undefined ? [] : [error]);
});
