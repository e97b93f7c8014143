// What `lvsctl serve` answers, from the table, from /proc, and with a monitor; without sockets.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import type { Status } from '../../../src/lvsctl/monitor/status.js';
import type { WebRequest } from '../../../src/lvsctl/serve/machine.js';
import { parseLabel } from '../../../src/lvsctl/serve/settings.js';
import type { World } from '../../../src/lvsctl/world.js';
import { IpvsError } from '../../../src/model/errors.js';
import { answer } from '../../support/inprocess.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';
import { parseOpenMetrics } from '../../support/openmetrics.js';
import {
  hastyRuntime,
  PASSES,
  type SimulatedRuntime,
  simulatedRuntime,
} from '../../support/simulated.js';
import { type FakeWeb, fakeWeb } from '../../support/web.js';

const RULES = `-A -t 192.0.2.1:80 -s wrr
-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3 -x 100
-a -t 192.0.2.1:80 -r 10.0.0.2:8080 -m -w 0
-A -t [2001:db8::1]:443 -s mh -b mh-port -p 300
-a -t [2001:db8::1]:443 -r [2001:db8::2]:443 -g
-A -f 7 -s rr
-a -f 7 -r 10.0.0.3 -g
`;
const PROC_TABLE = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
FWM  00000007 rr
  -> 0A000001:0050      Route   3      7          2
FWM  00000007 rr
  -> [2001:0db8:0000:0000:0000:0000:0000:0002]:0050      Route   1      0          0
`;

/** A monitor that keeps two services, one of which is not in the table. */
function statusOf(): Status {
  const server = (key: string, state: 'up' | 'down', weight: number | null) => ({
    ...{ server: key, name: null, state, since: '2026-01-01T00:00:00.000Z', reason: null },
    ...{
      by: null,
      until: null,
      held_until: null,
      last_error: state === 'down' ? 'http /: refused' : null,
    },
    ...{ latency_ms: 2.5, weight: 3, weight_desired: weight, weight_actual: weight },
    ...{ active: 0, inactive: 0, persistent: 0 },
    checks: [
      { check: 'tcp', up: true, streak: 0, error: null },
      { check: 'tcp', up: state === 'up', streak: 0, error: null },
    ],
  });
  const base = { standby: false, weight_up: 3, quorum: 1, hysteresis: 0, unmanaged: [] };
  return {
    ...{ version: 1, file: '/etc/lvs.yaml', pid: 7, started: '2026-01-01T00:00:00.000Z' },
    ...{ templates_expire: false, error: null },
    services: [
      {
        ...{ ...base, name: 'web', service: 'tcp 192.0.2.1:80', up: true },
        servers: [server('10.0.0.1:8080', 'up', 3), server('10.0.0.9:8080', 'down', null)],
        sorry: { server: '10.0.0.2:8080', desired: false, actual: true },
      },
      {
        ...{ ...base, name: 'lost', service: 'udp 192.0.2.1:53', up: false, sorry: null },
        servers: [server('10.0.0.8:53', 'down', null)],
      },
    ],
  };
}

interface Stage {
  readonly web: FakeWeb;
  readonly runtime: SimulatedRuntime;
  readonly signal: (name: 'SIGHUP' | 'SIGTERM') => void;
  readonly ended: Promise<{ status: number; stderr: string }>;
  get(url: string, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
  post(url: string, body: object, headers?: Record<string, string>): ReturnType<Stage['get']>;
  readonly asked: { url: string; body: unknown }[];
}

let backend: MemoryBackend;
beforeEach(async () => {
  backend = new MemoryBackend();
  expect((await answer('ipvsadm', ['-R'], { backend, stdin: RULES })).stderr).toBe('');
});

const stages: Stage[] = [];
/** Starts it, and lets the first reading happen. */
async function serve(
  args: readonly string[] = [],
  { monitor, world = {} }: { monitor?: Status; world?: Partial<World> } = {},
): Promise<Stage> {
  const web = fakeWeb();
  const base = simulatedRuntime({ probe: () => ({ outcome: PASSES, tookMs: 1 }) });
  let handle: (signal: 'SIGHUP' | 'SIGTERM') => void = () => {};
  const asked: Stage['asked'] = [];
  const absent = Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall: 'connect' });
  const runtime: SimulatedRuntime = {
    ...base,
    onSignal(take) {
      handle = take;
      return () => {};
    },
    async ask(_, { url, body }) {
      if (!monitor) throw absent;
      if (body !== undefined) asked.push({ url, body: JSON.parse(body) });
      const done = { servers: [], error: null };
      return { status: 200, body: JSON.stringify(body === undefined ? monitor : done) };
    },
    follow: () => ({ answer: Promise.reject(absent), end: () => {} }),
    readFile: (path) =>
      ({
        token: { text: 'sesame-open-sesame\n', mode: 0o600, uid: 0 },
        open: { text: 'sesame-open-sesame\n', mode: 0o644, uid: 0 },
        short: { text: 'sesame\n', mode: 0o600, uid: 0 },
      })[path],
  };
  const ended = lvsctl(
    ['serve', ...args],
    {},
    {
      ...{ web: async () => web, runtime: async () => runtime },
      ...{ machine: fakeMachine({}, {}, backend), openLastingBackend: async () => backend },
      ...world,
    },
  );
  await Promise.race([web.listening, ended]);
  await runtime.pass(0);
  const text = async (request: Partial<WebRequest>) => {
    const { status, body } = await web.ask(request);
    return { status, text: String(body) };
  };
  const host = { host: 'localhost' };
  const stage: Stage = {
    ...{ web, runtime, ended, asked, signal: (name) => handle(name) },
    get: (url, headers = {}) => text({ url, headers: { ...host, ...headers } }),
    post: (url, body, headers = {}) => {
      const type = {
        'content-type': 'application/json',
        authorization: 'Bearer sesame-open-sesame',
      };
      const all = { ...host, ...type, ...headers };
      return text({ method: 'POST', url, headers: all, body: JSON.stringify(body) });
    },
  };
  stages.push(stage);
  return stage;
}

const schema = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../share/schema/${name}`, import.meta.url), 'utf8'));
const ajv = new Ajv2020();
const fits = {
  watch: ajv.compile(schema('watch-1.json')),
  show: ajv.compile(schema('show-1.json')),
  serve: ajv.compile(schema('serve-1.json')),
};

