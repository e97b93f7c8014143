// Single steps of the state: what stays the same value when nothing changed, which servers are held,
// what a reload keeps, what the VIP's coming and going makes of checks.
import { describe, expect, test } from 'vitest';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { adopt, carryOver } from '../../../src/lvsctl/monitor/state/config.js';
import { applyHolds, withDown } from '../../../src/lvsctl/monitor/state/damping.js';
import { emptyState, reduce } from '../../../src/lvsctl/monitor/state/reduce.js';
import {
  applyMinUp,
  recompute,
  refreshed,
  withAdmin,
  withResult,
} from '../../../src/lvsctl/monitor/state/service.js';
import type {
  AdminState,
  CheckResult,
  MonitorState,
  ServerState,
  ServiceState,
} from '../../../src/lvsctl/monitor/state/state.js';
import { desiredTable } from '../../../src/lvsctl/monitor/table/desired.js';
import type { VirtualServer } from '../../../src/model/table.js';

interface File {
  readonly weights?: readonly number[];
  readonly health?: string;
  readonly sorry?: boolean;
  readonly name?: string;
  readonly port?: number;
  readonly monitor?: string;
}
function configOf({
  weights = [1, 1],
  health = '',
  sorry = true,
  name = 'web',
  port = 80,
  monitor = '',
}: File = {}) {
  const servers = weights.map((weight, i) => `{address: 10.0.0.${i + 1}, weight: ${weight}}`);
  return readConfig(
    `vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - {name: ${name}, address: 192.0.2.1, port: ${port}, mode: nat, servers: [${servers.join(', ')}], ${sorry ? 'sorry: {address: 10.0.9.9}, ' : ''}checks: [{kind: tcp, rise: 3, fall: 2}], health: {${health}}}
monitor: {${monitor}}
`,
    'f',
  );
}
function desiredOf(file: File = {}) {
  const [desired] = desiredServices(configOf(file));
  if (desired === undefined) throw new Error('no service');
  return desired;
}
const nobody = () => undefined;
/** A service of a table that has all its servers: they are up. */
function allUp(file: File = {}, now = 0): ServiceState {
  const spec = desiredOf(file);
  const live: VirtualServer = { service: spec.service, destinations: spec.destinations };
  return adopt(spec, live, nobody, now);
}
const PASS: CheckResult = { outcome: 'pass', latencyMs: 1 };
const FAIL: CheckResult = { outcome: 'fail', reason: 'refused', latencyMs: 1 };
function got(service: ServiceState, i: number, result: CheckResult, times = 1, now = 0) {
  const server = service.servers[i];
  let next = service;
  for (let n = 0; n < times; n++)
    next = withResult(next, server?.key ?? '', server?.checks[0]?.key ?? '', result, 'tcp', now);
  return next;
}
const disabled: AdminState = {
  state: 'disabled',
  reason: '',
  by: '',
  since: '2026-01-01T00:00:00.000Z',
  until: undefined,
};
/** With some fields of a server set. */
const withFields = (service: ServiceState, ...fields: readonly Partial<ServerState>[]) => ({
  ...service,
  servers: service.servers.map((server, i) => ({ ...server, ...fields[i] })),
});

