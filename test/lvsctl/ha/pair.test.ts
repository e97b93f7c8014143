// Each fault of a pair that the facts of its directors show, planted; a healthy pair has none.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { factsText } from '../../../src/lvsctl/facts/json.js';
import type { ConnectionTally, MachineFacts } from '../../../src/lvsctl/facts/types.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';

const FILE = `ha: {interface: eth0, peers: [192.0.2.1, 192.0.2.2]}
vips: [{address: 192.0.2.10, interface: eth0}]
services:
  - {name: web, address: 192.0.2.10, port: 80, mode: dr, scheduler: rr, servers: [{address: 192.0.2.11, name: rs}]}
`;
const MH = FILE.replace('scheduler: rr', 'scheduler: mh');
const VIP = {
  device: 'eth0',
  address: '192.0.2.10',
  prefix: 32,
  unusable: null,
  deprecated: false,
};
const SYNCED: MachineFacts['daemons'] = [
  { role: 'master', interface: 'eth0', syncid: 51 },
  { role: 'backup', interface: 'eth0', syncid: 51 },
];

/** of lb1 and of lb2 */
type Changes = readonly [] | readonly [Change | undefined, Change?];
type Change = Partial<MachineFacts> | ((facts: MachineFacts) => Partial<MachineFacts>);

/** lb1 has the VIP; lb2 is the backup. */
function directorsOf(text: string): readonly [MachineFacts, MachineFacts] {
  const [made] = intendedFacts(readConfig(text, 'f'));
  if (made === undefined) throw new Error('no director');
  const make = (n: number, more: readonly (typeof VIP)[]): MachineFacts => ({
    ...made,
    machine: `lb${n}`,
    program: '0.1.0',
    modules: ['ip_vs', 'ip_vs_rr', 'ip_vs_mh'],
    addresses: [
      { ...VIP, address: `192.0.2.${n}`, prefix: 24 },
      ...more,
      ...made.addresses.filter(({ device }) => device === 'lo'),
    ],
    routes: made.routes.filter(({ to }) => n === 1 || !to.startsWith('192.0.2.10')),
    daemons: SYNCED,
    connections: { count: 0, tally: [], listed: [] },
    sysctls: {
      ...made.sysctls,
      'net/ipv4/vs/sloppy_tcp': '1',
      'net/ipv4/vs/sync_version': '1',
      'net/ipv4/vs/sync_ports': '1',
    },
  });
  return [make(1, [VIP]), make(2, [])];
}

const changed = (facts: MachineFacts, change: Change = {}): MachineFacts => ({
  ...facts,
  ...(typeof change === 'function' ? change(facts) : change),
});

interface Doctor {
  readonly findings: readonly { id: string; what: string; on?: string; repair: string[] }[];
  readonly skipped: readonly string[];
}

async function doctor(changes: Changes, text = FILE): Promise<Doctor> {
  const [first, second] = directorsOf(text);
  const files = {
    f: text,
    d1: factsText(changed(first, changes[0])),
    d2: factsText(changed(second, changes[1])),
  };
  const { stdout, stderr } = await lvsctl(['doctor', 'f', '--json', '--facts', 'd1', 'd2'], files);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const filter = (text: string): Change => ({
  packet_filter: {
    iptables: [{ family: 'ipv4', variant: 'x_tables', text: `*filter\n${text}\nCOMMIT\n` }],
    nft: [],
  },
});
const sysctl =
  (key: string, value: string): Change =>
  ({ sysctls }) => ({ sysctls: { ...sysctls, [`net/ipv4/vs/${key}`]: value } });
const ACCEPTS = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]';
const talking = (connections: number): Change => {
  const one: ConnectionTally = {
    service: 'tcp 192.0.2.10:80',
    server: '192.0.2.11:80',
    state: 'ESTABLISHED',
    connections,
    example: '203.0.113.5',
  };
  return { connections: { count: connections, tally: [one], listed: [] } };
};

