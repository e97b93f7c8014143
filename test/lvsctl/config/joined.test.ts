// Files that include others: what is joined, what is there twice, and the file that an error is in.
import { expect, test } from 'vitest';
import type { FileContext } from '../../../src/lvsctl/config/context.js';
import { ConfigError } from '../../../src/lvsctl/config/problem.js';
import {
  filesOf,
  hostNames,
  inspectConfig,
  openConfig,
  readConfig,
} from '../../../src/lvsctl/config/read.js';
import { around, service, VIPS } from '../../support/includes.js';
import { placedInFile } from '../../support/marked.js';

type Files = Readonly<Record<string, string>>;

const OWN = `${VIPS}services: [${service('own', 1)}]\n`;

/** Errors, or warnings with `w` before them. */
function answers(files: Files): string[] {
  try {
    const { warnings } = inspectConfig(files.m ?? '', 'm', around(files));
    return warnings.map((one) => `w ${placedInFile(one)}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(placedInFile);
  }
}

// biome-ignore format: a table
test.each<readonly [string, Files, string, readonly string[]]>([
  ['nothing', { m: `include: \n${OWN}` }, 'm', ['m:1:10 [] include: expected the path of a file, or a list of paths']],
  ['~', { m: `include: ~\n${OWN}` }, 'm', ['m:1:10 [~] include: expected the path of a file, or a list of paths']],
  ['an empty text', { m: `include: ""\n${OWN}` }, 'm', ['m:1:10 [""] include: expected the path of a file, or a list of paths']],
  ['an empty list', { m: `include: []\n${OWN}` }, 'm', []],
  ['nothing in a list', { m: `include: [~, a]\n${OWN}`, a: '' }, 'm a', ['m:1:11 [~] include[0]: expected the path of a file, or a list of paths']],
  ['a list in a list', { m: `include: [[a]]\n${OWN}`, a: '' }, 'm', ['m:1:11 [[] include[0]: expected the path of a file, or a list of paths']],
  ['a map', { m: `include: {a: b}\n${OWN}` }, 'm', ['m:1:10 [{] include: expected the path of a file, or a list of paths']],
  ['a number', { 5: '', m: `include: 5\n${OWN}` }, 'm 5', []],
  ['an absolute path', { m: `include: /x/../y\n${OWN}`, '/y': 'zzz: 1\n' }, 'm /y', ["/y:1:1 [zzz] : unknown key `zzz'; known are include, vars, hosts, defaults, vips, services, timeouts, sync, ha, monitor"]],
  ['a file of nothing', { m: `include: a\n${OWN}`, a: '~\n' }, 'm a', []],
  ['a file of a text', { m: `include: a\n${OWN}`, a: 'x\n' }, 'm a', ['a:1:1 [x] : expected a map of keys and values, as in the file that includes it']],
  ['a file of a list', { m: `include: a\n${OWN}`, a: '[]\n' }, 'm a', ['a:1:1 [[] : expected a map of keys and values, as in the file that includes it']],
  ['an alias', { m: `vars: {x: &x a}\ninclude: *x\n${OWN}timeouts: {tcp: $x}`, a: 'zzz: 1' }, 'm a', ["a:1:1 [zzz] : unknown key `zzz'; known are include, vars, hosts, defaults, vips, services, timeouts, sync, ha, monitor", "m:5:17 [$x] timeouts.tcp: `a' is not a whole number from 1 to 31536000"]],
  ['an alias of a list', { m: `vars: {x: &x [a]}\ninclude: *x\n${OWN}`, a: 'zzz: 1' }, 'm a', ["a:1:1 [zzz] : unknown key `zzz'; known are include, vars, hosts, defaults, vips, services, timeouts, sync, ha, monitor"]],
  ['an alias in a list', { m: `vars: {x: &x a}\ninclude: [*x]\n${OWN}`, a: 'zzz: 1' }, 'm a', ["a:1:1 [zzz] : unknown key `zzz'; known are include, vars, hosts, defaults, vips, services, timeouts, sync, ha, monitor"]],
  ['an anchor of another file', { m: `include: a\n${VIPS}services: &s [${service('own', 1)}]\n`, a: 'vars: {x: *s}\n' }, 'm a', ["a:1:11 [*s] : no anchor `&s' before this alias"]],
  ['a file that is a list', { m: '- include: a\n' }, 'm', ['m:1:1 [-] : expected a map of keys and values, not a list']],
  ['several that cannot be read', { m: `include: [a, b, c]\n${OWN}zzz: 1\n`, a: 'x: "y\n', c: 'x: [y\n' }, 'm a b c', ['a:1:4 ["] : this quote " is not closed', 'm:1:14 [b] include[1]: b cannot be read: No such file or directory', 'c:2:1 [] : the brackets of a list or map are not closed before: ] is missing']],
  ['a VIP of both', { m: `include: a\n${OWN}`, a: 'vips: [{address: 192.0.2.1, interface: eth1}]\nservices: []\n' }, 'm a', ['a:1:8 [{] vips[0]: VIP 192.0.2.1 is there twice, first in m:2']],
  ['a list and a map', { m: `include: a\n${OWN}`, a: 'vips: {address: 192.0.2.2}\n' }, 'm a', ['a:1:1 [vips] vips: this key is there twice, first in m:2']],
  ['a number and a list', { m: 'include: a\nvips: 5\nservices: []\n', a: 'vips: []\n' }, 'm a', ['a:1:1 [vips] vips: this key is there twice, first in m:2', "m:2:7 [5] vips: expected a list: put `- ' before each element"]],
  ['timeouts', { m: `include: a\n${OWN}timeouts: {tcp: 5}\n`, a: 'timeouts: {tcp: 6, udp: 0}\n' }, 'm a', ['a:1:12 [tcp] timeouts.tcp: this key is there twice, first in m:4', "a:1:25 [0] timeouts.udp: `0' is not a whole number from 1 to 31536000"]],
  ['a map and a number', { m: `include: a\n${OWN}timeouts: {tcp: 5}\n`, a: 'timeouts: 6\n' }, 'm a', ['a:1:1 [timeouts] timeouts: this key is there twice, first in m:4']],
  ['defaults', { m: `include: a\n${OWN}defaults: {checks: {rise: 2}, mode: dr}\n`, a: 'defaults: {checks: {rise: 3, fall: 0}, mode: nat, health: {quorum: x}}\n' }, 'm a', ['a:1:21 [rise] defaults.checks.rise: this key is there twice, first in m:4', "a:1:36 [0] defaults.checks.fall: `0' is not a whole number from 1 to 1000", 'a:1:40 [mode] defaults.mode: this key is there twice, first in m:4', "a:1:68 [x] defaults.health.quorum: `x' is not a whole number from 1 to 2147483647"]],
  ['monitor', { m: `include: a\n${OWN}monitor: {log: {format: json}}\n`, a: 'monitor: {log: {format: text, file: x}}\n' }, 'm a', ['a:1:17 [format] monitor.log.format: this key is there twice, first in m:4']],
  ['ha', { m: `include: a\n${OWN}ha: {interface: eth0, peers: [10.0.0.1, 10.0.0.2]}\n`, a: 'ha: {id: 4}\n' }, 'm a', ['a:1:1 [ha] ha: this key is there twice, first in m:4']],
  ['vars', { m: `include: a\n${OWN}vars: {a: {b: 1}}\n`, a: 'vars: {a: {c: 1}, d: 1}\n' }, 'm a', ['a:1:8 [a] vars.a: this key is there twice, first in m:4']],
  ['hosts', { m: `include: a\n${OWN}hosts: {h: {a: {x: 1}}}\n`, a: 'hosts: {h: {a: {y: 1}, b: 1}, i: {a: 1}}\n' }, 'm a', ['a:1:13 [a] hosts.h.a: this key is there twice, first in m:4']],
  ['sync', { m: `include: a\n${OWN}sync: [{role: master, interface: eth0}]\n`, a: 'sync: [{role: master, interface: eth1}, {role: x, interface: eth1}]\n' }, 'm a', ['a:1:8 [{] sync[0]: sync daemon master is there twice, first in m:4', "a:1:48 [x] sync[1].role: `x' is not one of master, backup"]],
  ['services of several files', { m: `include: [a, b]\n${OWN}`, a: `services: [${service('a', 2)}, ${service('own', 3)}]\n`, b: `services: [${service('b', 3)}, ${service('c', 4, ', zzz: 1')}]\n` }, 'm a b', ['b:1:12 [{] services[0]: service tcp 192.0.2.1:3 is there twice, first in a:1', "b:1:137 [zzz] services[1]: unknown key `zzz'; known are name, protocol, address, addresses, port, ports, mark, mode, tunnel, gateway, scheduler, flags, one_packet, persistence, servers, sorry, checks, check_defaults, health", 'a:1:82 [own] services[1].name: service own is there twice, first in m:3']],
  ['an include in each file', { m: `include: a\n${OWN}`, a: 'include: b\n', b: 'include: c\ntimeouts: {tcp: 0}\n', c: 'timeouts: {udp: 0}\n' }, 'm a b c', ["b:2:17 [0] timeouts.tcp: `0' is not a whole number from 1 to 31536000", "c:1:17 [0] timeouts.udp: `0' is not a whole number from 1 to 31536000"]],
  ['a pattern with matches', { m: `include: d/*.y\n${OWN}`, 'd/b.y': 'timeouts: {tcp: 9}\n', 'd/a.y': '' }, 'm d/a.y d/b.y', []],
  ['a pattern', { m: `include: d/*.y\n${OWN}`, 'd/b.y': 'x: 1\n', 'd/a.y': 'y: 1\n' }, 'm d/a.y d/b.y', ["d/a.y:1:1 [y] : unknown key `y'; known are include, vars, hosts, defaults, vips, services, timeouts, sync, ha, monitor", "d/b.y:1:1 [x] : unknown key `x'; known are include, vars, hosts, defaults, vips, services, timeouts, sync, ha, monitor"]],
  ['? without a match', { m: `include: d?\n${OWN}` }, 'm', ['w m:1:10 [d?] include: no file matches d?']],
  ['brackets without a match', { m: `include: "d[ab]"\n${OWN}` }, 'm', ['w m:1:10 ["d[ab]"] include: no file matches d[ab]']],
  ['a file of two others', { m: `include: [a, b]\n${OWN}`, a: 'include: c\n', b: 'include: c\n', c: '' }, 'm a c b', ['b:1:10 [c] include: c is included twice, first in a:1']],
  ['NUL', { m: `include: a\n${OWN}`, a: 'a\u0000' }, 'm a', ['a:1:2 [\u0000] : a NUL character; this is no text file']],
  ['two documents', { m: `include: a\n${OWN}`, a: 'timeouts: {tcp: 5}\n---\n' }, 'm a', ['a:2:1 [---] : a second document begins here; a file has one']],
  ['directories', { m: `include: d/a\n${OWN}`, 'd/a': 'include: [b, ./c, ../e]\n', 'd/b': 'b: 1\n', 'd/c': 'c: 1\n', e: 'e: 1\n' }, 'm d/a d/b d/c e', ["d/b:1:1 [b] : unknown key `b'; known are include, vars, hosts, defaults, vips, services, timeouts, sync, ha, monitor", "d/c:1:1 [c] : unknown key `c'; known are include, vars, hosts, defaults, vips, services, timeouts, sync, ha, monitor", "e:1:1 [e] : unknown key `e'; known are include, vars, hosts, defaults, vips, services, timeouts, sync, ha, monitor"]],
])('%s', (_, files, read, expected) => {
  expect(answers(files)).toEqual(expected);
  expect(filesOf(files.m ?? '', 'm', around(files)).join(' ')).toBe(read);
});

test('up to eight levels, and up to a thousand files', () => {
  const levels = (count: number) => {
    const inner = Array.from({ length: count }, (_, i) => [
      `${i + 1}`,
      i + 1 < count ? `include: ${i + 2}\n` : 'timeouts: {tcp: 9}\n',
    ]);
    return { m: `include: 1\n${OWN}`, ...Object.fromEntries(inner) };
  };
  expect(answers(levels(8))).toEqual([]);
  expect(answers(levels(9))).toEqual([
    '8:1:10 [9] include: files include others more than 8 levels deep',
  ]);
  const many = (count: number) => {
    const names = Array.from({ length: count }, (_, i) => `f${i}`);
    return {
      m: `include: [${names.join(', ')}]\n${OWN}`,
      ...Object.fromEntries(names.map((name) => [name, '# nothing\n'])),
    };
  };
  expect(answers(many(999))).toEqual([]);
  expect(answers(many(1000))).toEqual([
    expect.stringMatching(/^m:1:\d+ \[f999\] include\[999\]: more than 1000 files$/),
  ]);
});

test('an error that no file is to blame for is not hidden', () => {
  const broken: FileContext = {
    ...around({}),
    readText() {
      throw new TypeError('a bug');
    },
  };
  expect(() => readConfig(`include: a\n${OWN}`, 'm', broken)).toThrow(TypeError);
});

// biome-ignore format: a table
test.each<readonly [Files, readonly string[]]>([
  [{ m: OWN }, []],
  [{ m: 'hosts: {a: {x: 1}, b.example.org: }\n' }, ['a', 'b.example.org']],
  [{ m: 'hosts: {1: {x: 1}, "": {}, [c]: {}}\n' }, ['1']],
  [{ m: 'include: h\nhosts: {a: {x: 1}}\n', h: 'hosts: {b: {x: 2}, a: {y: 1}}\n' }, ['a', 'b']],
  [{ m: 'hosts: [a]\n' }, []],
  [{ m: 'hosts: \n' }, []],
  [{ m: '- a\n' }, []],
  [{ m: '' }, []],
  [{ m: 'hosts: {a: "x\n' }, []],
  [{ m: 'include: nosuch\nhosts: {a: {}}\n' }, []],
])('the hosts of %j', (files, expected) => {
  expect(hostNames(openConfig(files.m ?? '', 'm', around(files)))).toEqual(expected);
});
