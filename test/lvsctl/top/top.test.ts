// `lvsctl top` frame by frame: what is known and which keys were pressed -> the lines of the screen.
import { describe, expect, test } from 'vitest';
import type { Watched, WatchedServer, WatchedService } from '../../../src/lvsctl/sample/watched.js';
import { AROUND, batchText, type FrameInput, frame } from '../../../src/lvsctl/top/frame.js';
import { decodeKey, NO_KEYS } from '../../../src/lvsctl/top/keys.js';
import { columnsOf, lineText } from '../../../src/lvsctl/top/line.js';
import { paint } from '../../../src/lvsctl/top/paint.js';
import { rowsOf } from '../../../src/lvsctl/top/rows.js';
import { sparkline } from '../../../src/lvsctl/top/spark.js';
import {
  type Effect,
  INITIAL,
  pressed,
  type TopState,
  withScroll,
} from '../../../src/lvsctl/top/state.js';

const ESC = '\\x1b';
const SGR = new RegExp(`${ESC}\\[[\\d;]*m`, 'g');
const CHOSEN = new RegExp(`^${ESC}\\[7m`);
const MOVES = new RegExp(`[${ESC}\\n\\u202e]`);
/** a move, an erasure, or a letter */
const WRITTEN = new RegExp(`${ESC}\\[(\\d+;\\d+H|H)|${ESC}\\[(K|2J|\\?2026[hl])|([^${ESC}])`, 'g');

const rates = (connections: number) => ({
  ...{ connections, in_packets: 10 * connections, out_packets: 8 * connections },
  ...{ in_bytes: 1000 * connections, out_bytes: 5000 * connections },
});
const server = (at: string, more: Partial<WatchedServer> = {}): WatchedServer => ({
  ...{
    server: at,
    name: null,
    address: at.split(':')[0] ?? '',
    port: 80,
    state: 'up',
    since: null,
  },
  ...{ reason: null, by: null, until: null, last_error: null, latency_ms: 1.5, checks: [] },
  ...{ sorry: false, mode: 'nat', weight: 1, weight_desired: 1, upper: 0, lower: 0 },
  ...{ active: 3, inactive: 1, persistent: 0, counters: null, rates: rates(2) },
  ...more,
});
const service = (key: string, more: Partial<WatchedService> = {}): WatchedService => ({
  ...{ service: key, name: null, protocol: 'tcp', address: '192.0.2.1', port: 80, mark: null },
  ...{ family: 'ipv4', in_table: true, scheduler: 'wrr', up: true, weight_up: 2, quorum: 1 },
  ...{ sorry: null, active: 6, inactive: 2, counters: null, rates: rates(5), servers: [] },
  ...more,
});
const WATCHED: Watched = {
  ...{ format: 'lvs watch', version: 1, time: '2026-01-31T12:30:45.000Z', host: 'director' },
  ...{
    missing: [],
    error: null,
    interval_seconds: 4,
    frozen: false,
    ipvs: '1.2.1',
    table_size: 4096,
  },
  monitor: { file: '/etc/lvs.yaml', pid: 7, started: '2026-01-31T12:00:00.000Z', error: null },
  ...{ monitor_error: null, total: { counters: null, rates: rates(12.34) }, daemons: [] },
  services: [
    service('tcp 192.0.2.1:80', {
      name: 'web',
      servers: [
        server('10.0.0.1:80', { name: 'web1', weight: 3, active: 9, rates: rates(4.5) }),
        server('10.0.0.2:80', {
          state: 'down',
          weight: null,
          active: null,
          inactive: null,
          rates: null,
          last_error: 'http /: refused',
        }),
        server('10.0.0.3:80', { state: 'drained', weight: 0, rates: rates(0.5), reason: 'disk' }),
      ],
    }),
    service('tcp 192.0.2.1:443', {
      up: false,
      sorry: { server: '10.0.0.9:80', active: true },
      rates: rates(7),
      servers: [server('10.0.0.9:80', { state: null, sorry: true, mode: 'dr' })],
    }),
  ],
};

