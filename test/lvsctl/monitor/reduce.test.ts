// Random histories of `reduce` alone, without timers and promises: results, administrators, other
// files, drift, refusals of the kernel, and deaths in the middle of a write.
//
// What holds: a service is never without a server that could serve. Additions come before removals.
// An administrative state wins over checks and drift, and survives a restart. What an earlier file
// left goes in the end, what others made stays. Drift is corrected or tolerated, as the file has
// it. A VIP that comes or goes takes no server out. A server is held out only while another serves.
// A service is down below its quorum less the hysteresis and returns at both together. An
// administrative state with an end lasts until then. The state prints as JSON. `reduce` is pure.
import { describe, expect, test } from 'vitest';
import { ALONE } from '../../../src/lvsctl/config/context.js';
import type { Config } from '../../../src/lvsctl/config/file.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { adminStates } from '../../../src/lvsctl/monitor/state/config.js';
import type { AdminState, CheckResult } from '../../../src/lvsctl/monitor/state/state.js';
import { parseServerKey, serverKey, withChanges } from '../../../src/model/table.js';
import { seeded } from '../../../src/simulator/random.js';
import { FIRST_SEED, FULL } from '../../support/full.js';
import { deepFreeze, PureMonitor } from '../../support/purehistory.js';
import {
  expectPrintable,
  expectWritten,
  lawWatcher,
  must,
  OTHERS,
  UNMANAGED,
} from '../../support/purelaws.js';

const RUNS = FULL ? 100_000 : 200;
const RISE = 2;
const FALL = 3;

type Random = () => number;
const pick = <T>(random: Random, list: readonly T[]): T =>
  list[Math.floor(random() * list.length)] as T;

function serviceText(name: string, port: number, random: Random): string {
  const factor = pick(random, [1, 1, 10]);
  const servers = pick(random, [[1, 2, 3], [1, 2, 3], [1, 2], [2, 3, 4], [4]]);
  const list = servers.map((n) => `{address: 10.0.0.${n}, weight: ${n * factor}}`);
  const check = `rise: ${RISE}, fall: ${FALL}, interval: 2, timeout: 1`;
  const checks = [`{kind: tcp, ${check}}`, `{kind: http, path: /, ${check}}`];
  const combine = pick(random, ['all', 'all', 'any']);
  const health = `failed: ${pick(random, ['remove', 'quiesce'])}, min_up: ${pick(random, [0, 0, 0.5, 1])}, slow_start: ${pick(random, [0, 0, 20])}, ${pick(random, ['', 'damping: {downs: 2, within: 60, hold: 20},'])} ${pick(random, ['', '', 'quorum: 2,', 'quorum: 2, hysteresis: 1,'])} combine: ${combine}`;
  return `  - name: ${name}
    address: 192.0.2.1
    port: ${port}
    mode: nat
    scheduler: ${pick(random, ['wrr', 'wlc'])}
    servers: [${list.join(', ')}]
    ${random() < 0.7 ? 'sorry: {address: 10.0.9.9}' : ''}
    checks: [${checks.slice(0, pick(random, [1, 1, 2])).join(', ')}]
    health: {${health}}
`;
}

/** A file; half of them include the file of their services, which makes no difference. */
function fileOf(random: Random): Config {
  const web = serviceText('web', pick(random, [80, 80, 8080]), random);
  const api = random() < 0.5 ? serviceText('api', 81, random) : '';
  const drift = pick(random, ['correct', 'correct', 'ignore']);
  const services = `services:\n${web}${api}`;
  const rest = `vips: [{address: 192.0.2.1, interface: eth0}]
monitor: {drift: ${drift}, pause_on_standby: ${random() < 0.5}}\n`;
  const whole = readConfig(rest + services, 'test.yaml');
  if (random() < 0.5) return whole;
  const around = { ...ALONE, readText: () => services, filesMatching: (path: string) => [path] };
  const joined = readConfig(`include: [services.yaml]\n${rest}`, 'test.yaml', around);
  expect(joined.services).toEqual(whole.services);
  return joined;
}

const files = seeded(42);
const FILES = Array.from({ length: 60 }, () => deepFreeze(fileOf(files)));

