// Files that are read together: what is joined, what is refused, and where errors are.
import { describe, expect, test } from 'vitest';
import { filesOf, inspectConfig, readConfig } from '../../../src/lvsctl/config/read.js';
import { formatAddress } from '../../../src/model/address.js';
import { around, service, VIPS } from '../../support/includes.js';
import { errorsOf } from '../../support/problems.js';

const errors = (files: Readonly<Record<string, string>>, main = 'lvs.yaml') =>
  errorsOf(() => readConfig(files[main] ?? '', main, around(files)));

describe('what is joined', () => {
  test('lists one after the other, those of the including file first, files in order', () => {
    const files = {
      '/etc/lvs.yaml': `include: [lvs.d/*.yaml, sync.yaml]\n${VIPS}services: [${service('own', 1)}]\ndefaults: {checks: {interval: 2}}\n`,
      '/etc/lvs.d/20-b.yaml': `services:\n  - ${service('b', 20, ', checks: [{kind: tcp}]')}\n`,
      '/etc/lvs.d/10-a.yaml': `services: [${service('a', 10)}]\nvips: [{address: 192.0.2.2, interface: eth1}]\n`,
      '/etc/lvs.d/.hidden.yaml': 'services: nonsense\n',
      '/etc/lvs.d/notes.txt': 'no yaml: [\n',
      '/etc/sync.yaml':
        'sync: [{role: master, interface: eth0}]\ndefaults: {checks: {timeout: 1}}\n',
    };
    const config = readConfig(files['/etc/lvs.yaml'], '/etc/lvs.yaml', around(files));
    expect(config.services.map(({ name }) => name)).toEqual(['own', 'a', 'b']);
    expect(config.vips.map(({ address }) => formatAddress(address))).toEqual([
      '192.0.2.1',
      '192.0.2.2',
    ]);
    expect(config.sync.map(({ role }) => role)).toEqual(['master']);
    // defaults are those of the whole
    expect(config.services[2]?.checks[0]).toMatchObject({ interval: 2, timeout: 1 });
    expect(filesOf(files['/etc/lvs.yaml'], '/etc/lvs.yaml', around(files))).toEqual([
      '/etc/lvs.yaml',
      '/etc/lvs.d/10-a.yaml',
      '/etc/lvs.d/20-b.yaml',
      '/etc/sync.yaml',
    ]);
  });

  test('a file within a file is relative to the one that names it', () => {
    const files = {
      'lvs.yaml': `include: a/one.yaml\n${VIPS}`,
      'a/one.yaml': 'include: [b/two.yaml, ../three.yaml]\n',
      'a/b/two.yaml': `services: [${service('two', 2)}]\n`,
      'three.yaml': `services: [${service('three', 3)}]\n# the end\n`,
    };
    const { services } = readConfig(files['lvs.yaml'], 'lvs.yaml', around(files));
    expect(services.map(({ name }) => name)).toEqual(['two', 'three']);
  });

  test('aliases, ranges and empty files', () => {
    const files = {
      'lvs.yaml': `include: [empty.yaml, more.yaml]\n${VIPS}services: [${service('own', 1)}]\n`,
      'empty.yaml': '# nothing yet\n',
      'more.yaml': `services:\n  - &web {name: web, address: 192.0.2.1, port: [80, 81], mode: dr, servers: &s [{address: 10.0.0.1-2}]}\n  - {name: mail, address: 192.0.2.1, port: 25, mode: dr, servers: *s}\n`,
    };
    const { services } = readConfig(files['lvs.yaml'], 'lvs.yaml', around(files));
    expect(services.map(({ name, servers }) => `${name} ${servers.length}`)).toEqual([
      'own 0',
      'web-80 2',
      'web-81 2',
      'mail 2',
    ]);
  });
});