const SIZE = { width: 80, height: 10 };

function inputOf(state: TopState, more: Partial<FrameInput> = {}): FrameInput {
  const watched = more.watched ?? WATCHED;
  return {
    ...{ watched, state, columns: undefined, width: SIZE.width, colour: false, unicode: true },
    visible: { rows: rowsOf(watched, state), height: SIZE.height, readOnly: false },
    series: (key) => (key.includes('10.0.0.1:') ? [1, 2, 4, 8, null, 4, 2] : [0, 0]),
    ...more,
  };
}
const framed = (state: TopState, more: Partial<FrameInput> = {}) =>
  frame(inputOf(state, more)).map((line) => line.trimEnd());

/** Presses keys one after the other. */
function press(keys: readonly string[], start: TopState = INITIAL, watched = WATCHED) {
  let state = start;
  const effects: Effect[] = [];
  for (const key of keys) {
    const visible = { rows: rowsOf(watched, state), height: SIZE.height, readOnly: false };
    const step = pressed(state, key, visible);
    state = step.state;
    if (step.effect) effects.push(step.effect);
  }
  return { state, effects };
}

describe('a frame', () => {
  test('of 80 columns', () => {
    expect(framed(INITIAL)).toMatchInlineSnapshot(`
      [
        "lvsctl top  12:30:45Z director  conn/s 12.3  active 12  in 12.3kB/s  out 61.7kB…",
        "monitor /etc/lvs.yaml",
        "SERVICE / SERVER       STATE        W    ACT  CONN/S  IN B/S OUT B/S 2 MIN",
        "web tcp 192.0.2.1:80   up                  6       5    5000   25.0k          ▁▁",
        "  web1 10.0.0.1:80     up           3      9     4.5    4500   22.5k     ▂▃▅█ ▅▃",
        "  10.0.0.2:80          down         -      -       -       -       -          ▁▁",
        "  10.0.0.3:80          drained      0      3     0.5     500    2500          ▁▁",
        "tcp 192.0.2.1:443      sorry               6       7    7000       -          ▁▁",
        "  10.0.0.9:80          sorry        1      3       2    2000       -          ▁▁",
        "",
        "",
        "",
        "",
        "? help  q quit  s order  / filter  space pause  d drain  e enable  w weight",
      ]
    `);
  });

  test('folded, ordered by connections, one line chosen', () => {
    const { state } = press(['s', 's', 's', 's', 'down', 'f']);
    expect(state.order).toBe('conns');
    expect(framed(state).slice(1, 8)).toMatchInlineSnapshot(`
      [
        "monitor /etc/lvs.yaml  order conns",
        "SERVICE / SERVER       STATE        W    ACT >CONN/S  IN B/S OUT B/S 2 MIN",
        "tcp 192.0.2.1:443 +    sorry               6       7    7000       -          ▁▁",
        "web tcp 192.0.2.1:80   up                  6       5    5000   25.0k          ▁▁",
        "  web1 10.0.0.1:80     up           3      9     4.5    4500   22.5k     ▂▃▅█ ▅▃",
        "  10.0.0.3:80          drained      0      3     0.5     500    2500          ▁▁",
        "  10.0.0.2:80          down         -      -       -       -       -          ▁▁",
      ]
    `);
  });

  test.each([40, 60, 80, 100, 200])('no line is longer than %i columns', (width) => {
    for (const unicode of [true, false])
      for (const line of frame(inputOf(INITIAL, { width, unicode }))) {
        expect(columnsOf(line)).toBeLessThanOrEqual(width);
        if (!unicode) expect(line).toMatch(/^[ -~]*$/);
      }
  });

  test('as many lines as the screen has', () => {
    for (const height of [1, 3, 10, 50]) {
      const visible = { rows: rowsOf(WATCHED, INITIAL), height, readOnly: false };
      expect(frame(inputOf(INITIAL, { visible })).length).toBe(height + AROUND);
    }
  });

  test('colours: states, the chosen line, nothing else in them', () => {
    const lines = frame(inputOf({ ...INITIAL, selected: 'tcp 192.0.2.1:443' }, { colour: true }));
    const plain = lines.map((line) => line.replace(SGR, ''));
    expect(plain).toEqual(frame(inputOf({ ...INITIAL, selected: 'tcp 192.0.2.1:443' })));
    expect(lines.find((line) => line.includes('10.0.0.2'))).toContain('\x1b[1;31m down');
    expect(lines.find((line) => line.includes('443'))).toMatch(CHOSEN);
  });

  test('text of servers cannot move the cursor', () => {
    const evil = service('tcp 192.0.2.1:80', { name: 'a\x1b[2Jb\nc\u202e' });
    const lines = frame(
      inputOf(INITIAL, {
        watched: { ...WATCHED, services: [evil] },
        visible: {
          rows: rowsOf({ ...WATCHED, services: [evil] }, INITIAL),
          height: 2,
          readOnly: false,
        },
      }),
    );
    expect(lines.join('')).toContain('a?[2Jb?c?');
    expect(lines.join('')).not.toMatch(MOVES);
  });

  test.each([
    [{ error: 'the module is missing' }, 'the module is missing'],
    [{ monitor: null, monitor_error: 'no answer' }, 'no answer'],
    [{ frozen: true }, 'the counters stand still: sysctl net.ipv4.vs.run_estimation is 0'],
    [{ missing: ['counters'] }, 'without root: no traffic of servers and services'],
    [{ monitor: null }, 'no monitor is running'],
  ])('%j', (more, note) =>
    expect(framed(INITIAL, { watched: { ...WATCHED, ...more } })[1]).toBe(note),
  );

  test('what does not pass the director is not known', () => {
    const line = framed(INITIAL, { columns: ['bytes_in', 'bytes_out'] }).find((one) =>
      one.includes('10.0.0.9'),
    );
    expect(line).toMatch(/ 2000 +-$/);
  });

  test('a batch has all lines, and no chosen one', () => {
    const text = batchText(
      inputOf(INITIAL, { width: Number.POSITIVE_INFINITY, columns: ['state', 'conns', 'reason'] }),
    );
    expect(text).toMatchInlineSnapshot(`
      "lvsctl top  12:30:45Z director  conn/s 12.3  active 12  in 12.3kB/s  out 61.7kB/s
      SERVICE / SERVER     STATE     CONN/S REASON
      web tcp 192.0.2.1:80 up             5
        web1 10.0.0.1:80   up           4.5
        10.0.0.2:80        down           - http /: refused
        10.0.0.3:80        drained      0.5 disk
      tcp 192.0.2.1:443    sorry          7
        10.0.0.9:80        sorry          2
      "
    `);
  });
});

