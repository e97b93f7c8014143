// `lvsctl ha status` and `lvsctl doctor` on made-up directors.
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { type HaStatus, inspectHa } from '../../../src/lvsctl/ha/inspect.js';
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
}

function made({
  vipHere = false,
  vipThere = false,
  engine = true,
  peerAnswers = true,
  arping = true,
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
    engine ? { '/proc/42/comm': 'keepalived\n' } : {},
    {
      ip,
      readlink: () => ({ stdout: 'net:[1]\n' }),
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
