// Texts that are no YAML, or no YAML of one document: the cause that is named, and its place.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of an lvsctl file
import { expect, test } from 'vitest';
import { isMap } from 'yaml';
import { readYaml } from '../../../src/lvsctl/config/document.js';
import { placed } from '../../support/marked.js';

function problems(text: string): string[] {
  const found: string[] = [];
  readYaml(text, 'f', 0, (problem) => found.push(placed(problem)));
  return found;
}

// biome-ignore format: a table
test.each<readonly [string, readonly string[]]>([
  ['a: 1\na: 2\n', ['2:1 [a] this key is there twice']],
  ['a: 1\nb: 2\na: 3\nb: 4\n', ['3:1 [a] this key is there twice', '4:1 [b] this key is there twice']],
  ['a: {b: 1, b: 2}\n', ['1:11 [b] this key is there twice']],
  ['a: 1\n"a": 2\n', ['2:1 ["a"] this key is there twice']],
  ['long_key-x: 1\nlong_key-x: 2\n', ['2:1 [long_key-x] this key is there twice']],
  ['a: 1\na: 2\nb: "x\n', ['2:1 [a] this key is there twice', '3:4 ["] this quote " is not closed']],
  ['? a\n: 1\n? a\n: 2\n', ['3:3 [a] this key is there twice']],
  ['a:\n\tb: 1\n', ['2:1 [\t] a tab in the indentation; YAML takes blanks only']],
  ['a:\n  \tb: 1\n', ['2:3 [\t] a tab in the indentation; YAML takes blanks only']],
  ['a:\n - \tb\n\t- c: 1\n', ['2:4 [\t] a tab in the indentation; YAML takes blanks only']],
  ['a: [\n\t1,\n\t2\n', ['2:1 [\t] a tab in the indentation; YAML takes blanks only']],
  ['a: "x\n\ty: 1\n', ['2:1 [\t] a tab in the indentation; YAML takes blanks only']],
  ['a:\n\t\tb: 1\n', ['2:1 [\t] a tab in the indentation; YAML takes blanks only']],
  ['a:\n-\tb: 1\n  c: 2\n', ['2:2 [\t] a tab in the indentation; YAML takes blanks only']],
  ['a: 1\n b: 2\n# x\n\tc: 3\n', ['2:2 [b] indentation: this begins in column 2, its neighbours in column 1']],
  ['a\uff1a1\nb: 2\n', ["1:2 [\uff1a] a full-width colon (U+FF1A); type `:'"]],
  ['a: 1\nb\uff1a 2\nc: 3\n', ["2:2 [\uff1a] a full-width colon (U+FF1A); type `:'"]],
  ['a: [1\uff0c 2\nb: 1\n', ["1:6 [\uff0c] a full-width comma (U+FF0C); type `,'"]],
  ['\u201ca": 1\nb: "x\n', ['2:4 ["] this quote " is not closed']],
  ['a: 1 # \uff1a\nb: "x\n', ['2:4 ["] this quote " is not closed']],
  ['#\uff1a\nb: "x\n', ['2:4 ["] this quote " is not closed']],
  ['a: 1\n\u2013 b\n', ["2:1 [\u2013] a typographic dash (U+2013); type `-'"]],
  ['b: "x\n\uff1a\n', ["2:1 [\uff1a] a full-width colon (U+FF1A); type `:'"]],
  ['x#\uff1a: "y\n', ["1:3 [\uff1a] a full-width colon (U+FF1A); type `:'"]],
  ['a: {b: ${v}}\n', ['1:8 [${v}] inside [ ] and { } write $v, or "${v}" in quotes']],
  ['a: [${v}]\n', ['1:5 [${v}] inside [ ] and { } write $v, or "${v}" in quotes']],
  ['a: ${v}\nb: "x\n', ['2:4 ["] this quote " is not closed']],
  ['a: {b: ${v}, c: ${w}}\n', ['1:8 [${v}] inside [ ] and { } write $v, or "${v}" in quotes']],
  ['a: [x, ${vip_1}]\n', ['1:8 [${vip_1}] inside [ ] and { } write $vip_1, or "${vip_1}" in quotes']],
  ['a: {b: "x", c: ${v}} # x\n', ['1:16 [${v}] inside [ ] and { } write $v, or "${v}" in quotes']],
  ['a: {b: 1 # ${v}\n', ['2:1 [] the brackets of a list or map are not closed before: } is missing']],
  ['a: [\n  ${v}\n]\n', ['2:4 [{] something is missing here: a colon and a blank after a key, or a closing quote or bracket']],
  ['a: {${v}: 1}\n', ['1:5 [${v}] inside [ ] and { } write $v, or "${v}" in quotes']],
  ['a: [ ${v} ]\n', ['1:6 [${v}] inside [ ] and { } write $v, or "${v}" in quotes']],
  ['a:\n  port:80\n  b: 1\n', ["2:3 [port:] a blank is missing after `port:'"]],
  ['a:\n  - port:80\n    b: 1\n', ["2:5 [port:] a blank is missing after `port:'"]],
  ['a:\n  - - port:80\n      b: 1\n', ["2:7 [port:] a blank is missing after `port:'"]],
  ['port:80\nb: 1\n', ["1:1 [port:] a blank is missing after `port:'"]],
  ['a:\n  url:http://x\n  b: 1\n', ["2:3 [url:] a blank is missing after `url:'"]],
  ['a:\n  http://x\n  b: 1\n', ['2:3 [http://x] this is no key with a value: a colon and a blank are missing']],
  ['a:\n  x::1\n  b: 1\n', ['2:3 [x::1] this is no key with a value: a colon and a blank are missing']],
  ['a:\n  -address: 1\n    b: 2\n', ["2:3 [-] a blank is missing after `-'"]],
  ['a:\n  - x: 1\n  -address:\n    y: 1\n', ["3:3 [-] a blank is missing after `-'"]],
  ['a:\n  -address:1\n    b: 2\n', ['3:5 [b] indentation: this begins in column 5, its neighbours in column 3']],
  ['a:\n  Port:80\n  b: 1\n', ['2:3 [Port:80] this is no key with a value: a colon and a blank are missing']],
  ['a_b:80\nc: 1\n', ["1:1 [a_b:] a blank is missing after `a_b:'"]],
  ['a:\n  p1:80\n  b: 1\n', ['2:3 [p1:80] this is no key with a value: a colon and a blank are missing']],
  ['-a: 1\nb\n', ["1:1 [-] a blank is missing after `-'"]],
  ['a:\n  port = 80\n  b: 1\n', ["2:3 [port] write `port: ' with a colon and a blank"]],
  ['a:\n  port=80\n  b: 1\n', ["2:3 [port] write `port: ' with a colon and a blank"]],
  ['a:\n  - port = 80\n    b: 1\n', ["2:5 [port] write `port: ' with a colon and a blank"]],
  ['port =80\nb: 1\n', ["1:1 [port] write `port: ' with a colon and a blank"]],
  ['a:\n  mode dr\n  b: 1\n', ['2:3 [mode dr] this is no key with a value: a colon and a blank are missing']],
  ['a:\n  Port = 80\n  b: 1\n', ['2:3 [Port = 80] this is no key with a value: a colon and a blank are missing']],
  ['a:\n  1x = 80\n  b: 1\n', ['2:3 [1x = 80] this is no key with a value: a colon and a blank are missing']],
  ['a:\n  x y = 80\n  b: 1\n', ['2:3 [x y = 80] this is no key with a value: a colon and a blank are missing']],
  ['a: "x\nb: 1\n', ['1:4 ["] this quote " is not closed']],
  ["a: 'x\nb: 1\n", ["1:4 ['] this quote ' is not closed"]],
  ['a: [ "x, 1]\nb: 1\n', ['1:6 ["] this quote " is not closed']],
  ['a: 1\nb:  "x\n', ['2:5 ["] this quote " is not closed']],
  ['a: {b: "x\n', ['1:8 ["] this quote " is not closed']],
  ['- "x\n- y\n', ['1:3 ["] this quote " is not closed']],
  ['a: "x" "y\n', ['1:8 ["y] this is after the end of a value']],
  ["a: 'it's\nb: 1\n", ['1:8 [s] this is after the end of a value']],
  ['a: "x\\"y"z"\n', ['1:10 [z"] this is after the end of a value']],
  ["a: x\"y\nb: 'z\n", ["2:4 ['] this quote ' is not closed"]],
  ['"x\nb: 1\n', ['3:1 [] something is missing here: a colon and a blank after a key, or a closing quote or bracket']],
  ['a: # "x\n  "y\n', ['3:1 [] something is missing here: a colon and a blank after a key, or a closing quote or bracket']],
  ['a: "x # y\nb: 1\n', ['1:4 ["] this quote " is not closed']],
  ["a: 'x''y\n", ['2:1 [] something is missing here: a colon and a blank after a key, or a closing quote or bracket']],
  ['a: 1\nb: "x\nc: "y"\n', ['2:4 ["] this quote " is not closed']],
  ["a: \"x\nb: 'y\n", ['1:4 ["] this quote " is not closed']],
  ['a: [1, 2\nb: 3\n', ['2:1 [b] the brackets of a list or map are not closed before: ] is missing']],
  ['a: {b: 1\nc: 3\n', ['2:1 [c] the brackets of a list or map are not closed before: } is missing']],
  ['a: [1, 2\n', ['2:1 [] the brackets of a list or map are not closed before: ] is missing']],
  ['a: {b: [1, 2}\n', ['1:13 [}] the brackets of a list or map are not closed before: ] is missing']],
  ['a: 1]\n', []],
  ['a: ]\n', ['1:4 []] unexpected "]"']],
  ['a: [1 2]\n', []],
  ['a: [{b: 1} {c: 2}]\n', ['1:12 [{] this is after the end of a value']],
  ['a: {b: 1 c: 2}\n', ['1:8 [1 c: 2] a comma or a closing bracket is missing after this']],
  ['a: [1, 2]]\nb: 1\n', ['1:10 []] unexpected "]"']],
  ['a: [1,\n2]\nb: 3\n', ['2:1 [2] the brackets of a list or map are not closed before: ] is missing']],
  ['a: }\n', ['1:4 [}] unexpected "}"']],
  ['a: {b}}\n', ['1:7 [}] unexpected "}"']],
  ['[a, b]: c\nd\n', ['2:1 [d] something is missing here: a colon and a blank after a key, or a closing quote or bracket']],
  ['a: x|y\n  b: 2\n', ['2:3 [b] indentation: this begins in column 3, its neighbours in column 1']],
  ['a: x {y\n  b: 2\n', ['2:3 [b] indentation: this begins in column 3, its neighbours in column 1']],
  ['a: 1\n  b: 2\n', ['2:3 [b] indentation: this begins in column 3, its neighbours in column 1']],
  ['a:\n  b: 1\n c: 2\n', ['3:2 [c] indentation: this begins in column 2, its neighbours in column 1 or 3']],
  ['a:\n    b: 1\n  c: 2\n', ['3:3 [c] indentation: this begins in column 3, its neighbours in column 1 or 5']],
  ['a:\n  - b: 1\n   c: 2\n', ['3:4 [c] indentation: this begins in column 4, its neighbours in column 3 or 5']],
  ['a:\n  - b: 1\n     c: 2\n', ['3:6 [c] indentation: this begins in column 6, its neighbours in column 5']],
  ['a:\n  - b: 1\n  c: 2\n', ['3:3 [c] indentation: this begins in column 3, its neighbours in column 5']],
  ['a:\n- b: 1\nc: 2\n  d: 3\n', ['3:1 [c] indentation: this begins in column 1, its neighbours in column 3']],
  ['a:\n  b: 1\n    c: 2\n', ['3:5 [c] indentation: this begins in column 5, its neighbours in column 3']],
  ['a:\n  b: |\n    x\n   y\n  c: 1\n d: 2\n', ['4:1 [ ] all mapping items must start at the same column']],
  ['a:\n  b: >\n  c: 1\n d: 2\n', ['4:2 [d] indentation: this begins in column 2, its neighbours in column 1 or 3']],
  ['a: {\n b: 1 }\n  c: 1\n', ['3:3 [c] indentation: this begins in column 3, its neighbours in column 2']],
  ['a: &x\n  b: 1\n   c: 2\n', ['3:4 [c] indentation: this begins in column 4, its neighbours in column 3']],
  ['a:\n  - b\n - c\n', ['3:2 [-] indentation: this begins in column 2, its neighbours in column 1 or 3']],
  ['a:\n - b\n  - c: 1\n', ['3:3 [-] indentation: this begins in column 3, its neighbours in column 2']],
  ['a:\n  - - b: 1\n     c: 2\n', ['3:6 [c] indentation: this begins in column 6, its neighbours in column 3 or 7']],
  [' a: 1\nb: 2\n', ['2:1 [b] indentation: this begins in column 1, its neighbours in column 2']],
  ['a: 1 # x\n  b: 2\n', ['2:3 [b] indentation: this begins in column 3, its neighbours in column 1']],
  ['a:\n  -\n   b: 1\n  c: 2\n', ['4:3 [c] indentation: this begins in column 3, its neighbours in column 4']],
  ['a: x\n- b\n', ['2:1 [-] this is no key with a value: a colon and a blank are missing']],
  ['- a\nb: 1\n', ['2:1 [b] this is after the end of a value']],
  ['a: 1\n\n\n   b: 2\n', ['1:4 [1] a key and its value stand where a value should end; a text with a colon and a blank in it needs quotes']],
  ['x: 1\ny:\n  z: 1\n # c\n w: 1\n', ['5:2 [w] indentation: this begins in column 2, its neighbours in column 1 or 3']],
  ['a: @x\n', ['1:4 [@] a text that begins with @, % or a backquote needs quotes']],
  ['a: `x\n', ['1:4 [`] a text that begins with @, % or a backquote needs quotes']],
  ['a\nb: 1\n', ['1:1 [a] this is no key with a value: a colon and a blank are missing']],
  ['a: 1\nb\n', ['2:1 [b] something is missing here: a colon and a blank after a key, or a closing quote or bracket']],
  ['a: b: c\n', ['1:4 [b] a key and its value stand where a value should end; a text with a colon and a blank in it needs quotes']],
  ['a: x y: z\n', ['1:4 [x] a key and its value stand where a value should end; a text with a colon and a blank in it needs quotes']],
  ['"a" b: 1\n', ['1:5 [b] unexpected scalar token']],
  ['a: "x" y\n', ['1:8 [y] this is after the end of a value']],
  ['? a\nb\n', ['2:1 [b] something is missing here: a colon and a blank after a key, or a closing quote or bracket']],
  ['%YAML 9\n---\na: 1\n', ['1:7 [9] unsupported YAML version 9']],
  ['%FOO\na: 1\n', ['2:1 [a] something is missing here: a colon and a blank after a key, or a closing quote or bracket']],
  ['a: !!int x\n', []],
  ['a: "\\q"\n', ['1:5 [\\] invalid escape sequence \\q']],
  ['a: &x &y 1\n', ['1:7 [&y] a node can have at most one anchor']],
  ['a: &x *y\n', ['1:7 [*y] an alias node must not specify any properties']],
  ['a: |x\n  y\n', ['1:5 [x] block scalar header includes extra characters: |x']],
  ['a: !x !y 1\n', ['1:7 [!y] a node can have at most one tag']],
  ['a: - b\n', ['1:4 [-] unexpected block-seq-ind on same line with key']],
  ['a: %x\n', ['1:4 [%] a text that begins with @, % or a backquote needs quotes']],
  ['---\na: 1\n...\nb: 2\n', ['4:1 [b: ] a second document begins here; a file has one']],
  ['a: 1\n---\n', ['2:1 [---] a second document begins here; a file has one']],
  ['...\n', []],
  ['a: *\n', ['1:4 [*] alias cannot be an empty string']],
  ['a: &\n', ['1:4 [&] anchor cannot be an empty string']],
  [': 1\n', []],
  ['{a: 1}\nb: 2\n', ['2:1 [b] this is after the end of a value']],
  ['a: ? b\n', ['1:4 [?] a key and its value stand where a value should end; a text with a colon and a blank in it needs quotes']],
  ['<<: {a: 1}\n', []],
  ['a: "x\ty\n', ['1:4 ["] this quote " is not closed']],
  ['a: 1\r\na: 2\r\n', ['2:1 [a] this key is there twice']],
  ['a:\r\n\tb: 1\r\n', ['2:1 [\t] a tab in the indentation; YAML takes blanks only']],
  ['a: "x\r\nb: 1\r\n', ['1:4 ["] this quote " is not closed']],
  ['a: |\n x\n  y\n z: 1\nb: "x', ['5:4 ["] this quote " is not closed']],
  ['a: *b\n', ["1:4 [*b] no anchor `&b' before this alias"]],
  ['a: [*b, *c]\n', ["1:5 [*b] no anchor `&b' before this alias", "1:9 [*c] no anchor `&c' before this alias"]],
  ['a: *.yaml\n', ["1:4 [*.yaml] no anchor `&.yaml' before this alias; put quotes around a text that begins with *"]],
  ['a: *\nb: *c-d\n', ['1:4 [*] alias cannot be an empty string']],
  ['a: &b 1\nc: *b\n', []],
  ['a: *b\nc: &b 1\n', ["1:4 [*b] no anchor `&b' before this alias"]],
  ['a: &b 1\nc: *b\nd: &b 2\ne: *b\n', []],
  ['a: 1\n---\nb: 2\n---\nc: 3\n', ['2:1 [---] a second document begins here; a file has one']],
  ['a\u0000', ['1:2 [\u0000] a NUL character; this is no text file']],
  ['\u0000', ['1:1 [\u0000] a NUL character; this is no text file']],
  ['a: 1\nb: 2\n\u0000c', ['3:1 [\u0000] a NUL character; this is no text file']],
  ['\n\n\u0000', ['3:1 [\u0000] a NUL character; this is no text file']],
  ['a: 1\n\u0000\u0000\n', ['2:1 [\u0000] a NUL character; this is no text file']],
  ['# c\n', []],
  ['---\n', []],])('%j', (text, expected) => expect(problems(text)).toEqual(expected));

