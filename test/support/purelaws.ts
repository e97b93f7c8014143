// What holds of the monitor after every step, change and write, in every history.
import type { Input } from '../../src/lvsctl/monitor/state/input.js';
import { lastingOf, lastingProblem } from '../../src/lvsctl/monitor/state/lasting.js';
import { reduce } from '../../src/lvsctl/monitor/state/reduce.js';
import { isUnknown } from '../../src/lvsctl/monitor/state/service.js';
import {
  type MonitorState,
  printState,
  type ServerState,
  type ServiceState,
} from '../../src/lvsctl/monitor/state/state.js';
import { desiredTable } from '../../src/lvsctl/monitor/table/desired.js';
import { reconcile, type ServicePlan } from '../../src/lvsctl/monitor/table/reconcile.js';
import type { Change } from '../../src/model/change.js';
import {
  type ServiceKey,
  serverKey,
  serviceKey,
  serviceOf,
  type Table,
} from '../../src/model/table.js';
import { deepFreeze, type PureMonitor, type Watcher } from './purehistory.js';

/** `expect` costs too much for millions of calls. */
export function must(holds: boolean, law: string, ...about: readonly unknown[]): void {
  if (!holds) throw new Error(`${law}${about.map((one) => ` ${JSON.stringify(one)}`).join('')}`);
}

/** a server that others added, which no file names */
export const UNMANAGED = '10.0.7.7:80';
/** a service of others, which no file names */
export const OTHERS = 'tcp 192.0.2.1:4711';

/** @param thorough states and inputs are frozen, and some steps made twice */
export function lawWatcher(thorough: boolean): Watcher {
  let steps = 0;
  return {
    begins(input) {
      if (thorough) deepFreeze(input);
    },
    stepped(before, input, after, now) {
      expectStandby(after);
      expectHolds(before, after);
      expectQuorum(before, input, after, now);
      if (input.kind === 'local') expectNoneOut(before, after);
      if (!thorough) return;
      deepFreeze(after);
      if (steps++ % 16 === 7) expectPure(before, input, after, now);
    },
    changed(state, before, change, after, now, plan) {
      expectStillServed(state, before, change, after, now);
      expectOthersKept(change);
      if (plan) expectOrder(plan, change);
    },
  };
}

/** A service is in standby where its VIP is known to be elsewhere, and the file has it so. */
function expectStandby({ services, config, local }: MonitorState): void {
  const isAway = config.monitor.pause_on_standby && local?.has('eth0 192.0.2.1') === false;
  for (const { key, standby } of services)
    must(standby === isAway, 'standby follows the VIP', key, standby);
}

/** A server is held out only while it is up and another one of the service serves. */
function expectHolds(before: MonitorState, { services }: MonitorState): void {
  for (const [i, service] of services.entries()) {
    if (service === before.services[i]) continue;
    const { key, servers, spec } = service;
    const held = servers.filter((one) => one.held);
    if (held.length === 0) continue;
    const serves = (one: ServerState) =>
      one.admin === undefined && ((one.up && !one.held) || one.forcedUp) && one.spec.weight > 0;
    must(spec.source.health.damping !== undefined, 'holds need damping', key);
    must(servers.some(serves), 'a server is held out only while another serves', key);
    must(
      held.every((one) => one.up && one.heldUntil !== undefined && one.admin === undefined),
      'what is held is up, and has an end',
      key,
    );
  }
}

/**
 * A service goes down below `quorum - hysteresis` and returns at `quorum + hysteresis`, by the
 * weights of the servers that are in; between them it stays what it was. A start takes over what
 * the table has, so it is certain with the next reading of the table.
 */
function expectQuorum(before: MonitorState, input: Input, after: MonitorState, now: number): void {
  if (input.kind === 'config') return;
  for (const [i, service] of after.services.entries()) {
    if (service === before.services[i] && input.kind !== 'table') continue;
    const { key, up, spec, servers, heldUntil } = service;
    const was = before.services[i]?.up;
    if (up === undefined || was === undefined) continue;
    if (up === was && input.kind !== 'table') continue;
    const { quorum, hysteresis } = spec.source.health;
    const sum = servers.filter(isIn).reduce((all, one) => all + one.spec.weight, 0);
    const wanted = was ? sum >= quorum - hysteresis : sum >= quorum + hysteresis;
    const isHeld = was && now < heldUntil;
    must(up === wanted || (up && isHeld), 'the quorum decides', key, was, up, sum);
  }
}

const isIn = ({ admin, up, held, forcedUp }: ServerState) =>
  admin === undefined && ((up && !held) || forcedUp);

/** That a VIP comes or goes takes no server out and ends no administrative state. */
function expectNoneOut(before: MonitorState, after: MonitorState): void {
  for (const [i, service] of before.services.entries()) {
    for (const [n, server] of service.servers.entries()) {
      const next = after.services[i]?.servers[n];
      const serves = (one: ServerState) =>
        one.admin === undefined && ((one.up && !one.held) || one.forcedUp);
      must(
        next !== undefined && next.admin === server.admin && (!serves(server) || serves(next)),
        'a VIP that comes or goes takes no server out',
        server.key,
      );
    }
  }
}

