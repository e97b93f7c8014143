// Each field of the status, of states that are made by results, administrators and a live table.
import { describe, expect, test } from 'vitest';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { adopt } from '../../../src/lvsctl/monitor/state/config.js';
import { withAdmin, withResult } from '../../../src/lvsctl/monitor/state/service.js';
import type {
  AdminState,
  CheckResult,
  ServiceState,
} from '../../../src/lvsctl/monitor/state/state.js';
import {
  exitStatusOf,
  type ServerStatus,
  type ServiceStatus,
  serviceStatus,
} from '../../../src/lvsctl/monitor/status.js';
import { parseAddress } from '../../../src/model/address.js';
import type { DestinationEntry } from '../../../src/model/destination.js';

/** clock milliseconds of the start, and the time of day then */
const START = 1000;
const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms);
const A = '10.0.0.1:80';
const B = '10.0.0.2:80';
const PASS: CheckResult = { outcome: 'pass', latencyMs: 1 };
const FAIL: CheckResult = { outcome: 'fail', reason: 'refused', latencyMs: 1 };

/** Server A has weight 4, server B 1, each two checks; a new table unless `live` is given. */
function service({ health = '', sorry = true, combine = 'all' } = {}): ServiceState {
  const text = `
vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: nat
    servers: [{address: 10.0.0.1, weight: 4}, {address: 10.0.0.2}]
    ${sorry ? 'sorry: {address: 10.0.9.9}' : ''}
    checks: [{kind: tcp, rise: 2, fall: 2, interval: 2, timeout: 1}, {kind: http, path: /health, rise: 2, fall: 2, interval: 2, timeout: 1}]
    health: {combine: ${combine}${health}}
`;
  const [desired] = desiredServices(readConfig(text, 'test.yaml'));
  if (!desired) throw new Error('no service');
  return adopt(desired, undefined, () => undefined, START);
}

function got(
  one: ServiceState,
  server: string,
  check: number,
  result: CheckResult,
  now = START,
): ServiceState {
  const { key, label } = [
    { key: one.servers[0]?.checks[0]?.key ?? '', label: 'tcp' },
    { key: one.servers[0]?.checks[1]?.key ?? '', label: 'http /health' },
  ][check] ?? { key: '', label: '' };
  return withResult(one, server, key, result, label, now);
}
const allPass = (one: ServiceState) =>
  [A, B].reduce((state, server) => got(got(state, server, 0, PASS), server, 1, PASS), one);

function entry(server: string, weight: number, counts = [0, 0, 0]): DestinationEntry {
  const [address = '', port = ''] = server.split(':');
  const parsed = parseAddress(address);
  if (!parsed) throw new Error(address);
  const [active = 0, inactive = 0, persistent = 0] = counts;
  return {
    destination: {
      address: parsed,
      port: Number(port),
      forwarding: 'masquerade',
      tunnel: { type: 'ipip', port: 0, flags: 0 },
      weight,
      upperThreshold: 0,
      lowerThreshold: 0,
    },
    activeConnections: active,
    inactiveConnections: inactive,
    persistentConnections: persistent,
  } as unknown as DestinationEntry;
}
const admin = (state: AdminState['state'], more: Partial<AdminState> = {}): AdminState => ({
  state,
  reason: '',
  by: '',
  since: '2026-02-02T00:00:00.000Z',
  until: undefined,
  ...more,
});
const statusOf = (
  one: ServiceState,
  live: readonly DestinationEntry[] = [],
  moment = START + 500,
): ServiceStatus => serviceStatus(one, live, moment, at);
const serverOf = (one: ServiceState, live: readonly DestinationEntry[] = [], moment?: number) =>
  statusOf(one, live, moment).servers[0];