test('of a long key the first hundred letters are underlined', () => {
  const line = `${'k'.repeat(120)}: 1\n`;
  expect(problems(line + line)).toEqual([`2:1 [${'k'.repeat(100)}] this key is there twice`]);
});

const inLists = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const inMaps = (depth: number) =>
  Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}a:\n`).join('');

// biome-ignore format: a table
test.each<readonly [string, string, readonly string[]]>([
  ['64 lists', inLists(64), []],
  ['66 lists', inLists(66), ['1:66 [[] nested more than 64 levels deep']],
  ['64 maps', inMaps(64), []],
  ['66 maps', inMaps(66), ['66:66 [a] nested more than 64 levels deep']],
  ['dashes', `\n${'- '.repeat(70)}`, ['2:131 [-] nested more than 64 levels deep']],
])('nested: %s', (_, text, expected) => expect(problems(text)).toEqual(expected));

test('a text that is none has no contents; one behind another has ranges of its own', () => {
  const report = () => {};
  for (const text of ['a: "x', '\0', inLists(66), 'a: 1\n---\nb: 2\n', 'a: *b\n'])
    expect(readYaml(text, 'f', 0, report)).toBeUndefined();
  const empty = readYaml('', 'f', 0, report);
  expect(empty?.contents).toBeNull();
  const ranges = (base: number) => {
    const { contents, text } = readYaml('a: [1]\n', 'f', base, report) ?? {};
    if (!isMap(contents)) throw new Error('no map');
    const value = contents.get('a', true) as { readonly range?: readonly number[] } | undefined;
    return [text?.base, contents.range, value?.range];
  };
  expect(ranges(0)).toEqual([0, [0, 7, 7], [3, 6, 7]]);
  expect(ranges(100)).toEqual([100, [100, 107, 107], [103, 106, 107]]);
});
