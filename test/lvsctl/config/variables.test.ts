// Variables: values for all hosts, for one, and from the command line.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of an lvsctl file
import { describe, expect, test } from 'vitest';
import { ALONE, type FileContext } from '../../../src/lvsctl/config/context.js';
import { inspectConfig, readConfig } from '../../../src/lvsctl/config/read.js';
import { formatAddress } from '../../../src/model/address.js';
import { lvsctl } from '../../support/lvsctl.js';
import { errorsOf } from '../../support/problems.js';

const on = (host: string, ...set: readonly string[]): FileContext => ({
  ...ALONE,
  host,
  set: set.map((one) => ({ name: one.split('=')[0] ?? '', value: one.replace(/^[^=]*=/, '') })),
});

const PAIR = `vars:
  vip: 192.0.2.10
  port: 8080
  strict: false
  servers:
    - {address: 192.0.2.11, name: rs1}
    - {address: 192.0.2.12, weight: $heavy}
  heavy: 3
hosts:
  lb1: {iface: eth0, role: master}
  lb2: {iface: ens3, role: backup, heavy: 5}
vips: [{address: $vip, interface: $iface}]
sync: [{role: $role, interface: "\${iface}"}]
defaults: {mode: dr}
services:
  - name: web-\${port}
    address: $vip
    port: $port
    servers: $servers
    checks:
      - {kind: https, path: "/at/\${port}/\${iface}", verify: $strict, interval: "\${heavy}0"}
      - {kind: exec, command: [/bin/sh, -c, 'test "\${LVS_RPORT}" = $\${port}', $LVS_RIP, $$port, "5$"]}
  - {name: mail, address: $vip, port: 25, servers: [$servers, {address: 192.0.2.13}]}
`;

test.each([
  ['lb1', 'eth0', 'master', 3],
  ['lb2.example.org', 'ens3', 'backup', 5],
] as const)('host %s', (host, device, role, weight) => {
  const { vips, sync, services } = readConfig(PAIR, 'f', on(host));
  const [web, mail] = services;
  expect(vips[0]).toMatchObject({ interface: device });
  expect(sync[0]).toMatchObject({ role, interface: device });
  expect(web).toMatchObject({ name: 'web-8080', port: 8080 });
  expect(web?.servers.map(({ weight: one }) => one)).toEqual([1, weight]);
  expect(web?.checks[0]).toMatchObject({
    path: `/at/8080/${device}`,
    verify: false,
    interval: weight * 10,
  });
  expect(web?.checks[1]).toMatchObject({
    command: ['/bin/sh', '-c', 'test "${LVS_RPORT}" = ${port}', '$LVS_RIP', '$port', '5$'],
  });
  // a list in a list stands for its elements
  expect(mail?.servers.map(({ address }) => formatAddress(address))).toEqual([
    '192.0.2.11',
    '192.0.2.12',
    '192.0.2.13',
  ]);
});

test('--set wins, and has the type that its text has in YAML', () => {
  const { services } = readConfig(
    PAIR,
    'f',
    on('lb2', 'heavy=7', 'port=9090', 'servers=[{address: 192.0.2.20}]'),
  );
  expect(services[0]).toMatchObject({ name: 'web-9090', port: 9090, servers: [{ weight: 1 }] });
  expect(services[0]?.checks[0]).toMatchObject({ interval: 70 });
});

test('an alias may stand for what a variable is in', () => {
  const text = `vars: {w: &pair [{address: 10.0.0.1, weight: $n}], n: 4, used: *pair}
vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - {name: a, address: 192.0.2.1, port: &p $n, mode: dr, servers: *pair}
  - {name: b, address: 192.0.2.1, protocol: udp, port: *p, mode: dr, servers: $used}
`;
  const { services } = readConfig(text, 'f');
  expect(services.map(({ port, servers }) => [port, servers[0]?.weight])).toEqual([
    [4, 4],
    [4, 4],
  ]);
});

