// Small parts of the monitor's process: the end of administrative states, the socket, the hook, the
// log, the file and what it needs, lines of events.
import { describe, expect, test } from 'vitest';
import { ALONE } from '../../../src/lvsctl/config/context.js';
import { createLatencies } from '../../../src/lvsctl/monitor/checks/latencies.js';
import { createApi } from '../../../src/lvsctl/monitor/process/api.js';
import { loadConfig } from '../../../src/lvsctl/monitor/process/config.js';
import { createHooks } from '../../../src/lvsctl/monitor/process/hooks.js';
import { listen } from '../../../src/lvsctl/monitor/process/listen.js';
import { createLog, type LogSettings } from '../../../src/lvsctl/monitor/process/log.js';
import { nextSignals } from '../../../src/lvsctl/monitor/process/signals.js';
import type { Runtime, Signal } from '../../../src/lvsctl/monitor/runtime.js';
import { type MonitorEvent, renderEvent } from '../../../src/lvsctl/monitor/state/events.js';
import { createExpiry } from '../../../src/lvsctl/monitor/state/expiry.js';
import type { AdminState, RememberedServer } from '../../../src/lvsctl/monitor/state/state.js';
import { PASSES, simulatedRuntime } from '../../support/simulated.js';
import { FILE, stage } from '../../support/stage.js';

const simulated = () => simulatedRuntime({ probe: () => ({ outcome: PASSES, tookMs: 1 }) });

describe('the end of administrative states', () => {
  const state = (server: string, second: number | undefined): RememberedServer => ({
    ...{ service: 's', name: 'n', server },
    admin: {
      until:
        second === undefined
          ? undefined
          : new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
    } as AdminState,
  });
  /** @param failing times that enabling fails */
  function expiry(states: readonly RememberedServer[], failing = 0) {
    const { clock, pass, pending } = simulated();
    let left = states;
    let failures = failing;
    const done: string[] = [];
    const at = () => clock.now() / 1000;
    const one = createExpiry(
      clock,
      () => left,
      (over) => {
        if (failures-- > 0) throw new Error('full');
        const names = over.map(({ service, server }) => `${service} ${server}`);
        done.push(`${at()}: ${names.join(', ')}`);
        left = left.filter(({ server }) => !over.some((each) => each.server === server));
        one.arm();
      },
      (error) => done.push(`${at()}: ${(error as Error).message}`),
    );
    return { one, done, pass, pending };
  }
  test.each<readonly [string, readonly RememberedServer[], readonly string[]]>([
    ['none', [], []],
    ['without an end', [state('a', undefined)], []],
    ['one', [state('a', 5)], ['5: s a']],
    ['beside one without an end', [state('a', undefined), state('b', 5)], ['5: s b']],
    ['two at once', [state('a', 5), state('b', 5)], ['5: s a, s b']],
    ['two, the later one first', [state('a', 9), state('b', 5)], ['5: s b', '9: s a']],
    ['over already', [state('a', 0), state('b', 0)], ['0: s a, s b']],
  ])('%s', async (_, states, expected) => {
    const { one, done, pass, pending } = expiry(states);
    one.arm();
    await pass(20_000);
    expect([done, pending()]).toEqual([expected, 0]);
  });

  test('what cannot be kept is tried again after five seconds', async () => {
    const { one, done, pass } = expiry([state('a', 5)], 2);
    one.arm();
    await pass(60_000);
    expect(done).toEqual(['5: full', '10: full', '15: s a']);
  });

  test('armed twice it waits once, and not after its end', async () => {
    const { one, done, pass, pending } = expiry([state('a', 5)]);
    one.arm();
    one.arm();
    expect(pending()).toBe(1);
    one.end();
    expect(pending()).toBe(0);
    await pass(20_000);
    expect(done).toEqual([]);
  });

  test('a timer that comes too early waits on', async () => {
    const { clock, pass } = simulated();
    const done: string[] = [];
    // as a timer that cannot wait longer than four seconds
    const short = {
      ...clock,
      after: (ms: number, work: () => void) => clock.after(Math.min(ms, 4000), work),
    };
    const states = [state('a', 9)];
    createExpiry(
      short,
      () => states,
      (over) => void done.push(`${clock.now()}: ${over.map(({ server }) => server).join()}`),
      () => {},
    ).arm();
    await pass(9000);
    expect(done).toEqual(['9000: a']);
  });
});

