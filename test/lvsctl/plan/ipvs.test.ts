// What IPVS holds, as settings; and what is looked at before a VIP is added or taken away.
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { printCommand } from '../../../src/lvsctl/plan/command.js';
import { directorRemains, unmanagedVips } from '../../../src/lvsctl/plan/preflight.js';
import { type Setting, setting } from '../../../src/lvsctl/plan/resources.js';
import { DAEMON, hasRules, SERVICE, TIMEOUTS } from '../../../src/lvsctl/plan/rules.js';
import { refuseDirectorsVip, refuseTakenVips } from '../../../src/lvsctl/plan/taken.js';
import type { DaemonRequest } from '../../../src/model/daemon.js';
import { at as address } from '../../support/address.js';
import { answer } from '../../support/inprocess.js';
import { fakeMachine } from '../../support/machine.js';

/** A machine with what lines of ipvsadm made. */
async function withRules(...lines: readonly string[]) {
  const backend = new MemoryBackend();
  for (const line of lines)
    expect(await answer('ipvsadm', line.split(' '), { backend })).toMatchObject({ stderr: '' });
  return fakeMachine({}, {}, backend);
}

describe('timeouts', () => {
  const now = { tcp: 900, tcpFin: 120, udp: 300 };
  const set = (to: typeof now) => TIMEOUTS.commands({}, now, to).map(printCommand);
  test('each of them counts', () => {
    expect(set(now)).toEqual([]);
    expect(TIMEOUTS.show(now)).toBe('900 120 300');
    expect([
      ...set({ ...now, tcp: 1 }),
      ...set({ ...now, tcpFin: 1 }),
      ...set({ ...now, udp: 1 }),
    ]).toEqual(['ipvsadm --set 1 120 300', 'ipvsadm --set 900 1 300', 'ipvsadm --set 900 120 1']);
  });
});

describe('a sync daemon', () => {
  const full: DaemonRequest = {
    role: 'master',
    interface: 'eth0',
    syncId: 5,
    maxLength: 1400,
    group: address('224.0.0.82'),
    port: 9000,
    ttl: 3,
  };
  const least: DaemonRequest = {
    role: 'master',
    interface: 'eth0',
    syncId: 5,
    maxLength: undefined,
    group: undefined,
    port: undefined,
    ttl: undefined,
  };
  test.each<readonly [string, DaemonRequest | null, DaemonRequest | null, boolean]>([
    ['none', null, null, true],
    ['one, none desired', full, null, false],
    ['none, one desired', null, full, false],
    ['as desired', full, full, true],
    ['more than is desired', full, least, true],
    ['less than is desired', least, full, false],
    ['another interface', { ...full, interface: 'eth1' }, full, false],
    ['another syncid', { ...full, syncId: 6 }, full, false],
    ['another length', { ...full, maxLength: 1401 }, full, false],
    ['another group', { ...full, group: address('224.0.0.83') }, full, false],
    ['no group', { ...full, group: undefined }, full, false],
    ['another port', { ...full, port: 9001 }, full, false],
    ['another ttl', { ...full, ttl: 4 }, full, false],
  ])('%s', (_, actual, desired, same) => {
    expect(DAEMON.same(actual, desired)).toBe(same);
    const lines = DAEMON.commands({ role: 'master' }, actual, desired).map(printCommand);
    const start = desired === full ? /^ipvsadm --start-daemon master/ : /^$/;
    const expected = same
      ? []
      : [
          ...(actual === null ? [] : [`ipvsadm --stop-daemon master --syncid ${actual.syncId}`]),
          ...(desired === null ? [] : [expect.stringMatching(start)]),
        ];
    expect(lines).toEqual(expected);
  });

  test('what status shows', () => {
    expect([DAEMON.show(null), DAEMON.show(full), DAEMON.title({ role: 'backup' })]).toEqual([
      'not running',
      'eth0 syncid 5',
      'sync daemon backup',
    ]);
  });

  test('each role is read as it runs', async () => {
    const machine = await withRules(
      '--start-daemon backup --mcast-interface lo --syncid 6',
      '--start-daemon master --mcast-interface lo --syncid 5',
    );
    const read = async (role: 'master' | 'backup') =>
      (await DAEMON.read({ role }, machine)) ?? expect.fail(role);
    expect(await read('master')).toMatchObject({ role: 'master', interface: 'lo', syncId: 5 });
    expect(await read('backup')).toMatchObject({ role: 'backup', interface: 'lo', syncId: 6 });
  });
});

