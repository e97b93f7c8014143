// Ways to the VIP on each real server.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import {
  makeRoutes,
  planRoutes,
  vipRoutesOf,
} from '../../../src/lvsctl/monitor/checks/viproutes.js';
import { createVipRouting } from '../../../src/lvsctl/monitor/checks/viprouting.js';
import { PASSES, simulatedRuntime } from '../../support/simulated.js';

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
const planOf = (services: string) => {
  const read = config(services);
  const ways = vipRoutesOf(read);
  if (!ways) throw new Error('no ways');
  return planRoutes(read, ways);
};

/** A namespace that remembers what `ip` did to it. */
function namespace() {
  const links = new Set<string>();
  const rules = {
    '-4': ['32766:\tfrom all lookup main', '32767:\tfrom all lookup default'],
    '-6': ['32766:\tfrom all lookup main'],
  };
  const routes = new Map<string, string>();
  const done: string[] = [];
  let looks = 0;
  let refused: RegExp | undefined;
  const run = (args: readonly string[], input = '') => {
    const family = args[2] === '-6' ? '-6' : '-4';
    if (args.join(' ').endsWith('link show')) {
      return {
        status: 0,
        stdout: [
          '1: lo: <UP>',
          ...[...links].map((name, i) => `${i + 2}: ${name}@NONE: <UP>`),
          '',
        ].join('\n'),
        stderr: '',
      };
    }
    if (args.join(' ').endsWith('route show table all'))
      return {
        status: 0,
        stdout: [`default via fe80::1 dev check0 expires ${looks++}sec`, ...routes.values()].join(
          '\n',
        ),
        stderr: '',
      };
    if (args.join(' ').endsWith('rule show'))
      return {
        status: 0,
        stdout: `0:\tfrom all lookup local\n${rules[family].join('\n')}\n`,
        stderr: '',
      };
    for (const [i, line] of input.trim().split('\n').entries()) {
      if (refused?.test(line))
        return {
          status: 1,
          stdout: '',
          stderr: `RTNETLINK answers: File exists\nCommand failed -:${i + 1}\n`,
        };
      done.push(line);
      const [object, verb, ...rest] = line.split(' ');
      const [name = ''] = rest;
      if (object === 'link' && verb === 'add') {
        if (links.has(name)) throw new Error(`${line}: exists`);
        links.add(name);
      } else if (object === 'link' && verb === 'del') links.delete(name);
      else if (object === 'rule' && verb === 'flush') rules[family] = [];
      else if (object === 'rule') {
        const [, pref, , ports, , table] = rest;
        rules[family].push(
          rest[2] === 'sport'
            ? `${pref}:\tfrom all sport ${ports} lookup ${table}`
            : `${pref}:\tfrom all lookup ${ports}`,
        );
      } else if (object === 'route') routes.set(line.replace(/.* table /, ''), line);
    }
    return { status: 0, stdout: '', stderr: '' };
  };
  return {
    run,
    links,
    rules,
    routes,
    done,
    refuse(pattern: RegExp | undefined) {
      refused = pattern;
    },
  };
}

test('DR: the server is the next hop; each has ports, a table and a rule', () => {
  const { links, families } = planOf(`
  - {name: a, address: 192.0.2.10, port: 80, mode: dr, servers: [{address: 192.0.2.11}, {address: 192.0.2.12}], ${CHECK}}
  - {name: b, address: "2001:db8::10", port: 80, mode: dr, servers: [{address: "2001:db8::11"}], ${CHECK}}`);
  expect([...links]).toEqual([]);
  expect(
    families.map(({ family, rules, routes }) => [family, rules.map(({ add }) => add), routes]),
  ).toEqual([
    [
      '-4',
      [
        'pref 32766 lookup main',
        'pref 20000 sport 20000-20063 lookup 20000',
        'pref 20001 sport 20064-20127 lookup 20001',
      ],
      ['192.0.2.10 via 192.0.2.11 table 20000', '192.0.2.10 via 192.0.2.12 table 20001'],
    ],
    [
      '-6',
      ['pref 32766 lookup main', 'pref 20002 sport 20128-20191 lookup 20002'],
      ['2001:db8::10 via 2001:db8::11 table 20002'],
    ],
  ]);
});