/** Where the VIP is: on this machine, elsewhere, not known. */
const LOCAL = {
  here: new Set(['lo 127.0.0.1', 'eth0 192.0.2.1']),
  elsewhere: new Set(['lo 192.0.2.1']),
  unknown: undefined,
} as const;
const DRIFT = ['delete', 'weight', 'add', 'unmanaged', 'delete-service', 'edit-service'] as const;
type Act =
  | {
      readonly kind: 'results';
      readonly service: number;
      readonly server: number;
      readonly check: number;
      readonly outcome: CheckResult['outcome'];
      readonly times: number;
    }
  | {
      readonly kind: 'admin';
      readonly service: number;
      readonly server: number;
      readonly state: AdminState['state'] | undefined;
      /** `--for`: until then; undefined = without an end */
      readonly forMs: number | undefined;
    }
  | {
      readonly kind: 'drift';
      readonly service: number;
      readonly server: number;
      readonly what: (typeof DRIFT)[number];
      readonly now: boolean;
    }
  | { readonly kind: 'reload'; readonly file: number }
  | { readonly kind: 'die'; readonly life: number; readonly file: number | undefined }
  | { readonly kind: 'vips'; readonly where: keyof typeof LOCAL }
  | { readonly kind: 'write'; readonly refused: number }
  | { readonly kind: 'pass'; readonly ms: number };

interface History {
  readonly first: number;
  /**
   * every eighth is long, its states are frozen and printed, and some steps are made twice
   */
  readonly thorough: boolean;
  /** whether all servers recover at its end, which takes as long as the rest */
  readonly recovers: boolean;
  readonly acts: readonly Act[];
}

function historyOf(seed: number): History {
  const random = seeded(seed);
  const upTo = (n: number) => Math.floor(random() * n);
  const file = () => upTo(FILES.length);
  const place = () => ({ service: upTo(2), server: upTo(4) });
  const act = (): Act => {
    const dice = upTo(22);
    if (dice < 8) {
      const outcome = pick(random, ['pass', 'fail', 'fail', 'error'] as const);
      return { kind: 'results', ...place(), check: upTo(2), outcome, times: 1 + upTo(FALL) };
    }
    if (dice < 10) {
      const state = pick(random, ['disabled', 'drained', undefined] as const);
      return { kind: 'admin', ...place(), state, forMs: random() < 0.5 ? upTo(20_000) : undefined };
    }
    if (dice < 12)
      return { kind: 'drift', ...place(), what: pick(random, DRIFT), now: random() < 0.7 };
    if (dice < 13) return { kind: 'reload', file: file() };
    if (dice < 14) return { kind: 'die', life: upTo(5), file: random() < 0.3 ? file() : undefined };
    if (dice < 18) return { kind: 'write', refused: random() < 0.2 ? upTo(3) : -1 };
    if (dice < 20) return { kind: 'pass', ms: upTo(12_000) };
    const where = pick(random, ['here', 'elsewhere', 'elsewhere', 'unknown'] as const);
    return { kind: 'vips', where };
  };
  const thorough = seed % 8 === 0;
  const first = file();
  return {
    first,
    thorough,
    recovers: seed % 4 === 0,
    acts: Array.from({ length: upTo(thorough ? 30 : 10) }, act),
  };
}

/** What administrators set last, by name of the service and key of the server. */
type AdminLog = Map<string, AdminState>;

function play({ first, thorough, recovers, acts }: History): void {
  const monitor = new PureMonitor(fileAt(first), lawWatcher(thorough));
  let file = first;
  const admin: AdminLog = new Map();
  monitor.table = withChanges(monitor.table, [
    { kind: 'add-service', service: { ...specOf(monitor, 0).spec.service, id: idOf(OTHERS) } },
  ]);
  for (const act of acts) {
    monitor.now += act.kind === 'pass' ? act.ms : 1;
    expire(monitor, admin);
    if (act.kind === 'results') results(monitor, act);
    else if (act.kind === 'admin') administer(monitor, act, admin);
    else if (act.kind === 'drift') drift(monitor, act);
    else if (act.kind === 'vips') monitor.dispatch({ kind: 'local', addresses: LOCAL[act.where] });
    else if (act.kind === 'write') {
      if (monitor.write({ refused: act.refused })) expectWritten(monitor);
    } else if (act.kind !== 'pass') {
      file = act.file ?? file;
      if (act.kind === 'reload') monitor.takeFile(fileAt(file));
      else {
        monitor.write({ life: act.life });
        monitor.restart(fileAt(file));
      }
    }
    expectAdminKept(monitor, admin);
  }
  if (thorough) expectPrintable(monitor.state);
  if (!recovers) return;
  monitor.dispatch({ kind: 'local', addresses: LOCAL.here });
  recover(monitor, file, admin);
}