describe('keys', () => {
  const decoded = (text: string) => {
    let state = NO_KEYS;
    return [...text].flatMap((character) => {
      const step = decodeKey(state, character);
      state = step.state;
      return step.keys;
    });
  };
  test.each([
    ['q', ['q']],
    ['\x1b[A\x1bOB\x1b[5~j', ['up', 'down', 'page-up', 'j']],
    ['\x1b[1;5C\x1b[200~x', ['x']],
    ['\x1b\x1b[D', ['escape', 'left']],
    ['\x1bq', ['escape', 'q']],
    ['\r\n\x7f\x03\x0c', ['enter', 'enter', 'backspace', 'ctrl-c', 'ctrl-l']],
    ['\x01\x02é', ['é']],
  ])('%j', (text, keys) => expect(decoded(text)).toEqual(keys));

  test('order, reversed, and back', () => {
    expect(press(['s']).state.order).toBe('weight');
    expect(press(['s', 'S']).state.order).toBe('table');
    const names = (state: TopState) => rowsOf(WATCHED, state).map(({ key }) => key);
    const { state } = press(['s', 's', 's', 's']);
    expect(names(state)[0]).toBe('tcp 192.0.2.1:443');
    // what is not known is last in both directions
    expect(names(state).at(-1)).toBe('tcp 192.0.2.1:80 10.0.0.2:80');
    expect(names(press(['r'], state).state).filter((key) => key.includes('10.0.0'))).toEqual([
      'tcp 192.0.2.1:80 10.0.0.3:80',
      'tcp 192.0.2.1:80 10.0.0.1:80',
      'tcp 192.0.2.1:80 10.0.0.2:80',
      'tcp 192.0.2.1:443 10.0.0.9:80',
    ]);
  });

  test('filter: typed, kept, taken back', () => {
    expect(press(['/', ...'443']).state.filter).toBe('443');
    expect(press(['/', ...'44q', 'backspace', 'enter']).state).toMatchObject({
      filter: '44',
      mode: { kind: 'table' },
    });
    expect(press(['/', ...'443', 'escape']).state.filter).toBe('');
    expect(rowsOf(WATCHED, press(['/', ...'DRAINED web']).state).length).toBe(4);
    expect(framed(press(['/', ...'none']).state)[3]).toBe('no service');
  });

  test('fold, only one service, pause, help', () => {
    expect(rowsOf(WATCHED, press(['f']).state).length).toBe(3);
    expect(rowsOf(WATCHED, press(['down', 'left']).state).length).toBe(3);
    expect(rowsOf(WATCHED, press(['F']).state).length).toBe(2);
    expect(rowsOf(WATCHED, press(['F', 'F']).state).length).toBe(6);
    expect(rowsOf(WATCHED, press(['end', 'enter']).state).length).toBe(2);
    expect(rowsOf(WATCHED, press(['end', 'enter', 'escape']).state).length).toBe(6);
    expect(press([' ']).state.paused).toBe(true);
    expect(framed(press(['?']).state)[0]).toBe('lvsctl top: keys');
    expect(press(['?', 'q']).state.mode.kind).toBe('table');
    expect(press(['q']).effects).toEqual([{ kind: 'quit' }]);
    expect(press(['/', 'ctrl-c']).effects).toEqual([{ kind: 'quit' }]);
  });

  const WEB1 = { service: 'tcp 192.0.2.1:80', server: '10.0.0.1:80' };
  test.each([
    [['down', 'd', 'y'], { ...WEB1, act: 'drain' }],
    [['down', 'x', 'Y'], { ...WEB1, act: 'disable' }],
    [['down', 'e', 'y'], { ...WEB1, act: 'enable' }],
    [['down', '+', 'y'], { ...WEB1, act: 'weight', weight: 4 }],
    [['down', '-', 'y'], { ...WEB1, act: 'weight', weight: 2 }],
    [['down', 'w', 'backspace', '7', '5', 'enter', 'y'], { ...WEB1, act: 'weight', weight: 75 }],
  ] as const)('%j does something', (keys, action) =>
    expect(press(keys).effects).toEqual([{ kind: 'act', action }]),
  );

  test.each([
    [['down', 'd', 'n'], 'nothing was changed'],
    [['down', 'd', 'enter'], 'nothing was changed'],
    [['d'], 'choose a server'],
    [['down', 'down', '+'], 'it is not in the table'],
    [['down', 'w', ...'99999', 'enter'], '399999: a weight is 0 to 65535'],
    [['down', 'w', 'x', 'enter'], '3x: a weight is 0 to 65535'],
  ])('%j does nothing', (keys, message) => {
    const { state, effects } = press(keys);
    expect({ effects, message: state.message }).toEqual({ effects: [], message });
  });

  test('read-only: no key changes anything', () => {
    for (const key of ['d', 'x', 'e', 'w', '+', '-']) {
      const visible = { rows: rowsOf(WATCHED, INITIAL), height: 5, readOnly: true };
      const { state, effect } = pressed(
        { ...INITIAL, selected: 'tcp 192.0.2.1:80 10.0.0.1:80' },
        key,
        visible,
      );
      expect([effect, state.mode.kind]).toEqual([undefined, 'table']);
    }
  });

  test('the question names what is done', () => {
    expect(framed(press(['down', 'd']).state).at(-1)).toBe(
      'drain 10.0.0.1:80 in tcp 192.0.2.1:80? y/n',
    );
  });
});