// biome-ignore format: a table
const FAULTS: readonly (readonly [name: string, changes: Changes, finding: string, file?: string])[] = [
  ['the VIP on both', [undefined, ({ addresses }) => ({ addresses: [...addresses, VIP] })],
    'lb2: VIP 192.0.2.10 is on 192.0.2.1 and on 192.0.2.2 > lvsctl ha drain f'],
  ['the VIP on none', [({ addresses }) => ({ addresses: addresses.filter(({ address }) => address !== '192.0.2.10') })],
    '-: VIP 192.0.2.10 is on no director > systemctl restart keepalived'],
  ['one daemon is missing', [undefined, { daemons: SYNCED.slice(0, 1) }],
    'lb2: the sync daemon backup of 192.0.2.2 does not run; the file has sync id 51 on eth0 > lvsctl director up f'],
  ['another sync id', [{ daemons: SYNCED.map((one) => ({ ...one, syncid: one.role === 'master' ? 52 : 51 })) }],
    'lb1: the sync daemon master of 192.0.2.1 has sync id 52 on eth0; the file has sync id 51 on eth0 > lvsctl director up f'],
  ['another interface', [{ daemons: SYNCED.map((one) => ({ ...one, interface: one.role === 'backup' ? 'eth1' : 'eth0' })) }],
    'lb1: the sync daemon backup of 192.0.2.1 has sync id 51 on eth1; the file has sync id 51 on eth0 > lvsctl director up f'],
  ['sync packets are dropped where they arrive', [undefined, filter(`${ACCEPTS}\n-A INPUT -d 224.0.0.0/24 -j DROP`)],
    'lb2: packets of the sync daemons that 192.0.2.2 receives are dropped there by iptables -A INPUT -d 224.0.0.0/24 -j DROP: connections do not survive a failover > iptables -D INPUT -d 224.0.0.0/24 -j DROP'],
  ['sync packets are dropped where they are sent', [filter(`${ACCEPTS}\n-A OUTPUT -p udp -m udp --dport 8848 -j DROP`)],
    'lb1: packets of the sync daemons that 192.0.2.1 sends are dropped there by iptables -A OUTPUT -p udp -m udp --dport 8848 -j DROP: connections do not survive a failover > iptables -D OUTPUT -p udp -m udp --dport 8848 -j DROP'],
  ['advertisements are dropped', [undefined, filter(`${ACCEPTS}\n-A INPUT -s 192.0.2.1/32 -p vrrp -j DROP`)],
    'lb2: VRRP advertisements that 192.0.2.2 receives are dropped there by iptables -A INPUT -s 192.0.2.1/32 -p vrrp -j DROP: both take the VIPs > iptables -D INPUT -s 192.0.2.1/32 -p vrrp -j DROP'],
  ['a switch filters the sync packets', [talking(7)],
    'lb2: none of the 7 established connections of 192.0.2.1 is known to 192.0.2.2: packets of the sync daemons do not arrive, a packet filter or a switch (IGMP snooping) drops them > tcpdump -ni eth0 udp port 8848'],
  ['sloppy_tcp is off', [undefined, sysctl('sloppy_tcp', '0')],
    'lb2: net.ipv4.vs.sloppy_tcp is 0 on 192.0.2.2: connections of web that began on another director are refused there > sysctl -w net.ipv4.vs.sloppy_tcp=1', MH],
  ['versions apart', [undefined, { program: '0.2.0' }],
    '-: lvsctl has several versions: 0.1.0 on 192.0.2.1, 0.2.0 on 192.0.2.2 > '],
  ['versions of the sync protocol apart', [sysctl('sync_version', '0')],
    '-: net.ipv4.vs.sync_version differs: 0 on 192.0.2.1, 1 on 192.0.2.2; a director does not read the connections of the other > '],
  ['numbers of sync ports apart', [undefined, sysctl('sync_ports', '4')],
    '-: net.ipv4.vs.sync_ports differs: 1 on 192.0.2.1, 4 on 192.0.2.2; a director does not read the connections of the other > '],
  ['another scheduler', [undefined, ({ services }) => ({ services: (services ?? []).map((one) => ({ ...one, scheduler: 'wlc' })) })],
    'lb2: the tables differ: tcp 192.0.2.10:80: scheduler rr on 192.0.2.1, scheduler wlc on 192.0.2.2 > lvsctl director status f'],
  ['a service is missing', [undefined, { services: [] }],
    'lb2: the tables differ: tcp 192.0.2.10:80: scheduler rr on 192.0.2.1, missing on 192.0.2.2 > lvsctl director status f'],
];