describe('what nothing changes stays the same value', () => {
  const up = () => allUp();
  // biome-ignore format: a table
  test.each<readonly [string, () => ServiceState, (service: ServiceState) => ServiceState]>([
    ['servers that min_up does not keep', up, applyMinUp],
    ['and those that it does', () => applyMinUp(got(allUp({ health: 'min_up: 1' }), 0, FAIL, 2)), (one) => ({ ...applyMinUp(one), servers: applyMinUp(one).servers })],
    ['no holds', up, (one) => applyHolds(one, 9)],
    ['holds that go on', () => withFields(allUp({ health: 'damping: {}' }), { heldUntil: 99, held: true }), (one) => applyHolds(one, 9)],
    ['nothing later', up, (one) => refreshed(one, 9)],
    ['to enable what is enabled', up, (one) => withAdmin(one, one.servers[0]?.key ?? '', undefined, 9)],
    ['to disable what is disabled so', () => withAdmin(up(), '10.0.0.1:80', disabled, 0), (one) => withAdmin(one, '10.0.0.1:80', disabled, 9)],
    ['a server that is not there', up, (one) => withAdmin(one, '10.0.0.9:80', disabled, 9)],
    ['a check that is not there', up, (one) => withResult(one, '10.0.0.9:80', 'x', FAIL, 'tcp', 9)],
    ['all of it', up, (one) => recompute(one, 9)],
  ])('%s', (_, make, step) => {
    const before = make();
    expect(step(before).servers.map((one, i) => one === before.servers[i])).toEqual([true, true]);
    if (!_.startsWith('and')) expect(step(before)).toBe(before);
  });

  function monitorOf(file: File = {}, local?: ReadonlySet<string>): MonitorState {
    const config = configOf(file);
    const { state } = reduce(emptyState(config), { kind: 'config', config, table: new Map() }, 0);
    return local === undefined
      ? state
      : reduce(state, { kind: 'local', addresses: local }, 0).state;
  }
  const result = (state: MonitorState, one: CheckResult) => {
    const [service] = state.services;
    const [server] = service?.servers ?? [];
    const [check] = server?.checks ?? [];
    const id = { service: service?.key ?? '', server: server?.key ?? '', check: check?.key ?? '' };
    return reduce(state, { kind: 'result', ...id, result: one }, 9).state;
  };
  test('a pass after a pass', () => {
    const passed = result(monitorOf(), PASS);
    expect(result(passed, { ...PASS, latencyMs: 7 })).toBe(passed);
    expect(result(passed, { ...PASS, weight: 7 })).not.toBe(passed);
    expect(result(passed, FAIL)).not.toBe(passed);
  });
  test('another address of the machine', () => {
    const file = { monitor: 'pause_on_standby: true' };
    const here = monitorOf(file, new Set(['eth0 192.0.2.1']));
    const away = monitorOf(file, new Set(['eth0 192.0.2.9']));
    for (const state of [here, away]) {
      const more = new Set([...(state.local ?? []), 'eth1 198.51.100.1']);
      expect(reduce(state, { kind: 'local', addresses: more }, 9).state.services).toBe(
        state.services,
      );
    }
  });
  test('what the table should have, as long as no slow start runs', () => {
    const base = monitorOf();
    const state = (service: ServiceState) => ({ ...base, services: [service] });
    const slow = { health: 'slow_start: 10' };
    const same = (service: ServiceState, ...times: readonly [number, number]) => {
      const [a, b] = times.map((now) => desiredTable(state(service), now).services[0]);
      return a === b;
    };
    expect(same(allUp(), 5, 6)).toBe(true);
    // a recovery alone is no slow start
    const back = (file: File) => got(got(allUp(file), 0, FAIL, 2, 1000), 0, PASS, 3, 2000);
    expect(back(slow).servers[0]?.rampSince).toBe(2000);
    expect(same(back({}), 2001, 2002)).toBe(true);
    expect(same(back(slow), 2001, 2002)).toBe(false);
    expect(same(back(slow), 12_000, 12_001)).toBe(true);
    // nothing is known yet: the sorry server hangs on the time
    expect(same(adopt(desiredOf(), undefined, nobody, 0), 5, 6)).toBe(false);
  });
});

