// A file with a slip: message with line and column, exit status 2, and nothing was even looked at.
import { describe, expect, test } from 'vitest';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine, memoryRecords } from '../../support/machine.js';

const HEAD = 'vips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n';
const service = (text: string) => `${HEAD}  - {name: a, address: 192.0.2.1, ${text}}\n`;

// Each with the text that the message must point at, in the last line.
// biome-ignore format: a table
const SLIPS = [
  ['an unknown key', service('port: 80, mode: nat, servers: [], colour: red'), 'colour', /services\[0\]: unknown key `colour'/],
  ['port 70000', service('port: 70000, mode: nat, servers: []'), '70000', /services\[0\]\.port: /],
  ['a server twice', service('port: 80, mode: nat, servers: [{address: 10.0.0.1}, {address: 10.0.0.1}]'), '{address: 10.0.0.1}]', /server 10\.0\.0\.1 port 80 is there twice, first in line/],
  ['DR with another port', service('port: 80, mode: dr, servers: [{address: 10.0.0.1, port: 81}]'), '81', /mode dr cannot change the port/],
  ['a mark used twice', `${service('ports: [80], mark: 3, mode: nat, servers: []')}  - {name: b, address: 192.0.2.1, ports: [81], mark: 3, mode: nat, servers: []}\n`, '3, mode', /services\[1\]\.mark: mark 3 is there twice, first in line/],
  ['tab indentation', `${HEAD}\t- name: a\n`, '\t', /[Tt]ab/],
] as const;

describe.each(SLIPS)('%s', (_, text, marker, message) => {
  const lines = text.trimEnd().split('\n');
  const place = `lvsctl: lvs.yaml:${lines.length}:${(lines.at(-1) ?? '').lastIndexOf(marker) + 1}: `;

  test.each([
    ['check'],
    ['director', 'up'],
    ['director', 'status'],
    ['realserver', 'up'],
    ['realserver', 'up', '--dry-run'],
    ['doctor'],
  ])('%s %s', async (...args) => {
    const machine = fakeMachine({});
    const records = memoryRecords();
    const answer = await lvsctl(
      [...args, 'lvs.yaml'],
      { 'lvs.yaml': text },
      { machine, records: () => records },
    );
    expect(answer).toMatchObject({ status: 2, stdout: '' });
    expect(answer.stderr.slice(0, place.length)).toBe(place);
    expect(answer.stderr.trimEnd()).toMatch(message);
    expect(machine.ran).toEqual([]);
    expect(records.list()).toEqual([]);
  });
});

test.each([
  [['director', 'up'], 2, /missing argument: file/],
  [['director', 'sideways', 'x'], 2, /unknown command `sideways'/],
  [['director', 'up', 'gone.yaml'], 2, /^lvsctl: gone\.yaml: No such file or directory\n$/],
  [['doctor', '--role', 'king'], 2, /Allowed choices are director, realserver/],
] as const)('%j', async (args, status, message) => {
  const answer = await lvsctl(args);
  expect(answer.status).toBe(status);
  expect(answer.stderr).toMatch(message);
});

test('a machine that is no real server of the file is told so', async () => {
  const machine = fakeMachine(
    {},
    {
      ip: () => ({
        stdout:
          '[{"ifname":"eth0","flags":["UP"],"addr_info":[{"local":"10.0.0.9","prefixlen":24}]}]',
      }),
    },
  );
  const text = service('port: 80, mode: dr, servers: [{address: 10.0.0.1}]');
  const answer = await lvsctl(['realserver', 'up', 'f'], { f: text }, { machine });
  expect(answer).toEqual({
    status: 2,
    stdout: '',
    stderr: 'lvsctl: no real server of the file is this machine, whose addresses are 10.0.0.9\n',
  });
});

describe('realserver up --dry-run --as', () => {
  const FILE = `vips: [{address: 192.0.2.1, interface: eth0}, {address: "2001:db8::1", interface: eth0}]
services:
  - {name: a, address: 192.0.2.1, port: 80, mode: nat, gateway: 10.0.0.1, servers: [{address: 10.0.1.11}]}
  - {name: b, address: 192.0.2.1, port: 81, mode: dr, servers: [{address: 192.0.2.11}]}
  - {name: c, address: 192.0.2.1, port: 82, mode: tun, servers: [{address: 198.51.100.11}]}
  - {name: d, address: "2001:db8::1", port: 80, mode: nat, gateway: "fd00::1", servers: [{address: "fd00::11"}]}
  - {name: e, address: "2001:db8::1", port: 81, mode: dr, servers: [{address: "2001:db8::11"}]}
  - {name: f, address: "2001:db8::1", port: 82, mode: tun, servers: [{address: "2001:db8:2::11"}]}
`;
  const up = async (...args: string[]) => {
    const machine = fakeMachine({});
    const records = memoryRecords();
    const result = await lvsctl(
      ['realserver', 'up', 'f', ...args],
      { f: FILE },
      { machine, records: () => records },
    );
    expect(machine.ran).toEqual([]);
    expect(records.list()).toEqual([]);
    return result;
  };
  const ARP = [
    'sysctl -w net.ipv4.conf.eth0.arp_ignore=1',
    'sysctl -w net.ipv4.conf.eth0.arp_announce=2',
  ];

  test.each([
    [['10.0.1.11'], ['ip route replace default via 10.0.0.1 dev eth0']],
    [['192.0.2.11'], [...ARP, 'ip addr add 192.0.2.1/32 dev lo']],
    [
      ['198.51.100.11'],
      [
        ...ARP,
        'ip link add lvs-ipip type ipip local 198.51.100.11',
        'ip link set lvs-ipip up',
        'sysctl -w net.ipv4.conf.lvs-ipip.rp_filter=2',
        expect.stringMatching(/^nft .*maxseg size set 1440/),
        'ip addr add 192.0.2.1/32 dev lvs-ipip',
      ],
    ],
    [['fd00::11'], ['ip -6 route replace default via fd00::1 dev eth0 metric 1024']],
    [['2001:db8::11'], ['ip addr add 2001:db8::1/128 dev lo nodad preferred_lft 0']],
    [
      ['2001:db8:2::11'],
      [
        'ip link add lvs-ip6tnl type ip6tnl mode any local 2001:db8:2::11',
        'ip link set lvs-ip6tnl up',
        expect.stringMatching(/^nft .*maxseg size set 1400/),
        'ip addr add 2001:db8::1/128 dev lvs-ip6tnl nodad preferred_lft 0',
      ],
    ],
    [
      ['192.0.2.11', '2001:db8::11'],
      [
        ...ARP,
        'ip addr add 192.0.2.1/32 dev lo',
        'ip addr add 2001:db8::1/128 dev lo nodad preferred_lft 0',
      ],
    ],
  ])('%j', async (own, lines) => {
    const { status, stdout, stderr } = await up(
      '--dry-run',
      ...own.flatMap((one) => ['--as', one]),
    );
    expect(stdout.trimEnd().split('\n')).toEqual(lines);
    expect(status).toBe(0);
    expect(stderr).toBe(
      `lvsctl: for ${own.join(', ')} on eth0 of a machine without settings of its own\n`,
    );
  });

  test.each([
    [['--as', '10.0.1.11'], /--as needs --dry-run/],
    [
      ['--dry-run', '--as', '10.0.0.9'],
      /f: no real server 10\.0\.0\.9; there are 10\.0\.1\.11, 192/,
    ],
    [['--dry-run', '--as', 'rs1'], /an IPv4 or IPv6 address is needed/],
  ])('%j is refused', async (args, message) => {
    const result = await up(...args);
    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
  });
});