test('a service: what status shows, and what is read', async () => {
  const machine = await withRules(
    '-A -t 192.0.2.1:80 -s rr',
    '-a -t 192.0.2.1:80 -r 198.51.100.2:80 -m -w 3',
    '-a -t 192.0.2.1:80 -r 198.51.100.1:8080 -m',
  );
  const id = { kind: 'address', protocol: 'tcp', address: address('192.0.2.1'), port: 80 } as const;
  const state = await SERVICE.read({ id }, machine);
  expect(SERVICE.show(state).split('\n')).toEqual([
    '-s rr',
    '198.51.100.1:8080 masquerade 1',
    '198.51.100.2:80 masquerade 3',
  ]);
  expect(state).toMatchObject({ ordered: true, destinations: [{ weight: 1 }, { weight: 3 }] });
  expect(await SERVICE.read({ id: { ...id, port: 81 } }, machine)).toBeNull();
  expect([SERVICE.show(null), SERVICE.title({ id })]).toEqual([
    'missing',
    expect.stringMatching(/^service .*192\.0\.2\.1:80/),
  ]);
});

test('rules of a kernel can be there once the module is', () => {
  const has = (files: Readonly<Record<string, string>>, hasKernelRules: boolean) =>
    hasRules({ ...fakeMachine(files), hasKernelRules });
  expect([
    has({}, false),
    has({}, true),
    has({ '/sys/module/ip_vs/refcnt': '1' }, true),
    has({ '/sys/module/nf_nat/refcnt': '1' }, true),
  ]).toEqual([true, false, true, false]);
});

interface Link {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
}
/** `eth0 192.0.2.1/24` */
const linksOf = (list: readonly string[]) =>
  list.map((one, i): Link & object => {
    const [ifname = '', local = '', length] = one.split(/[ /]/);
    return {
      ifname,
      flags: ['UP'],
      ifindex: i,
      mtu: 1,
      addr_info: [{ local, prefixlen: Number(length) }],
    } as Link;
  });