test('the chosen line stays on the screen, and when lines go', () => {
  const many = Array.from({ length: 30 }, (_, i) => service(`tcp 192.0.2.${i}:80`));
  const watched = { ...WATCHED, services: many };
  let state = INITIAL;
  for (const key of ['end', 'up', 'page-up', 'page-down', 'home', 'down', 'end', 'k', 'j']) {
    state = press([key], state, watched).state;
    const visible = { rows: rowsOf(watched, state), height: 7, readOnly: false };
    state = withScroll(state, visible);
    const at = visible.rows.findIndex(({ key }) => key === state.selected);
    expect(at - state.scrolled).toBeGreaterThanOrEqual(0);
    expect(at - state.scrolled).toBeLessThan(7);
  }
  const few = {
    rows: rowsOf({ ...watched, services: many.slice(0, 3) }, state),
    height: 7,
    readOnly: false,
  };
  expect(withScroll(state, few).scrolled).toBe(0);
});

test.each([
  [[0, 1, 2, 3, 4, 5, 6, 7], 8, '▁▂▃▄▅▆▇█'],
  [[null, 5, null], 5, '   █ '],
  [[0, 0], 3, ' ▁▁'],
  [[1, 3, 5, 7], 2, '▃█'],
  [[9, 1, 3, null, null], 3, '█▃ '],
  [[], 2, '  '],
])('sparkline(%j, %i)', (values, width, text) => expect(sparkline(values, width, true)).toBe(text));