describe('JSON', () => {
  test.each(['root', 'without root', 'a monitor'])(
    'the watch document fits its schema: %s',
    async (how) => {
      const machine = {
        ...fakeMachine({ '/proc/net/ip_vs': PROC_TABLE }),
        hasKernelRules: true,
      };
      const denied = async () => {
        throw new IpvsError('info', 'EPERM');
      };
      const world = how === 'without root' ? { machine, openLastingBackend: denied } : {};
      const { get } = await serve([], {
        world,
        ...(how === 'a monitor' ? { monitor: statusOf() } : {}),
      });
      const { text } = await get('/api/v1/watch');
      fits.watch(JSON.parse(text));
      expect(fits.watch.errors).toBe(null);
    },
  );

  test.each(['services', 'stats', 'timeouts', 'daemons', 'all'])(
    '%s is what `show` prints',
    async (name) => {
      const { get } = await serve();
      const { status, text } = await get(`/api/v1/${name}`);
      const parsed = JSON.parse(text);
      fits.show(parsed);
      expect({ status, errors: fits.show.errors }).toEqual({ status: 200, errors: null });
      const shown = await lvsctl(
        ['show', name, '--json'],
        {},
        { machine: fakeMachine({}, {}, backend) },
      );
      expect(parsed).toEqual(JSON.parse(shown.stdout));
    },
  );

  test.each(['about', 'history', 'events', 'nosuch'])('%s fits its schema', async (name) => {
    const { get, runtime } = await serve();
    await runtime.pass(6000);
    fits.serve(JSON.parse((await get(`/api/v1/${name}`)).text));
    expect(fits.serve.errors).toBe(null);
  });

  test('rates are waited for', async () => {
    const { get, runtime } = await serve();
    const rates = get('/api/v1/rates');
    await runtime.pass(4000);
    const parsed = JSON.parse((await rates).text);
    fits.show(parsed);
    expect(fits.show.errors).toBe(null);
    expect(parsed).toMatchObject({
      interval_seconds: 4,
      services: [{ rates: { connections: 0 } }, {}, {}],
    });
  });

  test('servers of the monitor are there, also those that are not in the table', async () => {
    const { get } = await serve([], { monitor: statusOf() });
    const { services, monitor } = JSON.parse((await get('/api/v1/watch')).text);
    expect(monitor).toMatchObject({ file: '/etc/lvs.yaml', pid: 7 });
    const web = services.find(({ name }: { name: string }) => name === 'web');
    expect(
      web.servers.map((one: object) => [
        ...['server', 'state', 'weight', 'sorry', 'last_error'].map((key) => one[key as never]),
      ]),
    ).toEqual([
      ['10.0.0.1:8080', 'up', 3, false, null],
      ['10.0.0.9:8080', 'down', null, false, 'http /: refused'],
      ['10.0.0.2:8080', null, 0, true, null],
    ]);
    const lost = services.find(({ name }: { name: string }) => name === 'lost');
    expect(lost).toMatchObject({
      in_table: false,
      up: false,
      servers: [{ address: '10.0.0.8', port: 53 }],
    });
  });

  test('counters that stand still are named', async () => {
    const frozen = async (value: string) => {
      const files = { '/proc/sys/net/ipv4/vs/run_estimation': value };
      const machine = { ...fakeMachine(files, {}, backend), hasKernelRules: true };
      const { get } = await serve([], { world: { machine } });
      return JSON.parse((await get('/api/v1/watch')).text).frozen;
    };
    expect([await frozen('0\n'), await frozen('1\n')]).toEqual([true, false]);
  });

  test('without root, a mark of both families is two services', async () => {
    const machine = { ...fakeMachine({ '/proc/net/ip_vs': PROC_TABLE }), hasKernelRules: true };
    const openLastingBackend = async () => {
      throw new IpvsError('info', 'EPERM');
    };
    const { get } = await serve([], { world: { machine, openLastingBackend } });
    const { services } = JSON.parse((await get('/api/v1/watch')).text);
    expect(services.map(({ service }: { service: string }) => service)).toEqual([
      'fwmark 7',
      'fwmark 7 (2)',
    ]);
  });
});