test('a file without vars and hosts has no variables', () => {
  const { monitor } = readConfig(
    'vips: [{address: 192.0.2.1, interface: eth0}]\nservices: []\nmonitor: {hook: [/bin/x, $a, "${b}"]}\n',
    'f',
  );
  expect(monitor.hook).toEqual(['/bin/x', '$a', '${b}']);
});

describe('errors', () => {
  const file = (vars: string, service: string) =>
    `vars: {${vars}}\nvips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n  - {name: web, address: 192.0.2.1, mode: dr, servers: [], ${service}}\n`;
  const REST = '4:66 services[0].port';

  test.each<[string, string, string, string]>([
    [
      'unknown',
      'prot: 1',
      'port: $port',
      `f:${REST}: no variable \`port' in vars or hosts; did you mean \`prot'?`,
    ],
    [
      'wrong value',
      'p: abc',
      'port: $p',
      `f:${REST}: \`abc' is not a whole number from 0 to 65535`,
    ],
    ['text in quotes', 'p: "80"', 'port: $p', `f:${REST}: \`80' is not a whole number`],
    [
      'in a circle',
      'p: $q, q: "1${p}"',
      'port: $p',
      'f:1:18 vars.q: variables refer to each other: p > q > p',
    ],
    ['list in a text', 'p: [1]', 'port: "1${p}"', `f:${REST}: the variable p is a list or a map`],
    [
      'no value',
      'p: ',
      'port: $p',
      `f:${REST}: the variable p has no value; give it one with --set p=VALUE`,
    ],
    ['name', '"a-b": 1', 'port: 1', "f:1:8 vars.a-b: `a-b' is not a name"],
    ['reserved', 'LVS_X: 1', 'port: 1', 'f:1:8 vars.LVS_X: names that begin with LVS_ are'],
    ['inside a list', 'l: [{address: x}]', 'port: 1, sorry: $l', 'f:1:11 vars.l: expected a map'],
    [
      'in a value',
      's: {address: x}',
      'port: 1, sorry: $s',
      "f:1:21 vars.s.address: `x' is not an IPv4",
    ],
    [
      'too long',
      `a: ${'x'.repeat(300)}, b: "${'${a}'.repeat(300)}"`,
      'port: "${b}"',
      'f:1:316 vars.b: longer than 65536',
    ],
  ])('%s', (_, vars, service, expected) => {
    const [first = '', ...more] = errorsOf(() => readConfig(file(vars, service), 'f'));
    expect(first.slice(0, expected.length)).toBe(expected);
    expect(more.filter((one) => one.startsWith('f:4'))).toEqual([]);
  });

  test('a list that grows with each variable ends', () => {
    const vars = Array.from({ length: 30 }, (_, i) => `v${i + 1}: [$v${i}, $v${i}]`);
    const text = file(`v0: [1, 2, 3], ${vars.join(', ')}`, 'port: 1, ports: $v30, mark: 1');
    expect(errorsOf(() => readConfig(text, 'f')).join('\n')).toContain('more than 65536 elements');
  });

  test('a value for other hosts alone', () => {
    expect(errorsOf(() => readConfig(PAIR, 'f', on('rs1')))[0]).toBe(
      'f:12:35 vips[0].interface: the variable iface has no value for this host, rs1, but for lb1, lb2; give it one in vars, or name another host with --host',
    );
  });

  test('--set of what the file does not have, and of no YAML', () => {
    expect(errorsOf(() => readConfig(PAIR, 'f', on('lb1', 'prot=1', 'port=[')))).toEqual([
      expect.stringMatching(/^--set prot:1:1 : no variable prot; the file has vip, port, /),
      expect.stringMatching(/^--set port:1:\d/),
    ]);
  });

  test('a brace inside brackets says how a variable is written there', () => {
    const text = 'vars: {a: 1}\nvips: [{address: ${a}, interface: eth0}]\nservices: []\n';
    expect(errorsOf(() => readConfig(text, 'f'))).toEqual([
      'f:2:18 : inside [ ] and { } write $a, or "${a}" in quotes',
    ]);
  });
});