describe('a VIP that another machine has', () => {
  const MAC = '02:00:00:00:00:AB';
  const vip = (device: string, text: string) => setting('address', { device, address: text }, true);

  interface Network {
    readonly own?: readonly string[];
    /** status and output by program and VIP */
    readonly arping?: Readonly<Record<string, readonly [number, string]>> | undefined;
    readonly canAsk?: boolean;
    readonly neighbours?: Readonly<Record<string, readonly string[]>>;
  }
  async function asked(vips: readonly Setting[], network: Network) {
    const { own = [], canAsk = true, neighbours = {} } = network;
    const looks = new Map<string, number>();
    const machine = fakeMachine(
      {},
      {
        ...('arping' in network && network.arping === undefined
          ? {}
          : {
              arping: (args: readonly string[]) => {
                const [status, stdout] = network.arping?.[args.at(-1) ?? ''] ?? [0, ''];
                return { status, stdout };
              },
            }),
        ip: (args: readonly string[]) => {
          if (args.includes('addr')) return { stdout: JSON.stringify(linksOf(own)) };
          if (args.includes('replace')) return { status: canAsk ? 0 : 255 };
          if (!args.includes('show')) return {};
          const to = args[args.indexOf('to') + 1] ?? '';
          const look = looks.get(to) ?? 0;
          looks.set(to, look + 1);
          return { stdout: neighbours[to]?.[look] ?? '' };
        },
      },
    );
    const warnings: string[] = [];
    const report = { ran: () => {}, warn: (text: string) => void warnings.push(text) };
    const refused = await refuseTakenVips(vips, machine, report).catch((error: unknown) => error);
    return { refused, warnings, ran: machine.ran.filter((line) => !line.includes('addr show')) };
  }
  const A = vip('eth0', '192.0.2.1/32');
  const B = vip('eth1', '192.0.2.2/32');
  const SIX = vip('eth0', '2001:db8::1/128');
  const reply = `Unicast reply from 192.0.2.2 [${MAC}] 0.6ms`;

  test.each<readonly [string, readonly (readonly [number, string])[], readonly string[]]>([
    [
      'none answers',
      [
        [0, ''],
        [0, ''],
      ],
      [],
    ],
    [
      'one does',
      [
        [0, ''],
        [1, reply],
      ],
      ['VIP 192.0.2.2: 02:00:00:00:00:ab answers ARP on eth1'],
    ],
    [
      'both do',
      [
        [1, reply],
        [1, reply],
      ],
      [
        'VIP 192.0.2.1: 02:00:00:00:00:ab answers ARP on eth0',
        'VIP 192.0.2.2: 02:00:00:00:00:ab answers ARP on eth1',
      ],
    ],
    [
      'an answer, and yet status 0',
      [
        [0, reply],
        [0, ''],
      ],
      [],
    ],
    [
      'a failure without an answer',
      [
        [1, ''],
        [2, reply],
      ],
      [],
    ],
  ])('%s', async (_, [one = [0, ''], two = [0, '']], taken) => {
    const arping = { '192.0.2.1': one, '192.0.2.2': two };
    const { refused, warnings, ran } = await asked([A, B], { arping });
    expect(ran).toEqual([
      'arping -D -c 2 -w 1 -I eth0 192.0.2.1',
      'arping -D -c 2 -w 1 -I eth1 192.0.2.2',
    ]);
    expect(warnings).toEqual([]);
    if (taken.length === 0) expect(refused).toBeUndefined();
    else
      expect(refused).toMatchObject({
        code: 'WRONG_MACHINE',
        message: `${taken.join('\n')}\nnothing was changed`,
        hint: 'take the VIP from that machine first, or add --force',
      });
  });

  test('what this machine has already is not asked for, nor other settings', async () => {
    const others = [setting('module', { name: 'ip_vs' }, true), A];
    expect(await asked(others, { own: ['eth0 192.0.2.1/32'] })).toEqual({
      refused: undefined,
      warnings: [],
      ran: [],
    });
    expect((await asked([A], { own: ['eth1 192.0.2.1/32'] })).ran).toHaveLength(1);
  });

  test('without arping that is said', async () => {
    const { refused, warnings } = await asked([A], { arping: undefined });
    expect(refused).toBeUndefined();
    expect(warnings).toEqual([
      'whether another machine has a VIP was not asked: arping is not installed (Debian: iputils-arping)',
    ]);
  });

  test('IPv6: the kernel asks, its answer is read until it has one, and is taken away', async () => {
    const place = '2001:db8::1 dev eth0';
    const neighbours = {
      '2001:db8::1': [`${place} INCOMPLETE`, `${place} lladdr ${MAC} REACHABLE`],
    };
    const { refused, ran, warnings } = await asked([SIX], { neighbours });
    expect([...ran, ...warnings]).toEqual([
      `ip -6 neigh replace ${place} use`,
      `ip -6 neigh show to ${place}`,
      `ip -6 neigh show to ${place}`,
      `ip -6 neigh del ${place}`,
    ]);
    expect(refused).toMatchObject({
      message: `VIP 2001:db8::1: ${MAC} answers neighbour solicitations on eth0\nnothing was changed`,
    });
    expect(
      (await asked([SIX], { neighbours: { '2001:db8::1': [`${place} FAILED`] } })).refused,
    ).toBeUndefined();
  });

  test('IPv6: an old ip cannot have the kernel ask', async () => {
    const { ran, warnings } = await asked([SIX], { canAsk: false });
    expect(ran).toEqual(['ip -6 neigh replace 2001:db8::1 dev eth0 use']);
    expect(warnings).toEqual([expect.stringMatching(/was not asked: this ip cannot/)]);
  });
});

