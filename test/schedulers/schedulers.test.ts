// Examples and tables of the kernel's behaviour, apart from the recorded traces.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SCHEDULER_NAMES } from '../../src/model/scheduler.js';
import { mhTable } from '../../src/schedulers/mh.js';
import { type Candidate, folded, hash32, moreLoaded } from '../../src/schedulers/scheduler.js';
import { siphash13 } from '../../src/schedulers/siphash.js';
import { schedulerOf } from '../../src/schedulers/table.js';
import { at as ip } from '../support/address.js';
import { FULL } from '../support/full.js';

const arrival = {
  client: ip('172.16.0.1'),
  clientPort: 30001,
  virtual: ip('192.0.2.1'),
  hasPorts: true,
  now: 0,
};
const settings = { flags: 0, expiration: 86400, random: () => 0.5 };

/** Servers by their weights, in the order of adding; the list is newest first. */
function servers(...weights: number[]): Candidate[] {
  return weights
    .map((weight, i) => ({
      address: ip(`10.0.1.${i + 1}`),
      port: 80,
      weight,
      lastWeight: weight,
      overloaded: false,
      available: true,
      active: 0,
      inactive: 0,
    }))
    .reverse();
}
const numberOf = ({ address }: Candidate) => (address.family === 'ipv4' ? address.value & 255 : 0);

describe('hashes', () => {
  test.each([
    ['172.16.0.1', 0xac100001, 122, 488],
    ['172.16.5.1', 0xac100501, 100, 403],
    ['10.0.0.1', 0x0a000001, 39, 159],
    ['203.0.113.1', 0xcb007101, 50, 200],
    ['255.255.255.255', 0xffffffff, 158, 632],
    ['fd00:c::5', 0xfd000009, 155, 620],
    ['2001:db8::1:2:3', 0x20030dba, 173, 693],
  ])('of %s', (text, value, eight, ten) => {
    expect(folded(ip(text))).toBe(value);
    expect(hash32(value, 8)).toBe(eight);
    expect(hash32(value, 10)).toBe(ten);
  });

  test.each([
    [0xac100001, 0xcdf30f96],
    [0xac107532, 0x563f0304],
    [0x0a000001, 0x03080ce4],
    [0, 0x1d5a77c2],
    [0xffffffff, 0x22c5d719],
    [0x0a000151, 0x66e6d50d],
  ])('siphash13(%i)', (value, hash) => expect(siphash13(value, 2654435761)).toBe(hash));

  test('siphash13 with the second key', () =>
    expect(siphash13(0x0a000153, 2654446892)).toBe(0x32a4a47c));
});

describe('the table of mh', () => {
  test.each([
    [
      [1, 1, 1],
      { 1: 1364, 2: 1364, 3: 1365 },
      '65cd71338c9c40a57aab3f10ef2814fb75ccbcc1738ed3b6c1923891b3180b4f',
    ],
    [
      [20, 0, 30, 10],
      { 1: 1364, 3: 2046, 4: 683 },
      '1e8a477b73feaf85edb5a8e2c133c76f3a07ccf29432f20e37b065d1a15d433d',
    ],
    [[1000, 1, 500, 65535], { 1: 62, 2: 62, 3: 62, 4: 3907 }, undefined],
  ])('of weights %j', (weights, counts, digest) => {
    const digits = mhTable(servers(...weights)).map((one) => (one ? numberOf(one) : 0));
    const tally: Record<number, number> = {};
    for (const digit of digits) tally[digit] = (tally[digit] ?? 0) + 1;
    expect(tally).toEqual(counts);
    if (digest !== undefined)
      expect(createHash('sha256').update(digits.join('')).digest('hex')).toBe(digest);
  });

  test('begins as recorded', () => {
    const slots = mhTable(servers(1, 1, 1));
    expect(
      slots
        .slice(0, 24)
        .map((one) => one && numberOf(one))
        .join(' '),
    ).toBe('3 2 3 2 1 3 2 3 3 3 1 1 1 2 2 2 1 2 1 1 2 3 1 3');
  });
});

