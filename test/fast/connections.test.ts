// Two ways from a line of /proc/net/ip_vs_conn to its row: by column, and in general. Where both
// apply they agree.
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { PlainConnections } from '../../src/fast/connections.js';
import { parseConnection, renderConnection } from '../../src/render/connections.js';
import { NUMERIC } from '../../src/render/names.js';
import { FULL } from '../support/full.js';

const hex = (bits: number) =>
  fc.integer({ min: 0, max: 2 ** bits - 1 }).map((value) =>
    value
      .toString(16)
      .toUpperCase()
      .padStart(bits / 4, '0'),
  );
const state = fc.constantFrom('ESTABLISHED', 'SYN_RECV', 'FIN_WAIT', 'NONE', 'UDP');
const protocol = fc.constantFrom('TCP', 'UDP', 'IP ');

const PIECE = 65_537;
const connections = new PlainConnections(PIECE, true);

function plain(line: string): string | undefined {
  const from = line.length % 7;
  connections.input.set(Buffer.from(`${line}\n`, 'latin1'), from);
  const { count, next } = connections.take(from, from + line.length + 1);
  expect(next).toBe(from + (count > 0 ? line.length + 1 : 0));
  return count > 0 ? Buffer.from(connections.rows).toString('latin1') : undefined;
}

function general(line: string): string | undefined {
  const connection = parseConnection(line);
  return connection && renderConnection(connection, false, NUMERIC);
}

test('a plain line gives the same row both ways', () => {
  const line = fc
    .tuple(
      protocol,
      hex(32),
      hex(16),
      hex(32),
      hex(16),
      hex(32),
      hex(16),
      state,
      fc.integer({ min: 0, max: 9_999_999 }),
    )
    .map(
      ([p, a, ap, b, bp, c, cp, s, seconds]) =>
        `${p} ${a} ${ap} ${b} ${bp} ${c} ${cp} ${s.padEnd(11)} ${String(seconds).padStart(7)}`,
    );
  fc.assert(
    fc.property(line, (text) => {
      expect(plain(text)).toBe(general(text));
    }),
    { numRuns: FULL ? 2000 : 500 },
  );
});

test('bytes of any kind in a plain line give the same rows, or are not plain', () => {
  const line = 'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899';
  const wrong = fc.tuple(
    fc.nat({ max: line.length - 1 }),
    fc.oneof(fc.constantFrom(0, 9, 10, 13, 32, 48, 65), fc.nat({ max: 255 })),
  );
  fc.assert(
    fc.property(fc.array(wrong, { maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(line);
      for (const [at, byte] of changes) bytes[at] = byte;
      const text = bytes.toString('latin1');
      const rows = plain(text);
      if (rows !== undefined) expect(rows).toBe(text.split('\n').map(general).join(''));
    }),
    { numRuns: FULL ? 20_000 : 1000 },
  );
});

test.each([
  'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899 sip call-id',
  'SCTP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899',
  'TCP [2001:0db8:0000:0000:0000:0000:0000:0001] 8235 [2001:0db8:0000:0000:0000:0000:0000:0002] 0050 C0000214 1F90 NONE 1',
  'TCP G0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899',
  'TCP C0A80001 8235 0A000064 0050 C0000214 1F9Z ESTABLISHED     899',
  'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     8x9',
  'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED        ',
  '\nCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899',
  'TC\r C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899',
  'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 EST\nBLISHED     899',
  'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 SYN RECV        899',
  'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 \tSTABLISHED     899',
  '',
])('%j is not plain', (line) => {
  expect(plain(line)).toBeUndefined();
});

test('lines up to one that is not plain, and no more rows than there is room for', () => {
  const line = 'TCP FFFFFFFF FFFF FFFFFFFF FFFF FFFFFFFF FFFF ESTABLISHED     899\n';
  const lines = Buffer.from(`${line.repeat(990)}SCTP${line}`);
  connections.input.set(lines);
  let from = 0;
  let count = 0;
  const rows: Buffer[] = [];
  for (let taken = connections.take(0, lines.length); taken.count > 0; ) {
    count += taken.count;
    from = taken.next;
    rows.push(Buffer.from(connections.rows));
    taken = connections.take(from, lines.length);
  }
  expect([count, from]).toEqual([990, 990 * line.length]);
  expect(rows.length).toBeGreaterThan(1);
  expect(Buffer.concat(rows).toString()).toBe(general(line.trimEnd())?.repeat(990));
});

test('without WebAssembly, and where names are printed, no line is plain', () => {
  expect(new PlainConnections(PIECE, false).take(0, PIECE)).toEqual({ count: 0, next: 0 });
  vi.stubGlobal('WebAssembly', undefined);
  try {
    expect(new PlainConnections(PIECE, true).take(0, PIECE)).toEqual({ count: 0, next: 0 });
  } finally {
    vi.unstubAllGlobals();
  }
});
