// The pure half of the monitor: results and words in, states and tables out.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { assumed, counted, type Start, unknown } from '../../../src/lvsctl/monitor/state/check.js';
import { adopt, carryOver } from '../../../src/lvsctl/monitor/state/config.js';
import { applyQuorum } from '../../../src/lvsctl/monitor/state/quorum.js';
import { emptyState } from '../../../src/lvsctl/monitor/state/reduce.js';
import {
  withAdmin as adminStep,
  isUnknown,
  withResult as resultStep,
  roleOf,
} from '../../../src/lvsctl/monitor/state/service.js';
import type {
  AdminState,
  ServerState,
  ServiceState,
} from '../../../src/lvsctl/monitor/state/state.js';
import { transitions } from '../../../src/lvsctl/monitor/state/transitions.js';
import {
  desiredServer,
  desiredTable,
  needsSorry,
  rampedWeight,
} from '../../../src/lvsctl/monitor/table/desired.js';
import { NO_DRIFT } from '../../../src/lvsctl/monitor/table/drift.js';
import { reconcile } from '../../../src/lvsctl/monitor/table/reconcile.js';
import type { Destination } from '../../../src/model/destination.js';
import { serverKey, tableOf } from '../../../src/model/table.js';
import { FULL } from '../../support/full.js';

/** A result of check `check` of server `i`. */
function withResult(
  service: ServiceState,
  i: number,
  check: number,
  passed: boolean,
  now: number,
  weight?: number,
) {
  const server = service.servers[i];
  const known = server?.checks[check];
  if (!server || !known) throw new Error('no such check');
  const result = passed
    ? ({ outcome: 'pass', latencyMs: 1, ...(weight === undefined ? {} : { weight }) } as const)
    : ({ outcome: 'fail', reason: 'refused', latencyMs: 1 } as const);
  return resultStep(service, server.key, known.key, result, 'tcp', now);
}

function withAdmin(
  service: ServiceState,
  i: number,
  state: AdminState['state'] | undefined,
  now: number,
) {
  const admin = state && { state, reason: '', by: '', since: '', until: undefined };
  return adminStep(service, service.servers[i]?.key ?? '', admin, now);
}

/** What each server should be in the table. */
const targetsOf = (service: ServiceState, now: number) =>
  service.servers.map((server) => desiredServer(service, server, now).destination);

const nobody = () => undefined;
const CONFIG = readConfig(
  'vips: [{address: 192.0.2.1, interface: eth0}]\nservices: []\n',
  'empty.yaml',
);

function desiredOf(servers: readonly number[], health: string, sorry = true) {
  const text = `
vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: nat
    servers: [${servers.map((weight, i) => `{address: 10.0.0.${i + 1}, weight: ${weight}}`).join(', ')}]
    ${sorry ? 'sorry: {address: 10.0.9.9}' : ''}
    checks: [{kind: tcp, rise: 2, fall: 3}]
    health: {${health}}
`;
  const desired = desiredServices(readConfig(text, 'test.yaml'))[0];
  if (desired === undefined) throw new Error('no service');
  return desired;
}

describe('results in a row', () => {
  const run = (start: Start, results: string) =>
    [...results].reduce((state, r) => counted(state, r === '+', { rise: 2, fall: 3 }), start);
  test.each([
    ['three failures take it down', assumed(true), '---', false],
    ['two do not', assumed(true), '--', true],
    ['a pass between starts the count again', assumed(true), '--+--', true],
    ['two passes bring it back', assumed(false), '++', true],
    ['one does not', assumed(false), '+-+-+', false],
    ['the first pass of an unknown one does', unknown(false), '+', true],
    ['the first failure takes down one that is in unknown', unknown(true), '-', false],
    ['and the first pass makes it known', unknown(true), '+--', true],
    ['after a failure it needs two', unknown(false), '-+', false],
  ] as const)('%s', (_, start, results, up) => expect(run(start, results).up).toBe(up));

  test('nothing flaps inside rise and fall', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean()),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        (results, rise, fall) => {
          let state = assumed(true);
          let row = 0;
          let last: boolean | undefined;
          for (const passed of results) {
            row = passed === last ? row + 1 : 1;
            last = passed;
            const next = counted(state, passed, { rise, fall });
            if (next.up !== state.up) expect(row).toBeGreaterThanOrEqual(passed ? rise : fall);
            else if (passed !== state.up) expect(row).toBeLessThan(passed ? rise : fall);
            state = next;
          }
        },
      ),
    );
  });
});