describe('which servers are held', () => {
  const held = (file: File, now: number, ...fields: readonly Partial<ServerState>[]) =>
    applyHolds(
      withFields(
        allUp({ weights: fields.map(() => 1), health: 'damping: {}', ...file }),
        ...fields,
      ),
      now,
    ).servers.flatMap((server, i) => (server.held ? [i] : []));
  const until = (heldUntil: number | undefined, more: Partial<ServerState> = {}) => ({
    heldUntil,
    ...more,
  });
  const free = until(undefined);
  // biome-ignore format: a table
  test.each<readonly [string, File, number, readonly Partial<ServerState>[], readonly number[]]>([
    ['until its time', {}, 9, [until(10), free], [0]],
    ['not at its time', {}, 10, [until(10), free], []],
    ['none without damping', { health: '' }, 9, [until(10), free], []],
    ['the latest failures first', {}, 9, [until(11), until(13), until(12)], [1, 2]],
    ['never the last one', {}, 9, [until(11), until(13)], [1]],
    ['not one that is down', {}, 9, [until(10, { up: false }), free, free], []],
    ['not one of an administrator', {}, 9, [until(10, { admin: disabled }), free, free], []],
    ['not one that min_up keeps in', {}, 9, [until(10, { up: false, forcedUp: true }), free, free], []],
    ['not one of weight 0', { weights: [0, 1, 1] }, 9, [until(10), free, free], []],
    ['one that is held counts as one that could serve', {}, 9, [until(10, { held: true }), until(11), free], [0, 1]],
    ['no more than min_up leaves', { health: 'min_up: 0.5, damping: {}' }, 9, [until(11), until(13), until(12), free], [1, 2]],
    ['of three a share of 0.7 needs all', { health: 'min_up: 0.7, damping: {}' }, 9, [until(11), free, free], []],
    ['servers of weight 0 do not count for the share', { weights: [0, 1, 1], health: 'min_up: 0.5, damping: {}' }, 9, [free, until(11), free], [1]],
    ['no more than the quorum leaves', { weights: [3, 2, 1], health: 'quorum: 3, damping: {}' }, 9, [until(13), until(12), until(11)], [0]],
    ['a smaller one, where the larger one is needed', { weights: [3, 2, 1], health: 'quorum: 4, damping: {}' }, 9, [until(13), until(12), until(11)], [1]],
  ])('%s', (_, file, now, fields, expected) => {
    expect(held(file, now, ...fields)).toEqual(expected);
  });

  test('a service that is down comes back as soon as it could', () => {
    const file = { weights: [1, 1, 1], health: 'quorum: 2, hysteresis: 1, damping: {}' };
    const of = (up: boolean) =>
      applyHolds({ ...withFields(allUp(file), until(10), {}, {}), up }, 9).servers.map(
        (server) => server.held,
      );
    expect([of(true)[0], of(false)[0]]).toEqual([true, false]);
  });

  const one = (fields: Partial<ServerState>, now: number, file: File = {}) =>
    applyHolds(withFields(allUp({ health: 'damping: {}', ...file }), fields, {}), now).servers[0];
  test('the end of a hold is forgotten, and a slow start follows it', () => {
    expect(one(until(10), 9)).toMatchObject({ held: true, heldUntil: 10, rampSince: undefined });
    expect(one(until(10, { held: true }), 10)).toMatchObject({
      held: false,
      heldUntil: undefined,
      rampSince: 10,
    });
    expect(one(until(10, { held: true, up: false }), 10)).toMatchObject({
      held: false,
      heldUntil: undefined,
      rampSince: undefined,
    });
    expect(one(until(10, { up: false }), 10)).toMatchObject({ held: false, heldUntil: undefined });
    expect(one(until(10, { up: false }), 9)).toMatchObject({ held: false, heldUntil: 10 });
    // one that is needed back before its time
    expect(
      one(until(10, { held: true, rampSince: 1 }), 9, { health: 'min_up: 1, damping: {}' }),
    ).toMatchObject({ held: false, heldUntil: 10, rampSince: undefined });
    expect(one(until(undefined, { held: true }), 9)).toMatchObject({ held: false, rampSince: 9 });
  });

  test.each([
    ['no damping', [1, 2], undefined, undefined, { downs: [], heldUntil: undefined }],
    [
      'the first',
      [],
      undefined,
      { downs: 2, within: 10, hold: 5 },
      { downs: [20_000], heldUntil: undefined },
    ],
    [
      'the last of as many',
      [11_000],
      undefined,
      { downs: 2, within: 10, hold: 5 },
      { downs: [11_000, 20_000], heldUntil: 25_000 },
    ],
    [
      'one that was just long enough ago',
      [10_000],
      undefined,
      { downs: 2, within: 10, hold: 5 },
      { downs: [20_000], heldUntil: undefined },
    ],
    [
      'more of them: the latest are kept',
      [11_000, 12_000],
      undefined,
      { downs: 2, within: 10, hold: 5 },
      { downs: [12_000, 20_000], heldUntil: 25_000 },
    ],
    [
      'one while it is held',
      [],
      20_001,
      { downs: 2, within: 10, hold: 5 },
      { downs: [20_000], heldUntil: 25_000 },
    ],
    [
      'one when the hold is over',
      [],
      20_000,
      { downs: 2, within: 10, hold: 5 },
      { downs: [20_000], heldUntil: undefined },
    ],
  ] as const)('failures: %s', (_, downs, heldUntil, damping, expected) => {
    expect(withDown({ downs, heldUntil }, damping, 20_000)).toEqual(expected);
  });
});