describe('the socket', () => {
  const serving = (serve: Runtime['serve']) => {
    const events: MonitorEvent[] = [];
    const handle = createApi(() => undefined);
    return { events, done: listen('/run/s', { serve }, handle, (event) => events.push(event)) };
  };
  const failing = (more: object) =>
    serving(async () => {
      throw Object.assign(new Error('in use'), more);
    }).done.catch(({ code, message, hint }) => ({ code, message, hint }));

  test('of another monitor', async () => {
    const hint = 'ask it with `lvsctl monitor status`';
    expect(await failing({ code: 'EADDRINUSE' })).toEqual({
      code: 'MONITOR_RUNNING',
      message: 'in use',
      hint,
    });
    expect(await failing({ code: 'EADDRINUSE', pid: 7 })).toEqual({
      code: 'MONITOR_RUNNING',
      message: 'a monitor is already running here (pid 7), at /run/s',
      hint,
    });
  });
  test('that this user may not make', async () => {
    expect(await failing({ code: 'EACCES', syscall: 'listen' })).toEqual({
      code: 'SYSTEM',
      message: '/run/s: Permission denied (--socket)',
      hint: 'run it as root; without root give places of your own: --socket PATH --state FILE',
    });
  });
  test('another system error has its path, any other its text', async () => {
    const error = await serving(async () => {
      throw Object.assign(new Error('x'), { code: 'ENOSPC', syscall: 'bind' });
    }).done.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ENOSPC', path: '/run/s' });
    expect(await failing({})).toEqual({ code: 'SYSTEM', message: 'in use', hint: undefined });
  });
  test('that was removed is reported', async () => {
    let report: Parameters<Runtime['serve']>[2] = () => {};
    const { events, done } = serving(async (_, __, take) => {
      report = take;
      return { close: () => {} };
    });
    await done;
    report({ rebound: true });
    report({ problem: 'Read-only file system' });
    expect(events).toEqual([
      { event: 'recovered', reason: 'the socket /run/s was removed; it is bound again' },
      { event: 'error', reason: 'the socket was removed: Read-only file system' },
    ]);
  });
});

test('a monitor that is only starting says so, of a resource that there is', async () => {
  const api = createApi(() => undefined);
  const of = async (method: string, url: string) => {
    const { status, body } = await api({ method, url, body: '' });
    return `${status} ${JSON.parse(body).error.message}`;
  };
  expect(await of('GET', '/v1/status')).toBe('503 the monitor is only starting');
  expect(await of('GET', '/v1/status?x=1?y')).toBe('503 the monitor is only starting');
  expect(await of('GET', '/v2')).toBe('404 /v2: no such resource');
  expect(await of('POST', '/v1/status')).toBe('405 POST /v1/status: use GET');
});

describe('the hook', () => {
  function hooks(settings: Parameters<typeof createHooks>[0], result?: string) {
    const ran: unknown[] = [];
    const reported: string[] = [];
    const { clock } = simulated();
    const one = createHooks(
      settings,
      {
        clock,
        run: async (...args) => {
          ran.push(args);
          return result;
        },
      },
      (reason) => reported.push(reason),
    );
    return { one, ran, reported };
  }
  const down: MonitorEvent = {
    ...{ event: 'down', service: 'web', server: '10.0.0.1:80', check: 'tcp', reason: 'a\0b\0c' },
  };
  test('what it gets, for thirty seconds and as its user', async () => {
    const { one, ran, reported } = hooks(() => ({ hook: ['/bin/page', '-x'], hook_user: 'lvs' }));
    one.run(down);
    one.run({ event: 'announced', vip: '192.0.2.1' });
    await one.done();
    const environment = (more: object) => ({
      ...{ LVS_TIME: '2026-01-01T00:00:00.000Z', LVS_SERVICE: '', LVS_SERVER: '', LVS_VIP: '' },
      ...{ LVS_CHECK: '', LVS_REASON: '', ...more },
    });
    expect(ran).toEqual([
      [
        ['/bin/page', '-x'],
        environment({
          LVS_EVENT: 'down',
          LVS_SERVICE: 'web',
          LVS_SERVER: '10.0.0.1:80',
          LVS_CHECK: 'tcp',
          LVS_REASON: 'a b c',
        }),
        30_000,
        'lvs',
      ],
      [
        ['/bin/page', '-x'],
        environment({ LVS_EVENT: 'announced', LVS_VIP: '192.0.2.1' }),
        30_000,
        'lvs',
      ],
    ]);
    expect(reported).toEqual([]);
  });
  test('is run for some events alone, and not without one', async () => {
    const { one, ran } = hooks(() => ({ hook: ['/bin/page'] }));
    for (const event of ['started', 'reloaded', 'error', 'recovered'] as const) one.run({ event });
    await one.done();
    const none = hooks(() => ({ hook: undefined }));
    none.one.run(down);
    await none.one.done();
    expect([ran, none.ran, none.reported]).toEqual([[], [], []]);
  });
  test('what fails is reported', async () => {
    const { one, reported } = hooks(() => ({ hook: ['/bin/page'] }), 'status 1');
    one.run(down);
    await new Promise((resolve) => setImmediate(resolve));
    await one.done();
    expect(reported).toEqual(['hook /bin/page: status 1']);
  });
});