type Step =
  | {
      readonly kind: 'result';
      readonly server: number;
      readonly passed: boolean;
      /** that the check gives */
      readonly weight: number | undefined;
    }
  | {
      readonly kind: 'admin';
      readonly server: number;
      readonly state: 'disabled' | 'drained' | undefined;
    }
  | { readonly kind: 'time'; readonly ms: number };

const SERVERS = 5;
const server = fc.integer({ min: 0, max: SERVERS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('result' as const),
      server,
      passed: fc.boolean(),
      weight: fc.constantFrom(undefined, undefined, 0, 2, 50, 65_535),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('admin' as const),
      server,
      state: fc.constantFrom('disabled' as const, 'drained' as const, undefined),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      ms: fc.integer({ min: 1, max: 30_000 }),
    }),
  },
);
const set = fc.record({
  weights: fc.array(fc.constantFrom(0, 1, 3, 100), { minLength: SERVERS, maxLength: SERVERS }),
  failed: fc.constantFrom('remove', 'quiesce'),
  minUp: fc.constantFrom(0, 0.2, 0.5, 0.8, 1),
  quorum: fc.constantFrom([1, 0], [1, 0], [3, 0], [3, 2], [100, 50]),
  slowStart: fc.constantFrom(0, 20),
  sorry: fc.boolean(),
  inTable: fc.array(fc.boolean(), { minLength: SERVERS, maxLength: SERVERS }),
});

describe('thousands of random histories', () => {
  test('of one service keep every promise', async () => {
    await fc.assert(
      fc.asyncProperty(
        set,
        fc.array(step, { maxLength: 60 }),
        async ({ weights, failed, minUp, quorum, slowStart, sorry, inTable }, steps) => {
          const [least = 0, hysteresis = 0] = quorum;
          fc.pre(least + hysteresis === 1 || sumOf(weights) >= least + hysteresis);
          const spec = desiredOf(
            weights,
            `failed: ${failed}, min_up: ${minUp}, slow_start: ${slowStart}, quorum: ${least}, hysteresis: ${hysteresis}`,
            sorry,
          );
          const backend = new MemoryBackend();
          const { id } = spec.service;
          backend.applyNow([{ kind: 'add-service', service: spec.service }]);
          for (const [i, destination] of spec.destinations.entries()) {
            if (inTable[i]) backend.applyNow([{ kind: 'add-destination', id, destination }]);
          }
          const read = async () => ({
            service: spec.service,
            destinations: (await backend.destinations(id)).map(({ destination }) => destination),
          });
          const serves = async () => (await read()).destinations.some(({ weight }) => weight > 0);
          let now = 0;
          // the time for first results is over
          let state: ServiceState = applyQuorum(
            { ...adopt(spec, await read(), nobody, now), firstResultsBy: 0 },
            now,
          );
          let up = state.up;
          for (const each of [{ kind: 'time', ms: 1 } as const, ...steps]) {
            if (each.kind === 'time') now += each.ms;
            else if (each.kind === 'result')
              state = withResult(state, each.server, 0, each.passed, now, each.weight);
            else state = withAdmin(state, each.server, each.state, now);
            const sum = inside(state);
            // between the two nothing changes
            if (sum >= least + hysteresis) up = true;
            else if (sum < least - hysteresis) up = false;
            expect(state.up).toBe(up);
            const targets = targetsOf(state, now);
            const monitor = { ...emptyState(CONFIG), services: [state] };
            const [plan] = reconcile(desiredTable(monitor, now), tableOf([await read()]), NO_DRIFT);
            const served = await serves();
            const willServe = spec.sorry !== undefined || !needsSorry(targets);
            for (const change of [...(plan?.additions ?? []), ...(plan?.removals ?? [])]) {
              expect(backend.applyNow([change])).toEqual([undefined]);
              // add before remove: no instant without a server, if there was one and there will be
              // one
              if (served && willServe) expect(await serves()).toBe(true);
            }
            if (spec.sorry) expect(await serves()).toBe(true);
            const table = new Map((await read()).destinations.map((one) => [serverKey(one), one]));
            checkTable(state, table, targets, { failed, minUp, slowStart, now });
            expect(needsSorry(targets)).toBe(!up || sum === 0);
          }
        },
      ),
      { numRuns: FULL ? 3000 : 60 },
    );
  }, 120_000);
});

