// The sampler: one reading for many readers, rates over four seconds at least.
import { expect, test } from 'vitest';
import type { TableReading } from '../../../src/lvsctl/sample/reading.js';
import { createSampler, type Sample } from '../../../src/lvsctl/sample/sampler.js';
import type { ShownService, Totals } from '../../../src/lvsctl/show/table.js';
import { PASSES, simulatedRuntime } from '../../support/simulated.js';

const totals = (n: number): Totals => ({
  connections: BigInt(n),
  in_packets: BigInt(2 * n),
  out_packets: 0n,
  in_bytes: BigInt(100 * n),
  out_bytes: 0n,
});
const service = (counters: Totals): ShownService => ({
  service: 'tcp 192.0.2.1:80',
  family: 'ipv4',
  scheduler: 'rr',
  flags: [],
  persistence: null,
  one_packet: false,
  counters,
  servers: [],
});

/** A table with ten connections a second; reading takes `tookMs`. */
function stage({ tookMs = 0, fails = () => false }: { tookMs?: number; fails?: () => boolean }) {
  const runtime = simulatedRuntime({ probe: () => ({ outcome: PASSES, tookMs: 1 }) });
  const { clock } = runtime;
  let readings = 0;
  const read = async (): Promise<TableReading> => {
    readings++;
    const at = clock.now();
    await new Promise<void>((resolve) => void clock.after(tookMs, resolve));
    const counters = totals(Math.round(at / 100));
    const report = fails()
      ? undefined
      : {
          ipvs: '1.2.1',
          table_size: 4096,
          missing: [],
          services: [service(counters)],
          total: counters,
          timeouts: null,
          daemons: null,
        };
    const monitor = { monitor: undefined, monitor_error: null, frozen: false };
    return { at, time: '', took: tookMs / 1000, report, error: null, ...monitor };
  };
  const sampler = createSampler({ read, clock });
  return { sampler, clock, pass: runtime.pass, readings: () => readings };
}

test('however many ask at the same time, the table is read once', async () => {
  const { sampler, pass, readings } = stage({ tookMs: 500 });
  const all = Array.from({ length: 50 }, () => sampler.current(0));
  await pass(500);
  expect(new Set(await Promise.all(all)).size).toBe(1);
  expect(readings()).toBe(1);
});

test('a fresh sample serves those that come later, an old one does not', async () => {
  const { sampler, pass, readings } = stage({});
  const one = sampler.current(1000);
  await pass(900);
  expect(await sampler.current(1000)).toBe(await one);
  await pass(200);
  const two = sampler.current(1000);
  await pass(0);
  expect(await two).not.toBe(await one);
  expect(readings()).toBe(2);
});

test('rates are over four seconds at least, whatever the period', async () => {
  const { sampler, pass } = stage({});
  const seen: Sample[] = [];
  const end = sampler.follow((sample) => seen.push(sample));
  await pass(10_000);
  end();
  expect(seen.map(({ seconds }) => seconds)).toEqual([null, null, 4, 4, 4, 4]);
  expect(seen.map(({ total_rates }) => total_rates?.connections)).toEqual([
    ...[undefined, undefined],
    ...[10, 10, 10, 10],
  ]);
  expect(seen[5]?.rated[0]?.rates).toEqual({
    connections: 10,
    in_packets: 20,
    out_packets: 0,
    in_bytes: 1000,
    out_bytes: 0,
  });
});

test('who asks for rates gets them after four seconds, together with the others', async () => {
  const { sampler, pass, readings } = stage({});
  const first = sampler.rated(1000);
  await pass(2500);
  const second = sampler.rated(1000);
  await pass(2000);
  expect((await first).seconds).toBe(4);
  expect((await second).seconds).toBe(4);
  await pass(500);
  expect((await sampler.rated(1000)).seconds).toBe(4);
  expect(readings()).toBe(3);
});

test('reading a large table takes a tenth of the time at most', async () => {
  const { sampler, pass, readings } = stage({ tookMs: 1000 });
  const end = sampler.follow(() => {});
  await pass(100_000);
  end();
  expect(readings()).toBe(11);
  await pass(100_000);
  expect(readings()).toBe(11);
});

test('followers that come and go within a reading leave one series of readings', async () => {
  const { sampler, pass, readings } = stage({ tookMs: 100 });
  const end = sampler.follow(() => {});
  await pass(50);
  end();
  const seen: Sample[] = [];
  const endAgain = sampler.follow((sample) => seen.push(sample));
  await pass(9900);
  expect(readings()).toBe(5);
  expect(seen.length).toBe(5);
  endAgain();
});

test('without a table there are no rates, and nobody waits for them', async () => {
  let broken = true;
  const { sampler, pass } = stage({ fails: () => broken });
  const none = sampler.rated(0);
  await pass(0);
  expect(await none).toMatchObject({ seconds: null, rated: [], total_rates: null });
  broken = false;
  const rates = sampler.rated(0);
  await pass(4000);
  expect((await rates).total_rates?.connections).toBe(10);
});
