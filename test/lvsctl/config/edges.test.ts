// Texts that begin or end oddly, variables without a value, and errors of nothing.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of an lvsctl file
import { expect, test } from 'vitest';
import { addressHint, vipHint } from '../../../src/lvsctl/config/addresshint.js';
import { ConfigError } from '../../../src/lvsctl/config/problem.js';
import { isRange, rangeOf } from '../../../src/lvsctl/config/range.js';
import { problemsOf } from '../../support/marked.js';

const QUAD = 'each of its parts is a number from 0 to 255 without leading zeros';
const THREE = 'it has 3 parts in place of 4';

// biome-ignore format: a table
test.each<readonly [string, string | undefined]>([
  ['192.0.2.', THREE], ['192.0.2.1.', QUAD], ['192.', 'it has 1 part in place of 4'], ['192.0.2.1,', 'its parts are separated by dots, not commas'],
  ['192.0.2..', 'two dots follow each other'], ['.192.0.2.1', undefined], ['..', undefined], ['.', undefined], ['192.0.2.255.', QUAD], ['192.0.2.300.', '300 is more than 255'],
  ['192.0.2.1.:80', undefined], ['.192.0.2.1:80', undefined], ['192.0.2.1./24', undefined], ['192.0.2.1/', 'nothing follows /'], ['2001:db8::/', 'nothing follows /'], ['192.0.2/', undefined], ['192.0.2.1//', undefined], ['/', undefined], ['/24', undefined], ['[192.0.2.1', undefined], ['192.0.2.1]', undefined],
  ['[]', undefined], ['192.0.2.1%', 'write it without %'], ['%eth0', undefined], ['192.0.2.1:', undefined], ['.l', "`l' is a letter"], ['l.', "`l' is a letter"], ['l', 'it looks like a host name, and names are not looked up; write the address'],
  ['\t192.0.2.1', 'remove the blanks around it'], [' 192.0.2 ', undefined], ['192.0.2.1 2', undefined], ['web.', 'it looks like a host name, and names are not looked up; write the address'], ['.web', undefined], ['', undefined],
])('the hint for the address %j', (text, hint) => {
  expect([addressHint(text), vipHint(text)]).toEqual([hint, hint]);
});

// biome-ignore format: a table
test.each([
  ['192.0.2.-3', true], ['192.0.2.1-.', true], ['.192.0.2.1-3', true], ['192.0.2.1-3.', true], ['.-.', true], ['-', false], ['.1', false], ['192.0.2.0./24', false], ['.192.0.2.0/24', false], ['./24', false], ['/24', false], ['192.0.2.0/', false], ['2001:db8::/', false], ['192.0.2.0/24/', false], ['192.0.2.0/24/1', false], ['192.0.2.0/1.5', false], ['192.0.2.0/0x8', false], ['192.0.2.0/ 8', false], ['192.0.2.0/-1', false],
])('a range that is written oddly: %j', (text, is) => {
  expect(isRange(text)).toBe(is);
  expect(rangeOf(text)).toEqual({
    reason: `\`${text}' is not a range like 192.0.2.1-10 or 192.0.2.0/29`,
  });
});

const file = (vars: string, keys: string) =>
  `vars: {${vars}}\nvips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n  - {address: 192.0.2.1, mode: dr, servers: [], ${keys}}\n`;
const NONE = 'the variable p has no value; give it one with --set p=VALUE';
const CIRCLE = 'variables refer to each other: p > p';

// biome-ignore format: a table
test.each<readonly [string, string, string, readonly string[]]>([
  ['without a value, whole', 'p: ', 'name: a, port: $p', [`4 [$p] services[0].port: ${NONE}`]],
  ['without a value, in braces', 'p: ~', 'name: a, port: "${p}"', [`4 ["\${p}"] services[0].port: ${NONE}`]],
  ['without a value, within a text', 'p: ', 'name: "a-${p}-b", port: 80', [`4 ["a-\${p}-b"] services[0].name: ${NONE}`]],
  ['without a value, twice in a text', 'p: ', 'name: "${p}-${p}", port: 80', [`4 ["\${p}-\${p}"] services[0].name: ${NONE}`]],
  ['without a value, in two places', 'p: ', 'name: "a${p}", port: $p', [`4 ["a\${p}"] services[0].name: ${NONE}`, `4 [$p] services[0].port: ${NONE}`]],
  ['of itself', 'p: "${p}"', 'name: a, port: $p', [`1 ["\${p}"] vars.p: ${CIRCLE}`]],
  ['of itself within a text', 'p: "1${p}"', 'name: "a${p}", port: 80', [`1 ["1\${p}"] vars.p: ${CIRCLE}`]],
  ['a map in a text', 'p: {a: 1}', 'name: "a${p}", port: 80', ['4 ["a${p}"] services[0].name: the variable p is a list or a map, which cannot stand within a text']],
  ['a name that is not there', 'port: 1', 'name: a$port, port: "${prt}0"', ["4 [a$port] services[0].name: `a$port' is not a name of letters, digits, dots, dashes and underscores", "4 [\"${prt}0\"] services[0].port: no variable `prt' in vars or hosts; did you mean `port'?; write $$ for a plain $"]],
  ['numbers and truth values', 'n: 80, w: "0", t: "tr"', 'name: "a-${n}", port: "${n}${w}", protocol: udp, one_packet: "${t}ue"', []],
  ['a number that begins with 0', 'n: 1.0', 'name: "a-${n}", port: 80', []],
  ['plain dollars', 'n: 1', 'name: a, port: $n, checks: [{kind: exec, command: [/bin/x, $, a$, $1, $$n, "$${n}", "${LVS_X}"]}]', []],
])('a variable %s', (_, vars, keys, expected) => {
  expect(problemsOf(file(vars, keys))).toEqual(expected);
});

test('an error without problems says so', () => {
  const error = new ConfigError([]);
  expect([error.message, error.report, error.problems]).toEqual(['no error', '', []]);
});