test('a module that cannot be loaded is tried once, and again when it is there', async () => {
  let tries = 0;
  let isLoaded = false;
  const machine = {
    ...fakeMachine({}, {}, backend),
    hasKernelRules: true,
    list: (path: string) => (isLoaded && path === '/sys/module/ip_vs' ? ['refcnt'] : []),
  };
  const openLastingBackend = async () => {
    tries++;
    if (isLoaded) return backend;
    throw new IpvsError('info', 'ENOPROTOOPT');
  };
  const { get, runtime } = await serve([], { world: { machine, openLastingBackend } });
  for (let i = 0; i < 3; i++) {
    expect((await get('/healthz')).status).toBe(503);
    await runtime.pass(2000);
  }
  expect(tries).toBe(1);
  isLoaded = true;
  await runtime.pass(2000);
  expect((await get('/healthz')).status).toBe(200);
});

describe('metrics', () => {
  test('of table and monitor', async () => {
    const { get } = await serve([], { monitor: statusOf() });
    const { text } = await get('/metrics');
    const lines = new Set(text.split('\n'));
    for (const line of [
      'lvs_up 1',
      'lvs_monitor_up 1',
      'lvs_connection_table_size 4096',
      'lvs_service_up{service="tcp 192.0.2.1:80"} 1',
      'lvs_service_up{service="udp 192.0.2.1:53"} 0',
      'lvs_service_sorry_active{service="tcp 192.0.2.1:80"} 1',
      'lvs_server_weight{service="tcp 192.0.2.1:80",server="10.0.0.1:8080"} 3',
      'lvs_server_weight{service="fwmark 7 ipv4",server="10.0.0.3:0"} 1',
      'lvs_server_state{service="tcp 192.0.2.1:80",server="10.0.0.9:8080",state="down"} 1',
      'lvs_server_state{service="tcp 192.0.2.1:80",server="10.0.0.9:8080",state="up"} 0',
      'lvs_server_check_up{service="tcp 192.0.2.1:80",server="10.0.0.9:8080",check="tcp"} 0',
      'lvs_server_check_duration_seconds{service="tcp 192.0.2.1:80",server="10.0.0.1:8080"} 0.0025',
      'lvs_server_last_change_timestamp_seconds{service="tcp 192.0.2.1:80",server="10.0.0.1:8080"} 1767225600',
      'lvs_service_info{service="tcp [2001:db8::1]:443",name="",protocol="tcp",address="2001:db8::1",port="443",mark="",scheduler="mh"} 1',
    ])
      expect(lines).toContain(line);
    expect(text).not.toMatch(/lvs_server_weight\{[^}]*10\.0\.0\.9/);
    // no series twice
    const series = [...lines].filter((line) => line !== '' && !line.startsWith('#'));
    const names = series.map((line) => line.replace(/ \S+$/, ''));
    expect(new Set(names).size).toBe(names.length);
  });

  test('a table that cannot be read is an answer, not an error', async () => {
    const openLastingBackend = async () => {
      throw new IpvsError('info', 'ENOENT');
    };
    const { get } = await serve([], { world: { openLastingBackend } });
    expect((await get('/metrics')).text).toContain('\nlvs_up 0\n');
    expect(await get('/healthz')).toMatchObject({ status: 503 });
    expect(await get('/api/v1/services')).toMatchObject({ status: 503 });
  });

  test('the names of node_exporter on request alone', async () => {
    expect((await (await serve()).get('/metrics')).text).not.toContain('node_ipvs');
    const { text } = await (await serve(['--node-exporter-names'])).get('/metrics');
    expect(text).toContain(
      'node_ipvs_backend_weight{local_address="192.0.2.1",local_mark="",local_port="80",proto="TCP",remote_address="10.0.0.1",remote_port="8080"} 3\n',
    );
    expect(text).toContain(
      'node_ipvs_backend_weight{local_address="",local_mark="00000007",local_port="0",proto="FWM",remote_address="10.0.0.3",remote_port="0"} 1\n',
    );
  });

  test('--once prints them', async () => {
    const { status, stdout } = await lvsctl(
      ['serve', '--once'],
      {},
      { machine: fakeMachine({}, {}, backend) },
    );
    expect(status).toBe(0);
    expect(stdout).toContain('lvs_up 1\n');
    expect(stdout).not.toContain('state_changes');
  });

  test('however many ask within a second, a text is made once', async () => {
    const { web } = await serve();
    const all = await Promise.all(Array.from({ length: 5 }, () => web.ask({ url: '/metrics' })));
    expect(new Set(all.map(({ body }) => body)).size).toBe(1);
  });
});

