// What makes the loop write the table, and when; what it keeps; its parts alone, in simulated time.
import { describe, expect, test } from 'vitest';
import { createKeeper } from '../../../src/lvsctl/monitor/keeper.js';
import type { MonitorEvent } from '../../../src/lvsctl/monitor/state/events.js';
import type { MonitorState } from '../../../src/lvsctl/monitor/state/state.js';
import { createWriter } from '../../../src/lvsctl/monitor/table/writing.js';
import { createVipWatch } from '../../../src/lvsctl/monitor/vipwatch.js';
import { configOf, foreignChanges, KEY, log, nameOf, scene } from '../../support/scene.js';
import { PASSES, simulatedRuntime } from '../../support/simulated.js';

const clockOnly = () => simulatedRuntime({ probe: () => ({ outcome: PASSES, tookMs: 1 }) });

describe('the loop writes', () => {
  /** A monitor at rest, and how often it read the table. */
  async function begun() {
    const one = scene();
    const services = one.backend.services.bind(one.backend);
    let reads = 0;
    one.backend.services = () => {
      reads++;
      return services();
    };
    const loop = await one.start();
    loop.start();
    await one.runtime.pass(5000);
    return { ...one, loop, reads: () => reads };
  }
  const disabled = {
    state: 'disabled',
    reason: '',
    by: '',
    since: '2026-01-01T00:00:00.000Z',
    until: undefined,
  } as const;
  const server = (i: number) => [{ service: KEY, server: nameOf(i) }];

  test('soon after an administrator has changed servers, once for several', async () => {
    const { loop, runtime, reads } = await begun();
    const before = reads();
    loop.setAdmin(server(0), disabled);
    loop.setAdmin(server(1), disabled);
    await runtime.pass(9);
    expect(reads()).toBe(before);
    await runtime.pass(2);
    expect(reads()).toBe(before + 1);
  });

  test('not where an administrator has changed nothing', async () => {
    const { loop, runtime, reads } = await begun();
    const before = reads();
    loop.setAdmin(server(0), undefined);
    await runtime.pass(20);
    expect(reads()).toBe(before);
  });

  test('not before it was started', async () => {
    const one = scene();
    const loop = await one.start();
    loop.setAdmin(server(0), disabled);
    await one.runtime.pass(60_000);
    expect(await one.backend.services()).toEqual([]);
    expect(one.runtime.pending()).toBe(0);
  });

  /** Writes in ten seconds after something happened, beyond the regular ones. */
  async function extra(happens: (one: Awaited<ReturnType<typeof begun>>) => void) {
    const counts = await Promise.all(
      [() => {}, happens].map(async (work) => {
        const one = await begun();
        const before = one.reads();
        work(one);
        await one.runtime.pass(10_000);
        return one.reads() - before;
      }),
    );
    const [regular = 0, all = 0] = counts;
    return all - regular;
  }

  test('once more for a server that fails, and for one that returns', async () => {
    expect(
      await extra(({ behaviours }) => {
        behaviours[2] = 'refuses';
      }),
    ).toBe(1);
    expect(
      await extra(({ behaviours, runtime }) => {
        behaviours[2] = 'refuses';
        runtime.clock.after(7000, () => {
          behaviours[2] = 'well';
        });
      }),
    ).toBe(1);
  });

  test('not for a check that cannot be made, nor when it can again', async () => {
    expect(
      await extra(({ behaviours, runtime }) => {
        behaviours[2] = 'blind';
        runtime.clock.after(5000, () => {
          behaviours[2] = 'well';
        });
      }),
    ).toBe(0);
  });

  test('drift is corrected by the write that finds it', async () => {
    const change = foreignChanges({ server: 1, what: 'delete' });
    expect(await extra(({ backend }) => void backend.applyNow(change))).toBe(0);
  });

  test('at a reload, though it changes nothing', async () => {
    const { loop, reads } = await begun();
    const before = reads();
    await loop.reload(configOf());
    // the table as it is for the state, then the write
    expect(reads()).toBe(before + 2);
  });

  test('soon after its start where there is nothing to check', async () => {
    const one = scene();
    const services = configOf().services.map((service) => ({ ...service, checks: [] }));
    const loop = await one.start({ ...configOf(), services });
    loop.start();
    await one.runtime.pass(11);
    expect((await one.table()).size).toBe(4);
  });

  test('when all checks have ended once; those that a reload removes are not waited for', async () => {
    const one = scene();
    const loop = await one.start();
    const began = one.runtime.clock.now();
    let at: number | undefined;
    void loop.ready.then(() => {
      at ??= one.runtime.clock.now() - began;
    });
    // no check has begun yet, and the file that follows has none
    loop.start();
    const services = configOf().services.map((service) => ({ ...service, checks: [] }));
    await loop.reload({ ...configOf(), services });
    await one.runtime.pass(1);
    expect(at).toBeLessThanOrEqual(1);
  });

  test('once when the checks that a reload left have ended, though they find nothing new', async () => {
    const one = scene();
    (await one.start()).start();
    await one.runtime.pass(20_000);
    one.kill();
    one.behaviours[0] = 'hangs';
    const loop = await one.start();
    let reads = 0;
    const services = one.backend.services.bind(one.backend);
    one.backend.services = () => {
      reads++;
      return services();
    };
    loop.start();
    await loop.reload(configOf({ skip: 1 }));
    expect(reads).toBe(2);
    await one.runtime.pass(1900); // the regular write is still to come
    expect(reads).toBe(3);
  });

  test('nothing after its end, whatever its checks find', async () => {
    const { loop, runtime, behaviours, reads, events } = await begun();
    behaviours[1] = 'refuses';
    await runtime.pass(4500);
    await loop.stop('leave');
    const [count, before] = [events.length, reads()];
    await runtime.pass(60_000);
    expect([events.length, reads()]).toEqual([count, before]);
  });
});

