// The two tables of kinds agree.
import { expect, test } from 'vitest';
import { CHECKS } from '../../../src/lvsctl/checks/table.js';
import { KINDS } from '../../../src/system/probe/table.js';

test('every kind of probe is a kind of check', () =>
  expect(
    Object.keys(CHECKS)
      .filter((kind) => kind !== 'https')
      .sort(),
  ).toEqual(Object.keys(KINDS).sort()));

test('what goes over a route to the VIP can be made in a network namespace', () => {
  for (const [kind, { inNetns }] of Object.entries(KINDS))
    expect([kind, inNetns]).toEqual([kind, CHECKS[kind as keyof typeof KINDS].vip === 'route']);
});
