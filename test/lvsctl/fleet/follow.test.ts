// Directors that follow a file, in simulated time: turns, failures, leases, administrative states.
import { beforeEach, describe, expect, test } from 'vitest';
import type { LocalAdmins, SharedAdmin } from '../../../src/lvsctl/fleet/admin.js';
import { Follower } from '../../../src/lvsctl/fleet/follow.js';
import { fileStore } from '../../../src/lvsctl/fleet/source.js';
import { type FleetStore, parseReport } from '../../../src/lvsctl/fleet/store.js';
import { type MemoryStore, memoryStore } from '../../support/fleetstore.js';
import { PASSES, type SimulatedRuntime, simulatedRuntime } from '../../support/simulated.js';

const KEY = 'lvs';
const DRAINED: SharedAdmin = { state: 'drained', reason: 'disk', by: 'root', until: null };

interface Director {
  readonly follower: Follower;
  readonly log: string[];
  /** `begin TEXT`, `end TEXT` */
  readonly applied: string[];
  /** of its monitor */
  readonly admin: { states: Record<string, SharedAdmin | null> | undefined; set: string[] };
}

let runtime: SimulatedRuntime;
let store: MemoryStore;
/** milliseconds of each apply */
let takes: number;
let failing: string | undefined;
/** who applies, in order of time */
let order: string[];

beforeEach(() => {
  runtime = simulatedRuntime({ probe: () => ({ outcome: PASSES, tookMs: 1 }) });
  store = memoryStore(runtime.clock);
  [takes, failing, order] = [100, undefined, []];
});

function director(name: string, own: FleetStore = store, shares = true): Director {
  const log: string[] = [];
  const applied: string[] = [];
  const admin: Director['admin'] = { states: undefined, set: [] };
  const follower = new Follower({
    store: own,
    clock: runtime.clock,
    key: KEY,
    name,
    check: async (text) => (text.startsWith('bad') ? 'it is bad' : undefined),
    async apply(text) {
      applied.push(`begin ${text}`);
      order.push(`${name}+`);
      await new Promise<void>((done) => void runtime.clock.after(takes, done));
      order.push(`${name}-`);
      applied.push(`end ${text}`);
      return failing === name ? 'no module' : undefined;
    },
    observe: async () => ({ differences: 0, services: null }),
    admin: shares
      ? {
          read: async (): Promise<LocalAdmins | undefined> => admin.states,
          async set(server, state) {
            admin.set.push(`${server} ${state?.state ?? 'enabled'}`);
            if (admin.states) admin.states[server] = state ?? null;
          },
        }
      : undefined,
    log: (line) => log.push(line),
  });
  void follower.run();
  return { follower, log, applied, admin };
}

const report = (name: string) => {
  const entry = store.entries.get(`${KEY}/directors/${name}`);
  return entry && parseReport(entry);
};
const states = (...names: string[]) => names.map((name) => report(name)?.state);
const publish = (text: string) => store.put(KEY, text);

test('one director at a time, and each has it in the end', async () => {
  const all = ['a', 'b', 'c'].map((name) => director(name));
  await publish('one');
  await runtime.pass(5000);
  expect(order).toHaveLength(6);
  for (let i = 0; i < 6; i += 2) expect(order[i + 1]).toBe(order[i]?.replace('+', '-'));
  expect(states('a', 'b', 'c')).toEqual(['applied', 'applied', 'applied']);
  expect(all.map(({ applied }) => applied.at(-1))).toEqual(['end one', 'end one', 'end one']);
});

test('who waits long for its turn, or applies for long, is still in the list', async () => {
  takes = 40_000;
  for (const name of ['a', 'b']) director(name);
  await publish('one');
  await runtime.pass(70_000);
  expect(order).toHaveLength(3);
  expect(states('a', 'b').filter(Boolean)).toHaveLength(2);
});

