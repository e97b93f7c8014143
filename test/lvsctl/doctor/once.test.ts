// A command is printed once for a machine, by the first finding that has it.
import { expect, test } from 'vitest';
import type { Finding } from '../../../src/lvsctl/doctor/finding.js';
import { diagnosisText } from '../../../src/lvsctl/view/diagnosis.js';

const finding = (repair: readonly string[], more: Partial<Finding> = {}): Finding => ({
  id: 'a',
  what: 'b',
  why: 'c',
  repair,
  ...more,
});

test('a command that two findings have', () => {
  const findings = [
    finding(['one', 'two']),
    finding(['two', 'three']),
    finding(['one']),
    finding(['one'], { on: '192.0.2.11' }),
    finding([], { advice: 'ask' }),
    finding(['four'], { on: 'rs', afterwards: { repair: ['five'] } }),
    finding([], { afterwards: { repair: ['six'], on: 'dir' } }),
  ];
  const text = diagnosisText({ roles: ['director'], findings, skipped: [] }, { colour: false });
  const lines = text.split('\n').filter((line) => !/^a: b|^ {4}c$|^$/.test(line));
  expect(lines).toEqual([
    '    # one',
    '    # two',
    '    # three',
    '    repaired by the commands above',
    '    on 192.0.2.11:',
    '    # one',
    '    no command for this: ask',
    '    on rs:',
    '    # four',
    '    then on this machine:',
    '    # five',
    '    then on dir:',
    '    # six',
    '7 found (director)',
  ]);
});