const sumOf = (weights: readonly number[]) => weights.reduce((sum, weight) => sum + weight, 0);

/** The file's weight, or what its only check gave at its last pass, if that is less. */
function weightOf({ spec, checks: [check] }: ServerState): number {
  return Math.min(spec.weight, check?.up ? (check.weight ?? spec.weight) : spec.weight);
}

/** The weights of the servers that are in as far as it is theirs to say. */
const inside = ({ servers }: ServiceState) =>
  sumOf(servers.filter((one) => !one.admin && (one.up || one.forcedUp)).map(weightOf));

function checkTable(
  state: ServiceState,
  table: ReadonlyMap<string, Destination>,
  targets: readonly (Destination | undefined)[],
  {
    failed,
    minUp,
    slowStart,
    now,
  }: { failed: string; minUp: number; slowStart: number; now: number },
): void {
  const { spec, servers } = state;
  if (spec.sorry) expect(table.has(serverKey(spec.sorry))).toBe(needsSorry(targets));
  let inside = 0;
  let eligible = 0;
  let all = 0;
  for (const known of servers) {
    const destination = known.spec;
    const live = table.get(known.key);
    const role = roleOf(state, known);
    // administration wins
    if (known.admin?.state === 'drained') expect(live?.weight).toBe(0);
    if (known.admin?.state === 'disabled')
      expect(live?.weight).toBe(failed === 'quiesce' ? 0 : undefined);
    if (role === 'out') expect(live).toBeUndefined();
    if (role === 'in') {
      const ramping =
        slowStart > 0 && known.rampSince !== undefined && now - known.rampSince < slowStart * 1000;
      if (ramping) expect(live?.weight).toBeLessThanOrEqual(destination.weight);
      else expect(live).toEqual({ ...destination, weight: weightOf(known) });
      if (weightOf(known) > 0) expect(live?.weight).toBeGreaterThan(0);
    }
    if (destination.weight === 0) continue;
    all++;
    if (known.admin === undefined && !isUnknown(known)) {
      eligible++;
      if (role === 'in') inside++;
    }
  }
  // never more than the given share out, as far as administration leaves servers and the quorum is
  // reached
  if (state.up)
    expect(inside).toBeGreaterThanOrEqual(Math.min(eligible, Math.ceil(minUp * all - 1e-9)));
}

test('a slow start grows from at least 1 to the exact weight', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e9 }),
      fc.integer({ min: 1, max: 600 }),
      (weight, seconds) => {
        let last = 0;
        for (let ms = 0; ms <= seconds * 1000; ms += seconds * 50) {
          const now = rampedWeight(weight, { rampSince: 0 }, seconds, ms);
          expect(now).toBeGreaterThanOrEqual(Math.max(1, last));
          expect(now).toBeLessThanOrEqual(weight);
          last = now;
        }
        expect(rampedWeight(weight, { rampSince: 0 }, seconds, seconds * 1000)).toBe(weight);
      },
    ),
  );
});

