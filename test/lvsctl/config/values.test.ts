// The parts that read one value: ranges, ports of a group, hints, times and truth values. Each row
// is a text and the whole answer.
import { describe, expect, test } from 'vitest';
import {
  addressHint,
  endpointHint,
  interfaceHint,
  vipHint,
} from '../../../src/lvsctl/config/addresshint.js';
import { hasPort, readGroupPort } from '../../../src/lvsctl/config/groupport.js';
import { parsePattern, patternError } from '../../../src/lvsctl/config/pattern.js';
import { ConfigError } from '../../../src/lvsctl/config/problem.js';
import { isRange, RANGE_LIMIT, rangeOf } from '../../../src/lvsctl/config/range.js';
import { inspectConfig, readConfig } from '../../../src/lvsctl/config/read.js';
import { renderSchema } from '../../../src/lvsctl/config/reference.js';
import { KEY_SYNONYMS, VALUE_SYNONYMS } from '../../../src/lvsctl/config/synonyms.js';

// biome-ignore format: a table
describe('ranges', () => {
  const none = (text: string) => ({ reason: `\`${text}' is not a range like 192.0.2.1-10 or 192.0.2.0/29` });
  test.each([
    ['192.0.2.1-3', ['192.0.2.1', '192.0.2.2', '192.0.2.3']],
    ['192.0.2.1 - 192.0.2.2', ['192.0.2.1', '192.0.2.2']],
    ['192.0.2.254-192.0.3.1', ['192.0.2.254', '192.0.2.255', '192.0.3.0', '192.0.3.1']],
    ['192.0.2.7-7', ['192.0.2.7']],
    ['192.0.2.4/30', ['192.0.2.4', '192.0.2.5', '192.0.2.6', '192.0.2.7']],
    ['2001:db8::1-3', ['2001:db8::1', '2001:db8::2', '2001:db8::3']],
    ['2001:db8::ffff-2001:db8::1:1', ['2001:db8::ffff', '2001:db8::1:0', '2001:db8::1:1']],
    ['2001:db8::4/127', ['2001:db8::4', '2001:db8::5']],
    ['1:2:3:4:5:6:7:8-9', ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:9']],
    ['192.0.2.9-3', { reason: "`192.0.2.9-3' ends before it begins" }],
    ['192.0.2.1-2001:db8::1', { reason: "`192.0.2.1-2001:db8::1' has an IPv4 and an IPv6 address" }],
    ['10.0.0.0-10.0.4.0', { reason: `\`10.0.0.0-10.0.4.0' has 1025 addresses; at most ${RANGE_LIMIT}` }],
    ['10.0.0.0/21', { reason: `\`10.0.0.0/21' has 2048 addresses; at most ${RANGE_LIMIT}` }],
    ['192.0.2.1-', none('192.0.2.1-')],
    ['192.0.2-9', none('192.0.2-9')],
    ['192.0.2.1-256', none('192.0.2.1-256')],
    ['192.0.2.1/33', none('192.0.2.1/33')],
    ['2001:db8::/129', none('2001:db8::/129')],
  ])('%s', (text, addresses) => expect(rangeOf(text)).toEqual(addresses));

  test('as many as the limit', () => {
    const all = rangeOf('10.0.0.0-10.0.3.255') as readonly string[];
    expect([all.length, all[0], all[RANGE_LIMIT - 1]]).toEqual([RANGE_LIMIT, '10.0.0.0', '10.0.3.255']);
    expect(rangeOf('10.0.0.0/22')).toEqual(all);
  });

  test.each([
    ['192.0.2.1-3', true], ['192.0.2.1 - 3', true], ['2001:db8::1-2', true], ['192.0.2.0/24', true], ['2001:db8::/64', true],
    ['192.0.2.10/24', false], ['192.0.2.1/32', false], ['2001:db8::1/128', false], ['192.0.2.1', false], ['web-1', false],
    ['-3', false], ['192.0.2.1-', false], ['x192.0.2.1-3', false], ['192.0.2.1-3x', false], ['192.0.2.0/240', false], ['192.0.2.0/24x', false],
    ['a192.0.2.0/24', false], ['g192.0.2.0/24', false], ['192.0.2.0/1234', false],
  ])('is %s one: %s', (text, is) => expect(isRange(text)).toBe(is));
});

// biome-ignore format: a table
test.each<readonly [string, ReturnType<typeof readGroupPort>]>([
  ['80', { port: 80, last: 80, protocol: undefined }],
  ['1', { port: 1, last: 1, protocol: undefined }],
  ['65535', { port: 65535, last: 65535, protocol: undefined }],
  ['8000-8100', { port: 8000, last: 8100, protocol: undefined }],
  ['80-80', { port: 80, last: 80, protocol: undefined }],
  ['0', { port: 0, last: 65535, protocol: undefined }],
  ['0/sctp', { port: 0, last: 65535, protocol: 'sctp' }],
  ['53/udp', { port: 53, last: 53, protocol: 'udp' }],
  ['1-2/tcp', { port: 1, last: 2, protocol: 'tcp' }],
  ...['', '65536', '8100-8000', '0-1', '1-65536', '-1', '1-', '123456', '80/icmp', '80/', 'x80', '80x', '80-90x', ' 80'].map((text) => [text, undefined] as const),
])('ports of a group: %j', (text, port) => expect(readGroupPort(text)).toEqual(port));

test('a port is one of a group from the first to the last', () => {
  const has = (one: number) => hasPort({ port: 80, last: 82 }, one);
  expect([79, 80, 81, 82, 83].map(has)).toEqual([false, true, true, true, false]);
});

// biome-ignore format: a table
describe('what is wrong with an address', () => {
  const host = 'it looks like a host name, and names are not looked up; write the address';
  test.each<readonly [string, string | undefined, string | undefined, string | undefined]>([
    ['192.0.2.1:80', 'write it without the port', "the port has a key of its own, `port: 80'", 'write it without the port'],
    ['[2001:db8::1]:80', 'write it without the port', "the port has a key of its own, `port: 80'", 'write it without the port'],
    ['192.0.2.1/24', 'write it without /24', 'write it without /24', 'write it without /24; the interface gets it as /32'],
    ['192.0.2.1/255.255.255.0', 'write it without /255.255.255.0', 'write it without /255.255.255.0', 'write it without /255.255.255.0; the interface gets it as /32'],
    ['2001:db8::1/64', 'write it without /64', 'write it without /64', 'write it without /64; the interface gets it as /128'],
    ...[
      ['[2001:db8::1]', 'write it without brackets'], ['fe80::1%eth0', 'write it without %eth0'], [' 192.0.2.1', 'remove the blanks around it'],
      ['192.0.2.1 ', 'remove the blanks around it'], ['192,0,2,1', 'its parts are separated by dots, not commas'], ['192.0..2.1', 'two dots follow each other'],
      ['192.0.2.256', '256 is more than 255'], ['192.0.2', 'it has 3 parts in place of 4'], ['192', 'it has 1 part in place of 4'], ['192.0.2.1.5', 'it has 5 parts in place of 4'],
      ['192.0.2.01', 'each of its parts is a number from 0 to 255 without leading zeros'], ['192.0.2.l', "`l' is a letter"], ['1O.0.0.1', "`O' is a letter"],
      ['web1', host], ['web-1.example.org', host], ['[web]', undefined], ['web%1', undefined], [' web', undefined], ['999.0.2.1:80', undefined], ['web/24', undefined], ['10l', undefined], ['web 1', undefined], ['-web', undefined], ['192.0.2.1:123456', undefined],
    ].map(([text, hint]) => [text ?? '', hint, hint, hint] as const),
  ])('%j', (text, plain, endpoint, vip) => {
    expect([addressHint(text), endpointHint(text), vipHint(text)]).toEqual([plain, endpoint, vip]);
  });

  test.each([
    ['eth0:1', 'it is an alias; use eth0'], ['a name', 'the character U+0020 is not allowed; printable ASCII without blanks, / and : is'],
    ['eth/0', "the character `/' is not allowed; printable ASCII without blanks, / and : is"], [':1', "the character `:' is not allowed; printable ASCII without blanks, / and : is"],
    ['eth0:', "the character `:' is not allowed; printable ASCII without blanks, / and : is"], ['größe', 'the character U+00F6 is not allowed; printable ASCII without blanks, / and : is'],
    ['\u{1f600}', 'the character U+1F600 is not allowed; printable ASCII without blanks, / and : is'], ['a:b:c', "the character `:' is not allowed; printable ASCII without blanks, / and : is"],
    ['abcdefghijklmnop', 'it has 1 to 15 characters and is neither . nor ..'], ['..', 'it has 1 to 15 characters and is neither . nor ..'],
  ])('an interface %j', (text, hint) => expect(interfaceHint(text)).toBe(hint));
});

// biome-ignore format: a table
describe('one value', () => {
  const file = (line: string) => `vips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n  - name: web\n    address: 192.0.2.1\n    port: 80\n    mode: dr\n    servers: [{address: 10.0.0.1}]\n    ${line}\n`;
  const error = (line: string) => {
    try {
      readConfig(file(line), 'f');
    } catch (one) {
      if (one instanceof ConfigError) return one.problems.map(({ message }) => message);
      throw one;
    }
    return [];
  };
  const interval = (text: string) => error(`checks: [{kind: tcp, timeout: 0.1, interval: ${text}}]`);
  const seconds = 'is not a number from 0.1 to 31536000';
  test.each([
    ['1ms', `\`1ms' ${seconds}`], ['200ms', `\`200ms' ${seconds}; write it without a unit: 0.2`], ['5s', `\`5s' ${seconds}; write it without a unit: 5`],
    ['5 sec', `\`5 sec' ${seconds}; write it without a unit: 5`], ['1second', `\`1second' ${seconds}; write it without a unit: 1`], ['2 seconds', `\`2 seconds' ${seconds}; write it without a unit: 2`],
    ['2m', `\`2m' ${seconds}; write it without a unit: 120`], ['2min', `\`2min' ${seconds}; write it without a unit: 120`], ['3 Minutes', `\`3 Minutes' ${seconds}; write it without a unit: 180`],
    ['1.5h', `\`1.5h' ${seconds}; write it without a unit: 5400`], ['50%', `\`50%' ${seconds}; write it without a unit: 0.5`], ['0.3s', `\`0.3s' ${seconds}; write it without a unit: 0.3`],
    ['5x', `\`5x' ${seconds}`], ['x5s', `\`x5s' ${seconds}`], ['5s5', `\`5s5' ${seconds}`], ['5 constructor', `\`5 constructor' ${seconds}`],
    ['"5"', '"5" is text, not a number; write 5 without quotes'], ["'0.5'", '"0.5" is text, not a number; write 0.5 without quotes'], ['""', `\`' ${seconds}`], ['" "', `\` ' ${seconds}`],
    ['"0.01"', `\`0.01' ${seconds}`], ['0.09', `\`0.09' ${seconds}`], ['31536001', `\`31536001' ${seconds}`], ['.inf', `\`.inf' ${seconds}`], ['true', `\`true' ${seconds}`],
    ['', 'expected a value, there is none'], ['null', 'expected a value, there is none'], ['[5]', 'expected one value'], ['{a: 5}', 'expected one value'],
  ])('a time %j', (text, message) => expect(interval(text)).toEqual([message]));

  test.each(['0.1', '31536000', '5'])('the time %s is one', (text) => expect(interval(text)).toEqual([]));

  const flag = (text: string) => error(`protocol: udp\n    one_packet: ${text}`);
  test.each<readonly [string, string]>([
    ...['yes', 'on', 'y', 'YES', '1', 'enabled', '"On"'].map((text) => [text, '; did you mean `true\'?'] as const),
    ...['no', 'off', 'n', '0', 'disabled', 'OFF'].map((text) => [text, '; did you mean `false\'?'] as const),
    ['"true"', '; write it without quotes'], ["'false'", '; write it without quotes'], ['perhaps', ''], ['2', ''],
  ])('a truth value %j', (text, more) => {
    expect(flag(text)).toEqual([`\`${text.replaceAll(/["']/g, '')}' is neither true nor false${more}`]);
  });

  test('true and false are kept', () => {
    const of = (text: string) => inspectConfig(file(`protocol: udp\n    one_packet: ${text}`), 'f').config.services[0]?.one_packet;
    expect([of('true'), of('false')]).toEqual([true, false]);
  });

  test('a long value is shortened to 80 letters', () => {
    const names = 'is not one of tcp, udp, sctp';
    expect(error(`protocol: ${'x'.repeat(80)}`)).toEqual([`\`${'x'.repeat(80)}' ${names}`]);
    expect(error(`protocol: ${'x'.repeat(81)}`)).toEqual([`\`${'x'.repeat(79)}…' ${names}`]);
  });

  test('a letter that only looks right is named, when nothing else is wrong', () => {
    expect(error('protocol: \u201ctcp\u201d')).toEqual([expect.stringContaining('U+201C')]);
    expect(error('protocol: \u201czzz\u201d')).toEqual([`\`\u201czzz\u201d' is not one of tcp, udp, sctp`]);
  });

  test('an empty text is none', () => expect(error('checks: [{kind: tcp, timeout: 0.1}]\n    name2: ""')[0]).toContain("unknown key `name2'"));
});

test('patterns are of RE2, and what is wrong is said', () => {
  expect(parsePattern('a+b')?.test('xaab')).toBe(true);
  expect(parsePattern('^a+b$')?.test('xaab')).toBe(false);
  expect(parsePattern('a+b')?.source).toBe('a+b');
  expect([parsePattern('('), patternError('(')]).toEqual([undefined, 'missing closing ): `(`']);
  expect(patternError('a')).toBe('');
});

describe('names of other programs', () => {
  const schema = renderSchema();
  const named = (name: string) => schema.includes(`"${name}"`);
  test.each(Object.entries(KEY_SYNONYMS))('the key %s is a key of the file: %j', (name, keys) => {
    expect(name).toMatch(/^[a-z\d]+$/);
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !named(key))).toEqual([]);
  });
  test.each(Object.entries(VALUE_SYNONYMS))(
    'the value %s is a value of the file: %j',
    (name, values) => {
      expect(name).toMatch(/^[a-z\d]+$/);
      expect(values.length).toBeGreaterThan(0);
      expect(values.filter((value) => !named(value))).toEqual([]);
    },
  );
});