test('CSV: a row for each service and server, cells quoted, no formulas', async () => {
  const monitor = statusOf();
  const evil = {
    ...monitor,
    services: monitor.services.map((one) => ({ ...one, name: '=1,"2"' })),
  };
  const { get } = await serve([], { monitor: evil });
  const rows = (await get('/stats.csv')).text.split('\r\n');
  expect(rows.length).toBe(1 + 4 + 6 + 1);
  expect(rows[0]).toMatch(/^service,service_name,server,server_name,scheduler,mode,state,/);
  expect(rows.find((row) => row.startsWith('tcp 192.0.2.1:80,'))).toContain(',"\'=1,""2""",');
});

describe('requests that are refused', () => {
  test.each([
    ['GET', '/nosuch', 404],
    ['GET', '/../../etc/passwd', 404],
    ['GET', '/%2e%2e/%2e%2e/etc/passwd', 404],
    ['GET', '//etc/passwd', 404],
    ['GET', '/api/v1/', 404],
    ['GET', '/metrics/', 404],
    ['GET', 'http://evil.example/metrics', 404],
    ['POST', '/metrics', 405],
    ['PUT', '/api/v1/servers/drain', 405],
    ['GET', '/api/v1/servers/drain', 405],
    ['OPTIONS', '/metrics', 405],
    ['TRACE', '/', 405],
  ])('%s %s', async (method, url, status) => {
    const { web } = await serve();
    const { headers, ...found } = await web.ask({ method, url });
    expect(found.status).toBe(status);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
    expect(Object.keys(headers ?? {}).join()).not.toContain('access-control');
  });

  test('another name of this server', async () => {
    const { get } = await serve();
    expect((await get('/metrics', { host: 'evil.example' })).status).toBe(421);
    const named = await serve(['--allow-host', 'Director.example']);
    expect((await named.get('/metrics', { host: 'director.example:9912' })).status).toBe(200);
  });

  test('without the token: all but the page, /healthz and what the page needs to ask for it', async () => {
    const { get } = await serve(['--token-file', 'token']);
    for (const url of ['/', '/healthz', '/api/v1/about']) expect((await get(url)).status).toBe(200);
    for (const url of [
      '/metrics',
      '/stats.csv',
      '/api/v1/watch',
      '/api/v1/stream',
      '/api/v1/nosuch',
    ])
      expect(await get(url)).toMatchObject({ status: 401 });
    const authorization = 'Bearer sesame-open-sesame';
    expect((await get('/metrics', { authorization })).status).toBe(200);
    expect((await get('/metrics?token=sesame-open-sesame')).status).toBe(401);
  });

  test.each([
    [['--allow-admin'], '--allow-admin needs --token-file'],
    [['--token-file', 'open'], 'open: every user may read it'],
    [['--token-file', 'short'], 'short: expected one line of at least 16 letters'],
    [['--token-file', 'nosuch'], 'nosuch: no such file'],
    [['--tls-cert', 'x'], '--tls-cert and --tls-key belong together'],
    [['--listen', 'nowhere'], '127.0.0.1:9912, [::1]:9912, unix:PATH or systemd is needed'],
    [['--listen', '127.0.0.1:99999'], 'is needed'],
    [
      ['--listen', 'unix:/s', '--tls-cert', 'x', '--tls-key', 'y'],
      'a unix socket needs no certificate',
    ],
  ])('%j', async (args, message) => {
    const { ended } = await serve(args);
    expect(await ended).toMatchObject({ status: 2, stderr: expect.stringContaining(message) });
  });
});