describe('the quorum of a service', () => {
  /** Five servers of weight 1, all up. */
  const begin = (health: string, sorry = true) => {
    let state = adopt(desiredOf([1, 1, 1, 1, 1], health, sorry), undefined, nobody, 0);
    const events: string[] = [];
    const step = (next: ServiceState) => {
      for (const { event, reason } of transitions(state, next))
        if (event.startsWith('service-')) events.push(`${event}: ${reason}`);
      state = next;
    };
    const up = (i: number) => {
      for (let n = 0; n < 2; n++) step(withResult(state, i, 0, true, 1));
    };
    const fall = (i: number) => {
      for (let n = 0; n < 3; n++) step(withResult(state, i, 0, false, 1));
    };
    const weights = () => targetsOf(state, 1e9).map((one) => one?.weight ?? '-');
    const admin = (i: number, one: 'drained' | 'disabled' | undefined) =>
      step(withAdmin(state, i, one, 1));
    return { up, fall, weights, admin, events };
  };

  test('holds servers out until it is reached, takes all out below it, back with its hysteresis', () => {
    const { up, fall, weights, events } = begin('quorum: 3, hysteresis: 1');
    up(0);
    up(1);
    expect(weights()).toEqual(['-', '-', '-', '-', '-']);
    up(2); // the first time the quorum is enough
    expect(weights()).toEqual([1, 1, 1, '-', '-']);
    fall(0); // 2 is not below 3 - 1
    expect(weights()).toEqual(['-', 1, 1, '-', '-']);
    fall(1);
    expect(weights()).toEqual(['-', '-', '-', '-', '-']);
    up(0);
    up(1); // 3 is not 3 + 1
    expect(weights()).toEqual(['-', '-', '-', '-', '-']);
    up(3);
    expect(weights()).toEqual([1, 1, 1, 1, '-']);
    expect(events).toEqual([
      'service-up: weight 3 of 5 is up, quorum 3',
      'service-down: weight 1 of 5 is up, quorum 3',
      'service-up: weight 4 of 5 is up, quorum 3',
    ]);
  });

  test('with failed: quiesce the servers stay with weight 0', () => {
    const { up, fall, weights } = begin('quorum: 2, failed: quiesce');
    up(0);
    up(1);
    fall(2);
    fall(1);
    expect(weights()).toEqual([0, 0, 0, '-', '-']);
  });

  test('servers that min_up keeps in count, those that an administrator took out do not', () => {
    const { up, fall, weights, admin, events } = begin('quorum: 3, min_up: 0.6');
    for (const i of [0, 1, 2, 3, 4]) up(i);
    for (const i of [0, 1, 2, 3]) fall(i);
    expect(weights().filter((weight) => weight === 1)).toHaveLength(3);
    admin(4, 'drained');
    expect(events).toHaveLength(1);
    admin(3, 'disabled');
    expect(weights().filter((weight) => weight === 1)).toHaveLength(3);
    admin(2, 'disabled');
    expect(events.at(-1)).toBe('service-down: weight 2 of 5 is up, quorum 3');
    admin(2, undefined);
    expect(events.at(-1)).toBe('service-up: weight 3 of 5 is up, quorum 3');
  });

  test('by default one server is enough, and without a sorry server it is reported too', () => {
    const { up, fall, events } = begin('', false);
    up(0);
    up(1);
    fall(0);
    fall(1);
    expect(events).toEqual([
      'service-up: weight 1 of 5 is up, quorum 1',
      'service-down: weight 0 of 5 is up, quorum 1',
    ]);
  });
});

describe('weights that checks give', () => {
  const begin = (health: string) => {
    let state = adopt(desiredOf([100, 100], health), undefined, nobody, 0);
    const events: string[] = [];
    const pass = (i: number, weight: number | undefined, passed = true, now = 1e9) => {
      const next = withResult(state, i, 0, passed, now, weight);
      for (const { event, reason = '' } of transitions(state, next))
        events.push(`${event}${reason === '' ? '' : `: ${reason}`}`);
      state = next;
    };
    return {
      pass,
      events,
      weights: (now = 2e9) => targetsOf(state, now).map((one) => one?.weight),
    };
  };

  test('lower the weight of the file, never raise it, and end with a pass that gives none', () => {
    const { pass, weights } = begin('');
    pass(0, 40);
    pass(1, 65_535);
    expect(weights()).toEqual([40, 100]);
    pass(0, undefined, false); // one failure of three changes nothing
    expect(weights()).toEqual([40, 100]);
    pass(0, undefined);
    expect(weights()).toEqual([100, 100]);
  });

  test('are reported when they change by more than a tenth, or to and from 0', () => {
    const { pass, events } = begin('');
    for (const weight of [100, 95, 90, 89, 85, 79, 78, 5, 0, 3, 9]) pass(0, weight);
    expect(events.slice(2)).toEqual([
      'weight: 100 to 89 of 100',
      'weight: 89 to 78 of 100',
      'weight: 78 to 5 of 100',
      'weight: 5 to 0 of 100',
      'service-down: weight 0 of 200 is up, quorum 1',
      'weight: 0 to 3 of 100',
      'service-up: weight 3 of 200 is up, quorum 1',
    ]);
  });

  test('a slow start grows to them', () => {
    const { pass, weights } = begin('slow_start: 100');
    pass(0, 40, true, 0);
    for (let n = 0; n < 3; n++) pass(0, undefined, false, 0);
    for (let n = 0; n < 2; n++) pass(0, 40, true, 0);
    expect([0, 50_000, 100_000].map((now) => weights(now)[0])).toEqual([1, 20, 40]);
  });
});