describe('the log', () => {
  function logging(settings: () => LogSettings, appendText: Runtime['appendText'] = () => {}) {
    let stderr = '';
    const appended: string[] = [];
    const added: string[] = [];
    let lost: (lines: number) => string = () => '';
    const one = createLog(
      settings,
      {
        ...simulated(),
        appendText(path, text) {
          appendText(path, text);
          appended.push(`${path}: ${text}`);
        },
        createLogOutput(line) {
          lost = line;
          return {
            write(text) {
              stderr += text;
            },
          };
        },
      },
      ({ event }) => added.push(event),
    );
    return { one, appended, added, stderr: () => stderr, lost: (lines: number) => lost(lines) };
  }
  const of =
    (file: string | undefined, format: 'text' | 'json' = 'text') =>
    (): LogSettings => ({
      hook: undefined,
      log: { format, file },
    });
  const LINE = '2026-01-01T00:00:00.000Z web up\n';
  const up: MonitorEvent = { event: 'up', service: 'web' };

  test('on stderr, in its file, for those that follow', () => {
    const one = logging(of('/var/log/lvs'));
    one.one.emit(up);
    expect([one.stderr(), one.appended, one.added]).toEqual([
      LINE,
      [`/var/log/lvs: ${LINE}`],
      ['up'],
    ]);
  });
  test('without a file', () => {
    const one = logging(of(undefined));
    one.one.emit(up);
    expect([one.stderr(), one.appended]).toEqual([LINE, []]);
  });
  test('each reason why the file cannot be written once, and again after it could be', () => {
    let failure: string | undefined;
    const one = logging(of('f'), () => {
      if (failure !== undefined) throw new Error(failure);
    });
    const lines = (next: string | undefined) => {
      failure = next;
      one.one.emit(up);
      return one
        .stderr()
        .split('\n')
        .filter((line) => line.includes('log file')).length;
    };
    expect(['full', 'full', 'gone', undefined, 'gone'].map(lines)).toEqual([1, 1, 2, 2, 3]);
    expect(one.stderr()).toContain('2026-01-01T00:00:00.000Z error: log file: full\n');
  });
  test('lines that were lost', () => {
    const { lost } = logging(of(undefined));
    expect(lost(1)).toBe(
      '2026-01-01T00:00:00.000Z error: stderr could not be written: 1 line lost\n',
    );
    expect(lost(2)).toContain('2 lines lost\n');
    expect(JSON.parse(logging(of(undefined, 'json')).lost(3))).toEqual({
      time: '2026-01-01T00:00:00.000Z',
      event: 'error',
      reason: 'stderr could not be written: 3 lines lost',
    });
  });
});

// biome-ignore format: a table
test.each<readonly [MonitorEvent, string]>([
  [{ event: 'started' }, 'started'],
  [{ event: 'started', reason: '' }, 'started'],
  [{ event: 'started', reason: 'f.yaml' }, 'started: f.yaml'],
  [{ event: 'up', service: 'web', server: 's' }, 'web s up'],
  [{ event: 'down', service: 'web', server: 's', check: 'tcp', reason: 'refused' }, 'web s down: tcp: refused'],
  [{ event: 'down', service: 'web', server: 's', check: 'tcp', reason: '' }, 'web s down: tcp'],
  [{ event: 'down', service: 'web', server: 's', check: '', reason: 'refused' }, 'web s down: refused'],
  [{ event: 'drift', service: 'web', reason: 'edited', outcome: 'ignored' }, 'web drift: edited; ignored'],
  [{ event: 'announced', vip: '192.0.2.1' }, '192.0.2.1 announced'],
  [{ event: 'service-up', service: 'web', vip: '192.0.2.1' }, 'web service-up'],
])('%j is the line %j', (event, line) => {
  expect(renderEvent(event, new Date(0), 'text')).toBe(`1970-01-01T00:00:00.000Z ${line}\n`);
});

