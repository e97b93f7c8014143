// `lvsctl ha status` and `lvsctl doctor` on made-up directors.
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { type HaStatus, inspectHa } from '../../../src/lvsctl/ha/inspect.js';
import { keepalivedConf } from '../../../src/lvsctl/ha/keepalived.js';
import { directorAt } from '../../../src/lvsctl/ha/own.js';
import { setStandby } from '../../../src/lvsctl/ha/place.js';
import { type FakeMachine, fakeMachine } from '../../support/machine.js';

const FILE = `ha: {interface: eth0, peers: [10.0.0.1, 10.0.0.2]}
vips: [{address: 10.0.0.100, interface: eth0}]
services: [{name: web, address: 10.0.0.100, port: 80, mode: dr, servers: [{address: 10.0.0.11}]}]
`;
const PEER_MAC = '02:00:00:00:00:02';
const PLACES = () => ({
  socket: '/run/lvsctl/net/monitor.sock',
  state: '/var/lib/lvsctl/monitor.json',
});

interface Made {
  readonly arping?: boolean;
  readonly vipHere?: boolean;
  readonly vipThere?: boolean;
  readonly engine?: boolean;
  readonly peerAnswers?: boolean;
  readonly standby?: boolean;
  /** of keepalived, at its usual place */
  readonly conf?: string | undefined;
  /** arguments that keepalived was started with */
  readonly cmdline?: string;
  /** what birdc prints; undefined = BIRD does not answer */
  readonly birdc?: string;
}

function made({
  vipHere = false,
  vipThere = false,
  engine = true,
  peerAnswers = true,
  arping = true,
  conf,
  cmdline,
  birdc,
}: Made): FakeMachine {
  const addresses = [
    { local: '10.0.0.1', prefixlen: 24 },
    ...(vipHere ? [{ local: '10.0.0.100', prefixlen: 32 }] : []),
  ];
  const ip = (args: readonly string[]) => {
    if (args.includes('neigh')) return { stdout: JSON.stringify([{ lladdr: PEER_MAC }]) };
    return {
      stdout: JSON.stringify([
        { ifindex: 2, ifname: 'eth0', flags: ['UP', 'LOWER_UP'], mtu: 1500, addr_info: addresses },
      ]),
    };
  };
  return fakeMachine(
    {
      ...(engine ? { '/proc/42/comm': 'keepalived\n' } : {}),
      ...(conf === undefined ? {} : { '/etc/keepalived/keepalived.conf': conf }),
      ...(cmdline === undefined
        ? {}
        : { '/proc/42/cmdline': cmdline, '/srv/k.conf': 'vrrp_instance x {' }),
    },
    {
      ip,
      readlink: () => ({ stdout: 'net:[1]\n' }),
      birdc: () => (birdc === undefined ? { status: 1 } : { stdout: birdc }),
      ping: () => ({ status: peerAnswers ? 0 : 1 }),
      arping: () =>
        !arping
          ? { status: 127 }
          : vipThere
            ? {
                status: 1,
                stdout: `Unicast reply from 10.0.0.100 [${PEER_MAC.toUpperCase()}]  0.5ms\n`,
              }
            : {},
    },
    new MemoryBackend(),
  );
}

async function statusOf(how: Made, text = FILE): Promise<HaStatus> {
  const config = readConfig(text, 'f');
  if (config.ha === undefined) throw new Error('no ha');
  const machine = made(how);
  const writeText = (path: string, written: string) => void machine.files.set(path, written);
  if (how.standby) setStandby(true, { machine, places: PLACES, writeText });
  return inspectHa(config, config.ha, { machine, places: PLACES });
}

/** Without those of the sync daemons and the rules, which the memory backend has none of. */
const problems = ({ problems: all }: HaStatus) =>
  all.map(({ what }) => what).filter((what) => !/sync daemon|settings? (?:is|are) not/.test(what));

describe('roles', () => {
  // biome-ignore format: a table
  test.each<[string, Made, (string | null)[], string[]]>([
    ['the master', { vipHere: true }, ['master', null], []],
    ['the backup', { vipThere: true }, ['backup', 'master'], []],
    ['taken out', { vipThere: true, standby: true }, ['standby', 'master'], []],
    ['the VIP on both', { vipHere: true, vipThere: true }, ['master', 'master'], [`VIP 10.0.0.100 is on this director and on ${PEER_MAC} too`]],
    ['the VIP on none', {}, ['backup', null], ['VIP 10.0.0.100 is on no director: no machine answers ARP for it']],
    ['no engine', { vipHere: true, engine: false }, ['master', null], ['keepalived does not run here: this director never gets traffic']],
    ['nothing to ask ARP with', { arping: false }, ['backup', null], ['arping is not installed: whether another director has the VIPs is not known']],
    ['the other one is away', { vipHere: true, peerAnswers: false }, ['master', null], ['director 10.0.0.2 does not answer a ping']],
  ])('%s', async (_, how, roles, expected) => {
    const status = await statusOf(how);
    expect(status.directors.map(({ role }) => role)).toEqual(roles);
    expect(problems(status)).toEqual(expected);
  });
});

test('sync daemons that are missing, with what that means and what repairs it', async () => {
  const { problems: all } = await statusOf({ vipHere: true });
  expect(all.slice(0, 2)).toEqual([
    {
      what: 'the sync daemon master of sync id 51 on eth0 does not run here: connections of this director are not sent',
      repair: ['lvsctl director up FILE'],
    },
    {
      what: 'the sync daemon backup of sync id 51 on eth0 does not run here: connections of the other director are not received',
      repair: ['lvsctl director up FILE'],
    },
  ]);
});