test('min_up keeps in who failed last, and lets the oldest failure go first', () => {
  let state = adopt(desiredOf([1, 1, 1, 1, 1], 'min_up: 0.6'), undefined, nobody, 0);
  for (let i = 0; i < 5; i++) state = withResult(state, i, 0, true, 0);
  const fail = (i: number, now: number) => {
    for (let n = 0; n < 3; n++) state = withResult(state, i, 0, false, now);
  };
  const inside = () =>
    state.servers.map((known) => (roleOf(state, known) === 'in' ? 1 : 0)).join('');
  fail(0, 1);
  fail(1, 2);
  expect(inside()).toBe('00111');
  fail(2, 3);
  fail(3, 4);
  expect(inside()).toBe('00111');
  for (let n = 0; n < 2; n++) state = withResult(state, 0, 0, true, 5);
  expect(inside()).toBe('10011');
});

describe('several checks of a server', () => {
  const text = (combine: string) => `
vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: nat
    servers: [{address: 10.0.0.1}]
    checks: [{kind: tcp, rise: 1, fall: 2}, {kind: ping, rise: 2, fall: 1}]
    health: {combine: ${combine}}
`;
  test.each([
    // each word: which check, and what it found
    ['all', '0-', true],
    ['all', '0- 0-', false],
    ['all', '1-', false],
    ['all', '1- 1+', false],
    ['all', '1- 1+ 1+', true],
    ['all', '0- 0- 1- 0+', false],
    ['any', '1-', true],
    ['any', '0- 0-', true],
    ['any', '1- 0- 0-', false],
    ['any', '1- 0- 0- 1+ 1+', true],
  ])('%s of them, after %j: up is %j', (combine, results, up) => {
    const spec = desiredServices(readConfig(text(combine), 'test.yaml'))[0];
    if (spec === undefined) throw new Error('no service');
    let state = adopt(spec, spec, nobody, 0);
    for (const [check, found] of results.split(' ').map(([a, b]) => [a, b]))
      state = withResult(state, 0, Number(check), found === '+', 0);
    expect(state.servers[0]?.up).toBe(up);
  });
});

describe('where a monitor starts from', () => {
  test.each([
    // weight in the table, manner of the file: up at once, or after so many passes
    [1, 'remove', 0],
    [1, 'quiesce', 0],
    // weight 0 where failures remove is no failure of ours
    [0, 'remove', 0],
    [0, 'quiesce', 2],
    [undefined, 'remove', 2],
    [undefined, 'quiesce', 2],
  ] as const)(
    'a server of weight %j in a table in use, failed: %s: up after %d passes',
    (weight, failed, passes) => {
      const spec = desiredOf([1, 1], `failed: ${failed}`);
      const [first, second] = spec.destinations;
      if (!first || !second) throw new Error('no servers');
      const there = [first, ...(weight === undefined ? [] : [{ ...second, weight }])];
      const live = {
        service: spec.service,
        destinations: there,
      };
      let state = adopt(spec, live, nobody, 0);
      let count = 0;
      for (; !state.servers[1]?.up && count < 9; count++) state = withResult(state, 1, 0, true, 0);
      expect(count).toBe(passes);
    },
  );

  test('a service without servers is like none', () => {
    const spec = desiredOf([1, 1], '');
    const state = adopt(spec, { service: spec.service, destinations: [] }, nobody, 0);
    expect(withResult(state, 0, 0, true, 0).servers[0]?.up).toBe(true);
  });

  test('beside the sorry server no server is trusted: one failure is enough', () => {
    const spec = desiredOf([1, 1], '');
    const [first] = spec.destinations;
    if (!first || !spec.sorry) throw new Error('no servers');
    const live = {
      service: spec.service,
      destinations: [first, spec.sorry],
    };
    const state = adopt(spec, live, nobody, 0);
    expect(state.servers[0]?.up).toBe(true);
    expect(withResult(state, 0, 0, false, 0).servers[0]?.up).toBe(false);
    expect(withResult(withResult(state, 0, 0, true, 0), 0, 0, false, 0).servers[0]?.up).toBe(true);
  });

  test('in an empty table one pass is enough, and a failure is a result', () => {
    const state = adopt(desiredOf([1, 1], ''), undefined, nobody, 0);
    expect(withResult(state, 0, 0, true, 0).servers[0]?.up).toBe(true);
    const failed = withResult(state, 0, 0, false, 0);
    expect(withResult(failed, 0, 0, true, 0).servers[0]?.up).toBe(false);
  });
});

