// Thousands of random histories of the whole monitor on the memory backend: failing servers,
// administrators, other files, others who write to the table, and deaths of the monitor in the
// middle of a change.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import type { MonitorEvent } from '../../../src/lvsctl/monitor/state/events.js';
import type { AdminState } from '../../../src/lvsctl/monitor/state/state.js';
import type { Destination } from '../../../src/model/destination.js';
import { serverKey } from '../../../src/model/table.js';
import { FULL } from '../../support/full.js';
import {
  allUp,
  type Behaviour,
  configOf,
  FALL,
  type ForeignAct,
  foreignChanges,
  ID,
  KEY,
  nameOf,
  RISE,
  type Scene,
  SERVERS,
  SETTLED,
  scene,
  serves,
  weightsOf,
} from '../../support/scene.js';

/** What one file says and another does not. */
interface Variant {
  readonly servers: number;
  /** of the weights */
  readonly factor: number;
  readonly failed: 'remove' | 'quiesce';
  readonly minUp: number;
  /** seconds */
  readonly slowStart: number;
}
type Act =
  | { readonly kind: 'behave'; readonly server: number; readonly behaviour: Behaviour }
  | {
      readonly kind: 'admin';
      readonly server: number;
      readonly state: AdminState['state'] | undefined;
    }
  | ({ readonly kind: 'foreign' } & ForeignAct)
  /** the monitor is killed after so many changes of its next batch */
  | { readonly kind: 'die'; readonly changes: number }
  | { readonly kind: 'reload'; readonly variant: Variant };
interface Moment {
  readonly ms: number;
  readonly act: Act;
}

const server = fc.integer({ min: 0, max: SERVERS - 1 });
const behave = fc.record({
  kind: fc.constant('behave' as const),
  server,
  behaviour: fc.constantFrom<Behaviour>('well', 'slow', 'refuses', 'hangs', 'flaps'),
});
const adminAct = fc.record({
  kind: fc.constant('admin' as const),
  server,
  state: fc.constantFrom('disabled' as const, 'drained' as const, undefined),
});
const foreignAct = fc.record({
  kind: fc.constant('foreign' as const),
  server: fc.integer({ min: 0, max: SERVERS }),
  what: fc.constantFrom(
    'delete' as const,
    'weight' as const,
    'add' as const,
    'delete-service' as const,
    'edit-service' as const,
  ),
});
const die = fc.record({
  kind: fc.constant('die' as const),
  changes: fc.integer({ min: 0, max: 3 }),
});
const variants = fc.record({
  servers: fc.constantFrom(SERVERS, SERVERS, SERVERS - 1, 2),
  factor: fc.constantFrom(1, 1, 10),
  failed: fc.constantFrom('remove' as const, 'quiesce' as const),
  minUp: fc.constantFrom(0, 0, 0.5, 1),
  slowStart: fc.constantFrom(0, 0, 20),
});
const reload = fc.record({ kind: fc.constant('reload' as const), variant: variants });
const momentsOf = (act: fc.Arbitrary<Act>) =>
  fc.array(
    fc.record({
      ms: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 30_000 })),
      act,
    }),
    { maxLength: 25 },
  );

const fileOf = ({ servers, factor, failed, minUp, slowStart }: Variant) =>
  configOf({
    servers,
    factor,
    health: `failed: ${failed}, min_up: ${minUp}, slow_start: ${slowStart}`,
  });

/**
 * Plays it to its end, when all servers are well again and nobody has said anything of them.
 * @returns the file in force then
 */
async function play(all: Scene, moments: readonly Moment[], first: Variant): Promise<Variant> {
  const { runtime, behaviours, table, start, kill, admin, backend, expectFile } = all;
  let variant = first;
  let monitor = await start(fileOf(variant));
  monitor.start();
  /** since when nothing has happened to a server */
  const quiet = Array.from({ length: SERVERS }, () => runtime.clock.now());
  const disturb = () => quiet.fill(runtime.clock.now());
  for (const { ms, act } of moments) {
    await runtime.pass(ms);
    expectSettled(all, variant, quiet, await table());
    if (act.kind === 'behave') {
      behaviours[act.server] = act.behaviour;
      quiet[act.server] = runtime.clock.now();
    } else if (act.kind === 'admin') {
      if (act.server >= variant.servers) continue;
      const one = act.state && {
        state: act.state,
        reason: 'test',
        by: '',
        since: '2026-01-01T00:00:00.000Z',
        until: undefined,
      };
      if (one) admin.set(nameOf(act.server), one);
      else admin.delete(nameOf(act.server));
      monitor.setAdmin([{ service: KEY, server: nameOf(act.server) }], one);
      quiet[act.server] = runtime.clock.now();
    } else if (act.kind === 'foreign') {
      backend.applyNow(foreignChanges(act));
      disturb();
    } else if (act.kind === 'reload') {
      variant = act.variant;
      expectFile(fileOf(variant));
      await monitor.reload(fileOf(variant));
      disturb();
    } else {
      // dies within its next batch, or now; a new one takes over a little later
      kill(act.changes);
      await runtime.pass(act.changes * 500);
      kill();
      monitor = await start(fileOf(variant));
      monitor.start();
      disturb();
    }
  }
  behaviours.fill('well');
  for (const name of admin.keys()) monitor.setAdmin([{ service: KEY, server: name }], undefined);
  admin.clear();
  await runtime.pass(60_000);
  return variant;
}