test.each([
  ['abcdef', 4, 'abc…'],
  ['abcd', 4, 'abcd'],
  ['虚拟服务', 7, '虚拟服…'],
  ['虚拟服务', 6, '虚拟…'],
  ['x', 0, ''],
])('a line %j of %i columns', (text, width, shown) =>
  expect(lineText([{ text }], width, { colour: false, unicode: true })).toBe(shown),
);

/** A terminal of lines: knows cursor moves, erasing, and text. */
function terminal() {
  const lines: string[] = [];
  let row = 0;
  return {
    lines,
    write(text: string) {
      for (const [, move, erase, letter] of text.matchAll(WRITTEN)) {
        if (move !== undefined) row = Number.parseInt(move, 10) - 1 || 0;
        if (move !== undefined && move !== 'H') lines[row] = `\0${lines[row] ?? ''}`;
        if (erase === '2J') lines.length = 0;
        if (erase === 'K') lines[row] = (lines[row] ?? '').split('\0')[0] ?? '';
        if (letter !== undefined) lines[row] = put(lines[row] ?? '', letter);
      }
    },
  };
}
/** Text before the mark is new, behind it old. */
function put(line: string, letter: string): string {
  const [head = '', tail = ''] = line.split('\0');
  return `${head}${letter}\0${tail.slice(1)}`;
}

test('painting the difference gives the same screen as painting it anew', () => {
  const screen = terminal();
  let before: readonly string[] | undefined;
  let state = INITIAL;
  for (const key of [
    'down',
    's',
    '?',
    'q',
    '/',
    '4',
    '4',
    'enter',
    'escape',
    'f',
    'F',
    'end',
    'd',
    'n',
  ]) {
    state = press([key], state).state;
    const now = framed(state);
    screen.write(paint(before, now));
    before = now;
    expect(now.map((_, i) => screen.lines[i] ?? '')).toEqual(now);
    expect(paint(before, now)).toBe('');
  }
});