describe('what this machine lacks for a file', () => {
  const loaded = (text: string, more: Partial<Runtime> = {}) => {
    const runtime = { ...simulated(), ...more };
    try {
      loadConfig('web.yaml', { ...ALONE, readText: () => text }, runtime);
      return undefined;
    } catch (error) {
      const { code, message } = error as Error & { code: string };
      return `${code} ${message}`;
    }
  };
  const EXEC = FILE.replace('{kind: tcp,', '{kind: exec, command: [/bin/check],');
  const OF_SERVER = FILE.replace(
    'weight: 3}',
    'weight: 3, checks: [{kind: exec, command: [/bin/one]}]}',
  );
  const USER = FILE.replace('monitor:', 'monitor:\n  hook_user: nobody');
  const cannot = (program: string) => (path: string) => path !== program;
  // biome-ignore format: a table
  test.each<readonly [string, string, Partial<Runtime>, string | undefined]>([
    ['nothing', FILE, {}, undefined],
    ['the hook', FILE, { isExecutable: cannot('/usr/local/bin/page') }, 'WRONG_MACHINE web.yaml: monitor.hook: /usr/local/bin/page cannot be run'],
    ['nothing without a hook', FILE.replace(/ {2}hook: .*\n/, ''), { isExecutable: () => false }, undefined],
    ['its user', USER, { userError: (user) => `${user}: no such user` }, 'WRONG_MACHINE web.yaml: monitor.hook_user: nobody: no such user'],
    ['no user where none is named', FILE, { userError: () => 'no such user' }, undefined],
    ['the program of a check', EXEC, { isExecutable: cannot('/bin/check') }, expect.stringMatching(/^WRONG_MACHINE web\.yaml: service web: check exec: \/bin\/check/)],
    ['that of one server', OF_SERVER, { isExecutable: cannot('/bin/one') }, expect.stringMatching(/^WRONG_MACHINE web\.yaml: service web: check exec: \/bin\/one/)],
  ])('%s', (_, text, more, expected) => {
    expect(loaded(text, more)).toEqual(expected);
  });

  test('ports for checks of the VIP', () => {
    const servers = Array.from({ length: 800 }, (_, i) => `{address: 10.0.${i >> 8}.${i & 255}}`);
    const many = FILE.replace(/servers: \[.*\]/, `servers: [${servers.join(', ')}]`)
      .replace('mode: nat', 'mode: dr')
      .replace('{kind: tcp,', '{kind: tcp, target: vip,')
      .replace('monitor:', 'monitor:\n  check_netns: c');
    expect(loaded(many)).toBe(
      'WRONG_MACHINE web.yaml: checks of the VIP: at most 711 servers have ports',
    );
  });
});

test('the latest time of each job is that of all checks that share it', () => {
  const id = (server: string) => ({ service: 's', server, check: 'tcp' });
  const checks = new Map([
    ['one', [id('a'), id('b')]],
    ['two', [id('c')]],
  ]);
  const latencies = createLatencies();
  const shown = (of: typeof checks) =>
    [...latencies.byCheck(of)].map(([name, ms]) => `${name} ${ms}`);
  latencies.set('one', 5);
  latencies.set('one', 7);
  latencies.set('two', 3);
  latencies.set('of another file', 9);
  expect(shown(checks)).toEqual(['s a tcp 7', 's b tcp 7', 's c tcp 3']);
  latencies.keepOnly(new Map([['two', [id('c')]]]));
  expect(shown(checks)).toEqual(['s c tcp 3']);
});

test('signals come one after the other, none is lost', async () => {
  let send: (signal: Signal) => void = () => {};
  let ended = 0;
  const runtime = {
    ...simulated(),
    onSignal(handle: (signal: Signal) => void) {
      send = handle;
      return () => void ended++;
    },
  };
  const signals = nextSignals(runtime);
  send('SIGHUP');
  send('SIGINT');
  expect([await signals.next(), await signals.next()]).toEqual(['SIGHUP', 'SIGINT']);
  const third = signals.next();
  send('SIGTERM');
  expect(await third).toBe('SIGTERM');
  signals.end();
  expect(ended).toBe(1);
});

describe('how a monitor ends', () => {
  const ended = async (options: Parameters<typeof stage>[0]) => {
    const one = stage(options);
    void one.run();
    await one.pass(5000);
    one.signal('SIGTERM');
    await one.pass(10);
    return [one.log().at(-1), Object.keys(await one.weights()).length];
  };
  test.each([
    ['leave', 'stopped: the rules stay', 2],
    ['remove', 'stopped: the services were removed', 0],
  ] as const)('%s', async (onExit, line, count) => {
    expect(await ended({ onExit } as Parameters<typeof stage>[0])).toEqual([line, count]);
  });
});