describe('TUN', () => {
  const service = (name: string, port: number, options: string, ...servers: string[]) =>
    `  - {name: ${name}, address: 192.0.2.10, port: ${port}, mode: tun, ${options} servers: [${servers.map((one) => `{address: ${one}}`).join(', ')}], ${CHECK}}\n`;
  test('a tunnel of the kind that the director uses, one to a server for all its services', () => {
    const tunnels = (options: string) => [
      ...planOf(
        service('a', 80, options, '192.0.2.11') + service('b', 81, options, '192.0.2.11'),
      ).links.values(),
    ];
    expect(tunnels('')).toEqual(['type ipip remote 192.0.2.11']);
    expect(tunnels('tunnel: {type: gre, checksum: checksum},')).toEqual([
      'type gre remote 192.0.2.11 csum',
    ]);
    expect(tunnels('tunnel: {type: gue, port: 6080},')).toEqual([
      'type ipip remote 192.0.2.11 encap gue encap-sport auto encap-dport 6080 noencap-csum',
    ]);
  });
  test('other servers, kinds and ports have other names, of fifteen letters at most', () => {
    const kinds = [
      '',
      'tunnel: {type: gre},',
      'tunnel: {type: gre, checksum: checksum},',
      ...[1, 6080, 65_535].map((port) => `tunnel: {type: gue, port: ${port}},`),
    ];
    const names = kinds.flatMap((kind) => [
      ...planOf(service('a', 80, kind, '0.0.0.1', '192.0.2.11', '223.255.255.254')).links.keys(),
    ]);
    expect(new Set(names).size).toBe(kinds.length * 3);
    expect(Math.max(...names.map(({ length }) => length))).toBeLessThanOrEqual(15);
  });
  test('servers come and go: a tunnel that is needed no more goes, one that stays is left alone', () => {
    const { run, links, done } = namespace();
    makeRoutes('check', planOf(service('a', 80, '', '192.0.2.11', '192.0.2.12')), run);
    const [first, second] = [...links];
    done.length = 0;
    makeRoutes(
      'check',
      planOf(service('a', 80, '', '192.0.2.12', '192.0.2.13') + service('b', 81, '', '192.0.2.12')),
      run,
    );
    expect(done.filter((line) => /^link (?:add|del)/.test(line))).toEqual([
      `link del ${first}`,
      expect.stringContaining('remote 192.0.2.13'),
    ]);
    expect(links.has(second ?? '')).toBe(true);
  });
});

