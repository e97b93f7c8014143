// How errors of a file are shown: order, the line with its carets, and how many.
import { describe, expect, test } from 'vitest';
import {
  ConfigError,
  inOrder,
  lineError,
  lineProblem,
  type Problem,
  renderWarnings,
} from '../../../src/lvsctl/config/problem.js';

const problem = (more: Partial<Problem> = {}): Problem => ({
  file: 'lvs.yaml',
  line: 3,
  column: 5,
  length: 4,
  path: 'services[0].mode',
  message: 'is wrong',
  text: '    mode: natt',
  ...more,
});
const report = (...problems: Problem[]) => new ConfigError(problems).report.split('\n');

describe('one error', () => {
  test('has its line and carets below', () => {
    expect(report(problem())).toEqual([
      'lvs.yaml:3:5: services[0].mode: is wrong',
      '    3 |     mode: natt',
      '      |     ^^^^',
    ]);
  });

  test('of no entry', () => {
    expect(report(problem({ path: '' }))[0]).toBe('lvs.yaml:3:5: is wrong');
  });

  test.each([
    ['no line to show', undefined],
    ['a blank line', '  \t '],
  ])('%s', (_, text) => {
    expect(report(problem({ text }))).toEqual(['lvs.yaml:3:5: services[0].mode: is wrong']);
  });

  // biome-ignore format: a table
  test.each([
    ['a tab stays one', { text: '\tmode: natt', column: 2 }, '    3 | \tmode: natt', '      | \t^^^^'],
    ['full-width letters have two columns', { text: '服务: 错误', column: 5, length: 2 }, '    3 | 服务: 错误', '      |       ^^^^'],
    ['beyond the end of the line', { text: 'ab', column: 3, length: 5 }, '    3 | ab', '      |   ^'],
    ['letters without a form', { text: 'a\u0000b\u200bc\u2028d', column: 7, length: 1 }, '    3 | a\ufffdb\ufffdc\ufffdd', '      |       ^'],
    ['five digits', { line: 12345, text: 'ab', column: 1, length: 1 }, '12345 | ab', '      | ^'],
  ])('%s', (_, more, line, carets) => {
    expect(report(problem(more)).slice(1)).toEqual([line, carets]);
  });

  test('a line of 90 letters is whole, a longer one is cut around the place', () => {
    const whole = 'x'.repeat(90);
    expect(report(problem({ text: whole }))[1]).toBe(`    3 | ${whole}`);
    const long = `${'a'.repeat(100)}HERE${'b'.repeat(100)}`;
    expect(report(problem({ text: long, column: 101 })).slice(1)).toEqual([
      `    3 | …${'a'.repeat(40)}HERE${'b'.repeat(46)}…`,
      `      |  ${' '.repeat(40)}^^^^`,
    ]);
    expect(report(problem({ text: long, column: 1, length: 1 })).slice(1)).toEqual([
      `    3 | ${'a'.repeat(90)}…`,
      '      | ^',
    ]);
    expect(report(problem({ text: long, column: 201 })).slice(1)).toEqual([
      `    3 | …${'b'.repeat(44)}`,
      `      |  ${' '.repeat(40)}^^^^`,
    ]);
  });
});

describe('several', () => {
  test('by line and column; the same one once; the first in the message', () => {
    const error = new ConfigError([
      problem({ line: 9, text: undefined }),
      problem({ line: 3, column: 8, text: undefined }),
      problem({ line: 3, column: 2, text: undefined }),
      problem({ line: 9, text: undefined }),
    ]);
    expect(error.message).toBe('lvs.yaml:3:2: services[0].mode: is wrong (and 2 more errors)');
    expect(error.report).toBe(
      [
        'lvs.yaml: 3 errors',
        'lvs.yaml:3:2: services[0].mode: is wrong',
        'lvs.yaml:3:8: services[0].mode: is wrong',
        'lvs.yaml:9:5: services[0].mode: is wrong',
      ].join('\n'),
    );
    expect([error.name, error.code]).toEqual(['ConfigError', 'BAD_FILE']);
  });

  test('two: one more error, in the singular; alone: none', () => {
    expect(new ConfigError([problem(), problem({ line: 4 })]).message).toBe(
      'lvs.yaml:3:5: services[0].mode: is wrong (and 1 more error)',
    );
    expect(new ConfigError([problem()]).message).toBe('lvs.yaml:3:5: services[0].mode: is wrong');
  });

  test('files in the order of their first problem, up to three by name', () => {
    const of = (file: string, line: number) => problem({ file, line, text: undefined });
    const files = ['b', 'a', 'c', 'd'];
    expect(inOrder([of('b', 9), of('a', 1), of('b', 2)]).map((one) => one.file + one.line)).toEqual(
      ['b2', 'b9', 'a1'],
    );
    expect(report(...files.slice(0, 3).map((file) => of(file, 1)))[0]).toBe('b, a, c: 3 errors');
    expect(report(...files.map((file) => of(file, 1)))[0]).toBe('4 files: 4 errors');
  });

  test('at the same place what differs in the message stays', () => {
    expect(inOrder([problem(), problem({ message: 'another' }), problem()])).toHaveLength(2);
  });

  test.each([
    [20, 21, undefined],
    [21, 22, 'and 1 more'],
    [25, 22, 'and 5 more'],
  ])('%d of one file: twenty are shown', (count, lines, last) => {
    const all = Array.from({ length: count }, (_, i) => problem({ line: i + 1, text: undefined }));
    const shown = report(...all);
    expect([shown.length, shown[0]]).toEqual([lines, `lvs.yaml: ${count} errors`]);
    if (last !== undefined) expect(shown.at(-1)).toBe(last);
    expect(shown[20]).toBe('lvs.yaml:20:5: services[0].mode: is wrong');
  });
});

test('names and messages of a file are printed without control characters', () => {
  const [first = ''] = report(problem({ file: 'a\x1bb', message: 'c\x07d', text: undefined }));
  expect(first).not.toMatch(/\p{Cc}/u);
});

test('warnings say so, and none is nothing', () => {
  expect(renderWarnings([])).toBe('');
  expect(renderWarnings([problem({ line: 4, text: undefined }), problem()])).toBe(
    [
      'lvs.yaml:3:5: warning: services[0].mode: is wrong',
      '    3 |     mode: natt',
      '      |     ^^^^',
      'lvs.yaml:4:5: warning: services[0].mode: is wrong',
      '',
    ].join('\n'),
  );
});

// biome-ignore format: a table
test.each([
  ['with blanks around', '  -A -t x  ', { column: 3, length: 7, text: '  -A -t x  ' }],
  ['a blank line', '   ', { column: 4, length: 1, text: '   ' }],
  ['no text', undefined, { column: 1, length: 1, text: undefined }],
])('a whole line: %s', (_, text, expected) => {
  expect(lineProblem('r', 7, 'no', text)).toEqual({ file: 'r', line: 7, path: '', message: 'no', ...expected });
  expect(lineError('r', 7, 'no', text).problems).toEqual([lineProblem('r', 7, 'no', text)]);
});