describe('the fields of a server', () => {
  const up = allPass(service());
  // biome-ignore format: a table
  const ROWS: readonly (readonly [string, ServiceState, readonly DestinationEntry[], Partial<ServerStatus>])[] = [
    ['no result yet', service(), [], { state: 'checking', latency_ms: null, last_error: null, weight: 4, weight_desired: null, weight_actual: null, since: at(START).toISOString() }],
    ['up, not yet written', up, [], { state: 'up', weight: 4, weight_desired: 4, weight_actual: null }],
    ['up, with the weight and the connections of the table', up, [entry(A, 3, [5, 6, 7]), entry(B, 9, [1, 1, 1])], { weight_desired: 4, weight_actual: 3, active: 5, inactive: 6, persistent: 7 }],
    ['not in the table: no connections', up, [entry(B, 9, [1, 1, 1])], { active: 0, inactive: 0, persistent: 0 }],
    ['latency: of several checks the slowest, in tenths', got(got(up, A, 0, { outcome: 'pass', latencyMs: 12.345 }), A, 1, PASS), [], { latency_ms: 12.3 }],
    ['latency: also where the slowest is the second', got(got(up, A, 0, PASS), A, 1, { outcome: 'pass', latencyMs: 7.89 }), [], { latency_ms: 7.9 }],
    ['latency: that of the only one with a result', got(service(), A, 0, { outcome: 'pass', latencyMs: 3 }), [], { latency_ms: 3 }],
    ['one failure of two is a streak', got(up, A, 1, FAIL), [], { state: 'up', last_error: 'http /health: refused', checks: [{ check: 'tcp', up: true, streak: 0, error: null }, { check: 'http /health', up: true, streak: 1, error: 'refused' }] }],
    ['failed', got(got(up, A, 0, FAIL, 2000), A, 0, FAIL, 3000), [], { state: 'down', since: at(3000).toISOString(), weight_desired: null, last_error: 'tcp: refused' }],
    ['the last error stays after the return', got(got(up, A, 0, FAIL), A, 0, PASS), [], { state: 'up', last_error: 'tcp: refused' }],
    ['failed, but min_up needs it', got(got(allPass(service({ health: ', min_up: 1' })), A, 0, FAIL), A, 0, FAIL), [], { state: 'forced-up', weight_desired: 4 }],
    ['failed: quiesced where the file says so', got(got(allPass(service({ health: ', failed: quiesce' })), A, 0, FAIL), A, 0, FAIL), [], { state: 'down', weight_desired: 0 }],
    ['disabled: since when, why, by whom and until when are the administrator\'s', withAdmin(up, A, admin('disabled', { reason: 'disk', by: 'alice', until: '2026-03-03T00:00:00.000Z' }), 9000), [], { state: 'disabled', since: '2026-02-02T00:00:00.000Z', reason: 'disk', by: 'alice', until: '2026-03-03T00:00:00.000Z', weight_desired: null }],
    ['drained without a reason', withAdmin(up, A, admin('drained'), 9000), [], { state: 'drained', reason: null, by: null, until: null, weight_desired: 0 }],
    ['an administrative state hides that nothing is known', withAdmin(service(), A, admin('disabled'), START), [], { state: 'disabled' }],
  ];
  test.each(ROWS)('%s', (_, one, live, fields) => {
    expect(serverOf(one, live)).toMatchObject(fields);
  });

  test('a slow start shows the weight of the moment', () => {
    let one = allPass(service({ health: ', slow_start: 10' }));
    for (const result of [FAIL, FAIL, PASS, PASS]) one = got(one, A, 0, result, 20_000);
    expect([20_000, 25_000, 30_000].map((now) => serverOf(one, [], now)?.weight_desired)).toEqual([
      1, 2, 4,
    ]);
  });
});

describe('the fields of a service', () => {
  const up = allPass(service());
  let failed = up;
  for (const server of [A, B, A, B]) failed = got(failed, server, 0, FAIL);
  const SORRY = '10.0.9.9:80';
  test.each([
    ['all up', up, [], { desired: false, actual: false }],
    ['all up, it is still in', up, [entry(SORRY, 1)], { desired: false, actual: true }],
    ['all down', failed, [], { desired: true, actual: false }],
    ['first results are waited for', service(), [], { desired: false, actual: false }],
  ] as const)('the sorry server: %s', (_, one, live, fields) => {
    expect(statusOf(one, live).sorry).toEqual({ server: SORRY, ...fields });
  });

  test('no sorry server', () => {
    expect(statusOf(service({ sorry: false })).sorry).toBeNull();
  });

  test('the sorry server is wanted once the time for first results is over', () => {
    expect(statusOf(service(), [], START + 60_000).sorry?.desired).toBe(true);
  });

  test('names, keys, and servers that the file does not name', () => {
    const live = [entry(A, 4), entry(SORRY, 1), entry('10.0.7.7:81', 5, [1, 2, 3])];
    expect(statusOf(up, live)).toMatchObject({
      name: 'web',
      service: 'tcp 192.0.2.1:80',
      servers: [{ server: A }, { server: B }],
      unmanaged: [{ server: '10.0.7.7:81', weight: 5, active: 1, inactive: 2 }],
    });
    expect(statusOf(up, live).unmanaged.length).toBe(1);
  });
});

describe('the exit status', () => {
  const up = allPass(service());
  const down = got(got(up, A, 0, FAIL), A, 0, FAIL);
  const forced = got(got(allPass(service({ health: ', min_up: 1' })), A, 0, FAIL), A, 0, FAIL);
  const disabled = withAdmin(up, A, admin('disabled'), START);
  const drained = withAdmin(up, A, admin('drained'), START);
  // biome-ignore format: a table
  const ROWS: readonly (readonly [string, ServiceState, readonly DestinationEntry[], number])[] = [
    ['all as desired', up, [entry(A, 4), entry(B, 1)], 0],
    ['another weight', up, [entry(A, 3), entry(B, 1)], 1],
    ['missing', up, [entry(B, 1)], 1],
    ['down and out', down, [entry(B, 1)], 1],
    ['forced up', forced, [entry(A, 4), entry(B, 1)], 1],
    ['disabled and out', disabled, [entry(B, 1)], 0],
    ['disabled and still in', disabled, [entry(A, 4), entry(B, 1)], 1],
    ['drained', drained, [entry(A, 0), entry(B, 1)], 0],
    ['drained, not yet', drained, [entry(A, 4), entry(B, 1)], 1],
    ['none takes new connections', up, [entry(A, 0)], 3],
    ['the sorry server is none of its own', up, [entry('10.0.9.9:80', 1)], 3],
  ];
  test.each(ROWS)('%s', (_, one, live, status) => {
    expect(exitStatusOf([statusOf(one, live)])).toBe(status);
  });

  test('of several services the worst', () => {
    const fine = statusOf(up, [entry(A, 4), entry(B, 1)]);
    const lacking = statusOf(up, [entry(B, 1)]);
    const empty = statusOf(up);
    expect(exitStatusOf([])).toBe(0);
    expect(
      [
        [fine, fine],
        [fine, lacking],
        [lacking, empty],
      ].map(exitStatusOf),
    ).toEqual([0, 1, 3]);
  });
});