/** What has been so for long enough shows in the table. */
function expectSettled(
  { behaviours, admin, runtime }: Scene,
  { servers, factor, failed, minUp, slowStart }: Variant,
  quiet: readonly number[],
  table: Map<string, Destination>,
): void {
  const quietMs = (i: number) => runtime.clock.now() - (quiet[i] ?? Number.POSITIVE_INFINITY);
  const out = failed === 'quiesce' ? 0 : undefined;
  const settled = behaviours
    .flatMap((behaviour, i) => (quietMs(i) < SETTLED || behaviour === 'flaps' ? [] : [i]))
    .filter((i) => i < servers);
  const said = (i: number) => admin.get(nameOf(i))?.state;
  const well = (i: number) => behaviours[i] === 'well' || behaviours[i] === 'slow';
  const enough = settled.filter((i) => well(i) && !said(i)).length >= Math.ceil(minUp * servers);
  for (const i of settled) {
    const weight = table.get(nameOf(i))?.weight;
    const whole = (i + 1) * factor;
    if (said(i) === 'drained') expect(weight).toBe(0);
    else if (said(i) === 'disabled') expect(weight).toBe(out);
    else if (!well(i)) {
      // who fails stays in only while `min_up` needs it
      if (enough) expect(weight).toBe(out);
      else expect([out, whole]).toContain(weight);
    } else if (quietMs(i) >= SETTLED + slowStart * 1000) expect(weight).toBe(whole);
    else {
      expect(weight).toBeGreaterThan(0);
      expect(weight).toBeLessThanOrEqual(whole);
    }
  }
  // servers of a former file are gone, when they could be
  if (Math.min(...behaviours.map((_, i) => quietMs(i))) >= SETTLED) {
    for (let i = servers; i < SERVERS; i++) expect(table.has(nameOf(i))).toBe(false);
  }
}

/**
 * Who is told to be gone has failed `fall` times in a row, who is back has passed `rise` times; the
 * first verdict on a new server may come sooner.
 */
function expectEarned(event: MonitorEvent, results: readonly boolean[], before: number): void {
  const passed = event.event === 'up';
  const row = results.slice(-(passed ? RISE : FALL));
  if (results.length - before > 1)
    expect(row).toEqual(Array.from({ length: passed ? RISE : FALL }, () => passed));
  else expect(results.at(-1)).toBe(passed);
}

/** The only server that is up is disabled while nothing is known of the others. */
const DISABLED_EARLY: [Moment[], Variant] = [
  [
    { ms: 7, act: { kind: 'behave', server: 1, behaviour: 'slow' } },
    { ms: 9, act: { kind: 'admin', server: 0, state: 'disabled' } },
    { ms: 10, act: { kind: 'behave', server: 0, behaviour: 'well' } },
  ],
  { servers: 4, factor: 1, failed: 'remove', minUp: 0, slowStart: 0 },
];

describe('random histories', () => {
  const RUNS = FULL ? 1500 : 8;
  test('of failures, administrators, other files and deaths: never without a server, nothing flaps, and right when it settled', async () => {
    await fc.assert(
      fc.asyncProperty(
        momentsOf(
          fc.oneof(
            { weight: 6, arbitrary: behave },
            { weight: 2, arbitrary: adminAct },
            die,
            reload,
          ),
        ),
        variants,
        async (moments, first) => {
          let served = false;
          const all = scene((table) => {
            // from the first server on, no single change leaves the service without one
            if (served) expect(serves(table)).toBe(true);
            served ||= serves(table);
          });
          all.onEvent((event) => {
            if (event.event !== 'down' && event.event !== 'up') return;
            const name = event.server ?? '';
            expectEarned(event, all.results(name), all.resultsBefore(name));
          });
          const last = await play(all, moments, first);
          expect(weightsOf(await all.table())).toEqual(allUp(last));
          expect(all.runtime.pending()).toBeLessThan(20);
        },
      ),
      { numRuns: RUNS, examples: [DISABLED_EARLY] },
    );
  }, 300_000);

  test('with others writing to the table: repaired, and what is theirs left alone', async () => {
    await fc.assert(
      fc.asyncProperty(
        momentsOf(
          fc.oneof(
            { weight: 3, arbitrary: behave },
            { weight: 3, arbitrary: foreignAct },
            adminAct,
            die,
          ),
        ),
        variants,
        async (moments, variant) => {
          const all = scene();
          const own = {
            ...desiredServices(configOf())[0]?.destinations[0],
            port: 4711,
          } as Destination;
          const deletes = moments.some(
            ({ act }) => act.kind === 'foreign' && act.what === 'delete-service',
          );
          const service = desiredServices(configOf())[0]?.service;
          if (!service) throw new Error('no service');
          const other = { ...service, id: { ...ID, port: 8080 } } as NonNullable<typeof service>;
          all.backend.applyNow([
            { kind: 'add-service', service },
            { kind: 'add-destination', id: ID, destination: own },
            { kind: 'add-service', service: other },
          ]);
          const last = await play(all, moments, { ...variant, servers: SERVERS });
          expect(weightsOf(await all.table())).toEqual({
            ...allUp(last),
            ...(deletes ? {} : { [serverKey(own)]: 1 }),
          });
          expect((await all.backend.service(ID)).service).toEqual(service);
          expect((await all.backend.service(other.id)).service).toEqual(other);
        },
      ),
      { numRuns: RUNS },
    );
  }, 300_000);
});