describe('changes', () => {
  const drain = { service: 'tcp 192.0.2.1:80', server: '10.0.0.1:8080' };
  const admin = ['--token-file', 'token', '--allow-admin'];
  const weights = async () =>
    (await answer('ipvsadm', ['-Sn'], { backend })).stdout.match(
      /10\.0\.0\.1:8080 -m -w (\d+)/,
    )?.[1];

  test('nothing without --allow-admin', async () => {
    const { post } = await serve(['--token-file', 'token']);
    expect((await post('/api/v1/servers/drain', drain)).status).toBe(403);
    expect(await weights()).toBe('3');
  });

  test.each([
    ['a wrong token', { authorization: 'Bearer sesame-open-sesam' }, 401],
    ['no token', { authorization: '' }, 401],
    ['a form of another site', { 'content-type': 'text/plain' }, 415],
  ])('nothing with %s', async (_, headers, status) => {
    const { post } = await serve(admin);
    expect((await post('/api/v1/servers/drain', drain, headers)).status).toBe(status);
    expect(await weights()).toBe('3');
  });

  test('through the monitor where one is running', async () => {
    const { post, asked } = await serve(admin, { monitor: statusOf() });
    expect((await post('/api/v1/servers/drain', { ...drain, reason: 'disk' })).status).toBe(200);
    expect(asked).toEqual([
      {
        url: '/v1/servers/drain',
        body: { ...drain, reason: 'disk', by: 'lvsctl serve', for_seconds: null },
      },
    ]);
    expect(await weights()).toBe('3');
  });

  test('a weight that the monitor keeps is refused', async () => {
    const { post } = await serve(admin, { monitor: statusOf() });
    const { status, text } = await post('/api/v1/servers/weight', { ...drain, weight: 5 });
    expect({ status, code: JSON.parse(text).error.code }).toEqual({
      status: 409,
      code: 'MONITOR_RUNNING',
    });
    expect(await weights()).toBe('3');
  });

  test('without a monitor: weights, of which drain is one', async () => {
    const { post } = await serve(admin);
    expect((await post('/api/v1/servers/drain', drain)).status).toBe(200);
    expect(await weights()).toBe('0');
    expect((await post('/api/v1/servers/weight', { ...drain, weight: 5 })).status).toBe(200);
    expect(await weights()).toBe('5');
    expect((await post('/api/v1/servers/enable', drain)).status).toBe(503);
  });

  test.each([
    [{ ...drain, weight: 5 }],
    [{ ...drain, service: '' }],
    [{ ...drain, reason: 'a\nb' }],
    [{ ...drain, colour: 'red' }],
    [{ server: '10.0.0.1:8080' }],
    [[]],
  ])('a body that makes no sense: %j', async (body) => {
    const { post } = await serve(admin);
    expect((await post('/api/v1/servers/drain', body)).status).toBe(400);
    expect(await weights()).toBe('3');
  });

  test('a server that is not there', async () => {
    const { post } = await serve(admin);
    const body = { ...drain, server: '10.9.9.9:1', weight: 1 };
    expect((await post('/api/v1/servers/weight', body)).status).toBe(404);
  });
});