const shown = ({ findings }: Doctor) =>
  findings
    .filter(({ id }) => id === 'directors')
    .map(({ what, on, repair }) => `${on ?? '-'}: ${what} > ${repair.join('; ')}`);

describe('facts of both directors', () => {
  test.each([FILE, MH])('a healthy pair has no finding at all', async (text) => {
    expect((await doctor([], text)).findings).toEqual([]);
  });

  for (const [name, changes, finding, text] of FAULTS)
    test(name, async () => {
      expect(shown(await doctor(changes, text))).toEqual([finding]);
    });

  // biome-ignore format: a table
  test.each<[string, Changes, string]>([
    ['few connections', [talking(4)], 'whether packets of the sync daemons arrive, or a switch filters them: no director has 5 established connections that the others could know'],
    ['a table that cannot be read', [talking(7), { connections: null }], 'whether packets of the sync daemons arrive, or a switch filters them: the connections of 192.0.2.2 cannot be read'],
  ])('not known: %s', async (_, changes, expected) => {
    const { skipped, ...found } = await doctor(changes);
    expect(skipped).toContain(expected);
    expect(shown({ skipped, ...found })).toEqual([]);
  });

  test('some of the connections are known: the packets arrive', async () => {
    const { findings, skipped } = await doctor([talking(70), talking(3)]);
    expect(findings).toEqual([]);
    expect(skipped.filter((line) => line.includes('sync daemons'))).toEqual([]);
  });
});

describe('the other director by ssh', () => {
  async function all(skewSeconds: number, text = FILE) {
    const [first, second] = directorsOf(text);
    const now = 1_800_000_000;
    const time = new Date((now + skewSeconds) * 1000).toISOString();
    const asked: string[] = [];
    const machine = fakeMachine(
      {},
      {
        ip: (args) => ({
          stdout:
            args.includes('addr') || args.includes('link')
              ? JSON.stringify([
                  {
                    ifname: 'eth0',
                    flags: ['UP', 'LOWER_UP'],
                    addr_info: first.addresses
                      .filter(({ device }) => device === 'eth0')
                      .map(({ address, prefix }) => ({ local: address, prefixlen: prefix })),
                  },
                ])
              : '[]',
        }),
        ssh: (args) => {
          const at = args[args.indexOf('--') + 1] ?? '';
          asked.push(at);
          return at === '192.0.2.2'
            ? { stdout: factsText({ ...second, time }) }
            : { status: 255, stderr: 'no route' };
        },
      },
    );
    const { stdout } = await lvsctl(
      ['doctor', 'f', '--json', '--all'],
      { f: text },
      { machine, now: () => now },
    );
    const findings = (JSON.parse(stdout) as Doctor).findings.map(({ what }) => what);
    return { asked, clocks: findings.filter((what) => what.includes('clock')) };
  }

  test.each([
    [0, []],
    [2, []],
    [-5, ['the clock of 192.0.2.2 is 5 s behind']],
    [3600, ['the clock of 192.0.2.2 is 3600 s ahead']],
  ])('a clock %i s apart', async (skew, expected) => {
    const { asked, clocks } = await all(skew);
    expect(asked).toEqual(['192.0.2.11', '192.0.2.2']);
    expect(clocks).toEqual(expected);
  });
});
