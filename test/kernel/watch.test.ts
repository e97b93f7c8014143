// With traffic in the real kernel, `show` and `serve` have the numbers of Debian's ipvsadm, and of
// node_exporter where it is (LVS_NODE_EXPORTER, or Debian's package prometheus-node-exporter).
import { spawn, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareHost, REAL } from './host.js';
import {
  Agent,
  addMachine,
  addSwitch,
  attach,
  inside,
  type Request,
  removeAll,
  repeat,
} from './network.js';

const SWITCH = 'watch-sw';
const DIRECTOR = 'watch-dir';
const CLIENT = 'watch-cl';
const SERVERS = ['watch-rs1', 'watch-rs2'] as const;
const { LVS_NODE_EXPORTER = '/usr/bin/prometheus-node-exporter' } = process.env;
const hasExporter = spawnSync(LVS_NODE_EXPORTER, ['--version']).status === 0;
/** the kernel moves its counters every two seconds */
const MOVED_MS = 4500;

let director: Agent;
beforeAll(async () => {
  prepareHost();
  addSwitch(SWITCH);
  for (const [name, addresses, gateway] of [
    [DIRECTOR, ['10.98.0.1/24', '10.98.1.1/24', '10.98.1.10/24', 'fd00:98::1/64'], undefined],
    [CLIENT, ['10.98.1.2/24', 'fd00:98::2/64'], '10.98.1.1'],
    [SERVERS[0], ['10.98.0.11/24', 'fd00:98::11/64'], '10.98.0.1'],
    [SERVERS[1], ['10.98.0.12/24', 'fd00:98::12/64'], '10.98.0.1'],
  ] as const) {
    addMachine(name);
    attach(name, 'eth0', SWITCH, addresses);
    if (gateway) inside(name, '/sbin/ip', 'route', 'add', 'default', 'via', gateway);
  }
  for (const key of ['ip_forward', 'vs/run_estimation'])
    inside(DIRECTOR, '/bin/sh', '-c', `echo 1 > /proc/sys/net/ipv4/${key} || true`);
  for (const line of [
    '-A -t 10.98.1.10:80 -s wrr',
    '-a -t 10.98.1.10:80 -r 10.98.0.11:8080 -m -w 3',
    '-a -t 10.98.1.10:80 -r 10.98.0.12:8080 -m -w 1',
    '-A -u 10.98.1.10:53 -s rr -o',
    '-a -u 10.98.1.10:53 -r 10.98.0.11 -m',
    '-A -t [fd00:98::1]:443 -s mh',
    '-a -t [fd00:98::1]:443 -r [fd00:98::12]:443 -m -w 7',
    '-A -f 9 -s rr -p 60',
    '-a -f 9 -r 10.98.0.11:8080 -m -w 0',
  ])
    inside(DIRECTOR, REAL, ...line.split(' '));
  director = new Agent(DIRECTOR);
  const client = new Agent(CLIENT);
  for (const name of SERVERS) await new Agent(name).serve([8080, 443]);
  const requests: Request[] = [
    ...repeat(30, ['tcp', '10.98.1.10', 80]),
    ...repeat(12, ['udp', '10.98.1.10', 53]),
  ];
  const answers = await client.ask(requests);
  expect(answers.filter((text) => text.includes('watch-rs')).length).toBeGreaterThan(35);
  await new Promise((resolve) => setTimeout(resolve, MOVED_MS));
});
afterAll(() => removeAll([DIRECTOR, CLIENT, ...SERVERS, SWITCH]));

/** The rows of a listing of the real tool: five numbers by service, and by service and server. */
function listed(...options: string[]): Map<string, number[]> {
  const rows = new Map<string, number[]>();
  let service = '';
  for (const line of inside(DIRECTOR, REAL, '-Ln', '--exact', ...options).split('\n')) {
    const [kind = '', place = '', ...cells] = line.trim().split(/\s+/);
    if (!/^(?:TCP|UDP|FWM|->)$/.test(kind) || place.startsWith('Remote')) continue;
    if (kind !== '->')
      service = kind === 'FWM' ? `fwmark ${place} ipv4` : `${kind.toLowerCase()} ${place}`;
    rows.set(kind === '->' ? `${service} ${place}` : service, cells.map(Number));
  }
  return rows;
}

const KEYS = ['connections', 'in_packets', 'out_packets', 'in_bytes', 'out_bytes'] as const;
interface Counted {
  readonly service: string;
  readonly counters: Record<(typeof KEYS)[number], number>;
  readonly servers: readonly (Counted & {
    readonly server: string;
    readonly weight: number;
    readonly active: number;
    readonly inactive: number;
  })[];
}
const show = async (
  what: string,
): Promise<{ services: readonly Counted[]; total: Counted['counters'] }> =>
  JSON.parse((await director.lvsctl('show', what, '--json')).stdout);

