// Defaults of a file and of a service, checks and names of single servers.
import { describe, expect, test } from 'vitest';
import { type DesiredService, desiredServices } from '../../../src/lvsctl/config/desired.js';
import { ConfigError } from '../../../src/lvsctl/config/problem.js';
import { inspectConfig, readConfig } from '../../../src/lvsctl/config/read.js';

const VIPS = 'vips: [{address: 192.0.2.1, interface: eth0}]\n';
const service = (keys: string) => `  - {name: web, address: 192.0.2.1, port: 80, ${keys}}\n`;

/** Every error of a text, `LINE:COLUMN ENTRY MESSAGE`. */
function errors(text: string): string[] {
  try {
    readConfig(text, 'f');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(
      ({ line, column, path, message }) => `${line}:${column} ${path} ${message}`,
    );
  }
  return [];
}

function only(text: string): DesiredService {
  const [desired] = desiredServices(readConfig(text, 'f'));
  if (!desired) throw new Error('no service');
  return desired;
}

describe('what a check does not say', () => {
  // the nearer one wins, key by key
  test.each([
    ['', '', '', { interval: 5, timeout: 3, rise: 2, fall: 3, jitter: 0.1 }],
    ['interval: 9, fall: 7', '', '', { interval: 9, timeout: 3, fall: 7 }],
    ['interval: 9, fall: 7', 'interval: 8, rise: 4', '', { interval: 8, rise: 4, fall: 7 }],
    ['interval: 9, fall: 7', 'interval: 8', ', interval: 7', { interval: 7, fall: 7 }],
    ['fast_interval: 1, jitter: 0', '', ', jitter: 0.5', { fast_interval: 1, jitter: 0.5 }],
  ])('file {%s}, service {%s}, check {%s}', (file, own, check, expected) => {
    const desired = only(
      `${VIPS}defaults: {checks: {${file}}}\nservices:\n${service(
        `mode: dr, check_defaults: {${own}}, servers: [{address: 10.0.0.1}, {address: 10.0.0.2, checks: [{kind: http${check}}]}], checks: [{kind: tcp${check}}]`,
      )}`,
    );
    expect(desired.checks.get('10.0.0.1:80')).toMatchObject([{ kind: 'tcp', ...expected }]);
    expect(desired.checks.get('10.0.0.2:80')).toMatchObject([{ kind: 'http', ...expected }]);
  });

  test('services that share a list by an alias have their own defaults', () => {
    const text = `${VIPS}services:
  - {name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: 10.0.0.1}], checks: &c [{kind: tcp}], check_defaults: {interval: 7}}
  - {name: b, address: 192.0.2.1, port: 81, mode: dr, servers: [{address: 10.0.0.1}], checks: *c}
`;
    expect(
      readConfig(text, 'f').services.map(({ checks }) => checks.map(({ interval }) => interval)),
    ).toEqual([[7], [5]]);
  });

  test('the order of the keys in the file does not matter', () => {
    const text = `services:\n${service('servers: [], checks: [{kind: tcp}]')}${VIPS}defaults: {mode: tun, checks: {rise: 9}}\n`;
    expect(only(text).source).toMatchObject({ mode: 'tun', checks: [{ rise: 9 }] });
  });
});

test('mode, scheduler and health of services', () => {
  const text = `${VIPS}defaults: {mode: dr, scheduler: rr, health: {slow_start: 30, failed: quiesce}}
services:
  - {name: a, address: 192.0.2.1, port: 80, servers: []}
  - {name: b, address: 192.0.2.1, port: 81, mode: nat, scheduler: sed, health: {failed: remove, min_up: 0.5}, servers: []}
`;
  expect(readConfig(text, 'f').services).toMatchObject([
    { mode: 'dr', scheduler: 'rr', health: { slow_start: 30, failed: 'quiesce', min_up: 0 } },
    { mode: 'nat', scheduler: 'sed', health: { slow_start: 30, failed: 'remove', min_up: 0.5 } },
  ]);
});