describe('a reload', () => {
  const reloaded = (old: ServiceState, file: File, now = 5000) =>
    carryOver(desiredOf(file), old, undefined, nobody, now);

  test('a service of another identity is reported anew', () => {
    expect(reloaded(allUp(), { port: 81 }).up).toBeUndefined();
    expect(reloaded(allUp(), { name: 'other' }).up).toBe(true);
    // nothing is decided for it yet, though its servers would reach the quorum
    expect(reloaded({ ...allUp(), up: undefined }, {}).up).toBeUndefined();
  });

  test('first results are waited for as long as before, and servers that are new not at all', () => {
    const old = allUp({}, 1000);
    // one with another quorum: the servers that it had do not reach it
    const next = reloaded(old, { weights: [1, 1], health: 'quorum: 2' });
    expect(next).toMatchObject({ firstResultsBy: old.firstResultsBy, up: true, heldUntil: 5000 });
    // servers without a result are in the place of others: it stays up for their first results
    const others = carryOver(
      {
        ...desiredOf({ weights: [1, 1, 1] }),
        destinations: desiredOf({ weights: [1, 1, 1] }).destinations.slice(2),
      },
      old,
      undefined,
      nobody,
      5000,
    );
    expect(others.up).toBe(true);
    expect(others.heldUntil).toBeGreaterThan(5000);
  });

  test('what was seen of the sorry server is kept as long as there is one', () => {
    const old = { ...allUp(), sorryActive: true };
    expect(reloaded(old, {}).sorryActive).toBe(true);
    expect(reloaded({ ...old, sorryActive: false }, {}).sorryActive).toBe(false);
    expect(reloaded(old, { sorry: false }).sorryActive).toBeUndefined();
  });

  test.each([
    ['a slow start that runs goes on', 'slow_start: 10', 'slow_start: 20', 1000, 1000],
    ['one that is over does not begin again', 'slow_start: 3', 'slow_start: 20', 1000, undefined],
    ['one that has just ended', 'slow_start: 4', 'slow_start: 20', 1000, undefined],
    ['there was none', '', 'slow_start: 20', 1000, undefined],
  ])('%s', (_, before, after, rampSince, expected) => {
    const old = withFields(allUp({ health: before }), { rampSince });
    expect(reloaded(old, { health: after }).servers[0]?.rampSince).toBe(expected);
  });

  test('other weights are no news; a server that another combination brings up begins slowly', () => {
    const next = reloaded(allUp({ weights: [5, 5] }), { weights: [2, 5] });
    expect(next.servers.map(({ reported }) => reported)).toEqual([2, 5]);
    const down = got(allUp(), 0, FAIL, 2);
    expect(down.servers[0]?.up).toBe(false);
    const none = { ...desiredOf(), checks: new Map(), checkKeys: new Map() };
    const up = carryOver(none, down, undefined, nobody, 5000).servers[0];
    expect(up).toMatchObject({ up: true, since: 5000, rampSince: 5000 });
    const forced = withFields(down, { forcedUp: true });
    expect(carryOver(none, forced, undefined, nobody, 5000).servers[0]?.rampSince).toBeUndefined();
  });
});

