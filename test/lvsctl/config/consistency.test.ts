// What the keys of a service and of its checks mean together: each rule kept, and broken.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { readNumericRules } from '../../../src/lvsctl/config/rulefile.js';
import { errorsOf } from '../../support/problems.js';

/** Keys of a service as YAML; '' leaves one out, `top` is a line of the file. */
type Own = Readonly<Record<string, string>>;

/** A service of mode nat with two servers, and other keys in the place of these. */
function fileWith({ top = '', ...own }: Own): string {
  const keys = {
    name: 'a',
    address: '192.0.2.1',
    port: '80',
    mode: 'nat',
    servers: '[{address: 10.0.0.1}, {address: 10.0.0.2}]',
    ...own,
  };
  const items = Object.entries(keys).filter(([, value]) => value !== '');
  return `vips: [{address: 192.0.2.1, interface: eth0}, {address: 2001:db8::1, interface: eth0}]
${top}
services: [{${items.map(([key, value]) => `${key}: ${value}`).join(', ')}}]
`;
}

const errors = (own: Own) =>
  errorsOf(() => readConfig(fileWith(own), 'f')).map((line) =>
    line.replace(/^f:\d+:\d+ services\[0\]\.?/, ''),
  );

const NETNS = 'monitor: {check_netns: x}';
const PORTLESS = { port: '0', persistence: '{timeout: 60}' };
const MARK = { port: '', mark: '5' };

// biome-ignore format: a table
const SERVICE: readonly [Own, readonly string[]][] = [
  [{ gateway: '10.0.0.254' }, []],
  [{ gateway: '10.0.0.254', mode: 'dr' }, ['gateway: a gateway needs mode nat, not dr']],
  [{ gateway: '2001:db8::9' }, ['gateway: an ipv4 service needs an ipv4 gateway']],
  [{ one_packet: 'true' }, ['one_packet: one-packet scheduling is only for udp']],
  [{ one_packet: 'true', protocol: 'udp' }, []],
  [{ scheduler: 'sh', flags: '[sh-port, mh-port]' }, ['flags[1]: mh-port belongs to scheduler mh, not sh']],
  [{ scheduler: 'sh', flags: '[sh-port, sh-fallback]' }, []],
  [{ persistence: '{timeout: 60, netmask: 255.255.255.0}' }, []],
  [{ persistence: '{timeout: 60, netmask: 64}' }, ['persistence.netmask: the mask does not fit an ipv4 service']],
  [{ port: '0' }, ['port: port 0 (all ports) needs persistence']],
  [PORTLESS, []],
  [{ port: '' }, [": give either `port', or `ports' with `mark'"]],
  [{ mark: '5' }, [": `ports' and `mark' go together"]],
  [{ ports: '[80]' }, [": `ports' and `mark' go together"]],
  [{ ...MARK, ports: '[80]' }, []],
  [{ mark: '5', ports: '[80]' }, [": give either `port', or `ports' with `mark'"]],
  [{ health: '{quorum: 2, hysteresis: 2}' }, ['health.hysteresis: the hysteresis, 2, must be less than the quorum, 2: the service would never count as down']],
  [{ health: '{quorum: 2, hysteresis: 1}' }, ["health.quorum: the servers' weights are 2 together: a service that is down never reaches 2 + 1 again"]],
  [{ health: '{quorum: 3}' }, ["health.quorum: the servers' weights are 2 together: a service that is down never reaches 3 again"]],
  [{ health: '{quorum: 2}' }, []],
  [{ health: '{quorum: 1}', servers: '[{address: 10.0.0.1, weight: 0}]' }, []],
];

