// Tables and bars, on terminals of many kinds.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { terminalOf } from '../../src/lvsctl/terminal.js';
import { renderTable } from '../../src/lvsctl/view/table.js';
import { lvsctl } from '../support/lvsctl.js';
import { random } from '../support/random.js';

describe('what a terminal can show', () => {
  const tty = { isTTY: true, columns: 100 };
  test.each([
    [tty, {}, { isTerminal: true, colour: true, screen: true, width: 100, unicode: false }],
    [tty, { TERM: 'dumb' }, { colour: false, screen: false, width: 100 }],
    [tty, { NO_COLOR: '1' }, { colour: false, screen: true }],
    [tty, { NO_COLOR: '' }, { colour: true }],
    [{ isTTY: true, columns: 0 }, {}, { width: 80 }],
    [{}, {}, { isTerminal: false, colour: false, screen: false, width: Number.POSITIVE_INFINITY }],
    [{}, { LANG: 'en_GB.UTF-8' }, { unicode: true }],
    [{}, { LANG: 'zh_CN.utf8' }, { unicode: true }],
    [{}, { LANG: 'de_DE' }, { unicode: false }],
    [{}, { LANG: 'C.UTF-8', LC_CTYPE: 'C' }, { unicode: false }],
    [{}, { LANG: 'C.UTF-8', LC_ALL: 'POSIX' }, { unicode: false }],
    [{}, { LANG: 'C', LC_CTYPE: 'C', LC_ALL: 'C.UTF-8' }, { unicode: true }],
    [{}, { LANG: 'C', LC_CTYPE: 'C.UTF-8', LC_ALL: '' }, { unicode: true }],
  ])('%j with %j', (stdout, env, expected) => {
    expect(terminalOf(stdout, env)).toMatchObject(expected);
  });
});

describe('tables', () => {
  const columns = [
    { title: 'name' },
    { title: 'count', align: 'right' },
    { title: 'why' },
  ] as const;
  const rows = [
    ['10.0.0.1:8080', 12, 'connection refused by the server'],
    ['x', 7, ''],
  ];
  test.each([
    [
      Number.POSITIVE_INFINITY,
      true,
      'name           count  why\n10.0.0.1:8080     12  connection refused by the server\nx                  7\n',
    ],
    [
      40,
      true,
      'name           count  why\n10.0.0.1:8080     12  connection refuse…\nx                  7\n',
    ],
    [
      40,
      false,
      'name           count  why\n10.0.0.1:8080     12  connection refuse~\nx                  7\n',
    ],
    [20, true, 'name        count  …\n10.0.0.1:…     12  …\nx               7\n'],
  ])('%d columns, unicode %j', (width, unicode, text) => {
    expect(renderTable(columns, rows, { width, unicode })).toBe(text);
  });

  test('no line is wider than the terminal, where names and numbers leave room', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', '服', ' ', '-'), maxLength: 60 });
    const columnsOf = (text: string) =>
      [...text].length + [...text].filter((c) => c === '服').length;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, fc.nat(999_999), cell), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 8 + 2 + 6 + 2 + 1, max: 120 }),
        (rows, width) => {
          const lines = renderTable(columns, rows, { width, unicode: true }).split('\n');
          expect(lines.filter((line) => columnsOf(line) > width || line.endsWith(' '))).toEqual([]);
          const counts = rows.map(([, count]) => String(count));
          expect(counts.filter((count, i) => !lines[i + 1]?.includes(count))).toEqual([]);
        },
      ),
    );
  });
});

describe('simulate', () => {
  const rules = (servers: number) =>
    [
      '-A -t 192.0.2.1:80 -s rr',
      ...Array.from(
        { length: servers },
        (_, i) => `-a -t 192.0.2.1:80 -r 198.51.100.${100 + i}:8080 -m -w 1`,
      ),
      '',
    ].join('\n');
  const simulate = async (args: string, more: object, servers = 3) =>
    (
      await lvsctl(
        ['simulate', 'r', '--connections', '90', ...args.split(' ')],
        { r: rules(servers) },
        more,
      )
    ).stdout;

  test('bars of ASCII where the locale is not UTF-8', async () => {
    const text = await simulate('--seed 1', { unicode: false, width: 200 });
    expect(text).toMatch(/ {2}#{30}\n/);
    expect(Buffer.from(text, 'utf8').every((byte) => byte < 0x80)).toBe(true);
  });

  test.each([
    [200, 30],
    [80, 13],
    [72, 5],
    [70, 0],
  ])('at %d columns a bar has at most %d', async (width, longest) => {
    const lines = (await simulate('--seed 1', { width })).split('\n').slice(1, 4);
    expect(lines.map((line) => (line.match(/█/g) ?? []).length)).toEqual([
      longest,
      longest,
      longest,
    ]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
  });

  test('--compare with too many servers for the terminal has a column a scheduler', async () => {
    const wide = await simulate('--compare rr,wlc', { width: 400 }, 10);
    expect(wide.split('\n').map((line) => line.split(/ +/)[0])).toEqual([
      'scheduler',
      'rr',
      'wlc',
      '',
    ]);
    const tall = await simulate('--compare rr,wlc', { width: 80 }, 10);
    expect(tall.split('\n').map((line) => line.split(/ +/)[0])).toEqual([
      ...['scheduler', 'fairness', 'worst', 'refused', 'moved'],
      ...Array.from({ length: 10 }, (_, i) => `198.51.100.${100 + i}:8080`),
      '',
    ]);
    for (const line of tall.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

test('lines of a cell are lines of its row', () => {
  const columns = [{ title: 'a' }, { title: 'b', align: 'right' }, { title: 'c' }] as const;
  const text = renderTable(
    columns,
    [
      ['one\ntwo', 7, 'x\n\nz'],
      ['next', 8, 'y'],
    ],
    {
      width: 80,
      unicode: true,
    },
  );
  expect(text).toBe('a     b  c\none   7  x\ntwo\n         z\nnext  8  y\n');
});

const red = (text: string) => `\u001b[31m${text}\u001b[39m`;

test.each([
  [80, 'not known: 名'],
  [40, 'not known: 名'],
  [24, red('x'.repeat(12))],
])('a large table is laid out as a small one, in %d columns with %s', (width, odd) => {
  const next = random(width);
  const word = () => 'x'.repeat(1 + Math.floor(next() * 20));
  // more than are laid out together; those with the odd one are left to the library
  const rows = Array.from({ length: 120 }, (_, i) => [
    i === 110 ? odd : i % 7 === 0 ? red('xx') : word(),
    Math.floor(next() * 1e6),
    i % 11 === 0 ? `${word()}\n${word()}` : word(),
    word(),
  ]);
  const columns = [
    { title: 'a' },
    { title: 'b\nc', align: 'right' },
    { title: 'd' },
    { title: 'e' },
  ] as const;
  const terminal = { width, unicode: true };
  // é is as wide, and is left to the library
  const other = rows.map((row) =>
    row.map((cell) => (typeof cell === 'string' ? cell.replaceAll('x', 'é') : cell)),
  );
  expect(renderTable(columns, rows, terminal)).toBe(
    renderTable(columns, other, terminal).replaceAll('é', 'x'),
  );
});
