import { describe, expect, test } from 'vitest';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { ConfigError } from '../../../src/lvsctl/config/problem.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { parseAddress } from '../../../src/model/address.js';

const HEAD = 'vips:\n  - {address: 192.0.2.1, interface: eth0}\n';
const web = (rest: string) => `${HEAD}services:\n  - name: web\n    address: 192.0.2.1\n${rest}`;

function errorOf(text: string): string {
  try {
    readConfig(text, 'f');
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no error';
}

describe('errors are named with line and column', () => {
  test.each([
    [
      'unknown key',
      web('    port: 80\n    mode: nat\n    shceduler: rr\n    servers: []\n'),
      /^f:8:5: services\[0\]: unknown key `shceduler'/,
    ],
    [
      'port 70000',
      web('    port: 70000\n    mode: nat\n    servers: []\n'),
      /^f:6:11: services\[0\]\.port: `70000' is not/,
    ],
    [
      'server twice',
      web(
        '    port: 80\n    mode: nat\n    servers:\n      - {address: 198.51.100.1}\n      - {address: 198.51.100.1, port: 80}\n',
      ),
      /^f:10:9: services\[0\]\.servers\[1\]: server 198\.51\.100\.1 port 80 is there twice/,
    ],
    [
      'DR with another port',
      web(
        '    port: 80\n    mode: dr\n    servers:\n      - {address: 198.51.100.1, port: 8080}\n',
      ),
      /^f:9:39: services\[0\]\.servers\[0\]\.port: mode dr cannot/,
    ],
    [
      'mark twice',
      `${web('    ports: [80, 443]\n    mark: 7\n    mode: nat\n    servers: []\n')}  - {name: b, address: 192.0.2.1, ports: [21], mark: 7, mode: nat, servers: []}\n`,
      /^f:10:54: services\[1\]\.mark: mark 7 is there twice/,
    ],
    ['tab indentation', `${HEAD}services:\n\t- name: web\n`, /^f:4:1: .*[Tt]ab/],
    ['key twice', `${HEAD}vips: []\nservices: []\n`, /^f:3:1: this key is there twice/],
    [
      'VIP unknown',
      `${HEAD}services: [{name: a, address: 192.0.2.9, port: 1, mode: nat, servers: []}]\n`,
      /192\.0\.2\.9 is not one of vips/,
    ],
    ['empty', '', /^f:1:1: expected a map/],
    [
      'check without program path',
      web(
        '    port: 80\n    mode: nat\n    servers: []\n    checks: [{kind: exec, command: [true1]}]\n',
      ),
      /^f:9:36: .*absolute path/,
    ],
    [
      'source of another family',
      web(
        '    port: 80\n    mode: dr\n    servers: [{address: 10.0.0.1}]\n    checks: [{kind: tcp, source: "2001:db8::1"}]\n',
      ),
      /^f:9:34: .*source: an ipv6 address, where another family is asked/,
    ],
    [
      'hook without program path',
      `${HEAD}services: []\nmonitor: {hook: [page]}\n`,
      /^f:4:17: .*absolute path/,
    ],
    [
      'a check of the VIP without a namespace to come from',
      web('    port: 80\n    mode: dr\n    servers: []\n    checks: [{kind: http, target: vip}]\n'),
      /^f:9:35: services\[0\]\.checks\[0\]\.target: .*check_netns/,
    ],
    [
      'a check of the VIP that cannot come from there',
      `${web('    port: 80\n    mode: tun\n    servers: []\n    checks: [{kind: ping, target: vip}]\n')}monitor: {check_netns: c}\n`,
      /check ping cannot ask for the VIP; tcp, http, https, udp, smtp, send_expect and exec can/,
    ],
    [
      'a check of the VIP through a tunnel to IPv6',
      `${web('    port: 80\n    mode: tun\n    servers: [{address: "2001:db8::1"}]\n    checks: [{kind: tcp, target: vip}]\n')}monitor: {check_netns: c}\n`,
      /target: .*only IPv4 within IPv4/,
    ],
    [
      'a check of the VIP that silence would pass',
      `${web('    port: 80\n    mode: tun\n    servers: []\n    checks: [{kind: udp, target: vip}]\n')}monitor: {check_netns: c}\n`,
      /target: .*`reply: true'/,
    ],
    [
      'a check of the VIP where one server is behind NAT',
      `${web('    port: 80\n    mode: dr\n    servers: [{address: 10.0.0.1, mode: nat}]\n    checks: [{kind: tcp, target: vip}]\n')}monitor: {check_netns: c}\n`,
      /only dr and tun servers have the VIP/,
    ],
  ])('%s', (_, text, message) => expect(errorOf(text)).toMatch(message));
});

describe('errors in a check', () => {
  const of = (check: string) =>
    errorOf(web(`    port: 80\n    mode: nat\n    servers: []\n    checks: [{${check}}]\n`));
  test.each([
    [
      'kind: http, headers: {"X y": a}',
      "9:37: services[0].checks[0].headers: `X y' is not a header name, of those that are not set anyway",
    ],
    [
      'kind: http, headers: {Host: a}',
      "9:37: services[0].checks[0].headers: `Host' is not a header name, of those that are not set anyway",
    ],
    [
      'kind: http, headers: {X: "a\\r\\nb"}',
      "9:40: services[0].checks[0].headers.X: `a b' is not a header value without control characters",
    ],
    [
      'kind: http, headers: {X: €}',
      "9:40: services[0].checks[0].headers.X: `€' is not a header value without control characters",
    ],
    [
      'kind: http, host: "2001:db8::1"',
      "9:33: services[0].checks[0].host: `2001:db8::1' is not a name or an address (IPv6 in brackets), perhaps with a port",
    ],
    [
      'kind: http, host: "a\\nb"',
      "9:33: services[0].checks[0].host: `a b' is not a name or an address (IPv6 in brackets), perhaps with a port",
    ],
    [
      'kind: http, path: "/a b"',
      "9:33: services[0].checks[0].path: `/a b' is not a path that begins with /, without blanks and #",
    ],
    [
      'kind: http, path: "/a#b"',
      "9:33: services[0].checks[0].path: `/a#b' is not a path that begins with /, without blanks and #",
    ],
    [
      'kind: http, method: HEAD, body: x',
      '9:47: services[0].checks[0].body: an answer to HEAD has no body',
    ],
    [
      'kind: http, body: (a',
      "9:33: services[0].checks[0].body: `(a' is not a regular expression: missing closing ): `(a`",
    ],
    [
      'kind: http, body: (?=a)',
      "9:33: services[0].checks[0].body: `(?=a)' is not a regular expression: invalid or unsupported Perl syntax: `(?=`",
    ],
    ['kind: http, body: ', '9:33: services[0].checks[0].body: expected a value, there is none'],
    [
      'kind: http, status: 2xx',
      "9:35: services[0].checks[0].status: `2xx' is not a status, a range like 200-299, or several with commas",
    ],
    [
      'kind: http, status: 299-200',
      "9:35: services[0].checks[0].status: `299-200' is not a status, a range like 200-299, or several with commas",
    ],
    [
      'kind: https, sni: "a b"',
      "9:33: services[0].checks[0].sni: `a b' is not a name or an address",
    ],
    ['kind: https, ca: ca.pem', "9:32: services[0].checks[0].ca: `ca.pem' is not an absolute path"],
    [
      'kind: smtp, helo: "a\\r\\nRCPT"',
      "9:33: services[0].checks[0].helo: `a RCPT' is not a name, or an address in brackets",
    ],
    ['kind: dns, name: "a b"', "9:32: services[0].checks[0].name: `a b' is not a domain name"],
    [
      `kind: dns, name: ${'a'.repeat(64)}`,
      `9:32: services[0].checks[0].name: \`${'a'.repeat(64)}' is not a domain name`,
    ],
    [
      'kind: dns, name: a, expected: [b]',
      "9:46: services[0].checks[0].expected[0]: `b' is no ipv4 address, of which records of type A are",
    ],
    [
      'kind: udp, payload: a, payload_hex: ff',
      "9:51: services[0].checks[0].payload_hex: give either `payload' or `payload_hex'",
    ],
    [
      'kind: udp, payload_hex: abc',
      "9:39: services[0].checks[0].payload_hex: `abc' is not pairs of hexadecimal digits",
    ],
    [
      `kind: udp, payload: ${'a'.repeat(65_508)}`,
      `9:35: services[0].checks[0].payload: \`${'a'.repeat(79)}…' is not a text of at most 65507 bytes`,
    ],
    [
      'kind: exec, command: [/bin/x, "a\\0b"]',
      "9:45: services[0].checks[0].command[1]: `a b' is not an argument (a text without NUL)",
    ],
    [
      'kind: tcp, interval: 1, fast_interval: 2',
      '9:54: services[0].checks[0].fast_interval: it is longer than the interval, 1',
    ],
    [
      'kind: tcp, timeout: 86400',
      "9:35: services[0].checks[0].timeout: `86400' is not a number from 0.1 to 3600",
    ],
  ])('%s', (check, message) => expect(of(check)).toBe(`f:${message}`));

  test.each([
    [
      'kind: http, status: "200,301-302, 404"',
      {
        status: [
          { from: 200, to: 200 },
          { from: 301, to: 302 },
          { from: 404, to: 404 },
        ],
      },
    ],
    ['kind: http, headers: {X: 80, 1: yes}', { headers: { X: '80', 1: 'yes' } }],
    ['kind: http, body: 1.0', { body: { source: '1.0' } }],
    ['kind: http, body: (?i)all\\ good', { body: { source: '(?i)all\\ good' } }],
    ['kind: exec, command: [/bin/x, 80, ""]', { command: ['/bin/x', '80', ''] }],
    ['kind: udp, payload_hex: ff 00 Aa', { payload_hex: 'ff00Aa' }],
    ['kind: dns, name: münchen.example.', { name: 'münchen.example.' }],
    ['kind: dns, name: a, type: AAAA, expected: ["2001:db8::1"]', { expected: ['2001:db8::1'] }],
  ])('%s is none', (check, wanted) => {
    const config = readConfig(
      web(`    port: 80\n    mode: nat\n    servers: []\n    checks: [{${check}}]\n`),
      'f',
    );
    expect(config.services[0]?.checks[0]).toMatchObject(wanted);
  });
});

test('desiredServices gives model objects', () => {
  const config = readConfig(
    web(
      '    ports: [80, 53/udp]\n    mark: 7\n    mode: tun\n    tunnel: {type: gue, port: 6080, checksum: checksum}\n    scheduler: sh\n    flags: [sh-port]\n' +
        '    persistence: {timeout: 60, netmask: 24}\n    servers: [{address: 2001:db8::2, weight: 3, upper: 9, lower: 2}]\n    sorry: {address: 198.51.100.9}\n    checks: [{kind: https, status: 200-204}]\n',
    ),
    'f',
  );
  const [wanted] = desiredServices(config);
  expect(wanted?.service).toEqual({
    id: { kind: 'fwmark', mark: 7, family: 'ipv4' },
    scheduler: 'sh',
    schedulerFlags: 2,
    persistence: { timeout: 60 },
    netmask: 0xffffff00,
    engine: undefined,
    onePacket: false,
  });
  const tunnel = { type: 'gue', port: 6080, flags: 1 };
  const server = {
    address: parseAddress('2001:db8::2'),
    port: 0,
    forwarding: 'tunnel',
    tunnel,
    weight: 3,
    upperThreshold: 9,
    lowerThreshold: 2,
  };
  expect(wanted?.destinations).toEqual([server]);
  expect(wanted?.sorry).toEqual({
    ...server,
    address: parseAddress('198.51.100.9'),
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  });
  expect(config.services[0]?.checks[0]).toMatchObject({
    kind: 'https',
    verify: true,
    interval: 5,
    status: [{ from: 200, to: 204 }],
  });
});