describe('a state that cannot be kept', () => {
  const state = {} as MonitorState;
  test('is reported once for each reason, and again after it could be kept', () => {
    const events: MonitorEvent[] = [];
    let failure: unknown;
    const keep = createKeeper(
      () => {
        if (failure !== undefined) throw failure;
      },
      (event) => events.push(event),
    );
    const kept = (next: unknown) => {
      failure = next;
      keep(state);
      return events.length;
    };
    expect(kept(undefined)).toBe(0);
    expect(kept(new Error('full'))).toBe(1);
    expect(kept(new Error('full'))).toBe(1);
    expect(kept(new Error('read-only'))).toBe(2);
    expect(kept(undefined)).toBe(2);
    expect(kept(new Error('read-only'))).toBe(3);
    expect(kept('odd')).toBe(4);
    expect(log(events)).toEqual([
      'error: state: full',
      'error: state: read-only',
      'error: state: read-only',
      'error: state: odd',
    ]);
  });
});

describe('when the table is written', () => {
  function writer(write: (at: number) => Promise<void> = async () => {}) {
    const { clock, pass, pending } = clockOnly();
    const wrote: number[] = [];
    const reported: string[] = [];
    const one = createWriter(
      clock,
      async () => {
        wrote.push(clock.now());
        await write(clock.now());
      },
      {
        explain: (error) => {
          if (!(error instanceof Error)) throw error;
          return error.message;
        },
        failed: (reason) => reported.push(reason),
        recovered: () => reported.push('recovered'),
      },
    );
    return { one, wrote, reported, clock, pass, pending };
  }
  const takes = (clock: { after(ms: number, work: () => void): unknown }, ms: number) =>
    new Promise<void>((resolve) => void clock.after(ms, resolve));

  test('soon: ten milliseconds later, once for several', async () => {
    const { one, wrote, pass } = writer();
    one.soon();
    await pass(5);
    one.soon();
    await pass(100);
    expect(wrote).toEqual([10]);
    one.soon();
    await pass(100);
    expect(wrote).toEqual([10, 115]);
  });

  test('now: at once, and what was to come soon is done with it', async () => {
    const { one, wrote, pass } = writer();
    one.soon();
    await one.now();
    await pass(100);
    expect(wrote).toEqual([0]);
  });

  test('never twice at a time: what is asked meanwhile waits, once for several', async () => {
    const { one, wrote, clock, pass } = writer(() => takes(clock, 50));
    void one.now();
    await pass(10);
    void one.now();
    void one.now();
    one.soon();
    await pass(1000);
    expect(wrote).toEqual([0, 50]);
  });

  test('regularly: from the end of one to the beginning of the next', async () => {
    const { one, wrote, clock, pass } = writer(() => takes(clock, 50));
    let interval = 1000;
    one.every(() => interval);
    await pass(2500);
    expect(wrote).toEqual([1000, 2050]);
    interval = 200;
    await pass(1000);
    expect(wrote).toEqual([1000, 2050, 3100, 3350]);
    one.every(() => 5000); // in place of the other one
    await pass(4000);
    expect(wrote.length).toBe(4);
  });

  test('the end waits for a write in progress, and nothing is written afterwards', async () => {
    const { one, wrote, clock, pass, pending } = writer(() => takes(clock, 50));
    one.every(() => 100);
    void one.now();
    await pass(10);
    void one.now(); // waits, and is not begun any more
    let ended = false;
    void one.end().then(() => {
      ended = true;
    });
    await pass(30);
    expect(ended).toBe(false);
    await pass(20);
    expect(ended).toBe(true);
    one.soon();
    await pass(1000);
    expect([wrote, pending()]).toEqual([[0], 0]);
  });

  test('errors: each reason once, and that it is over; how long ago the last one was', async () => {
    let failure: Error | undefined;
    const { one, reported, pass } = writer(async () => {
      if (failure) throw failure;
    });
    let first = false;
    void one.first.then(() => {
      first = true;
    });
    failure = new Error('EPERM');
    await pass(100);
    await one.now();
    await one.now();
    expect([one.error(), one.idleMs(), first]).toEqual(['EPERM', 100, false]);
    failure = new Error('ENOMEM');
    await one.now();
    failure = undefined;
    await pass(100);
    await one.now();
    await pass(7);
    expect([one.error(), one.idleMs(), first]).toEqual([undefined, 7, true]);
    await one.now();
    expect(reported).toEqual(['EPERM', 'ENOMEM', 'recovered']);
  });
});