describe('a slow start', () => {
  const SLOW = 'slow_start: 60';
  const begin = (health: string) => {
    let state = adopt(desiredOf([100, 100], health), undefined, nobody, 0);
    let now = 0;
    const results = (i: number, passed: boolean, count: number) => {
      for (let n = 0; n < count; n++) state = withResult(state, i, 0, passed, ++now);
    };
    const say = (i: number, word: 'drained' | undefined) => {
      state = withAdmin(state, i, word, ++now);
    };
    results(0, true, 1);
    results(1, true, 1);
    return { results, say, weight: (i: number) => targetsOf(state, now)[i]?.weight };
  };
  test('follows a return', () => {
    const { results, weight } = begin(SLOW);
    results(0, false, 3);
    results(0, true, 2);
    expect(weight(0)).toBe(1);
  });
  test('does not follow the first verdict', () => expect(begin(SLOW).weight(0)).toBe(100));
  test('does not follow the return of one that min_up kept in', () => {
    const { results, weight } = begin(`${SLOW}, min_up: 1`);
    results(0, false, 3);
    expect(weight(0)).toBe(100);
    results(0, true, 2);
    expect(weight(0)).toBe(100);
  });
  test('follows an administrator who enables, not the health meanwhile', () => {
    const { results, say, weight } = begin(SLOW);
    say(0, 'drained');
    results(0, false, 3);
    results(0, true, 2);
    expect(weight(0)).toBe(0);
    say(0, undefined);
    expect(weight(0)).toBe(1);
  });
  test('does not follow one who enables what is enabled, and is not ended by him', () => {
    const { results, say, weight } = begin(SLOW);
    say(0, undefined);
    expect(weight(0)).toBe(100);
    results(0, false, 3);
    results(0, true, 2);
    say(0, undefined);
    expect(weight(0)).toBe(1);
  });
});

test('who min_up keeps in stays in while others come and go', () => {
  let state = adopt(desiredOf([1, 1, 1, 1], 'min_up: 0.5'), undefined, nobody, 0);
  let now = 0;
  const results = (i: number, passed: boolean, count: number) => {
    for (let n = 0; n < count; n++) state = withResult(state, i, 0, passed, ++now);
  };
  const inside = () =>
    state.servers.map((known) => (roleOf(state, known) === 'in' ? 1 : 0)).join('');
  for (let i = 0; i < 4; i++) results(i, true, 1);
  for (const i of [0, 1, 2]) results(i, false, 3);
  expect(inside()).toBe('0011');
  // one that failed later does not push out who is held
  results(3, false, 3);
  expect(inside()).toBe('0011');
  // nor one that failed later while he was disabled
  results(3, true, 2);
  state = withAdmin(state, 0, 'disabled', ++now);
  results(0, true, 2);
  results(0, false, 3);
  state = withAdmin(state, 0, undefined, ++now);
  expect(inside()).toBe('0011');
});