test('a version that failed on one is held on the others, and the next one is taken', async () => {
  failing = 'a';
  const first = director('a');
  await publish('one');
  await runtime.pass(500);
  director('b');
  await runtime.pass(3000);
  expect(states('a', 'b')).toEqual(['failed', 'held']);
  expect(report('b')?.error).toBe('it failed on a');
  failing = undefined;
  await publish('two');
  await runtime.pass(3000);
  expect(states('a', 'b')).toEqual(['applied', 'applied']);
  expect(first.log).toContain('version 1 failed: no module');
});

test('a version that was replaced while a director waited for its turn is not applied there', async () => {
  takes = 5000;
  const all = ['a', 'b'].map((name) => director(name));
  await publish('one');
  await runtime.pass(1500);
  await publish('two');
  await runtime.pass(30_000);
  const begun = all.map(({ applied }) => applied.filter((line) => line.startsWith('begin')));
  expect(begun.toSorted((x, y) => y.length - x.length)).toEqual([
    ['begin one', 'begin two'],
    ['begin two'],
  ]);
});

test('a bad file reaches none', async () => {
  const all = ['a', 'b'].map((name) => director(name));
  await publish('bad');
  await runtime.pass(3000);
  expect(states('a', 'b')).toEqual(['refused', 'refused']);
  expect(all.flatMap(({ applied }) => applied)).toEqual([]);
});

test('the store is gone for a minute: said once, and what was missed is taken', async () => {
  const { log, applied } = director('a');
  await publish('one');
  await runtime.pass(3000);
  store.away = true;
  await runtime.pass(60_000);
  expect(report('a')).toBeUndefined(); // its lease has ended
  store.away = false;
  await publish('two');
  await runtime.pass(3000);
  expect(applied).toEqual(['begin one', 'end one', 'begin two', 'end two']);
  expect(log.filter((line) => line.includes('ECONNREFUSED'))).toHaveLength(1);
  expect(log).toContain('the store answers again');
  expect(states('a')).toEqual(['applied']);
});

test('the lock is lost in the middle of an apply: it is not cut off, and reported', async () => {
  takes = 3000;
  const { applied } = director('a');
  await publish('one');
  await runtime.pass(2000);
  store.endLease(`${KEY}/lock`);
  store.endLease(`${KEY}/directors/a`);
  await runtime.pass(4000);
  expect(applied).toEqual(['begin one', 'end one']);
  expect(states('a')).toEqual(['applied']);
});

test('a director that died with the lock is waited for 15 seconds', async () => {
  await store.put(`${KEY}/lock`, 'dead', await store.grant(15));
  const { applied } = director('a');
  await publish('one');
  await runtime.pass(14_000);
  expect(applied).toEqual([]);
  await runtime.pass(2000);
  expect(applied).toEqual(['begin one', 'end one']);
});

test('an older revision after a restore from a backup is taken', async () => {
  const { applied } = director('a');
  await publish('one');
  await publish('two');
  await runtime.pass(2000);
  store.entries.set(KEY, { key: KEY, value: 'one', version: '1' });
  await runtime.pass(2000);
  expect(applied.filter((line) => line.startsWith('end'))).toEqual(['end two', 'end one']);
});

describe('a state that ends', () => {
  const until = (minutes: number) => new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString();
  const key = `${KEY}/admin`;

  test('on a director whose clock is ahead: over there alone', async () => {
    await store.put(key, JSON.stringify({ 'web s1': { ...DRAINED, until: until(-30) } }));
    const a = director('a');
    a.admin.states = { 'web s1': null };
    await runtime.pass(5000);
    expect(a.admin.set).toEqual([]);
    expect(store.entries.get(key)?.value).toContain('web s1');
  });

  test('its end by the clock of one director is no change that the others take', async () => {
    const [a, b] = await withMonitors();
    const drained = { ...DRAINED, until: until(1) };
    a.admin.states = { 'web s1': drained, 'web s2': null };
    await runtime.pass(3000);
    expect(b.admin.states?.['web s1']).toEqual(drained);
    await runtime.pass(60_000);
    if (b.admin.states) b.admin.states['web s1'] = null; // its monitor ends it
    await runtime.pass(3000);
    expect(store.entries.get(key)?.value).toContain('web s1');
    // an hour later it is removed
    a.admin.states['web s1'] = null;
    await runtime.pass(3_600_000);
    expect(store.entries.get(key)?.value).toBe('{}');
  });
});