const fileAt = (n: number) => FILES[n] ?? (FILES[0] as (typeof FILES)[number]);
const specOf = ({ state }: PureMonitor, n: number) => {
  const found = state.services[n] ?? state.services[0];
  if (!found) throw new Error('no service');
  return found;
};
function idOf(key: string) {
  const [protocol, server = ''] = key.split(' ');
  const id = parseServerKey(server);
  if (!id || protocol !== 'tcp') throw new Error(key);
  return { kind: 'address', protocol, ...id } as const;
}

function results(monitor: PureMonitor, act: Extract<Act, { kind: 'results' }>): void {
  const service = specOf(monitor, act.service);
  const server = service.servers[act.server % service.servers.length];
  const check = server?.checks[act.check % server.checks.length];
  // in standby nothing is checked
  if (!server || !check || service.standby) return;
  const { outcome } = act;
  for (let i = 0; i < act.times; i++)
    monitor.onResult(service.key, server.key, check.key, {
      outcome,
      latencyMs: 1,
      ...(outcome === 'pass' ? {} : { reason: 'refused' }),
    });
}

function administer(
  monitor: PureMonitor,
  act: Extract<Act, { kind: 'admin' }>,
  admin: AdminLog,
): void {
  const { key, name, servers } = specOf(monitor, act.service);
  const server = servers[act.server % servers.length];
  if (!server) return;
  const one = act.state && {
    state: act.state,
    reason: '',
    by: '',
    since: '2026-01-01T00:00:00.000Z',
    until: act.forMs === undefined ? undefined : new Date(monitor.now + act.forMs).toISOString(),
  };
  monitor.setAdmin(key, server.key, one);
  if (one) admin.set(`${name} ${server.key}`, one);
  else admin.delete(`${name} ${server.key}`);
}

/** What has an end is over: the running monitor enables the server then. */
function expire(monitor: PureMonitor, admin: AdminLog): void {
  const { remembered, services } = monitor.state;
  const isOver = ({ until }: AdminState) => until !== undefined && Date.parse(until) <= monitor.now;
  for (const { name, service, server, admin: one } of [...remembered, ...adminStates(services)]) {
    if (!isOver(one)) continue;
    must(isOver(admin.get(`${name} ${server}`) ?? one), 'it ends when it was to', name, server);
    monitor.setAdmin(service, server, undefined);
    admin.delete(`${name} ${server}`);
  }
}

/** No other file and no death makes the monitor forget what an administrator set. */
function expectAdminKept({ state }: PureMonitor, admin: AdminLog): void {
  const known = [...state.remembered, ...adminStates(state.services)];
  const text = ({ name, server, state: one }: { name: string; server: string; state: string }) =>
    `${name} ${server} ${one}`;
  const actual = known.map(({ name, server, admin: one }) =>
    text({ name, server, state: one.state }),
  );
  const desired = [...admin].map(([key, one]) => `${key} ${one.state}`);
  must(actual.sort().join() === desired.sort().join(), 'admin is kept', actual, desired);
}

function drift(monitor: PureMonitor, act: Extract<Act, { kind: 'drift' }>): void {
  const service = specOf(monitor, act.service);
  const { id } = service.spec.service;
  const live = monitor.table.get(service.key);
  const spec = service.servers[act.server % service.servers.length]?.spec ?? service.spec.sorry;
  if (!live || !spec) return;
  const key = serverKey(spec);
  const present = live.destinations.find((one) => serverKey(one) === key);
  const known = monitor.state.applied?.table === undefined ? undefined : live;
  const before = monitor.events.length;
  const { what } = act;
  const changes = {
    delete: present ? [{ kind: 'delete-destination', id, destination: spec } as const] : [],
    weight:
      present && present.weight !== 77
        ? [{ kind: 'edit-destination', id, destination: { ...present, weight: 77 } } as const]
        : [],
    add: present
      ? []
      : [{ kind: 'add-destination', id, destination: { ...spec, weight: 5 } } as const],
    unmanaged: live.destinations.some((one) => serverKey(one) === UNMANAGED)
      ? []
      : [
          {
            kind: 'add-destination',
            id,
            destination: { ...spec, ...parseServerKey(UNMANAGED), weight: 0 },
          } as const,
        ],
    'delete-service': [{ kind: 'delete-service', id } as const],
    'edit-service':
      live.service.scheduler === 'rr'
        ? []
        : [{ kind: 'edit-service', service: { ...live.service, scheduler: 'rr' } } as const],
  }[what];
  monitor.table = withChanges(monitor.table, changes);
  if (!act.now || changes.length === 0 || known === undefined) return;
  expectDriftMet(monitor, service.key, key, what, before, live);
}