describe('what is there already', () => {
  const FILE = `  - {name: a, address: 192.0.2.10, port: 80, mode: dr, servers: [{address: 192.0.2.11}], ${CHECK}}`;
  test('rules that are right are left as they are, routes are set in any case', () => {
    const { run, rules, routes, done } = namespace();
    makeRoutes('check', planOf(FILE), run);
    const made = structuredClone(rules);
    done.length = 0;
    routes.clear();
    makeRoutes('check', planOf(FILE), run);
    expect(done).toEqual(['route replace 192.0.2.10 via 192.0.2.11 table 20000']);
    expect(rules).toEqual(made);
  });
  test.each([
    ['taken away', (lines: string[]) => lines.pop()],
    ['another one', (lines: string[]) => lines.push('5:\tfrom all lookup 99')],
  ])('a rule, %s: all are made anew', (_, change) => {
    const { run, rules } = namespace();
    makeRoutes('check', planOf(FILE), run);
    const made = structuredClone(rules);
    change(rules['-4']);
    makeRoutes('check', planOf(FILE), run);
    expect(rules).toEqual(made);
  });
  test('what cannot be made is named', () => {
    const { run, refuse } = namespace();
    refuse(/^route/);
    expect(() => makeRoutes('check', planOf(FILE), run)).toThrow(
      'ip -n check route replace 192.0.2.10 via 192.0.2.11 table 20000: RTNETLINK answers: File exists',
    );
  });
  test('after failures they are looked at again, now and then; what goes wrong is told once', async () => {
    const { run, routes, refuse } = namespace();
    const { clock, pass } = simulatedRuntime({ probe: () => ({ outcome: PASSES, tookMs: 0 }) });
    const reported: string[] = [];
    let identity = 'first';
    const routing = createVipRouting(
      { clock, netnsIdentity: (name) => (name ? identity : 'own') },
      run,
      (text) => reported.push(text),
    );
    const file = config(FILE);
    routing.make(file);
    expect(routing.repair(file)).toBe(true); // made a moment ago
    routes.clear();
    await pass(2000);
    expect(routing.repair(file)).toBe(false); // until it has been seen that they stay
    expect(routes.size).toBe(1);
    expect(routing.repair(file)).toBe(false);
    await pass(2000);
    expect(routing.repair(file)).toBe(true);
    // a namespace of the same name is another one: at once
    routes.clear();
    identity = 'second';
    expect(routing.repair(file)).toBe(false);
    expect(routes.size).toBe(1);
    refuse(/^route/);
    for (let i = 0; i < 3; i++) {
      await pass(2000);
      expect(routing.repair(file)).toBe(false);
    }
    expect(reported).toEqual([expect.stringContaining('File exists')]);
    refuse(undefined);
    await pass(2000);
    routing.repair(file);
    await pass(2000);
    expect(routing.repair(file)).toBe(true);
  });
  test("the monitor's own namespace is none for checks", () => {
    const { run, done } = namespace();
    const { clock } = simulatedRuntime({ probe: () => ({ outcome: PASSES, tookMs: 0 }) });
    const routing = createVipRouting({ clock, netnsIdentity: () => 'own' }, run, () => {});
    expect(() => routing.make(config(FILE))).toThrow(
      'monitor.check_netns: check is the network namespace of the monitor itself',
    );
    expect(done).toEqual([]);
  });
});

test.each([
  ['by a route', 'dr', 'kind: tcp, target: vip', true],
  ['to the server itself', 'dr', 'kind: tcp', false],
  [
    'by a program, which finds its own way',
    'dr',
    'kind: exec, command: [/bin/x], target: vip',
    false,
  ],
])('a check %s', (_, mode, check, needs) => {
  const file = config(
    `  - {name: a, address: 192.0.2.10, port: 80, mode: ${mode}, servers: [{address: 192.0.2.11}], checks: [{${check}}]}`,
  );
  expect(vipRoutesOf(file) !== undefined).toBe(needs);
});

test('a service without a route has no rule', () => {
  const file = config(
    `  - {name: a, address: 192.0.2.10, port: 80, mode: dr, servers: [{address: 192.0.2.11}], ${CHECK}}`,
  );
  const { families } = planRoutes(file, new Map());
  expect(families.map(({ rules, routes }) => [rules.length, routes])).toEqual([
    [1, []],
    [1, []],
  ]);
});

test('nothing where no check asks for the VIP', () => {
  expect(
    vipRoutesOf(
      config(
        '  - {name: a, address: 192.0.2.10, port: 80, mode: dr, servers: [{address: 192.0.2.11}], checks: [{kind: tcp}]}',
      ),
    ),
  ).toBeUndefined();
});

test('more servers than there are ports', () => {
  const many = Array.from({ length: 800 }, (_, i) => `{address: 10.0.${i >> 8}.${i & 255}}`).join(
    ', ',
  );
  expect(() =>
    vipRoutesOf(
      config(
        `  - {name: a, address: 192.0.2.10, port: 80, mode: dr, servers: [${many}], ${CHECK}}`,
      ),
    ),
  ).toThrow('at most 711 servers');
});