/** The same arguments give the same step, and the arguments stay as they are. */
function expectPure(before: MonitorState, input: Input, after: MonitorState, now: number): void {
  const again = reduce(before, input, now).state;
  must(sameValue(again, after), 'reduce is pure', input.kind);
}

/** Equal plain data. Printing both states took an eighth of the time; most parts are shared. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Map || a instanceof Set) return sameValue([...a], [...(b as typeof a)]);
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length &&
    left.every(([key, value], i) => key === right[i]?.[0] && sameValue(value, right[i]?.[1]))
  );
}

/** A service that is served stays so with every change, as long as a server could serve. */
function expectStillServed(
  state: MonitorState,
  before: Table,
  change: Change,
  after: Table,
  now: number,
): void {
  const id = serviceOf(change);
  const key = id ? serviceKey(id) : '';
  const service = state.services.find((one) => one.key === key);
  if (service === undefined) {
    expectSuccessor(state, key, after, now);
    return;
  }
  if (!isServedIn(before, key) || isServedIn(after, key)) return;
  must(!couldServe(state, service, now), 'never without a server that could serve', change);
  const orphans = state.orphans.servers.get(key);
  if (change.kind === 'delete-destination' && orphans?.has(serverKey(change.destination)))
    must(
      !service.servers.some((one) => isUnknown(one) && one.admin === undefined),
      'a server of an earlier file stays until something is known of those that follow it',
      change,
    );
}

/** A service of an earlier file goes when the one that follows it is served, or cannot be. */
function expectSuccessor(state: MonitorState, key: ServiceKey, after: Table, now: number): void {
  const successor = state.orphans.services.get(key)?.successor;
  const service = state.services.find((one) => one.key === successor);
  if (service === undefined || isServedIn(after, service.key)) return;
  must(!couldServe(state, service, now), 'a successor serves before an earlier service goes', key);
}

export function isServedIn(table: Table, key: ServiceKey): boolean {
  return table.get(key)?.destinations.some(({ weight }) => weight > 0) === true;
}

/** Whether an own server is up and not overridden, with the quorum reached, or the sorry server may come in. */
function couldServe(state: MonitorState, service: ServiceState, now: number): boolean {
  const { key, servers, spec, firstResultsBy } = service;
  if (state.tolerated.services.has(key)) return false;
  const tolerated = state.tolerated.servers.get(key);
  const serves = (one: ServerState) =>
    one.admin === undefined &&
    ((one.up && !one.held) || one.forcedUp) &&
    one.spec.weight > 0 &&
    !tolerated?.has(one.key);
  if (service.up === true && servers.some(serves)) return true;
  const waits = now < firstResultsBy && servers.some((one) => isUnknown(one) && !one.admin);
  return spec.sorry !== undefined && !waits && !tolerated?.has(serverKey(spec.sorry));
}

/** What nothing of ours names is never touched. */
function expectOthersKept(change: Change): void {
  const id = serviceOf(change);
  must(id !== undefined && serviceKey(id) !== OTHERS, 'services of others are kept', change);
  if ('destination' in change)
    must(serverKey(change.destination) !== UNMANAGED, 'unmanaged servers are kept', change);
}

/** What comes stands before what goes. */
function expectOrder({ additions, removals }: ServicePlan, change: Change): void {
  const removes = change.kind === 'delete-destination' || change.kind === 'delete-service';
  if (removals.includes(change)) must(!change.kind.startsWith('add-'), 'additions first', change);
  else must(additions.includes(change) && !removes, 'removals last', change);
}

/** After a write that nothing interrupted. */
export function expectWritten(monitor: PureMonitor): void {
  const { state, table, now } = monitor;
  for (const service of state.services) {
    const { key } = service;
    if (state.tolerated.services.has(key)) continue;
    if (couldServe(state, service, now))
      must(isServedIn(table, key), 'a service with a server that could serve is served', key);
    for (const server of service.servers) expectAdmin(service, server, table);
  }
  const again = reconcile(desiredTable(state, now), table, state.tolerated);
  const left = again.flatMap(({ additions, removals }) => [...additions, ...removals]);
  must(left.length === 0, 'a second write changes nothing', left);
}

/** An administrative state wins over checks and over drift. */
function expectAdmin(
  { key, spec }: ServiceState,
  { key: server, admin }: ServerState,
  table: Table,
) {
  if (admin === undefined) return;
  const weight = table.get(key)?.destinations.find((one) => serverKey(one) === server)?.weight;
  const out = spec.source.health.failed === 'quiesce' ? 0 : undefined;
  must(
    weight === (admin.state === 'drained' ? 0 : out),
    'admin wins',
    key,
    server,
    admin.state,
    weight,
  );
}

/** The state prints as JSON; what lasts of it can be read again. */
export function expectPrintable(state: MonitorState): void {
  const text = printState(state);
  must(
    !/"(?:function|\[object)/.test(text) && typeof JSON.parse(text) === 'object',
    'prints',
    text,
  );
  const lasting = JSON.parse(JSON.stringify(lastingOf(state))) as unknown;
  must(lastingProblem(lasting) === undefined, 'can be kept', lastingProblem(lasting));
}