test('what is reported of a server that fails while min_up needs it, and later does not', () => {
  let state = adopt(desiredOf([1, 1], 'min_up: 0.5'), undefined, nobody, 0);
  const reported: string[] = [];
  let now = 0;
  const step = (next: ServiceState) => {
    for (const { server: name = '', event } of transitions(state, next))
      if (!event.startsWith('service-')) reported.push(`${name.slice(0, 8)} ${event}`);
    state = next;
  };
  const results = (i: number, passed: boolean, count: number) => {
    for (let n = 0; n < count; n++) step(withResult(state, i, 0, passed, now++));
  };
  results(0, true, 1);
  results(1, true, 1);
  results(0, false, 3);
  results(1, false, 3);
  // the other returns, so that this one may go
  results(0, true, 2);
  results(1, true, 2);
  step(withAdmin(state, 0, 'drained', 0));
  step(withAdmin(state, 0, 'disabled', 0));
  step(withAdmin(state, 0, undefined, 0));
  expect(reported).toEqual([
    '10.0.0.1 up',
    '10.0.0.2 up',
    '10.0.0.1 down',
    '10.0.0.2 forced-up',
    '10.0.0.1 up',
    '10.0.0.2 forced-up-end',
    '10.0.0.2 up',
    '10.0.0.1 drained',
    '10.0.0.1 disabled',
    '10.0.0.1 enabled',
  ]);
});

test('a check that a new file adds is taken to be as the server is', () => {
  const two = (checks: string) =>
    desiredServices(
      readConfig(
        `vips: [{address: 192.0.2.1, interface: eth0}]
services: [{name: web, address: 192.0.2.1, port: 80, mode: nat, servers: [{address: 10.0.0.1}, {address: 10.0.0.2}], checks: [${checks}]}]`,
        'f',
      ),
    )[0] as ReturnType<typeof desiredOf>;
  const tcp = '{kind: tcp, rise: 2, fall: 3}';
  let state = adopt(two(tcp), undefined, nobody, 0);
  state = withResult(withResult(state, 0, 0, true, 0), 1, 0, false, 0);
  const next = carryOver(two(`{kind: ping}, ${tcp}`), state, undefined, nobody, 9);
  expect(next.servers.map(({ up }) => up)).toEqual([true, false]);
  // and needs its rise and fall
  expect(withResult(next, 0, 0, false, 9).servers[0]?.up).toBe(true);
});

test('a reload keeps what is known; a new server needs one pass', () => {
  let state = adopt(desiredOf([1, 1], ''), undefined, nobody, 0);
  state = withResult(withResult(state, 0, 0, true, 0), 1, 0, false, 0);
  const next = carryOver(desiredOf([1, 1, 1], ''), state, undefined, nobody, 9);
  expect(next.servers.map(({ up }) => up)).toEqual([true, false, false]);
  expect(withResult(next, 2, 0, true, 10).servers.map(({ up }) => up)).toEqual([true, false, true]);
  expect(withResult(next, 1, 0, true, 10).servers.map(({ up }) => up)).toEqual([
    true,
    false,
    false,
  ]);
});

describe('a slow start that a restarted monitor finds in the table', () => {
  // Weight 7 of 10 is a step of its own; weight 5 of 7 lies between two steps.
  test.each([
    [10, 1],
    [10, 7],
    [7, 1],
    [7, 3],
    [7, 5],
    [7, 6],
    [1000, 1],
    [1000, 333],
    [1000, 999],
  ])('of weight %i goes on at no less, and at no more than one step above', (whole, weight) => {
    const spec = desiredOf([whole, 1], 'slow_start: 20');
    const destinations = spec.destinations.map((one, i) => (i === 0 ? { ...one, weight } : one));
    const state = adopt(spec, { service: spec.service, destinations }, nobody, 5000);
    const weightAt = (now: number) => targetsOf(state, now)[0]?.weight ?? 0;
    expect(weightAt(5000)).toBeGreaterThanOrEqual(weight);
    expect(weightAt(5000)).toBeLessThanOrEqual(Math.ceil(weight + whole / 10));
    expect(weightAt(25_000)).toBe(whole);
  });

  test.each([
    ['no slow start in the file', 0, 5, 10],
    ['the whole weight', 20, 10, 10],
    ['more than the file has', 20, 15, 10],
  ])('none is under way: %s', (_, seconds, weight, whole) => {
    const spec = desiredOf([whole, 1], `slow_start: ${seconds}`);
    const destinations = spec.destinations.map((one, i) => (i === 0 ? { ...one, weight } : one));
    const state = adopt(spec, { service: spec.service, destinations }, nobody, 5000);
    expect(state.servers[0]?.rampSince).toBeUndefined();
    expect(targetsOf(state, 5000)[0]?.weight).toBe(whole);
  });
});
