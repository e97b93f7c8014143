// Checks that ask the same of the same server are one probe, whose result is for all of them.
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { jobsOf } from '../../../src/lvsctl/monitor/checks/jobs.js';
import type { Loop } from '../../../src/lvsctl/monitor/loop.js';
import { scene } from '../../support/scene.js';

const CHECK = 'kind: http, host: health, port: 9001, interval: 2, timeout: 1, jitter: 0';
const service = (name: string, port: number, check = CHECK, servers = '{address: 10.0.0.1}') =>
  `  - {name: ${name}, address: 192.0.2.1, port: ${port}, mode: nat, servers: [${servers}], checks: [{${check}}]}\n`;
const config = (...services: readonly string[]) =>
  readConfig(`vips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n${services.join('')}`, 'f');

/** A scene whose probes are counted by server. */
function counted() {
  const one = scene();
  const { probe } = one.runtime;
  const targets: string[] = [];
  (one.runtime as { probe: typeof probe }).probe = (spec, target) => {
    targets.push(`${target.address}:${target.port}`);
    return probe(spec, { ...target, port: 80 });
  };
  return { ...one, targets };
}

const statesOf = ({ state }: Loop) =>
  state.services.map(({ name, servers }) => `${name} ${servers.map(({ up }) => up).join(' ')}`);

test('three services on one server are one probe an interval, and all get its result', async () => {
  const { runtime, behaviours, start, targets } = counted();
  const monitor = await start(config(service('a', 80), service('b', 81), service('c', 82)));
  monitor.start();
  await runtime.pass(100);
  expect(targets).toEqual(['10.0.0.1:9001']);
  expect(statesOf(monitor)).toEqual(['a true', 'b true', 'c true']);
  await runtime.pass(10_000);
  expect(targets).toHaveLength(6);
  behaviours[0] = 'refuses';
  await runtime.pass(6_100);
  expect(statesOf(monitor)).toEqual(['a false', 'b false', 'c false']);
  expect(targets).toHaveLength(9);
  await monitor.stop('remove');
  expect(runtime.pending()).toBe(0);
});

test('rise and fall stay those of each check', async () => {
  const { runtime, behaviours, start, targets } = counted();
  const monitor = await start(
    config(service('a', 80, `${CHECK}, fall: 1`), service('b', 81, `${CHECK}, fall: 4, rise: 9`)),
  );
  monitor.start();
  await runtime.pass(100);
  behaviours[0] = 'refuses';
  await runtime.pass(2000);
  expect(statesOf(monitor)).toEqual(['a false', 'b true']);
  await runtime.pass(6000);
  expect(statesOf(monitor)).toEqual(['a false', 'b false']);
  expect(targets).toHaveLength(5);
});

test.each([
  ['another server', service('b', 81, CHECK, '{address: 10.0.0.2}')],
  ['another port', service('b', 81, CHECK.replace('9001', '9002'))],
  ['another interval', service('b', 81, CHECK.replace('interval: 2', 'interval: 3'))],
  ['another time limit', service('b', 81, CHECK.replace('timeout: 1', 'timeout: 2'))],
  ['another host', service('b', 81, CHECK.replace('health', 'other'))],
  ['another path', service('b', 81, `${CHECK}, path: /b`)],
  ['another status', service('b', 81, `${CHECK}, status: 204`)],
  ['another source', service('b', 81, `${CHECK}, source: 10.0.0.9`)],
  ['a program, which is given its service', service('b', 81, 'kind: exec, command: [/bin/true]')],
])('%s: two probes', async (_, other) => {
  const { start, runtime } = scene();
  const first = other.includes('exec')
    ? other.replace('name: b', 'name: a').replace('81', '80')
    : service('a', 80);
  const { state } = await start(config(first, other));
  expect(jobsOf(state, runtime, () => false)).toHaveLength(2);
});

test('a service that comes by a reload does not wait for the next turn of a probe that is there', async () => {
  const slow = CHECK.replace('interval: 2', 'interval: 600');
  const { runtime, start, targets } = counted();
  const monitor = await start(config(service('a', 80, slow)));
  monitor.start();
  await runtime.pass(10_000);
  expect(targets).toHaveLength(1);
  await monitor.reload(config(service('a', 80, slow), service('b', 81, slow)));
  await runtime.pass(100);
  expect(statesOf(monitor)).toEqual(['a true', 'b true']);
  expect(targets).toHaveLength(2);
  // nothing is new for it in the same file, and in one with fewer services
  await monitor.reload(config(service('a', 80, slow), service('b', 81, slow)));
  await monitor.reload(config(service('b', 81, slow)));
  await runtime.pass(10_000);
  expect(targets).toHaveLength(2);
});

test('one that comes while the probe is out gets its result', async () => {
  const { runtime, behaviours, start, targets } = counted();
  behaviours[0] = 'slow';
  const monitor = await start(config(service('a', 80)));
  monitor.start();
  await runtime.pass(300);
  await monitor.reload(config(service('a', 80), service('b', 81)));
  await runtime.pass(500);
  expect(targets).toHaveLength(1);
  expect(statesOf(monitor)).toEqual(['a true', 'b true']);
});
