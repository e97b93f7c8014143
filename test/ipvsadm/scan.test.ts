// popt's rules, word by word, and that commander over the same table reads the same.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OPTIONS } from '../../src/ipvsadm/options.js';
import { IpvsadmProgram } from '../../src/ipvsadm/program.js';
import { scan, type Token } from '../../src/ipvsadm/scan.js';

const brief = (token: Token) =>
  token.kind === 'option'
    ? `${token.row.long}${token.value === undefined ? '' : `=${token.value}`}`
    : token.kind === 'bad'
      ? `${token.element}: ${token.reason}`
      : `(${token.text})`;
const scanned = (...args: string[]) => scan(args, { posix: false }).map(brief);

describe('one line of words', () => {
  test.each<[string[], string[]]>([
    [
      ['-A', '-t', '1.1.1.1:80'],
      ['add-service', 'tcp-service=1.1.1.1:80'],
    ],
    [
      ['-At', '1.1.1.1:80'],
      ['add-service', 'tcp-service=1.1.1.1:80'],
    ],
    [['-At1.1.1.1:80'], ['add-service', 'tcp-service=1.1.1.1:80']],
    [['-At=1.1.1.1:80'], ['add-service', 'tcp-service=1.1.1.1:80']],
    [['-t==x'], ['tcp-service==x']],
    [['--tcp-service=a=b'], ['tcp-service=a=b']],
    [['--tcp-service='], ['tcp-service=']],
    [['--tcp-service', '-t'], ['tcp-service=-t']],
    [['-w', '-1'], ['weight=-1']],
    [['-p'], ['persistent']],
    [['-p', '60'], ['persistent=60']],
    [['-p60'], ['persistent=60']],
    [
      ['-p', '-n'],
      ['persistent', 'numeric'],
    ],
    [
      ['-p', '-'],
      ['persistent', '(-)'],
    ],
    [['-p', ''], ['persistent=']],
    [['--persistent', '60'], ['persistent=60']],
    [
      ['--persistent=60', 'x'],
      ['persistent=60', '(x)'],
    ],
    [['-Ln'], ['list', 'numeric']],
    [['-ln'], ['list', 'numeric']],
    [
      ['-Lq', '-n'],
      ['list', '-Lq: unknown option'],
    ],
    [['--lis'], ['--lis: unknown option']],
    [['---list'], ['---list: unknown option']],
    [['--bogus=3'], ['--bogus=3: unknown option']],
    [['-t'], ['-t: missing argument']],
    [['-At'], ['add-service', '-At: missing argument']],
    [['-n=1'], ['-n=1: option does not take an argument']],
    [['--numeric=1'], ['--numeric=1: option does not take an argument']],
    [
      ['-', '', 'x', '--', '-n'],
      ['(-)', '()', '(x)', '(-n)'],
    ],
  ])('%j', (args, tokens) => {
    expect(scanned(...args)).toEqual(tokens);
  });

  test('the first operand ends the options where POSIX asks for it', () => {
    expect(scan(['-L', 'x', '-n'], { posix: true }).map(brief)).toEqual(['list', '(x)', '(-n)']);
  });
});

const arg = fc.oneof(
  fc.constantFrom(
    ...OPTIONS.flatMap((row) => [`--${row.long}`, ...[...row.short].map((letter) => `-${letter}`)]),
  ),
  fc.constantFrom('--', '-', '', '!#:+', '1.1.1.1:80', 'rr', '-Ln', '-At', '--weight=3'),
  fc.string(),
);

test('never throws, never loses a word it does not name', () => {
  fc.assert(
    fc.property(fc.array(arg, { maxLength: 8 }), fc.boolean(), (args, posix) => {
      const tokens = scan(args, { posix });
      const bad = tokens.findIndex((token) => token.kind === 'bad');
      expect(bad === -1 || bad === tokens.length - 1).toBe(true);
      for (const token of tokens)
        if (token.kind === 'option' && token.row.value === 'required')
          expect(token.value).toBeDefined();
    }),
    { numRuns: 1000 },
  );
});

test.each(OPTIONS.map((row) => [row.long, row] as const))(
  'commander reads --%s as the scanner does',
  (long, row) => {
    const names = [`--${long}`, ...[...row.short].map((letter) => `-${letter}`)];
    for (const name of names) {
      const program = new IpvsadmProgram('ipvsadm').allowUnknownOption().allowExcessArguments();
      const args = row.value === 'none' ? [name, 'operand'] : [name, 'value', 'operand'];
      program.action(() => {}).parse(args, { from: 'user' });
      expect(program.opts()[long]).toBe(row.value === 'none' ? true : 'value');
      expect(program.args).toEqual(['operand']);
    }
  },
);

test('the help names every option once, in the order of the sections', () => {
  const help = new IpvsadmProgram('ipvsadm').helpInformation();
  for (const row of OPTIONS)
    expect(
      help.match(new RegExp(`^  (?:    |-\\w, )--${row.long}(?: |$)`, 'gm'))?.length,
      row.long,
    ).toBe(1);
  const sections = [
    'Usage:',
    'Commands:',
    'Virtual service',
    'Options:',
    'Sync daemon',
    'Environment:',
  ].map((title) => help.indexOf(`${title}`));
  expect(sections).toEqual([...sections].sort((a, b) => a - b));
});
