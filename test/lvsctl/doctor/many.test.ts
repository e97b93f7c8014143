// Findings that differ in addresses alone are one, when they are many.
import { expect, test } from 'vitest';
import type { Finding } from '../../../src/lvsctl/doctor/finding.js';
import { joined } from '../../../src/lvsctl/doctor/many.js';

const missing = (i: number, more: Partial<Finding> = {}): Finding => ({
  id: 'vip',
  what: `VIP ${i % 2 === 0 ? `192.0.2.${i}` : `2001:db8::${i}`} is on no interface`,
  why: 'w',
  repair: [`ip addr add ${i}`],
  ...more,
});
const list = (count: number, more?: Partial<Finding>) =>
  Array.from({ length: count }, (_, i) => missing(i, more));

test('19 are 19, 20 are one with all commands', () => {
  expect(joined(list(19))).toEqual(list(19));
  expect(joined(list(20))).toEqual([
    missing(0, {
      what: 'VIP 192.0.2.0 is on no interface, and 19 more like this',
      repair: list(20).flatMap(({ repair }) => repair),
    }),
  ]);
});

test('what differs in more than addresses is apart', () => {
  const other = missing(1, { what: 'VIP 192.0.2.1 is not on eth0' });
  const elsewhere = missing(2, { on: 'rs' });
  const asked = missing(3, { repair: [], advice: 'ask' });
  const ids = missing(4, { id: 'arp' });
  const all = joined([...list(20), other, elsewhere, asked, ids]);
  expect(all.slice(1)).toEqual([other, elsewhere, asked, ids]);
});

test('commands for the director are kept too', () => {
  const each = list(20).map((one, i) => ({
    ...one,
    afterwards: { repair: [`arping ${i}`], on: 'd' },
  }));
  expect(joined(each)[0]?.afterwards).toEqual({
    repair: each.flatMap(({ afterwards }) => afterwards.repair),
    on: 'd',
  });
});
