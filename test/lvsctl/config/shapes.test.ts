// What is answered where a map, a list or a flag is written as something else, and which flags need
// no warning.
import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/lvsctl/config/problem.js';
import { inspectConfig } from '../../../src/lvsctl/config/read.js';

const file = (service: string, rest = '') =>
  `vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: dr
${service}
${rest}`;

function problems(text: string): string[] {
  try {
    return inspectConfig(text, 'f').warnings.map(({ message }) => `warning: ${message}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

// biome-ignore format: a table
test.each([
  ['a list for a map', '    servers: [[10.0.0.1]]', 'services[0].servers[0]: expected a map of keys and values, not a list'],
  ['nothing for a map', '    servers: [~]', 'services[0].servers[0]: expected a map of keys and values, there is nothing'],
  ['an assignment', '    servers: [address=10.0.0.1]', "services[0].servers[0]: expected a map of keys and values: write `address: ' with a colon and a blank"],
  ['an assignment of what is no key', '    servers: [addres=10.0.0.1]', expect.not.stringContaining('with a colon and a blank')],
  ['a glued key', '    servers: ["weight:3"]', "services[0].servers[0]: expected a map of keys and values: a blank is missing after `weight:'"],
  ['a key alone', '    servers: [weight]', "services[0].servers[0]: expected a map of keys and values: a colon is missing after `weight'"],
  ['an endpoint', '    servers: ["10.0.0.1:8080"]', 'services[0].servers[0]: expected a map of keys and values: write {address: 10.0.0.1, port: 8080}'],
  ['an IPv6 endpoint', '    servers: ["[2001:db8::1]:8080"]', 'services[0].servers[0]: expected a map of keys and values: write {address: "2001:db8::1", port: 8080}'],
  ['a check as text', '    servers: []\n    checks: [http]', expect.stringContaining('services[0].checks[0]: ')],
  ['a check as nothing', '    servers: []\n    checks: [~]', expect.stringContaining('services[0].checks[0]: ')],
  ['a mask of the other family', '    servers: []\n    persistence: {netmask: 64}', 'services[0].persistence.netmask: the mask does not fit an ipv4 service'],
])('%s', (_, service, message) => expect(problems(file(service))).toEqual([message]));

test.each([
  ['[mh-fallback]', []],
  ['[mh-port, mh-fallback]', []],
  ['[flag-1]', []],
  [
    '[mh-port]',
    [expect.stringContaining('scheduler mh refuses the clients of a server with weight 0')],
  ],
  ['[]', [expect.stringContaining('; the flag mh-fallback sends them to another server')]],
])('scheduler mh with flags %s', (flags, warnings) => {
  const service = `    scheduler: mh
    flags: ${flags}
    servers: [{address: 10.0.0.1, weight: 0}, {address: 10.0.0.2}]`;
  expect(problems(file(service))).toEqual(warnings);
});

test('a hook user without a hook, and with one', () => {
  const rest = (hook: string) => `monitor: {${hook}hook_user: nobody}\n`;
  expect(problems(file('    servers: []', rest('')))).toEqual([
    "monitor.hook_user: `hook_user' needs `hook'",
  ]);
  expect(problems(file('    servers: []', rest('hook: [/bin/true], ')))).toEqual([]);
});
