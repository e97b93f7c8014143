// lvsctl show: what it prints of a table, of /proc, and of a list of connections; every JSON of it
// fits share/schema/show-1.json.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { rateOf } from '../../../src/lvsctl/show/rates.js';
import { scaled } from '../../../src/lvsctl/view/scaled.js';
import { IpvsError } from '../../../src/model/errors.js';
import { answer } from '../../support/inprocess.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';
import { hastyRuntime } from '../../support/simulated.js';

const RULES = `-A -t 192.0.2.1:80 -s wrr -p 300 -M 255.255.255.0
-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3 -x 100 -y 50
-a -t 192.0.2.1:80 -r 10.0.0.2 -i --tun-type gue --tun-port 6080
-A -u 192.0.2.1:53 -o
-A -t [2001:db8::1]:80 -s rr -p 360 -M 64
-a -t [2001:db8::1]:80 -r [2001:db8::2]:80 -g -w 0
-A -f 7 -6 -s mh -b mh-port
`;
/** as Linux 6.1 printed it; the timeouts are in its own unit */
const PROC_TABLE = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0000201:0050 wrr  persistent 30000 FFFFFF00
  -> 0A000002:0050      Tunnel  1      0          0         
  -> 0A000001:1F90      Masq    3      7          2         
UDP  C0000201:0035 mh ops  
TCP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0050 rr persistent 36000 40000000
  -> [2001:0db8:0000:0000:0000:0000:0000:0002]:0050      Route   0      0          0         
FWM  00000007 rr persistent 6000 40000000
`;
const PROC_STATS = `   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
      1F        A        0 FFFFFFFFFFFFFFFF                0