/** One write later: corrected, or left as others made it. */
function expectDriftMet(
  monitor: PureMonitor,
  service: string,
  server: string,
  what: (typeof DRIFT)[number],
  before: number,
  undrifted: NonNullable<ReturnType<PureMonitor['table']['get']>>,
): void {
  const { applied, config, services } = monitor.state;
  const state = services.find(({ key }) => key === service);
  const settled = applied?.table.get(service) === undrifted;
  const drifted = monitor.table.get(service);
  if (!monitor.write()) return;
  expectWritten(monitor);
  if (!settled) return;
  const events = monitor.events
    .slice(before)
    .filter(({ event, service: name }) => event === 'drift' && name === state?.name);
  must(events.length > 0 === (what !== 'unmanaged'), 'drift is reported', what, events);
  const ignore = config.monitor.drift === 'ignore';
  const one = (list: typeof undrifted | undefined) =>
    JSON.stringify(list?.destinations.find((now) => serverKey(now) === server));
  const isSorry = state?.servers.every(({ key }) => key !== server) === true;
  const byAdmin = state?.servers.some(({ key, admin }) => key === server && admin !== undefined);
  const now = monitor.table.get(service);
  if (isSorry || what === 'unmanaged') return;
  if (ignore && what === 'delete-service') must(now === undefined, 'it stays removed', service);
  else if (what === 'edit-service')
    must(
      now?.service.scheduler === (ignore ? 'rr' : state?.spec.service.scheduler),
      'edited',
      ignore,
    );
  else if (ignore && !byAdmin && what !== 'delete-service')
    must(one(now) === one(drifted), 'it stays as others made it', one(now), one(drifted));
}

/** All is well again: in the end the table has what the file has, and what others made. */
function recover(monitor: PureMonitor, file: number, admin: AdminLog): void {
  for (const { service, server } of [
    ...monitor.state.remembered,
    ...adminStates(monitor.state.services),
  ])
    monitor.setAdmin(service, server, undefined);
  admin.clear();
  // what was tolerated ends with a reload
  monitor.write();
  monitor.takeFile(fileAt(file));
  for (let round = 0; round < 3; round++) {
    monitor.now += 60_000;
    for (const { key, servers } of monitor.state.services)
      for (const server of servers)
        for (const check of server.checks)
          monitor.onResult(key, server.key, check.key, { outcome: 'pass', latencyMs: 1 });
    monitor.write();
  }
  monitor.now += 60_000;
  must(monitor.write(), 'the last write is whole');
  expectWritten(monitor);
  const { services, orphans } = monitor.state;
  const keys = [...services.map(({ key }) => key), OTHERS].sort();
  must(
    [...monitor.table.keys()].sort().join() === keys.join(),
    'orphans end',
    [...monitor.table.keys()],
    keys,
  );
  must(orphans.services.size === 0 && orphans.servers.size === 0, 'no orphans are left');
  for (const { key, spec } of services) {
    const weights = (list: typeof spec.destinations) =>
      list
        .map((one) => `${serverKey(one)}=${one.weight}`)
        .sort()
        .join();
    const own = monitor.table.get(key)?.destinations.filter((one) => serverKey(one) !== UNMANAGED);
    must(
      weights(own ?? []) === weights(spec.destinations),
      'the table is the file',
      weights(own ?? []),
    );
  }
}

/** The history without the acts that the failure does not need. */
function shrunk(history: History): History {
  for (let i = history.acts.length - 1; i >= 0; i--) {
    const less = { ...history, acts: history.acts.toSpliced(i, 1) };
    if (failureOf(less) !== undefined) return shrunk(less);
  }
  return history;
}
function failureOf(history: History): string | undefined {
  try {
    play(history);
    return undefined;
  } catch (error) {
    return error instanceof Error
      ? (error.stack ?? '').split('\n').slice(0, 3).join('\n')
      : String(error);
  }
}

describe('random histories of the state alone', () => {
  test(`all laws hold in ${RUNS} of them`, () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
      if (failureOf(historyOf(seed)) === undefined) continue;
      const history = shrunk(historyOf(seed));
      expect.fail(`seed ${seed}: ${failureOf(history)}\n${JSON.stringify(history)}`);
    }
  }, 600_000);
});
