// Which VIPs BIRD is asked to announce, in simulated time.
import { beforeEach, expect, test } from 'vitest';
import type { Config } from '../../../src/lvsctl/config/file.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { announceVips } from '../../../src/lvsctl/monitor/process/announce.js';
import type { MonitorEvent } from '../../../src/lvsctl/monitor/state/events.js';
import type { MonitorState } from '../../../src/lvsctl/monitor/state/state.js';
import { type SimulatedRuntime, simulatedRuntime } from '../../support/simulated.js';

const HA =
  'ha: {engine: bird, peers: [10.0.0.1, 10.0.0.2], as: 1, neighbors: [{address: 10.0.0.254, as: 2}]}';
const service = (name: string, vip: string, port: number) =>
  `{name: ${name}, address: ${vip}, port: ${port}, mode: dr, servers: [{address: 10.0.0.11}]}`;
const FILE = `${HA}
vips: [{address: 192.0.2.1, interface: lvs-vip}, {address: 192.0.2.2, interface: lvs-vip}]
services: [${service('a', '192.0.2.1', 80)}, ${service('b', '192.0.2.1', 443)}, ${service('c', '192.0.2.2', 80)}]`;

let runtime: SimulatedRuntime;
let config: Config;
let ups: Record<string, boolean | undefined>;
let ran: string[];
let events: string[];
let failure: string | undefined;
let end: () => void;

beforeEach(() => {
  [config, ups, ran, events, failure] = [readConfig(FILE, 'f'), {}, [], [], undefined];
  runtime = simulatedRuntime({ probe: () => ({ outcome: { outcome: 'pass' }, tookMs: 1 }) });
  const run = async (command: readonly string[]) => {
    ran.push(command.join(' '));
    return failure;
  };
  end = announceVips({
    runtime: { clock: runtime.clock, readFile: runtime.readFile, run },
    emit: ({ event, vip = '', reason = '' }: MonitorEvent) =>
      events.push(`${event} ${vip}${reason}`),
    config: () => config,
    state: () =>
      ({
        services: config.services.map((source) => ({ spec: { source }, up: ups[source.name] })),
      }) as unknown as MonitorState,
    stateFile: '/var/lib/lvsctl/monitor.json',
  });
});

/** What was run and reported in that time. */
async function pass(ms: number): Promise<{ ran: string[]; events: string[] }> {
  await runtime.pass(ms);
  return { ran: ran.splice(0), events: events.splice(0) };
}
const birdc = (verb: string, ...vips: string[]) =>
  vips.map((vip) => `/usr/sbin/birdc ${verb} lvsctl_vip_${vip.replaceAll('.', '_')}`);

test('nothing before all services of a VIP are known; all must be up', async () => {
  expect(await pass(2000)).toEqual({ ran: [], events: [] });
  ups = { a: true, c: true };
  expect(await pass(600)).toEqual({
    ran: birdc('enable', '192.0.2.2'),
    events: ['announced 192.0.2.2'],
  });
  ups = { a: true, b: true, c: true };
  expect(await pass(600)).toEqual({
    ran: birdc('enable', '192.0.2.1'),
    events: ['announced 192.0.2.1'],
  });
  ups = { a: true, b: false, c: true };
  expect(await pass(600)).toEqual({
    ran: birdc('disable', '192.0.2.1'),
    events: ['withdrawn 192.0.2.1'],
  });
  end();
  expect((await pass(60_000)).ran).toEqual([]);
});

test('one that is down is enough to withdraw, whatever is not known', async () => {
  ups = { a: false };
  expect((await pass(600)).ran).toEqual(birdc('disable', '192.0.2.1'));
});

test('repeated, since BIRD forgets when it is started again; reported once', async () => {
  ups = { a: true, b: true, c: false };
  await pass(600);
  const { ran: again, events: reported } = await pass(11_000);
  expect(again).toEqual(
    [0, 1].flatMap(() => [...birdc('enable', '192.0.2.1'), ...birdc('disable', '192.0.2.2')]),
  );
  expect(reported).toEqual([]);
});

test('a drained director announces nothing, and everything after resume', async () => {
  ups = { a: true, b: true, c: true };
  await pass(600);
  runtime.files.set('/var/lib/lvsctl/standby', '1\n');
  expect((await pass(600)).events).toEqual(['withdrawn 192.0.2.1', 'withdrawn 192.0.2.2']);
  runtime.files.set('/var/lib/lvsctl/standby', '0\n');
  expect((await pass(600)).events).toEqual(['announced 192.0.2.1', 'announced 192.0.2.2']);
});

test('BIRD does not answer: one error, tried again, then it is over', async () => {
  failure = 'exit status 1';
  ups = { a: true, b: true };
  const down = await pass(2200);
  expect(down.events).toEqual(['error VIP 192.0.2.1: exit status 1']);
  expect(down.ran.length).toBeGreaterThanOrEqual(4);
  failure = undefined;
  expect((await pass(600)).events).toEqual(['announced 192.0.2.1', 'recovered ']);
});

test('after its end a command that was in progress is no news', async () => {
  ups = { a: true, b: true, c: true };
  await runtime.pass(0); // the first command waits for its program
  ups = { a: true, b: true, c: false };
  end();
  expect((await pass(10_000)).events).toEqual([]);
});

test.each([
  ['\n1 \n', true],
  ['1', true],
  ['0', false],
  ['11', false],
  ['', false],
])('the mark of a drained director: %j', async (text, isDrained) => {
  runtime.files.set('/var/lib/lvsctl/standby', text);
  ups = { a: true, b: true, c: true };
  const { ran: commands } = await pass(600);
  expect(commands.some((line) => line.includes('enable'))).toBe(!isDrained);
});

test('another reason is another error', async () => {
  failure = 'one';
  ups = { c: true };
  await pass(600);
  failure = 'two';
  expect((await pass(600)).events).toEqual(['error VIP 192.0.2.2: two']);
});

test('a file without ha', async () => {
  config = readConfig(FILE.replace(HA, ''), 'f');
  ups = { a: true, b: true, c: true };
  expect(await pass(5000)).toEqual({ ran: [], events: [] });
});
