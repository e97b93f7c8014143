// What needs another kernel or another machine than the lab's.
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import type { Diagnosis } from '../../../src/lvsctl/doctor/examine.js';
import type { ExecResult } from '../../../src/lvsctl/plan/machine.js';
import { answer } from '../../support/inprocess.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';

type Local = readonly (readonly [string, string, number])[];

/** What `ip` answers on a machine with these addresses. */
const ip =
  (local: Local, routes: readonly object[] = []) =>
  (args: readonly string[]) => {
    const own = local.flatMap(([dev, address, length]) => [
      { type: 'local', dst: address, dev, table: 'local' },
      ...(length < 32 ? [{ dst: address.replace(/\d+$/, `0/${length}`), dev }] : []),
    ]);
    const line = args.join(' ');
    if (line.includes('addr show') || line.includes('link show'))
      return { stdout: ADDRESSES(...local) };
    return { stdout: line.includes('-4 route') ? JSON.stringify([...own, ...routes]) : '[]' };
  };

const ADDRESSES = (...local: Local) =>
  JSON.stringify(
    local.map(([ifname, address, prefixlen]) => ({
      ifname,
      flags: ['UP', 'LOWER_UP'],
      addr_info: [{ local: address, prefixlen }],
    })),
  );

async function diagnose(
  rules: string,
  files: Readonly<Record<string, string>>,
  programs: Readonly<Record<string, (args: readonly string[]) => Partial<ExecResult>>>,
  ...args: string[]
): Promise<Diagnosis> {
  const backend = new MemoryBackend();
  expect((await answer('ipvsadm', ['-R'], { backend, stdin: rules })).stderr).toBe('');
  const machine = fakeMachine(
    { '/proc/self/status': 'CapEff:\t000001ffffffffff\n', ...files },
    programs,
    backend,
  );
  const { stdout, stderr } = await lvsctl(['doctor', '--json', ...args], { f: FILE }, { machine });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Diagnosis;
}
const ids = ({ findings }: Diagnosis) => findings.map(({ id }) => id);

const RULES = '-A -t 192.0.2.10:80 -s rr\n-a -t 192.0.2.10:80 -r 192.0.2.11:80 -g\n';
const FILE =
  'vips: [{address: 192.0.2.10, interface: eth0}]\nservices:\n  - {name: a, address: 192.0.2.10, port: 80, mode: dr, scheduler: rr, servers: [{address: 192.0.2.11}]}\n';
const director = (local: Local) => ({ ip: ip(local), arping: () => ({ status: 0 }) });
const healthy = director([
  ['eth0', '192.0.2.1', 24],
  ['eth0', '192.0.2.10', 32],
]);

describe('port reuse by kernel', () => {
  test.each([
    ['5.4.0-42-generic', '1', '1', ['conn-reuse']],
    ['5.4.0', '1', '0', []],
    ['4.19.0', '0', '1', []],
    ['5.9.0', '1', '1', []],
    ['6.1.0-amd64', '0', '0', ['conn-reuse']],
    ['10.0.0', '1', '1', []],
  ])('Linux %s, conn_reuse_mode %s, conntrack %s', async (release, mode, conntrack, found) => {
    const vs = '/proc/sys/net/ipv4/vs';
    const files = {
      '/proc/sys/kernel/osrelease': `${release}\n`,
      [`${vs}/conn_reuse_mode`]: mode,
      [`${vs}/conntrack`]: conntrack,
    };
    expect(ids(await diagnose(RULES, files, healthy))).toEqual(found);
  });
});

test('what could not be checked is reported', async () => {
  const { findings, skipped } = await diagnose(RULES, {}, { ip: healthy.ip });
  expect(findings).toEqual([]);
  expect(skipped).toEqual([
    'other hosts that answer ARP for a VIP: arping is not installed (Debian: iputils-arping)',
  ]);
});

test('a VIP that is nowhere, without a file: the interface is that of its network', async () => {
  const { findings } = await diagnose(RULES, {}, director([['eth3', '192.0.2.1', 24]]));
  expect(findings).toMatchObject([
    {
      id: 'vip',
      what: 'VIP 192.0.2.10 is on no interface',
      repair: ['ip addr add 192.0.2.10/32 dev eth3'],
    },
  ]);
});

test('rp_filter on a DR server whose way to clients is another interface', async () => {
  const programs = {
    ip: ip(
      [
        ['eth0', '192.0.2.11', 24],
        ['eth1', '198.51.100.1', 24],
        ['lo', '192.0.2.10', 32],
      ],
      [{ dst: 'default', gateway: '198.51.100.254', dev: 'eth1' }],
    ),
  };
  const conf = '/proc/sys/net/ipv4/conf';
  const quiet = { [`${conf}/eth0/arp_ignore`]: '1', [`${conf}/eth0/arp_announce`]: '2' };
  const strict = { ...quiet, [`${conf}/all/rp_filter`]: '1', [`${conf}/eth0/rp_filter`]: '0' };
  const { findings } = await diagnose('', strict, programs, 'f');
  expect(findings).toMatchObject([
    { id: 'rp-filter', repair: ['sysctl -w net.ipv4.conf.eth0.rp_filter=2'] },
  ]);
  expect(
    ids(
      await diagnose(
        '',
        { ...quiet, [`${conf}/eth0/rp_filter`]: '2', [`${conf}/all/rp_filter`]: '1' },
        programs,
        'f',
      ),
    ),
  ).toEqual([]);
});

test('an interface that the machine lacks is named before anything is changed', async () => {
  const machine = fakeMachine({}, { ip: () => ({ stdout: ADDRESSES(['eth1', '192.0.2.1', 24]) }) });
  const answered = await lvsctl(['director', 'up', 'f'], { f: FILE }, { machine });
  expect(answered).toEqual({
    status: 2,
    stdout: '',
    stderr: 'lvsctl: VIP 192.0.2.10: this machine has no interface eth0; it has eth1\n',
  });
});