test('show stats: every number is that of ipvsadm --stats --exact', async () => {
  const real = listed('--stats');
  const ours = new Map<string, number[]>();
  for (const { service, counters, servers } of (await show('stats')).services) {
    ours.set(
      service,
      KEYS.map((key) => counters[key]),
    );
    for (const one of servers)
      ours.set(
        `${service} ${one.server}`,
        KEYS.map((key) => one.counters[key]),
      );
  }
  expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(real));
  expect(real.get('tcp 10.98.1.10:80')?.[0]).toBe(30);
  expect(real.get('udp 10.98.1.10:53')?.[1]).toBeGreaterThan(0);
});

test('metrics: every counter, weight and connection is that of ipvsadm', async () => {
  const { stdout } = await director.lvsctl('serve', '--once');
  const metric = (name: string, labels: string) =>
    Number(
      stdout.match(
        new RegExp(`^${name}\\{${labels.replace(/[[\]]/g, '\\$&')}\\} (\\d+)$`, 'm'),
      )?.[1],
    );
  const names = [
    'connections',
    'incoming_packets',
    'outgoing_packets',
    'incoming_bytes',
    'outgoing_bytes',
  ];
  const real = listed('--stats');
  expect(real.size).toBe(9);
  for (const [key, numbers] of real) {
    const [, service = key, server] =
      /^(.*) (\S+:\d+)$/.exec(key.replace(/^(tcp|udp) /, '$1_')) ?? [];
    const labels = `service="${service.replace('_', ' ')}"${server ? `,server="${server}"` : ''}`;
    const kind = server ? 'server' : 'service';
    expect([key, ...names.map((name) => metric(`lvs_${kind}_${name}_total`, labels))]).toEqual([
      key,
      ...numbers,
    ]);
  }
  for (const { service, servers } of (await show('services')).services)
    for (const { server, weight, active, inactive } of servers) {
      const labels = `service="${service}",server="${server}"`;
      expect(metric('lvs_server_weight', labels)).toBe(weight);
      expect(metric('lvs_server_current_connections', `${labels},state="active"`)).toBe(active);
      expect(metric('lvs_server_current_connections', `${labels},state="inactive"`)).toBe(inactive);
      expect([weight, active, inactive]).toEqual(listed().get(`${service} ${server}`)?.slice(1));
    }
});

test.skipIf(!hasExporter)('node_exporter has the same series with the same values', async () => {
  const options = [
    '--collector.disable-defaults',
    '--collector.ipvs',
    '--web.listen-address=127.0.0.1:9100',
  ];
  const child = spawn('/sbin/ip', ['netns', 'exec', DIRECTOR, LVS_NODE_EXPORTER, ...options], {
    stdio: 'ignore',
  });
  try {
    const theirs = await answered(() =>
      inside(DIRECTOR, '/usr/bin/curl', '-s', 'http://127.0.0.1:9100/metrics'),
    );
    const { stdout } = await director.lvsctl('serve', '--once', '--node-exporter-names');
    const series = (text: string) =>
      text
        .split('\n')
        .filter((line) => line.startsWith('node_ipvs_'))
        .map((line) => line.replace(/ (\S+)$/, (_, value) => ` ${Number(value)}`))
        .sort();
    expect(series(stdout)).toEqual(series(theirs));
    expect(series(theirs).length).toBe(5 + 3 * 5);
    const heads = (text: string) =>
      text
        .split('\n')
        .filter((line) => /^# (?:TYPE|HELP) node_ipvs_/.test(line))
        .sort();
    expect(heads(stdout)).toEqual(heads(theirs));
  } finally {
    child.kill('SIGKILL');
  }
});

async function answered(ask: () => string): Promise<string> {
  for (let attempt = 0; attempt < 60; attempt++) {
    try {
      return ask();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
  throw new Error('it does not answer');
}

test('without the right to ask the kernel: weights and connections are the same', async () => {
  const script = `exec setpriv --bounding-set -net_admin --inh-caps -all ${process.execPath} bin/lvsctl serve --once`;
  const text = inside(DIRECTOR, '/bin/sh', '-c', script);
  expect(text).toContain(
    'lvs_server_weight{service="tcp 10.98.1.10:80",server="10.98.0.11:8080"} 3\n',
  );
  expect(text).toMatch(/^lvs_connections_total \d+$/m);
  expect(text).not.toContain('lvs_service_connections_total');
});