test.each([[['serve']], [['top', '--json', '-n', '1']]])('%j closes the table', async (args) => {
  let open = 0;
  const openLastingBackend = async () => {
    open++;
    return Object.assign(new MemoryBackend(), { close: async () => void open-- });
  };
  if (args[0] === 'serve') {
    const { signal, ended, runtime } = await serve([], { world: { openLastingBackend } });
    await runtime.pass(2000);
    expect(open).toBe(1);
    signal('SIGTERM');
    await ended;
  } else await lvsctl(args, {}, { openLastingBackend, runtime: hastyRuntime });
  expect(open).toBe(0);
});

test('SIGHUP reads the token again, SIGTERM ends it', async () => {
  const { signal, ended, web, runtime } = await serve(['--token-file', 'token']);
  signal('SIGHUP');
  await runtime.pass(0);
  signal('SIGTERM');
  const { status, stderr } = await ended;
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr:
      'lvsctl: listening on http://127.0.0.1:9912/\nlvsctl: token and certificate were read again\n',
  });
  expect(web.closed()).toBe(true);
});

test('server-sent events: history, the whole, then what changed', async () => {
  const { web, runtime } = await serve();
  await runtime.pass(6000); // rates are known from now on
  const { stream } = await web.ask({ url: '/api/v1/stream' });
  let text = '';
  const leave = stream?.(
    (piece) => {
      text += Buffer.from(piece as Uint8Array).toString();
    },
    () => {},
    async () => {},
  );
  await runtime.pass(2000);
  await answer('ipvsadm', ['-e', '-f', '7', '-r', '10.0.0.3', '-g', '-w', '9'], { backend });
  await runtime.pass(2000);
  await answer('ipvsadm', ['-D', '-f', '7'], { backend });
  await runtime.pass(2000);
  leave?.();
  await runtime.pass(4000);
  const messages = text
    .trimEnd()
    .split('\n\n')
    .map((one) => one.match(/^event: (\w+)\ndata: (.*)$/))
    .map((found) => [found?.[1], JSON.parse(found?.[2] ?? '')] as const);
  expect(messages.map(([name]) => name)).toEqual([
    'history',
    'watch',
    'change',
    'change',
    'change',
  ]);
  const changed = messages.map(([, data]) =>
    (data.services ?? []).map((one: { service: string }) => one.service),
  );
  expect(changed.slice(3)).toEqual([['fwmark 7 ipv4'], []]);
  expect(messages.slice(3).map(([, { keys }]) => keys)).toEqual([
    null,
    ['tcp [2001:db8::1]:443', 'tcp 192.0.2.1:80'],
  ]);
});