describe('a server that is found in the table', () => {
  const found = (weight: number, health: string) => {
    const spec = desiredOf({ weights: [10, 10], health });
    const [first, second] = spec.destinations;
    if (!first || !second) throw new Error('no servers');
    const destinations = [{ ...first, weight }, second];
    return adopt(spec, { service: spec.service, destinations }, nobody, 50_000).servers[0];
  };
  test.each([
    [0, 'slow_start: 10', undefined],
    [5, 'slow_start: 10', 45_000],
    [10, 'slow_start: 10', undefined],
    [5, '', undefined],
  ])('weight %i of 10, %j: its slow start began at %s', (weight, health, expected) => {
    expect(found(weight, health)?.rampSince).toBe(expected);
  });
});

describe('a VIP that comes and goes', () => {
  const file = { monitor: 'pause_on_standby: true' };
  const [HERE, AWAY] = [new Set(['eth0 192.0.2.1']), new Set(['eth0 192.0.2.9'])];
  function monitor() {
    const config = configOf(file);
    const state = { ...emptyState(config), services: [allUp(file)] };
    const go = (from: MonitorState, addresses: ReadonlySet<string>, now: number) =>
      reduce(from, { kind: 'local', addresses }, now).state;
    return { state, go };
  }
  const checks = ({ services }: MonitorState) =>
    services[0]?.servers.map(({ checks: [check], assumed }) => [check?.up, check?.streak, assumed]);

  test('up needs all its failures, down one pass, and what is not known goes on so', () => {
    const { state, go } = monitor();
    let [service] = state.services as [ServiceState];
    service = got(service, 0, FAIL, 1); // one of two
    service = got(service, 1, FAIL, 2); // down
    const away = go({ ...state, services: [service] }, AWAY, 1000);
    expect(away.services[0]?.standby).toBe(true);
    expect(checks(away)).toEqual([
      [true, 1, false],
      [false, 0, false],
    ]);
    const back = go(away, HERE, 2000);
    expect(checks(back)).toEqual([
      [true, 0, false],
      [false, 2, false], // rise is 3
    ]);
    expect(back.services[0]).toMatchObject({ standby: false });
    expect(back.services[0]?.firstResultsBy).toBeGreaterThan(2000);
  });

  test('what nothing is known of is in, as in the file', () => {
    const { state, go } = monitor();
    const unknown = adopt(desiredOf(file), undefined, nobody, 0);
    const away = go({ ...state, services: [unknown] }, AWAY, 1000);
    expect(checks(away)).toEqual(Array(2).fill([false, 0, true]));
    expect(checks(go(away, HERE, 2000))).toEqual(Array(2).fill([false, 0, true]));
  });

  test('other spellings of an address, and the interfaces of the file', () => {
    const { state, go } = monitor();
    const isHere = (...local: readonly string[]) =>
      go(state, new Set(local), 0).services[0]?.standby === false;
    expect(isHere('eth7 192.0.2.1')).toBe(true);
    expect(isHere('lo 192.0.2.1')).toBe(false);
    expect(isHere('lo 192.0.2.1', 'eth0 192.0.2.1')).toBe(true);
    expect(isHere('eth0 192.0.2.9', 'lo 127.0.0.1')).toBe(false);
  });
});