describe('what is refused, and where', () => {
  const main = (include: string) => `include: ${include}\n${VIPS}services: []\n`;

  test('an error has the file, line, column and entry of the included file', () => {
    const files = {
      'lvs.yaml': `include: a.yaml\n${VIPS}services: [${service('own', 1)}]\n`,
      'a.yaml': `# one line more\nservices:\n  - ${service('a', 2)}\n  - name: b\n    address: 192.0.2.1\n    port: 70000\n    mode: dr\n    servers: []\nunknown: 1\n`,
    };
    expect(errors(files)).toEqual([
      "a.yaml:6:11 services[1].port: `70000' is not a whole number from 0 to 65535",
      expect.stringMatching(/^a\.yaml:9:1 : unknown key `unknown'/),
    ]);
  });

  test('what stands in two files names both', () => {
    const files = {
      'lvs.yaml': `include: a.yaml\n${VIPS}services: [${service('web', 1)}]\nmonitor: {drift: ignore}\ntimeouts: {tcp: 900}\n`,
      'a.yaml': `services:\n  - ${service('web', 2)}\nmonitor: {hook: [/bin/true], drift: correct}\ntimeouts: {udp: 10}\n`,
    };
    expect(errors(files)).toEqual([
      'a.yaml:2:12 services[0].name: service web is there twice, first in lvs.yaml:3',
      'a.yaml:3:30 monitor.drift: this key is there twice, first in lvs.yaml:4',
    ]);
  });

  test.each<[string, Record<string, string>, string]>([
    ['itself', { 'lvs.yaml': main('lvs.yaml') }, 'lvs.yaml:1:10 include: lvs.yaml includes itself'],
    [
      'itself by a pattern',
      { 'lvs.yaml': main('"*.yaml"') },
      'lvs.yaml:1:10 include: lvs.yaml includes itself',
    ],
    [
      'a cycle',
      {
        'lvs.yaml': main('a.yaml'),
        'a.yaml': 'include: [d/b.yaml]\n',
        'd/b.yaml': 'include: ../a.yaml\n',
      },
      'd/b.yaml:1:10 include: a.yaml includes itself: lvs.yaml > a.yaml > d/b.yaml > a.yaml',
    ],
    [
      'twice',
      { 'lvs.yaml': main('[a.yaml, ./a.yaml]'), 'a.yaml': 'services: []\n' },
      'lvs.yaml:1:19 include[1]: a.yaml is included twice, first in line 1',
    ],
    [
      'no such file',
      { 'lvs.yaml': main('nosuch.yaml') },
      'lvs.yaml:1:10 include: nosuch.yaml cannot be read: No such file or directory',
    ],
    [
      'no map',
      { 'lvs.yaml': main('a.yaml'), 'a.yaml': '- name: web\n' },
      'a.yaml:1:1 : expected a map of keys and values, as in the file that includes it',
    ],
    [
      'no YAML',
      { 'lvs.yaml': main('a.yaml'), 'a.yaml': 'services:\n\t- x\n' },
      'a.yaml:2:1 : a tab in the indentation; YAML takes blanks only',
    ],
    [
      'no path',
      { 'lvs.yaml': main('[{a: 1}]') },
      'lvs.yaml:1:11 include[0]: expected the path of a file, or a list of paths',
    ],
    [
      'a pattern without quotes',
      { 'lvs.yaml': main('*.yaml') },
      "lvs.yaml:1:10 : no anchor `&.yaml' before this alias; put quotes around a text that begins with *",
    ],
  ])('%s', (_, files, expected) => {
    expect(errors(files)[0]).toBe(expected);
  });

  test('too many levels', () => {
    const files: Record<string, string> = { 'lvs.yaml': main('1.yaml') };
    for (let i = 1; i < 20; i++) files[`${i}.yaml`] = `include: ${i + 1}.yaml\n`;
    files['20.yaml'] = '';
    expect(errors(files)).toEqual([
      '8.yaml:1:10 include: files include others more than 8 levels deep',
    ]);
  });

  test('a pattern that matches nothing is a warning', () => {
    const files = { 'lvs.yaml': main('lvs.d/*.yaml') };
    const { warnings } = inspectConfig(files['lvs.yaml'], 'lvs.yaml', around(files));
    expect(warnings.map(({ line, message }) => `${line} ${message}`)).toEqual([
      '1 no file matches lvs.d/*.yaml',
    ]);
  });

  test('without files around nothing can be included', () => {
    expect(errorsOf(() => readConfig(main('a.yaml'), 'f'))).toEqual([
      'f:1:10 include: a.yaml cannot be read: no file can be included here',
    ]);
  });
});