// biome-ignore format: a table
const TUNNELS: readonly [Own, readonly string[]][] = [
  [{ tunnel: '{type: ipip}' }, ['tunnel: tunnel options need mode tun, not nat']],
  [{ mode: 'tun', tunnel: '{type: ipip}' }, []],
  [{ mode: 'tun', tunnel: '{type: gue}' }, ["tunnel: a tunnel `port' is needed with type gue and only there"]],
  [{ mode: 'tun', tunnel: '{type: gue, port: 5555}' }, []],
  [{ mode: 'tun', tunnel: '{type: gre, port: 5555}' }, ["tunnel: a tunnel `port' is needed with type gue and only there"]],
  [{ mode: 'tun', tunnel: '{type: ipip, checksum: checksum}' }, ['tunnel.checksum: ipip has no checksum']],
  [{ mode: 'tun', tunnel: '{type: gre, checksum: checksum}' }, []],
  [{ servers: '[{address: 10.0.0.1, tunnel: {type: gre}}]' }, ['servers[0].tunnel: tunnel options need mode tun, not nat']],
  [{ servers: '[{address: 10.0.0.1, mode: tun, tunnel: {type: gre}}]' }, []],
];

// biome-ignore format: a table
const SERVERS: readonly [Own, readonly string[]][] = [
  [{ servers: '[{address: "2001:db8::2"}]' }, ['servers[0].address: an ipv6 server of an ipv4 service needs mode tun']],
  [{ servers: '[{address: "2001:db8::2"}]', mode: 'tun' }, []],
  [{ servers: '[{address: 10.0.0.1, port: 8080}]', mode: 'dr' }, ['servers[0].port: mode dr cannot change the port (80); only nat can']],
  [{ servers: '[{address: 10.0.0.1, port: 80}]', mode: 'dr' }, []],
  [{ servers: '[{address: 10.0.0.1, port: 8080}]' }, []],
  [{ servers: '[{address: 10.0.0.1, port: 80}]', mode: 'dr', ...MARK, ports: '[80]' }, ['servers[0].port: mode dr cannot change the port (that of the request); only nat can']],
  [{ servers: '[{address: 10.0.0.1, upper: 5, lower: 6}]' }, ['servers[0].lower: the lower threshold is above the upper one']],
  [{ servers: '[{address: 10.0.0.1, upper: 5, lower: 5}]' }, []],
  [{ servers: '[{address: 10.0.0.1, upper: 5}]' }, []],
  [{ servers: '[{address: 10.0.0.1}, {address: 10.0.0.1}]' }, ['servers[1]: server 10.0.0.1 port 80 is there twice, first in line 3']],
  [{ servers: '[{address: 10.0.0.1}, {address: 10.0.0.1, port: 80}]' }, ['servers[1]: server 10.0.0.1 port 80 is there twice, first in line 3']],
  [{ servers: '[{address: 10.0.0.1}, {address: 10.0.0.1, port: 81}]' }, []],
  [{ servers: '[{address: 10.0.0.1, lower: 1}]' }, ['servers[0].lower: the lower threshold is above the upper one']],
  [{ sorry: '{address: "2001:db8::9"}' }, ['sorry.address: an ipv6 server of an ipv4 service needs mode tun']],
  [{ sorry: '{address: "2001:db8::9", mode: tun}' }, []],
  [{ sorry: '{address: 10.0.0.9}', address: '2001:db8::1', servers: '[]' }, ['sorry.address: an ipv4 server of an ipv6 service needs mode tun']],
  [{ sorry: '{address: 10.0.0.1, port: 81}' }, []],
  [{ sorry: '{address: 10.0.0.1}' }, ['sorry: server 10.0.0.1 port 80 is there twice, first in line 3']],
  [{ sorry: '{address: 10.0.0.9, port: 81}', mode: 'dr' }, ['sorry.port: mode dr cannot change the port (80); only nat can']],
  [{ sorry: '{address: 10.0.0.9, port: 81, mode: nat}', mode: 'dr' }, []],
];