test('what the file itself makes fail over badly', async () => {
  const alone = FILE.replace('eth0, peers', 'eth0, sync: false, peers');
  const wrong = alone.replace('[{address: 10.0.0.11}]', '[{address: 10.0.0.2}]');
  expect(problems(await statusOf({ vipHere: true }, wrong))).toEqual([
    'service web: scheduler wlc on another director chooses another server, and connections are not synchronised; use mh',
    'service web: real server 10.0.0.2 is a director too; synchronised connections would loop',
  ]);
  expect(
    problems(
      await statusOf({ vipHere: true }, alone.replace('mode: dr', 'mode: dr, scheduler: mh')),
    ),
  ).toEqual([]);
});

describe('the configuration of keepalived', () => {
  const rendered = () => {
    const config = readConfig(FILE, 'f');
    const { ha } = config;
    if (ha === undefined) throw new Error('no ha');
    const paths = { standby: '/var/lib/lvsctl/standby', lvsctl: '/usr/bin/lvsctl' };
    return keepalivedConf(config, ha, directorAt(ha, '10.0.0.1'), paths);
  };
  const PATH = '/etc/keepalived/keepalived.conf';
  const PREEMPTS = `${PATH} has no nopreempt: the director that returns takes the VIPs, and does not know the connections`;

  // biome-ignore format: a table
  test.each<[string, (text: string) => string | undefined, string[]]>([
    ['as printed', (text) => text, []],
    ['comments and blanks', (text) => `! mine\n${text.replace('state BACKUP', '  state   BACKUP # both')}`, []],
    ['lvsctl at another place', (text) => text.replace('/usr/bin/lvsctl', '/opt/lvsctl'), []],
    ['it cannot be read', () => undefined, []],
    ['without nopreempt', (text) => text.replace('  nopreempt\n', ''), [PREEMPTS]],
    ['nopreempt in a comment', (text) => text.replace('  nopreempt', '  #nopreempt'), [PREEMPTS]],
    ['another priority', (text) => text.replace('200', '150'), [`${PATH} is not as lvsctl ha render prints it: \`priority 200' is missing (and 1 more)`]],
    ['a line more', (text) => text.replace('  nopreempt', '  nopreempt\n  garp_master_delay 1'), [`${PATH} is not as lvsctl ha render prints it: \`garp_master_delay 1' is not of the file`]],
    ['a VIP twice', (text) => text.replace(/( *10\.0\.0\.100.*\n)/, '$1$1'), [`${PATH} is not as lvsctl ha render prints it: \`10.0.0.100/32 dev eth0' is not of the file`]],
  ])('%s', async (_, change, expected) => {
    const status = await statusOf({ vipHere: true, conf: change(rendered()) });
    expect(problems(status)).toEqual(expected);
  });

  test.each([
    ['keepalived\0-n\0-f\0/srv/k.conf\0'],
    ['keepalived\0--use-file=/srv/k.conf\0'],
    ['keepalived\0--use-file\0/srv/k.conf\0'],
    ['keepalived\0-f/srv/k.conf\0'],
  ])('%j: the file that it was started with counts', async (cmdline) => {
    const [first = ''] = problems(await statusOf({ vipHere: true, conf: rendered(), cmdline }));
    expect(first).toContain('/srv/k.conf has no nopreempt');
  });
});

describe('BIRD', () => {
  const ANYCAST = FILE.replace(
    '{interface: eth0, ',
    '{engine: bird, as: 1, neighbors: [{address: 10.0.0.253, as: 2}, {address: 10.0.0.254, as: 2}], ',
  )
    .replaceAll('eth0', 'lvs-vip')
    .replace('scheduler', 'x')
    .replace('mode: dr', 'mode: dr, scheduler: mh');
  const show = (vip: string, first: string, second: string) => `BIRD 2.0.12 ready.
Name       Proto      Table      State  Since         Info
device1    Device     ---        up     00:00:00.000
lvsctl_vip_10_0_0_100 Static     master4    ${vip}     00:00:00.000
lvsctl_router_1 BGP        ---        ${first}
lvsctl_router_2 BGP        ---        ${second}
`;
  const UP = 'up     00:00:00.000  Established';
  const DOWN = 'start  00:00:00.000  Active        Socket: Connection refused';

  // biome-ignore format: a table
  test.each<[string, string, string | null, string[]]>([
    ['announced to both', show('up', UP, UP), 'active', []],
    ['withdrawn', show('down', UP, UP), 'withdrawn', []],
    ['no session to one router', show('up', UP, DOWN), 'active', ['BIRD has no session to the router 10.0.0.254 (AS 2): the VIPs are not announced to it']],
    ['another bird.conf runs', 'BIRD 2.0.12 ready.\n', 'withdrawn', ['10.0.0.253', '10.0.0.254'].map((router) => `BIRD has no session to the router ${router} (AS 2): the VIPs are not announced to it`)],
  ])('%s', async (_, birdc, role, expected) => {
    const status = await statusOf({ birdc }, ANYCAST);
    expect(status.directors[0]?.role).toBe(role);
    expect(problems(status)).toEqual(expected);
  });

  test('it does not answer', async () => {
    expect(problems(await statusOf({}, ANYCAST))).toEqual([
      'bird does not run here: this director never gets traffic',
    ]);
  });
});