test('loads are compared exactly beyond 53 bits', () => {
  expect(moreLoaded(2 ** 31, 2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 2)).toBe(false);
  expect(moreLoaded(2 ** 40 + 1, 2 ** 30, 2 ** 40, 2 ** 30)).toBe(true);
});

const candidates = fc
  .array(
    fc.record({
      weight: fc.integer({ min: 0, max: 9 }),
      overloaded: fc.boolean(),
      active: fc.nat(20),
      inactive: fc.nat(20),
    }),
    {
      maxLength: 8,
    },
  )
  .map((list) =>
    list.map(
      (one, i): Candidate => ({
        ...one,
        lastWeight: one.weight,
        available: true,
        address: ip(`10.0.1.${i + 1}`),
        port: 80,
      }),
    ),
  );

describe.each(SCHEDULER_NAMES)('%s', (name) => {
  const scheduler = schedulerOf(name) ?? expect.fail(name);
  const takes = ({ weight, overloaded }: Candidate) => weight > 0 && !overloaded;
  const mayRefuse = name === 'ovf' || name === 'dh' || name === 'wrr';

  test('never picks a server of weight 0 or an overloaded one, and picks none of none', () => {
    fc.assert(
      fc.property(
        candidates,
        fc.array(fc.integer({ min: 1, max: 0xffffff }), { minLength: 1, maxLength: 30 }),
        (list, clients) => {
          const state = scheduler.start(list);
          for (const client of clients) {
            const picked = scheduler.pick(
              state,
              list,
              { ...arrival, client: { family: 'ipv4', value: client } },
              { ...settings, flags: 1 },
            );
            const isRight = picked ? takes(picked) : mayRefuse || !list.some(takes);
            if (!isRight) expect.fail(`picked ${JSON.stringify(picked)}`);
          }
        },
      ),
      { numRuns: (name === 'mh' ? 15 : 100) * (FULL ? 10 : 1) },
    );
  });

  test('goes on after any change of the list', () => {
    const change = fc.record({
      kind: fc.constantFrom('add', 'delete', 'edit'),
      at: fc.nat(7),
      weight: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const list: (Candidate & { weight: number; lastWeight: number; available: boolean })[] = [];
        const state = scheduler.start(list);
        let made = 0;
        for (const { kind, at, weight } of changes) {
          const index = kind === 'add' ? 0 : at % Math.max(1, list.length);
          if (kind === 'add')
            list.unshift({ ...(servers(weight)[0] as Candidate), address: ip(`10.0.2.${++made}`) });
          const server = list[index];
          if (!server) continue;
          const previousWeight = server.weight;
          if (kind === 'delete') {
            server.available = false;
            list.splice(index, 1);
          }
          if (kind === 'edit') server.weight = weight;
          scheduler.changed?.(
            state,
            { kind, server, previousWeight, index: () => index },
            { count: list.length, servers: list },
          );
          for (let i = 0; i < 3; i++) {
            const picked = scheduler.pick(
              state,
              list,
              { ...arrival, client: ip(`172.16.1.${i + 1}`) },
              settings,
            );
            if (picked && !list.includes(picked as (typeof list)[number]))
              expect.fail(`picked ${JSON.stringify(picked)}, which is not in the list`);
          }
        }
      }),
      { numRuns: (name === 'mh' ? 5 : 100) * (FULL ? 10 : 1) },
    );
  });
});

test('wrr gives each server its weight over a full round', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 6 }),
      (weights) => {
        const list = servers(...weights);
        const scheduler = schedulerOf('wrr') ?? expect.fail();
        const state = scheduler.start(list);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const counts = weights.map(() => 0);
        for (let i = 0; i < total; i++) {
          const picked = scheduler.pick(state, list, arrival, settings) ?? expect.fail('none');
          const at = numberOf(picked) - 1;
          counts[at] = (counts[at] ?? 0) + 1;
        }
        expect(counts).toEqual(weights);
      },
    ),
  );
});

test('a far too large weight of an overloaded server does not make wrr search for long', () => {
  const [first, second] = servers(2147483647, 1) as [Candidate, Candidate];
  const list = [first, { ...second, overloaded: true }];
  const scheduler = schedulerOf('wrr') ?? expect.fail();
  expect(scheduler.pick(scheduler.start(list), list, arrival, settings)).toBe(first);
});