test('the page lets its own script and style run alone', async () => {
  const { web } = await serve();
  const { headers } = await web.ask({ url: '/' });
  const policy = headers?.['content-security-policy'] ?? '';
  expect(policy).toContain(
    "default-src 'none'; script-src 'sha256-digest of 1'; style-src 'sha256-",
  );
  expect(policy).not.toContain('unsafe');
});

describe('metrics', () => {
  test.each([undefined, statusOf()])(
    'are OpenMetrics as its specification has it',
    async (monitor) => {
      const args = ['--node-exporter-names', '--label', 'site=a "1"', '--label', 'rack=\\2'];
      const { get } = await serve(args, monitor ? { monitor } : {});
      const accept = { accept: 'application/openmetrics-text; version=1.0.0' };
      const { text } = await get('/metrics', accept);
      const families = parseOpenMetrics(text);
      expect(families.get('lvs_service_connections')).toMatchObject({ type: 'counter' });
      const samples = [...families.values()].flatMap((one) => one.samples);
      expect(samples.length).toBeGreaterThan(50);
      for (const { labels } of samples)
        expect(labels).toMatchObject({ site: 'a "1"', rack: '\\2' });
      // a label of a metric cannot be given
      const own = new Set(samples.flatMap(({ labels }) => Object.keys(labels)));
      for (const name of own)
        if (!['site', 'rack'].includes(name)) expect(parseLabel(`${name}=1`)).toMatch(/already/);
    },
  );

  test.each([
    ['nothing', 'NAME=VALUE is needed'],
    ['1st=a', 'NAME=VALUE is needed'],
    ['__name__=a', "Prometheus' own"],
    ['server=a', 'metrics have a label server already'],
  ])('--label %s is refused', async (text, message) => {
    const { status, stderr } = await lvsctl(['serve', '--label', text], {});
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('connections', () => {
  const PATH = '/proc/net/ip_vs_conn';
  const line = (i: number) => {
    const hex = (value: number, digits: number) =>
      value.toString(16).toUpperCase().padStart(digits, '0');
    const state = ['ESTABLISHED', 'TIME_WAIT', 'NONE'][i % 3] ?? '';
    const port = state === 'NONE' ? '0000' : hex(1024 + i, 4);
    const client = hex(0xcb007100 + (i % 50), 8);
    return `TCP ${client} ${port} C0000201 0050 0A00000${i % 2} 1F90 ${state.padEnd(11)} ${String(i).padStart(7)}`;
  };
  const proc = (count: number, more = '') =>
    `titles\n${Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('')}${more}`;
  const worldOf = (text: string): Partial<World> => ({
    machine: { ...fakeMachine({}, {}, backend), hasKernelRules: true },
    lines: () => text.split('\n'),
    pieces: () => [Buffer.from(text)],
  });
  /** Reads an answer to its end. */
  async function read({ web }: Stage, query: string) {
    const { status, headers, body, stream } = await web.ask({
      url: `/api/v1/connections${query}`,
    });
    let text = String(body);
    if (stream)
      await new Promise<void>((resolve) => {
        stream(
          (piece) => {
            text += String(piece);
          },
          resolve,
          async () => {},
        );
      });
    return { status, type: headers?.['content-type'], text };
  }

  test.each([
    [''],
    ['?state=ESTABLISHED&limit=5'],
    ['?client=203.0.113.0%2F28&templates=none'],
    ['?server=10.0.0.1:8080&protocol=tcp&sort=client&limit=20'],
    ['?service=tcp 192.0.2.1:80&sort=expires'],
    ['?service=192.0.2.9:80'],
    ['?templates=only'],
  ])('%s: the same lines as `show connections` prints', async (query) => {
    const text = proc(3000);
    const found = await read(await serve([], { world: worldOf(text) }), query);
    expect(found).toMatchObject({ status: 200, type: 'application/x-ndjson' });
    const options = [...new URLSearchParams(query)].flatMap(([name, value]) => [
      `--${name}`,
      value,
    ]);
    if (query.includes('sort') && !query.includes('limit')) options.push('--limit', '1000');
    const shown = await lvsctl(['show', 'connections', '--json', ...options], {}, worldOf(text));
    expect(shown.status).toBe(0);
    expect(found.text).toBe(shown.stdout);
    for (const one of found.text.split('\n').filter(Boolean).slice(0, 5)) {
      fits.show(JSON.parse(one));
      expect(fits.show.errors).toBe(null);
    }
  });

  test('counts are those of `show connections --count`', async () => {
    const text = proc(3000);
    const stage = await serve([], { world: worldOf(text) });
    const found = await read(stage, '?count=client/28&limit=3&state=ESTABLISHED');
    const options = ['--count', 'client/28', '--limit', '3', '--state', 'ESTABLISHED'];
    const shown = await lvsctl(['show', 'connections', '--json', ...options], {}, worldOf(text));
    expect(JSON.parse(found.text)).toEqual(JSON.parse(shown.stdout));
    expect(JSON.parse(found.text).counts).toHaveLength(3);
  });

  test.each([
    ['?colour=red', 'colour: no such parameter; there are client, service,'],
    ['?__proto__=1', '__proto__: no such parameter'],
    ['?limit=0', 'limit=0: a number from 1 on is needed'],
    ['?limit=1&limit=2', 'limit: given more than once'],
    ['?client=nobody', 'client=nobody: an address or a network'],
    ['?count=client/99', 'count=client/99: one of client'],
    ['?sort=expires&limit=10001', 'sort: only with a limit of at most 10000'],
    ['?sort=expires&count=client', 'sort and count exclude each other'],
  ])('%s is refused', async (query, message) => {
    const { status, text } = await read(await serve([], { world: worldOf(proc(3)) }), query);
    expect(status).toBe(400);
    expect(JSON.parse(text).error.message).toContain(message);
  });

  test('what cannot be read to its end says so in the last line', async () => {
    const stage = await serve([], { world: worldOf(proc(700, 'TCP nonsense\n')) });
    const lines = (await read(stage, '')).text.trim().split('\n');
    expect(lines).toHaveLength(701);
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      error: { code: 'SYSTEM', message: `${PATH}: line 702 makes no sense`, hint: null },
    });
  });

  test('a list that cannot be read is an error from the start', async () => {
    const absent = Object.assign(new Error('EACCES'), { code: 'EACCES', path: PATH });
    const world = {
      ...worldOf(''),
      pieces: () => {
        throw absent;
      },
    };
    expect((await read(await serve([], { world }), '')).status).toBe(500);
  });

  test('four lists at once, no more; a client that left makes room and closes the list', async () => {
    let closed = 0;
    function* endless(): Generator<string> {
      try {
        for (let i = 0; ; i++) yield i === 0 ? 'titles' : line(i);
      } finally {
        closed++;
      }
    }
    const { web } = await serve([], { world: { ...worldOf('titles\n'), lines: endless } });
    const ask = () => web.ask({ url: '/api/v1/connections?state=NOSUCH' });
    const leave: (() => void)[] = [];
    const ended: Promise<void>[] = [];
    for (let i = 0; i < 4; i++) {
      const { stream } = await ask();
      ended.push(
        new Promise((resolve) => {
          leave.push(
            stream?.(
              () => {},
              resolve,
              async () => {},
            ) ?? (() => {}),
          );
        }),
      );
    }
    expect(await ask()).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    for (const one of leave) one();
    await Promise.all(ended);
    expect(closed).toBe(4);
    expect((await ask()).status).toBe(200);
  });
});