// biome-ignore format: a table
const CHECKS: readonly [Own, readonly string[]][] = [
  [{ checks: '[{kind: tcp, connect_to: {10.0.0.1: 10.1.0.1}}]' }, []],
  [{ checks: '[{kind: tcp, connect_to: {10.0.0.9: 10.1.0.1}}]' }, ['checks[0].connect_to.10.0.0.9: 10.0.0.9 is no server of a that has this check']],
  [{ checks: '[{kind: tcp, connect_to: 10.1.0.1}]' }, []],
  [{ checks: '[{kind: tcp, connect_to: 10.1.0.1, target: vip}]', mode: 'dr', top: NETNS }, ["checks[0].connect_to: give either `connect_to' or `target: vip'"]],
  [{ servers: '[{address: 10.0.0.1, checks: [{kind: tcp, connect_to: {10.0.0.1: 10.1.0.1}}]}, {address: 10.0.0.2}]' }, []],
  [{ servers: '[{address: 10.0.0.1, checks: [{kind: tcp, connect_to: {10.0.0.2: 10.1.0.1}}]}, {address: 10.0.0.2}]' }, ['servers[0].checks[0].connect_to.10.0.0.2: 10.0.0.2 is no server of a that has this check']],
  [{ servers: '[{address: 10.0.0.1, checks: []}, {address: 10.0.0.2}]', checks: '[{kind: tcp, connect_to: {10.0.0.1: 10.1.0.1}}]' }, ['checks[0].connect_to.10.0.0.1: 10.0.0.1 is no server of a that has this check']],
  [{ checks: '[{kind: tcp, target: vip}]', mode: 'dr', top: NETNS }, []],
  [{ checks: '[{kind: tcp, target: vip}]', mode: 'dr' }, ["checks[0].target: the VIP is the director's own address: to reach that of a server `monitor.check_netns' is needed"]],
  [{ checks: '[{kind: tcp, target: vip}]', top: NETNS }, ['checks[0].target: only dr and tun servers have the VIP']],
  [{ checks: '[{kind: tcp, target: vip}]', mode: 'dr', servers: '[{address: 10.0.0.1, mode: nat}, {address: 10.0.0.2}]', top: NETNS }, ['checks[0].target: only dr and tun servers have the VIP']],
  [{ checks: '[{kind: exec, command: [/bin/true], target: vip}]', mode: 'dr' }, []],
  [{ checks: '[{kind: tcp, source: 10.0.0.100}]' }, []],
  [{ checks: '[{kind: tcp, source: "2001:db8::5"}]' }, ['checks[0].source: an ipv6 address, where another family is asked']],
  [{ checks: '[{kind: tcp, source: "2001:db8::5", connect_to: "2001:db8::7"}]' }, []],
  [{ checks: '[{kind: tcp, source: 10.0.0.5, connect_to: "2001:db8::7"}]' }, ['checks[0].source: an ipv4 address, where another family is asked']],
  [{ checks: '[{kind: tcp, source: 10.0.0.5, connect_to: {10.0.0.2: "2001:db8::7"}}]' }, ['checks[0].source: an ipv4 address, where another family is asked']],
  [{ checks: '[{kind: tcp, source: 10.0.0.5, target: vip}]', mode: 'tun', address: '2001:db8::1', top: NETNS }, ['checks[0].source: an ipv4 address, where another family is asked', 'checks[0].target: through a tunnel only IPv4 within IPv4 is possible; use exec']],
  [{ checks: '[{kind: tcp, interval: 2, fast_interval: 3}]' }, ['checks[0].fast_interval: it is longer than the interval, 2']],
  [{ checks: '[{kind: tcp, interval: 2, fast_interval: 2}]' }, []],
  [{ checks: '[{kind: tcp, interval: 2}]', top: 'defaults: {checks: {fast_interval: 3}}' }, ["checks[0].interval: it is shorter than defaults.checks.fast_interval, 3; give this check a `fast_interval'"]],
  [{ ...PORTLESS, checks: '[{kind: tcp}]' }, ["checks[0]: check tcp needs `port', for the service has none"]],
  [{ ...PORTLESS, checks: '[{kind: tcp, port: 80}]' }, []],
  [{ ...PORTLESS, checks: '[{kind: tcp}]', servers: '[{address: 10.0.0.1, port: 80}, {address: 10.0.0.2}]' }, ["checks[0]: check tcp needs `port', for the service has none"]],
  [{ ...PORTLESS, checks: '[{kind: tcp}]', servers: '[{address: 10.0.0.1, port: 80}]' }, []],
  [{ ...MARK, ports: '[80]', checks: '[{kind: tcp}]' }, []],
  [{ ...MARK, ports: '[0]', checks: '[{kind: tcp}]' }, ["checks[0]: check tcp needs `port', for the service has none"]],
  [{ ...MARK, ports: '[0, 0/udp]', checks: '[{kind: tcp}]' }, ["checks[0]: check tcp needs `port', for the service has none"]],
  [{ ...MARK, ports: '[0/udp, 80]', checks: '[{kind: tcp}]' }, []],
  [{ ...MARK, ports: '[0]', checks: '[{kind: tcp}]', servers: '[{address: 10.0.0.1, port: 80}]' }, []],
  [{ ...PORTLESS, checks: '[{kind: tcp, port: 0}]' }, ["checks[0].port: `0' is not a whole number from 1 to 65535"]],
  [{ ...PORTLESS, checks: '[{kind: ping}, {kind: exec, command: [/x]}]' }, []],
  [{ ...PORTLESS, servers: '[]', checks: '[{kind: tcp}]' }, []],
  [{ checks: '[{kind: ping, target: vip}]', mode: 'dr', top: NETNS }, ['checks[0].target: check ping cannot ask for the VIP; tcp, http, https, udp, smtp, send_expect and exec can']],
  [{ checks: '[{kind: ping, target: vip}]', mode: 'dr' }, ['checks[0].target: check ping cannot ask for the VIP; tcp, http, https, udp, smtp, send_expect and exec can']],
  [{ checks: '[{kind: tcp, target: vip}]', mode: 'dr', address: '2001:db8::1', servers: '[{address: "2001:db8::5"}]', top: NETNS }, []],
  [{ checks: '[{kind: tcp, target: vip}]', mode: 'tun', top: NETNS }, []],
  [{ checks: '[{kind: tcp, target: vip}]', mode: 'tun', servers: '[{address: "2001:db8::5"}]', top: NETNS }, ['checks[0].target: through a tunnel only IPv4 within IPv4 is possible; use exec']],
  [{ checks: '[{kind: exec, command: [/x], target: vip}]', mode: 'tun', address: '2001:db8::1', servers: '[{address: 10.0.0.1}]' }, []],
  [{ checks: '[{kind: tcp, interval: 2}]', check_defaults: '{fast_interval: 3}' }, ["checks[0].interval: it is shorter than services[0].check_defaults.fast_interval, 3; give this check a `fast_interval'"]],
  [{ servers: '[{address: 10.0.0.1, checks: [{kind: tcp, interval: 2, fast_interval: 4}]}]' }, ['servers[0].checks[0].fast_interval: it is longer than the interval, 2']],
  [{ servers: '[{address: 10.0.0.1, checks: [{kind: tcp, target: vip}]}]' }, ['servers[0].checks[0].target: only dr and tun servers have the VIP', "servers[0].checks[0].target: the VIP is the director's own address: to reach that of a server `monitor.check_netns' is needed"]],
  [{ servers: '[{address: 10.0.0.1, mode: dr, checks: [{kind: tcp, target: vip}]}, {address: 10.0.0.2}]', top: NETNS }, []],
];

describe.each([
  ['a service', SERVICE],
  ['tunnels', TUNNELS],
  ['servers', SERVERS],
  ['checks', CHECKS],
] as const)('%s', (_, rows) => {
  test.each(rows)('%j', (own, expected) => {
    expect(errors(own)).toEqual(expected);
  });
});

test('servers that are there twice in a rule file, and those that are not there', () => {
  const server = (command: string, port: number) =>
    `${command} -t 192.0.2.1:80 -r 10.0.0.1:${port} -m\n`;
  const wrong = (text: string) => errorsOf(() => readNumericRules(text, 'r'));
  const service = '-A -t 192.0.2.1:80 -s rr\n';
  expect(wrong(service + server('-a', 1) + server('-a', 2))).toEqual([]);
  expect(wrong(service + server('-a', 1) + server('-a', 1))).toEqual([
    'r:3:1 : the real server 10.0.0.1 port 1 is there twice',
  ]);
  expect(wrong(service + server('-a', 1) + server('-e', 1))).toEqual([]);
  expect(wrong(service + server('-a', 1) + server('-e', 2))).toEqual([
    'r:3:1 : no real server 10.0.0.1 port 2 in the lines before',
  ]);
});
