// Two ways from a line of /proc/net/ip_vs_conn to its row: by column, and in general. Where both
// apply they agree.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConnection, renderConnection } from '../../src/render/connections.js';
import { LONGEST_ROW, renderPlainRow } from '../../src/render/connrows.js';
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

function plain(line: string): string | undefined {
  const output = new Uint8Array(LONGEST_ROW);
  const end = renderPlainRow(Buffer.from(`${line}\n`, 'latin1'), 0, output, 0);
  return end < 0 ? undefined : Buffer.from(output.subarray(0, end)).toString('latin1');
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

test.each([
  'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899 sip call-id',
  'SCTP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899',
  'TCP [2001:0db8:0000:0000:0000:0000:0000:0001] 8235 [2001:0db8:0000:0000:0000:0000:0000:0002] 0050 C0000214 1F90 NONE 1',
  'TCP G0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899',
  'TCP C0A80001 8235 0A000064 0050 C0000214 1F9Z ESTABLISHED     899',
  'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     8x9',
  'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED        ',
  '',
])('%j is not plain', (line) => {
  expect(plain(line)).toBeUndefined();
});