describe('the VIP of a director', () => {
  const extra = (device: string, text: string) =>
    setting('extra_address', { device, address: text }, null);
  test.each<readonly [string, readonly string[], boolean]>([
    ['a service of it', ['-A -t 192.0.2.1:80 -s rr'], true],
    ['a service of another one', ['-A -t 192.0.2.9:80 -s rr'], false],
    ['a mark', ['-A -f 1 -s rr'], false],
    ['a mark before it', ['-A -f 1 -s rr', '-A -u 192.0.2.1:80 -s rr'], true],
    ['none', [], false],
  ])('%s', async (_, lines, refused) => {
    const machine = await withRules(...lines);
    const done = refuseDirectorsVip(
      [extra('eth0', '192.0.2.1/24'), setting('module', { name: 'ip_vs' }, true)],
      machine,
    );
    if (!refused) return expect(await done).toBeUndefined();
    await expect(done).rejects.toMatchObject({
      code: 'WRONG_MACHINE',
      message: expect.stringMatching(
        /192\.0\.2\.1:80 is in the table .* on eth0: it is the director/,
      ),
      hint: expect.stringContaining('lvsctl director down first'),
    });
    await expect(refuseDirectorsVip([], machine)).resolves.toBeUndefined();
    const unread = { ...machine, hasKernelRules: true };
    await expect(
      refuseDirectorsVip([extra('eth0', '192.0.2.1/24')], unread),
    ).resolves.toBeUndefined();
  });
});

describe('VIPs and services of a file', () => {
  const config = (more = '') =>
    readConfig(
      `vips: [{address: 192.0.2.1, interface: eth0${more}}]
services: [{name: a, address: 192.0.2.1, port: 80, mode: dr, servers: [{address: 192.0.2.7}]}]
`,
      'f',
    );
  const on = async (own: readonly string[], ...lines: readonly string[]) => {
    const { backend } = await withRules(...lines);
    return fakeMachine(
      {},
      { ip: () => ({ stdout: JSON.stringify(linksOf(own)) }) },
      await backend(),
    );
  };
  const OTHERS = ['-A -t 192.0.2.1:81 -s rr', '-A -f 1 -s rr'];

  test('what is left of a director', async () => {
    const vip = 'eth1 192.0.2.1/32';
    const service = expect.stringMatching(/^service .*192\.0\.2\.1:80$/);
    const left = async (more: string, machine: ReturnType<typeof on>) =>
      directorRemains(config(more), await machine);
    const both = on([vip], ...OTHERS, '-A -t 192.0.2.1:80 -s rr');
    expect(await left('', both)).toEqual(['VIP 192.0.2.1 on eth1', service]);
    expect(await left(', managed: false', both)).toEqual([service]);
    expect(await left('', on(['eth0 192.0.2.2/24'], ...OTHERS))).toEqual([]);
    const unread = { ...(await both), hasKernelRules: true };
    expect(await directorRemains(config(), unread)).toEqual(['VIP 192.0.2.1 on eth1']);
  });

  test.each([
    [['eth0 192.0.2.1/32'], 'there'],
    [['eth1 192.0.2.1/32', 'eth0 192.0.2.1/32'], 'there'],
    [['eth1 192.0.2.1/32', 'eth2 192.0.2.1/32'], 'on eth1, on eth2'],
    [['eth0 192.0.2.3/24'], 'missing'],
  ])('of another program: %j is %s', async (own, actual) => {
    const machine = await on(own);
    expect(unmanagedVips(config(), machine)).toEqual([]);
    expect(unmanagedVips(config(', managed: false'), machine)).toEqual([
      {
        resource: { kind: 'address', device: 'eth0', address: '192.0.2.1/32' },
        title: 'address 192.0.2.1/32 on eth0',
        desired: 'left to another program',
        actual,
        same: true,
        states: { desired: null, actual: actual === 'there' },
      },
    ]);
  });
});
