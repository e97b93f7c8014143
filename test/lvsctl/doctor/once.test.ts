// A command is printed once for each machine.
import { expect, test } from 'vitest';
import { repairedOnce } from '../../../src/lvsctl/doctor/examine.js';
import type { Finding } from '../../../src/lvsctl/doctor/finding.js';

const finding = (repair: readonly string[], more: Partial<Finding> = {}): Finding => ({
  id: 'a',
  what: 'b',
  why: 'c',
  repair,
  ...more,
});

test('a command that two findings have', () => {
  const findings = repairedOnce([
    finding(['one', 'two']),
    finding(['two', 'three']),
    finding(['one']),
    finding(['one'], { on: '192.0.2.11' }),
    finding(['three'], { advice: 'look' }),
    finding([], { advice: 'ask' }),
  ]);
  expect(findings.map(({ repair, advice }) => [repair.join(' '), advice])).toEqual([
    ['one two', undefined],
    ['three', undefined],
    ['', 'the commands above repair it too'],
    ['one', undefined],
    ['', 'look'],
    ['', 'ask'],
  ]);
});
