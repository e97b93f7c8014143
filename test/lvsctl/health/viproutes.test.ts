// Ways to the VIP on each real server.
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { wayCommands, waysOf } from '../../../src/lvsctl/health/viproutes.js';

const config = (services: string) =>
  readConfig(
    `vips: [{address: 192.0.2.10, interface: eth0}, {address: "2001:db8::10", interface: eth0}]
services:
${services}
monitor: {check_netns: check}
`,
    'f',
  );
const CHECK = 'checks: [{kind: tcp, target: vip}]';

function commandsOf(services: string): string[] {
  const read = config(services);
  const ways = waysOf(read);
  return ways ? wayCommands(read, ways).map(({ words, mayFail }) => words.join(' ').replace('-n check ', '') + (mayFail ? ' ||' : '')) : [];
}

test('DR: the server is the next hop; each has ports, a table and a rule', () => {
  expect(
    commandsOf(`
  - {name: a, address: 192.0.2.10, port: 80, mode: dr, servers: [{address: 192.0.2.11}, {address: 192.0.2.12}], ${CHECK}}
  - {name: b, address: "2001:db8::10", port: 80, mode: dr, servers: [{address: "2001:db8::11"}], ${CHECK}}`),
  ).toEqual([
    '-4 rule flush',
    '-4 rule add pref 32766 lookup main',
    '-6 rule flush',
    '-6 rule add pref 32766 lookup main',
    '-4 route replace 192.0.2.10 via 192.0.2.11 table 20000',
    '-4 rule add pref 20000 sport 20000-20063 lookup 20000',
    '-4 route replace 192.0.2.10 via 192.0.2.12 table 20001',
    '-4 rule add pref 20001 sport 20064-20127 lookup 20001',
    '-6 route replace 2001:db8::10 via 2001:db8::11 table 20002',
    '-6 rule add pref 20002 sport 20128-20191 lookup 20002',
  ]);
});

test('TUN: a tunnel each, of the kind that the director uses', () => {
  const tunnel = (options: string) =>
    commandsOf(`  - {name: a, address: 192.0.2.10, port: 80, mode: tun, ${options} servers: [{address: 192.0.2.11}], ${CHECK}}`)[5];
  expect(tunnel('')).toBe('link add lvsc1 type ipip remote 192.0.2.11');
  expect(tunnel('tunnel: {type: gre, checksum: checksum},')).toBe('link add lvsc1 type gre remote 192.0.2.11 csum');
  expect(tunnel('tunnel: {type: gue, port: 6080},')).toBe(
    'link add lvsc1 type ipip remote 192.0.2.11 encap gue encap-sport auto encap-dport 6080 noencap-csum',
  );
});

test('nothing where no check asks for the VIP', () => {
  expect(
    commandsOf('  - {name: a, address: 192.0.2.10, port: 80, mode: dr, servers: [{address: 192.0.2.11}], checks: [{kind: tcp}]}'),
  ).toEqual([]);
});

test('more servers than there are ports', () => {
  const many = Array.from({ length: 800 }, (_, i) => `{address: 10.0.${i >> 8}.${i & 255}}`).join(', ');
  expect(() => waysOf(config(`  - {name: a, address: 192.0.2.10, port: 80, mode: dr, servers: [${many}], ${CHECK}}`))).toThrow(
    'at most 711 servers',
  );
});