/** Two directors with monitors that have the same server. */
async function withMonitors(): Promise<readonly [Director, Director]> {
  const [a, b] = [director('a'), director('b')];
  for (const one of [a, b]) one.admin.states = { 'web s1': null, 'web s2': null };
  await runtime.pass(2000);
  return [a, b];
}

test('a drain on one holds on all, and so does its end', async () => {
  const [a, b] = await withMonitors();
  a.admin.states = { 'web s1': DRAINED, 'web s2': null };
  await runtime.pass(3000);
  expect(b.admin.states?.['web s1']).toEqual(DRAINED);
  if (b.admin.states) b.admin.states['web s1'] = null;
  await runtime.pass(3000);
  expect(a.admin.states['web s1']).toBeNull();
  expect([a, b].map(({ admin }) => admin.set)).toEqual([['web s1 enabled'], ['web s1 drained']]);
});

test('a director that starts takes over what is out, and its own stays out', async () => {
  await store.put(`${KEY}/admin`, JSON.stringify({ 'web s1': DRAINED }));
  const a = director('a');
  a.admin.states = { 'web s1': null, 'web s2': { ...DRAINED, state: 'disabled' } };
  await runtime.pass(2000);
  expect(a.admin.states).toMatchObject({ 'web s1': DRAINED, 'web s2': { state: 'disabled' } });
  expect(Object.keys(JSON.parse(store.entries.get(`${KEY}/admin`)?.value ?? ''))).toEqual([
    'web s1',
    'web s2',
  ]);
});

test.each([
  ['removed', undefined],
  ['garbage', '{"web s1": 1}'],
  ['a list', '[]'],
])('the key of the states is %s: nothing that is out comes back', async (_, text) => {
  const [a, b] = await withMonitors();
  a.admin.states = { 'web s1': DRAINED, 'web s2': null };
  await runtime.pass(3000);
  if (text === undefined) await store.remove(`${KEY}/admin`);
  else await store.put(`${KEY}/admin`, text);
  await runtime.pass(3000);
  expect([a, b].map(({ admin }) => admin.states?.['web s1'])).toEqual([DRAINED, DRAINED]);
  expect(store.entries.get(`${KEY}/admin`)?.value).toBe(
    text ?? JSON.stringify({ 'web s1': DRAINED }),
  );
  expect(a.log.some((line) => line.includes('not readable'))).toBe(text !== undefined);
});

test('a state of a server that a director does not have: kept for the others, asked of none', async () => {
  const [a, b] = await withMonitors();
  b.admin.states = { 'web s2': null };
  a.admin.states = { 'web s1': DRAINED, 'web s2': null };
  await runtime.pass(5000);
  expect(b.admin.set).toEqual([]);
  expect(store.entries.get(`${KEY}/admin`)?.value).toContain('web s1');
  expect(states('a', 'b')).toEqual(['starting', 'starting']);
});

test('a file as the source: taken when two readings are the same; drains are left alone', async () => {
  let text = 'one';
  const source = fileStore(
    () => text,
    (value) => value,
  );
  const { admin, applied } = director('a', source, false);
  admin.states = { 'web s1': DRAINED };
  await runtime.pass(3000);
  expect(applied).toEqual(['begin one', 'end one']);
  text = 'tw'; // the first piece of it
  await runtime.pass(900);
  text = 'two';
  await runtime.pass(3000);
  expect(applied.slice(2)).toEqual(['begin two', 'end two']);
  expect(admin).toEqual({ states: { 'web s1': DRAINED }, set: [] });
});