`;
const PROC_CONNECTIONS = `Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP CB007109 C001 C0000201 0050 0A000001 1F90 ESTABLISHED     899
TCP CB007109 C002 C0000201 0050 0A000002 1F90 SYN_RECV         59
TCP CB007107 C003 C0000201 0050 0A000001 1F90 ESTABLISHED     400
TCP CB007100 0000 C0000201 0050 0A000001 1F90 NONE            100
UDP 0A010203 C004 C0000201 0035 0A000003 0035 UDP             300
TCP 2001:0db8:0000:0001:0000:0000:0000:0009 C005 2001:0db8:0000:0000:0000:0000:0000:0001 0050 2001:0db8:0000:0000:0000:0000:0000:0002 0050 FIN_WAIT        50
`;
const CONNECTIONS = '/proc/net/ip_vs_conn';

const schema = JSON.parse(
  readFileSync(new URL('../../../share/schema/show-1.json', import.meta.url), 'utf8'),
) as object;
const fits = new Ajv2020().compile(schema);

/** The JSON that is printed, or each line's; all of it fits the schema. */
function json(stdout: string, lines = false): unknown[] {
  const all = (lines ? stdout.trimEnd().split('\n') : [stdout]).map((one) => JSON.parse(one));
  for (const one of all) {
    fits(one);
    expect(fits.errors).toBe(null);
  }
  return all;
}

let backend: MemoryBackend;
beforeAll(async () => {
  backend = new MemoryBackend();
  const { stderr } = await answer('ipvsadm', ['-R'], { backend, stdin: RULES });
  expect(stderr).toBe('');
});
const show = (...words: string[]) =>
  lvsctl(['show', ...words], {}, { machine: fakeMachine({}, {}, backend), runtime: hastyRuntime });

/** A user who is not root, on a director. */
const unprivileged = (...words: string[]) => {
  const files = { '/proc/net/ip_vs': PROC_TABLE, '/proc/net/ip_vs_stats': PROC_STATS };
  const denied = async () => {
    throw new IpvsError('info', 'EPERM');
  };
  const machine = { ...fakeMachine(files), backend: denied, hasKernelRules: true };
  return lvsctl(
    ['show', ...words],
    { [CONNECTIONS]: PROC_CONNECTIONS },
    { machine, runtime: hastyRuntime },
  );
};

describe.each(['services', 'stats', 'rates', 'timeouts', 'daemons', 'all'])('show %s', (what) => {
  test.each([
    ['as root', show],
    ['without root', unprivileged],
  ])('%s: JSON fits the schema, a table fits 80 columns', async (_, run) => {
    const { status, stdout, stderr } = await run(what, '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [document] = json(stdout) as [{ format: string; missing: string[] }];
    expect(document.format).toBe(`lvs ${what}`);
    expect(document.missing.length > 0).toBe(run === unprivileged);
    const { stdout: text } = await run(what);
    expect(/root sees the rest/.test(text)).toBe(run === unprivileged);
    expect(text.split('\n').filter((line) => / {2}/.test(line) && line.length > 80)).toEqual([]);
  });
});

test('every setting of a table is in the JSON', async () => {
  const [document] = json((await show('services', '--json')).stdout) as [{ services: object[] }];
  const byKey = new Map(
    document.services.map((one) => [(one as { service: string }).service, one]),
  );
  expect(byKey.get('tcp 192.0.2.1:80')).toMatchObject({
    scheduler: 'wrr',
    persistence: { timeout: 300, netmask: '255.255.255.0', engine: null },
    servers: [
      { server: '10.0.0.2:80', mode: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'none' } },
      { server: '10.0.0.1:8080', mode: 'nat', tunnel: null, weight: 3, upper: 100, lower: 50 },
    ],
  });
  expect(byKey.get('udp 192.0.2.1:53')).toMatchObject({ one_packet: true });
  expect(byKey.get('tcp [2001:db8::1]:80')).toMatchObject({
    family: 'ipv6',
    persistence: { netmask: 64 },
    servers: [{ server: '[2001:db8::2]:80', mode: 'dr', weight: 0 }],
  });
  expect(byKey.get('fwmark 7 ipv6')).toMatchObject({
    mark: 7,
    scheduler: 'mh',
    flags: ['mh-port'],
  });
});

test('without root: what /proc says, null for the rest, all digits of a counter', async () => {
  const { stdout } = await unprivileged('all', '--json');
  expect(stdout).toContain('"in_bytes": 18446744073709551615');
  const [document] = json(stdout) as [{ services: object[] }];
  expect(document).toMatchObject({ table_size: 4096, timeouts: null, daemons: null });
  expect(document.services).toMatchObject([
    {
      service: 'tcp 192.0.2.1:80',
      flags: null,
      persistence: { timeout: null, netmask: '255.255.255.0' },
      counters: null,
      servers: [
        { server: '10.0.0.2:80', mode: 'tun', upper: null, counters: null },
        { server: '10.0.0.1:8080', mode: 'nat', active: 7, inactive: 2 },
      ],
    },
    { service: 'udp 192.0.2.1:53', one_packet: true, persistence: null },
    { service: 'tcp [2001:db8::1]:80', persistence: { netmask: 64 } },
    { service: null, mark: 7, family: null, persistence: { netmask: null } },
  ]);
});

test.each([
  ['TCP nonsense rr\n'],
  ['  -> 0A000001:0050 Masq 1\n'],
  ['  -> 0A000001:0050 Strange 1 0 0\n'],
])('a line of /proc/net/ip_vs that makes no sense is an error: %s', async (line) => {
  const files = { '/proc/net/ip_vs': `${PROC_TABLE}${line}` };
  const denied = async () => {
    throw new IpvsError('info', 'EPERM');
  };
  const machine = { ...fakeMachine(files), backend: denied, hasKernelRules: true };
  const { status, stderr } = await lvsctl(['show', 'services'], {}, { machine });
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: 'lvsctl: /proc/net/ip_vs: a line makes no sense\n',
  });
});

describe('rates', () => {
  // each reading takes a second: the time is that between their middles
  test('the time of a reading counts once', async () => {
    const base = await hastyRuntime();
    let reading = 0;
    const clock = { ...base.clock, now: () => base.clock.now() + reading };
    const machine = {
      ...fakeMachine({}, {}, backend),
      backend: async () => {
        reading += 1000;
        return backend;
      },
    };
    const { stdout } = await lvsctl(
      ['show', 'rates', '--json'],
      {},
      { machine, runtime: async () => ({ ...base, clock }) },
    );
    expect(JSON.parse(stdout)).toMatchObject({ interval_seconds: 4.5 });
  });

  const totals = (connections: bigint) => ({
    connections,
    in_packets: 10n,
    out_packets: 0n,
    in_bytes: 2n ** 64n - 1n,
    out_bytes: 0n,
  });

  test('are what came, divided by the time', () => {
    expect(rateOf(totals(100n), totals(300n), 4)).toEqual({
      connections: 50,
      in_packets: 0,
      out_packets: 0,
      in_bytes: 0,
      out_bytes: 0,
    });
  });

  test('are not known where a counter began anew, or is not known', () => {
    expect(rateOf(totals(300n), totals(100n), 4)).toBe(null);
    expect(rateOf(undefined, totals(100n), 4)).toBe(null);
    expect(rateOf(totals(100n), null, 4)).toBe(null);
  });
});

describe('connections', () => {
  /** `client:port` of those that are printed. */
  const clients = async (...words: string[]) => {
    const { status, stdout, stderr } = await unprivileged('connections', '--json', ...words);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const all = stdout === '' ? [] : json(stdout, true);
    return (all as { client: string; client_port: number }[]).map(
      ({ client, client_port }) => `${client} ${client_port - 0xc000}`,
    );
  };

  test.each<[string[], string]>([
    [[], '1 2 3 -49152 4 5'],
    [['--client', '203.0.113.9'], '1 2'],
    [['--client', '203.0.113.0/24', '--templates', 'none'], '1 2 3'],
    [['--client', '2001:db8:0:1::/64'], '5'],
    [['--client', '0.0.0.0/0'], '1 2 3 -49152 4'],
    [['--service', '192.0.2.1:53'], '4'],
    [['--service', 'udp 192.0.2.1'], '4'],
    [['--service', '192.0.2.1', '--templates', 'none'], '1 2 3 4'],
    [['--service', '[2001:db8::1]:80'], '5'],
    [['--server', '10.0.0.1'], '1 3 -49152'],
    [['--server', '10.0.0.1:80'], ''],
    [['--state', 'established,FIN_WAIT'], '1 3 5'],
    [['--protocol', 'udp'], '4'],
    [['--templates', 'only'], '-49152'],
    [['--limit', '2'], '1 2'],
    [['--sort', 'expires'], '5 2 -49152 4 3 1'],
    [['--sort', 'expires', '--limit', '2'], '5 2'],
  ])('%j', async (words, ports) => {
    const found = (await clients(...words)).map((one) => one.split(' ')[1]);
    expect(found.join(' ')).toBe(ports);
  });

  test.each<[string, [string, number, number, number][]]>([
    [
      'client',
      [
        ['203.0.113.9', 2, 1, 2],
        ['10.1.2.3', 1, 0, 1],
        ['2001:db8:0:1::9', 1, 0, 1],
        ['203.0.113.7', 1, 1, 1],
      ],
    ],
    [
      'client/24',
      [
        ['203.0.113.0/24', 3, 2, 2],
        ['10.1.2.0/24', 1, 0, 1],
        ['2001:db8:0:1::/64', 1, 0, 1],
      ],
    ],
    [
      'client/8,32',
      [
        ['203.0.0.0/8', 3, 2, 2],
        ['10.0.0.0/8', 1, 0, 1],
        ['2001:db8::/32', 1, 0, 1],
      ],
    ],
    [
      'state',
      [
        ['ESTABLISHED', 2, 2, 1],
        ['FIN_WAIT', 1, 0, 1],
        ['SYN_RECV', 1, 0, 1],
        ['UDP', 1, 0, 1],
      ],
    ],
  ])('--count %s does not count templates', async (by, expected) => {
    const { stdout } = await unprivileged('connections', '--count', by, '--json');
    const [document] = json(stdout) as [
      {
        connections: number;
        counts: {
          value: string;
          connections: number;
          established: number;
          servers: number;
          share: number;
        }[];
      },
    ];
    expect(document.connections).toBe(5);
    expect(
      document.counts.map((one) => [one.value, one.connections, one.established, one.servers]),
    ).toEqual(expected);
    expect(document.counts.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });

  test('--limit of --count says how many are not shown', async () => {
    const { stdout } = await unprivileged('connections', '--count', 'client', '--limit', '1');
    expect(stdout).toBe(
      'client       connections  share  established  servers\n' +
        '203.0.113.9            2  40.0%            1        2\n' +
        '5 connections; 3 more are not shown\n',
    );
  });

  test('a table for people', async () => {
    const { stdout } = await unprivileged('connections', '--limit', '1');
    expect(stdout).toBe(
      'proto client              service             server              state       expires\n' +
        'tcp   203.0.113.9:49153   192.0.2.1:80        10.0.0.1:8080       ESTABLISHED 899s\n',
    );
  });

  test.each([
    [['--client', '203.0.113.0/33'], /a network such as/],
    [['--client', 'x'], /a network such as/],
    [['--service', 'fwmark 7 ipv4'], /does not show the mark/],
    [['--service', '192.0.2.1:99999'], /an address such as/],
    [['--count', 'port'], /one of client/],
    [['--count', 'client/33'], /one of client/],
    [['--count', 'client', '--sort', 'expires'], /exclude each other/],
    [['--limit', '0'], /from 1 to/],
  ])('%j is refused', async (words, message) => {
    const { status, stdout, stderr } = await unprivileged('connections', ...words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('a list with a line that makes no sense', async () => {
    const machine = { ...fakeMachine({}), hasKernelRules: true };
    const files = { [CONNECTIONS]: `${PROC_CONNECTIONS}nonsense\n` };
    const { status, stderr } = await lvsctl(['show', 'connections'], files, { machine });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `lvsctl: ${CONNECTIONS}: line 8 makes no sense\n`,
    });
  });

  test('of a table that keeps its own', async () => {
    const { status, stdout } = await show('connections', '--json');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});

test.each([
  [0, '0'],
  [0.25, '0.3'],
  [9999, '9999'],
  [10_000, '10.0k'],
  [999_949, '1.0M'],
  [123_456_789, '123M'],
  [2 ** 64, '18.4E'],
])('%d is %s', (value, text) => {
  expect(scaled(value)).toBe(text);
});
