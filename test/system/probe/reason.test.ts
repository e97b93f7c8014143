// Text of servers in one line.
import { expect, test } from 'vitest';
import { cleanReason } from '../../../src/system/probe/reason.js';

test.each([
  ['plain', 'plain'],
  ['two  blanks stay', 'two  blanks stay'],
  ['  at the ends \t\r\n', 'at the ends'],
  ['a \t\r\n b', 'a b'],
  ['a\u001b[2Jb\u0000c\u007fd\u009be', 'a [2Jb c d e'],
  ['line\u2028line\u2029line', 'line line line'],
  ['turned \u202Eround\u2066 and isolated\u2069', 'turned round and isolated'],
  ['half a pair \ud83d', 'half a pair'],
  ['\u{1F600} whole', '\u{1F600} whole'],
  ['', ''],
  ['x'.repeat(200), 'x'.repeat(200)],
  ['x'.repeat(201), `${'x'.repeat(199)}…`],
  ['\u{1F600}'.repeat(100), '\u{1F600}'.repeat(100)],
  [`x${'\u{1F600}'.repeat(100)}`, `x${'\u{1F600}'.repeat(99)}…`],
  [`554 ${' '.repeat(63_000)}x`, '554…'],
  [`554${'\u0000'.repeat(63_000)}`, '554…'],
])('%j', (text, expected) => expect(cleanReason(text)).toBe(expected));

test.each([
  ['blanks', ' '],
  ['control characters', '\u0001'],
  ['both', ' \u0001 '],
])('a million letters of %s cost what a thousand do', (_, piece) => {
  const text = `${piece.repeat(1_000_000 / piece.length)}x`;
  const began = process.cpuUsage();
  for (let i = 0; i < 100; i++) cleanReason(text);
  const { user } = process.cpuUsage(began);
  expect(user).toBeLessThan(1_000_000);
});