test('a variable that nothing uses is a warning', () => {
  const text = `vars: {a: 1, b: 2, c: $b}\nvips: [{address: 192.0.2.1, interface: eth0}]\nservices: []\ntimeouts: {tcp: $a}\n`;
  expect(inspectConfig(text, 'f').warnings.map(({ column, message }) => [column, message])).toEqual(
    [[20, 'no value uses the variable c']],
  );
});

describe('lvsctl check', () => {
  test('reads a file for each of its hosts', async () => {
    const { status, stdout } = await lvsctl(['check', 'f'], { f: PAIR });
    expect(stdout).toBe(
      'f: good for lb1; VIPs 1, services 2, servers 5\nf: good for lb2; VIPs 1, services 2, servers 5\n',
    );
    expect(status).toBe(0);
  });

  test('names the host of an error that others do not have', async () => {
    const text = PAIR.replace('role: backup', 'role: slave').replace('port: 25', 'port: 250000');
    const { status, stderr } = await lvsctl(['check', 'f'], { f: text });
    expect(status).toBe(2);
    expect(stderr).toMatch(/`slave' is not one of master, backup.*\(host lb2\)$/m);
    expect(stderr.match(/`250000' is not a whole number from 0 to 65535$/gm)).toHaveLength(1);
    const other = await lvsctl(['check', 'f', '--host', 'lb1'], {
      f: PAIR.replace('role: backup', 'role: slave'),
    });
    expect(other.stdout).toBe('f: good for lb1; VIPs 1, services 2, servers 5\n');
  });

  test('warns of what it finds while it looks for hosts', async () => {
    const f = 'include: s/*.yaml\nvips: [{address: 192.0.2.10, interface: eth0}]\nservices: []\n';
    const { status, stdout, stderr } = await lvsctl(['check', 'f'], { f });
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/, warnings \d+\n$/),
    });
    expect(stderr).toContain('no file matches s/*.yaml');
  });

  test('--set needs a name and a value', async () => {
    const { status, stderr } = await lvsctl(['check', 'f', '--set', 'port'], { f: PAIR });
    expect(status).toBe(2);
    expect(stderr).toContain('a name and a value are needed');
  });
});

test('a file in parts gives each host its plan', async () => {
  const main = PAIR.replace(/^services:[\s\S]*/m, 'include: "s/*.yaml"\n');
  const files = { 'lvs.yaml': main, 's/web.yaml': PAIR.replace(/[\s\S]*^services:/m, 'services:') };
  const weightOf = async (...args: readonly string[]) => {
    const { stdout, stderr } = await lvsctl(['plan', 'lvs.yaml', ...args], files);
    expect(stderr).toBe('');
    return /-r 192\.0\.2\.12:\d+.* -w (\d+)/.exec(stdout)?.[1] ?? stdout;
  };
  expect(await weightOf()).toBe('3');
  expect(await weightOf('--host', 'lb2')).toBe('5');
  expect(await weightOf('--host', 'lb2', '--set', 'heavy=9')).toBe('9');
});

test('a name of a variable or of a host that is no text is reported at its place', () => {
  const named = (line: string) =>
    errorsOf(() =>
      readConfig(`${line}\nvips: [{address: 192.0.2.1, interface: eth0}]\nservices: []\n`, 'f'),
    );
  const wrong = 'is not a name of letters, digits and underscores';
  expect(named('vars: {1: a}')).toEqual([`f:1:8 vars.1: \`1' ${wrong}`]);
  expect(named('vars: {[a, b]: c}')).toEqual([`f:1:8 vars.: \`' ${wrong}`]);
  expect(named('vars: {{a: b}: c}')).toEqual([`f:1:8 vars.: \`' ${wrong}`]);
  expect(named('hosts: {lb1: {"a b": c}}')).toEqual([`f:1:15 hosts.lb1.a b: \`a b' ${wrong}`]);
  expect(named('hosts: {lb1: {[x]: c}}')).toEqual([`f:1:15 hosts.lb1.: \`' ${wrong}`]);
});