describe('the addresses of the machine', () => {
  function watch() {
    const { clock, pass, pending } = clockOnly();
    const now = { isOn: true, addresses: new Set(['eth0 192.0.2.1']) as Set<string> | undefined };
    let known: ReadonlySet<string> | undefined;
    const done: string[] = [];
    const one = createVipWatch(clock, {
      isOn: () => now.isOn,
      read: () => now.addresses,
      known: () => known,
      take(addresses) {
        known = addresses;
        done.push(`take ${addresses ? [...addresses].join(', ') : '-'}`);
      },
      changed: () => done.push('changed'),
    });
    const of = () => done.splice(0);
    return { one, now, of, pass, pending };
  }
  test('are read every second, and taken when they are others', async () => {
    const { one, now, of, pass } = watch();
    one.look();
    one.arm();
    expect(of()).toEqual(['take eth0 192.0.2.1']);
    await pass(10_000);
    expect(of()).toEqual([]);
    now.addresses = new Set(['eth0 192.0.2.2']); // as many, but others
    await pass(1000);
    expect(of()).toEqual(['take eth0 192.0.2.2', 'changed']);
    now.addresses = new Set(['eth0 192.0.2.2', 'eth0 192.0.2.3']);
    await pass(999);
    expect(of()).toEqual([]);
    await pass(1);
    expect(of()).toEqual(['take eth0 192.0.2.2, eth0 192.0.2.3', 'changed']);
    now.addresses = undefined;
    await pass(1000);
    expect(of()).toEqual(['take -', 'changed']);
    await pass(5000);
    expect(of()).toEqual([]);
  });
  test('a look that is asked for is no change of its own', () => {
    const { one, of } = watch();
    one.look();
    one.look();
    expect(of()).toEqual(['take eth0 192.0.2.1']);
  });
  test('are not read while nobody asks', async () => {
    const { one, now, of, pass, pending } = watch();
    now.isOn = false;
    one.look();
    one.arm();
    expect([of(), pending()]).toEqual([[], 0]);
    now.isOn = true;
    one.arm();
    one.arm();
    expect(pending()).toBe(1);
    await pass(1000);
    expect(of()).toEqual(['take eth0 192.0.2.1', 'changed']);
    now.isOn = false;
    await pass(1000);
    expect([of(), pending()]).toEqual([['take -', 'changed'], 0]);
  });
  test('and not after the end', async () => {
    const { one, now, of, pass, pending } = watch();
    one.arm();
    one.end();
    now.addresses = new Set();
    await pass(5000);
    expect([of(), pending()]).toEqual([[], 0]);
  });
});