describe('errors name the place where a default is written', () => {
  const web = service(
    'mode: dr, servers: [{address: 10.0.0.1}], checks: [{kind: tcp, interval: 2}]',
  );
  test.each([
    [
      `${VIPS}defaults: {checks: {timeout: -1}}\nservices:\n${web}${web.replace('web', 'b').replace('80', '81')}`,
      ["2:30 defaults.checks.timeout `-1' is not a number from 0.1 to 3600"],
    ],
    [
      `${VIPS}defaults: {checks: {intervall: 5}}\nservices:\n${web}`,
      ["2:21 defaults.checks unknown key `intervall'; did you mean `interval'?"],
    ],
    [
      `${VIPS}defaults: {checks: {path: /}}\nservices:\n${web}`,
      [
        "2:21 defaults.checks unknown key `path'; known are interval, timeout, rise, fall, fast_interval, jitter",
      ],
    ],
    [
      `${VIPS}defaults: {health: {failed: drop}}\nservices:\n${web}`,
      ["2:29 defaults.health.failed `drop' is not one of remove, quiesce; did you mean `remove'?"],
    ],
    [
      `${VIPS}defaults: {checks: {fast_interval: 3}}\nservices:\n${web}`,
      [
        "4:120 services[0].checks[0].interval it is shorter than defaults.checks.fast_interval, 3; give this check a `fast_interval'",
      ],
    ],
    [
      `${VIPS}defaults: {checks: {fall: 0}}\nservices:\n${service('mode: dr, servers: []')}`,
      ["2:27 defaults.checks.fall `0' is not a whole number from 1 to 1000"],
    ],
    [`${VIPS}services:\n${service('servers: []')}`, ["3:5 services[0] `mode' is missing"]],
    [
      `${VIPS}services:\n${service('mode: dr, check_defaults: {rise: x}, servers: [], checks: [{kind: tcp}, {kind: ping}]')}`,
      ["3:80 services[0].check_defaults.rise `x' is not a whole number from 1 to 1000"],
    ],
  ])('%#', (text, expected) => expect(errors(text)).toEqual(expected));

  test('a warning of a default too, once', () => {
    const text = `${VIPS}defaults: {checks: {timeout: 9}}\nservices:\n${web}`;
    expect(inspectConfig(text, 'f').warnings.map(({ path }) => path)).toEqual([
      'defaults.checks.timeout',
    ]);
  });
});

describe('checks and names of a server', () => {
  const text = (servers: string, rest = 'checks: [{kind: tcp}]') =>
    `${VIPS}services:\n${service(`mode: dr, servers: [${servers}], ${rest}`)}`;

  test('its own list replaces that of the service, also by nothing', () => {
    const { checks } = only(
      text(
        '{address: 10.0.0.1}, {address: 10.0.0.2, checks: [{kind: ping}]}, {address: 10.0.0.3, checks: []}',
      ),
    );
    expect([...checks].map(([key, list]) => [key, list.map(({ kind }) => kind)])).toEqual([
      ['10.0.0.1:80', ['tcp']],
      ['10.0.0.2:80', ['ping']],
      ['10.0.0.3:80', []],
    ]);
  });

  test.each([
    [
      '{address: 10.0.0.1, checks: [{kind: tcp, source: "2001:db8::1"}]}, {address: 10.0.0.2}',
      /services\[0\]\.servers\[0\]\.checks\[0\]\.source an ipv6 address, where/,
    ],
    [
      '{address: 10.0.0.1, checks: [{kind: exec, command: [page]}]}',
      /servers\[0\]\.checks\[0\]\.command the program needs an absolute path/,
    ],
    ['{address: 10.0.0.1, name: 10.0.0.2}', /servers\[0\]\.name `10\.0\.0\.2' is not a name/],
    [
      '{address: 10.0.0.1, name: rs}, {address: 10.0.0.2, name: rs}',
      /servers\[1\]\.name server name rs is that of 10\.0\.0\.1 already, first in line 3/,
    ],
  ])('%s', (servers, expected) =>
    expect(errors(text(servers))).toEqual([expect.stringMatching(expected)]),
  );

  test('a name may stand for the same machine in several services, and for several ports', () => {
    const nat = (name: string, port: number) =>
      `  - {name: ${name}, address: 192.0.2.1, port: ${port}, mode: nat, servers: [{address: 10.0.0.1, name: rs1}, {address: 10.0.0.1, port: 9, name: rs1}]}\n`;
    const desired = desiredServices(
      readConfig(`${VIPS}services:\n${nat('a', 80)}${nat('b', 81)}`, 'f'),
    );
    expect(desired.map(({ serverNames }) => Object.fromEntries(serverNames))).toEqual([
      { '10.0.0.1:80': 'rs1', '10.0.0.1:9': 'rs1' },
      { '10.0.0.1:81': 'rs1', '10.0.0.1:9': 'rs1' },
    ]);
  });
});
