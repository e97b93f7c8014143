// Records that were damaged, or made by hand: none is carried out, and each is refused in words.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasCode } from '../../../src/lvsctl/errors.js';
import { isAddressArgs } from '../../../src/lvsctl/plan/addressargs.js';
import { down, up } from '../../../src/lvsctl/plan/engine.js';
import { executor } from '../../../src/lvsctl/plan/executor.js';
import { Journal } from '../../../src/lvsctl/plan/journal.js';
import { readOthers } from '../../../src/lvsctl/plan/others.js';
import { checkEntry } from '../../../src/lvsctl/plan/recordformat.js';
import { JournalError } from '../../../src/lvsctl/plan/recordline.js';
import { isRoute } from '../../../src/lvsctl/plan/route.js';
import { wholeMachine } from '../../support/fakeip.js';
import { FULL } from '../../support/full.js';
import { memoryRecords } from '../../support/machine.js';
import { rulesOf } from '../../support/rulechanges.js';
import { ROWS } from '../../support/settings.js';

const RUNS = FULL ? 20_000 : 400;
const ABOUT = {
  role: 'director',
  file: '/etc/lvs é.yaml',
  content: '0'.repeat(64),
  links: { eth0: 2 },
};
const silent = { ran: () => {}, warn: () => {} };

/** The record of one row after `up`. */
async function recordOf({ prepare, first }: (typeof ROWS)[number]): Promise<string> {
  const machine = wholeMachine();
  await prepare?.(machine);
  const records = memoryRecords();
  const journal = new Journal(records, 'r', ABOUT);
  await up(
    [first],
    executor(machine, journal, readOthers(records, 'r'), silent, rulesOf(machine, silent)),
  );
  return records.read('r');
}
const RECORDS = await Promise.all(ROWS.map(recordOf));

const signed = (head: string, fields: unknown) => {
  const rest = JSON.stringify(fields).slice(1);
  const sum = createHash('sha256').update(rest).digest('hex').slice(0, 16);
  return `{${head},"sum":"${sum}",${rest}\n`;
};
const HEADER = signed('"record":1', { ...ABOUT, file: '/etc/lvs.yaml' });
const open = (text: string) => new Journal(memoryRecords({ r: text }), 'r');

/** What `down` does with a record, on a machine of its own. */
async function carriedOut(text: string): Promise<readonly string[]> {
  const machine = wholeMachine();
  const before = await machine.dump();
  const records = memoryRecords({ r: text });
  machine.ran.length = 0;
  const { write } = machine;
  machine.write = (path, text) => {
    machine.ran.push(`write ${path}`);
    write(path, text);
  };
  await down(
    executor(
      machine,
      new Journal(records, 'r'),
      readOthers(records, 'r'),
      silent,
      rulesOf(machine, silent, 'down'),
    ),
  );
  const changed = (await machine.dump()) === before ? [] : ['the machine'];
  return [...machine.ran.filter((line) => !/ show\b|^nft list|-C /.test(line)), ...changed];
}

describe('a damaged record', () => {
  test('is refused wherever a byte of it is another, missing or too much', () => {
    const damage = fc.record({
      record: fc.constantFrom(...RECORDS),
      place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      how: fc.constantFrom('replace', 'delete', 'insert', 'swap'),
      byte: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(damage, ({ record, place, how, byte }) => {
        const at = Math.floor(place * (record.length - 1)); // without the last newline
        const start = record.lastIndexOf('\n', at - 1) + 1;
        fc.pre(at !== start + 10); // the state, which is meant to change
        const char = String.fromCharCode(byte);
        const text =
          record.slice(0, at) +
          {
            replace: char,
            delete: '',
            insert: char + record[at],
            swap: `${record[at + 1]}${record[at]}`,
          }[how] +
          record.slice(at + (how === 'swap' ? 2 : 1));
        fc.pre(text !== record && !record.startsWith(text));
        expect(() => open(text)).toThrow(JournalError);
      }),
      { numRuns: RUNS },
    );
  });

  test.each([
    ['null', 'r:1: not the beginning of a record'],
    ['{}', 'r:1: not the beginning of a record'],
    [
      '{"resource":{"kind":"sysctl"},"previous":null,"set":null,"committed":true}',
      'r:1: not the beg',
    ],
    ['{"record":2,"sum":"0000000000000000","x":1}', 'r:1: record of version 2; this program reads'],
    ['{"record":1,"sum":"0000000000000000","x":1}', 'r:1: the line is damaged'],
    [signed('"record":1', { role: 'king' }).trim(), 'r:1: header: file is missing'],
  ])('%s', (text, message) => {
    expect(() => open(`${text}\n`)).toThrow(message);
  });
});

/** Every value in an entry with the path to it. */
function paths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, one]) => paths(one, [...path, key]))];
}

function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  const copy: unknown = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string, unknown>)[key] = replaced(
    (value as Record<string, unknown>)[key],
    rest,
    by,
  );
  return copy;
}

/** damage that would make `down` do something else */
const HOSTILE = [
  null,
  0,
  -1,
  1.5,
  1e9,
  '',
  '../../path',
  '../../../etc/passwd',
  '-6',
  '--help',
  'net/ipv4/../../kernel/core_pattern',
  'kernel/core_pattern',
  'eth0;reboot',
  'netns',
  'dev',
  'via 1.2.3.4 netns x',
  [],
  {},
  ['netns', 'exec', 'x', 'sh'],
  ['type', 'dummy'],
  { '../../path': 'text' },
  { 'kernel/core_pattern': '|/bin/sh' },
  { kind: 'shell' },
  true,
];

describe('a record with right checksums and a hostile value', () => {
  test('at any place and in any kind is refused, or does what lvsctl would do itself', async () => {
    const entries = RECORDS.map((text) => {
      const { sum: _, state: __, ...entry } = JSON.parse(text.split('\n')[1] ?? '');
      return entry as object;
    });
    const places = entries.flatMap((entry) => paths(entry).map((path) => ({ entry, path })));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...places),
        fc.constantFrom(...HOSTILE),
        fc.constantFrom('o', 's'),
        async ({ entry, path }, value, state) => {
          const text = HEADER + signed(`"state":"${state}"`, replaced(entry, path, value));
          let did: readonly string[] = [];
          try {
            did = await carriedOut(text);
          } catch (error) {
            const refused = hasCode(error, 'COMMAND_FAILED', 'BAD_RECORD', 'NOT_RESTORED');
            expect(refused, String(error)).toBe(true);
            return;
          }
          for (const line of did) expect(line).toMatch(ALLOWED);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test.each([
    [
      'an entry for a path',
      { kind: 'sysctl', key: '../../path' },
      { '../../path': 'text' },
      'resource.key: not a key that lvsctl sets',
    ],
    ['an unknown kind', { kind: 'shell' }, true, 'resource.kind: "shell" is unknown'],
    [
      'a kind of every object',
      { kind: 'constructor' },
      true,
      'resource.kind: "constructor" is unknown',
    ],
    [
      'a key beside the known ones',
      { kind: 'route', family: 'ipv4', table: '7' },
      null,
      'resource: unknown key "table"',
    ],
    ['a missing key', { kind: 'sysctl' }, null, 'resource: key is missing'],
    [
      'another key than its own',
      { kind: 'sysctl', key: 'net/ipv4/ip_forward' },
      { 'net/ipv4/tcp_ecn': '1' },
      'previous: unknown key "net/ipv4/tcp_ecn"',
    ],
    [
      'a value that is no number',
      { kind: 'sysctl', key: 'net/ipv4/ip_forward' },
      { 'net/ipv4/ip_forward': 'x' },
      'previous.net/ipv4/ip_forward: not a number',
    ],
    [
      "a device that is not lvsctl's",
      { kind: 'link', name: 'eth0', args: ['type', 'dummy'] },
      null,
      'resource: not a device of lvsctl',
    ],
    [
      'a device of lvsctl of another type',
      { kind: 'link', name: 'lvs-ipip', args: ['type', 'dummy', 'local', '10.0.0.1'] },
      null,
      'resource: not a device of lvsctl',
    ],
    [
      'a module that is none of IPVS',
      { kind: 'module', name: 'usb_storage' },
      false,
      'resource.name: not a module of IPVS',
    ],
    [
      'a route with other args',
      { kind: 'route', family: 'ipv4' },
      'via 10.0.0.1 netns x',
      'previous: not a route',
    ],
    [
      'an address on no interface',
      { kind: 'address', device: 'a/b', address: '10.0.0.1/32' },
      true,
      'resource.device: not a network interface name',
    ],
    [
      'an address without length',
      { kind: 'address', device: 'eth0', address: '10.0.0.1' },
      true,
      'resource.address: not an address with prefix length',
    ],
    [
      'an address with too long a prefix',
      { kind: 'address', device: 'eth0', address: '10.0.0.1/33' },
      true,
      'resource.address: not an address with prefix length',
    ],
    [
      'an address that is neither there nor not',
      { kind: 'address', device: 'eth0', address: '10.0.0.1/32' },
      'x',
      'previous: not true or false',
    ],
    [
      'another program',
      { kind: 'firewall', tool: 'sh', rule: {} },
      true,
      'resource.tool: not one of nft, iptables, iptables-legacy',
    ],
    [
      'a rule of another form',
      { kind: 'firewall', tool: 'nft', rule: { kind: 'mss', address: 'x', size: 1 } },
      true,
      'resource.rule: not a rule of lvsctl',
    ],
    [
      'a port of nothing',
      { kind: 'fou', port: 0, family: 'ipv4' },
      true,
      'resource.port: not an integer 1..65535',
    ],
    [
      'timeouts without one',
      { kind: 'timeouts' },
      { tcp: 1, tcpFin: 2 },
      'previous: udp is missing',
    ],
    [
      'a daemon on a path',
      { kind: 'daemon', role: 'master' },
      { role: 'master', interface: '../x', syncId: 1 },
      'previous.interface: not a network interface name',
    ],
    [
      'a service without destinations',
      { kind: 'service', id: { kind: 'fwmark', mark: 1, family: 'ipv4' } },
      { service: {}, ordered: true },
      'previous: destinations is missing',
    ],
  ])('%s', (_, resource, previous, message) => {
    expect(checkEntry({ resource, previous, set: previous })).toBe(message);
  });
});

/** commands and sysctls of lvsctl itself, on the interfaces and for the addresses of the records */
const ALLOWED =
  /^(the machine|write \/proc\/sys\/net\/ipv[46]\/(ip_forward|vs\/\w+|conf\/[a-z0-9]+\/\w+)|ip addr (add|del) [0-9a-f.:]+\/\d+ dev \S+( nodad preferred_lft 0)?|ip link (del|set|add) lvs-\S+.*|ip fou (add|del) port \d+.*|ip (-6 )?route (del|replace) default .*|iptables\S* -t mangle .*|nft (add|delete) table ip6? lvsctl_.*|rmmod ip_vs_\w+|modprobe (-r )?ip_vs\w*)$/;

test.each([
  [[], true],
  [['brd', '192.0.2.255', 'label', 'eth0:1'], true],
  [['scope', 'link', 'metric', '100', 'noprefixroute'], true],
  [['valid_lft', '86000', 'preferred_lft', '0', 'nodad'], true],
  [['brd'], false],
  [['brd', '192.0.2.255; reboot'], false],
  [['label', '../x'], false],
  [['metric', '-1'], false],
  [['dev', 'eth1'], false],
  [[1], false],
])('arguments of an address: %j', (args, expected) => {
  expect(isAddressArgs(args)).toBe(expected);
});

test.each([
  ['via 198.51.100.1 dev eth0', true],
  ['via 198.51.100.1 dev eth0 proto dhcp src 198.51.100.11 metric 100', true],
  ['via inet6 fe80::1 dev eth0', true],
  ['dev ppp0 scope link', true],
  ['via fe80::1 dev eth0 proto ra metric 1024 mtu 1400 hoplimit 64', true],
  ['via 10.0.0.1 dev eth0 mtu lock 1400 onlink', true],
  ['', false],
  ['via', false],
  ['via eth0', false],
  ['via 198.51.100.1 dev eth0 netns x', false],
  ['via 198.51.100.1 dev eth/0', false],
  ['via 198.51.100.1; reboot', false],
  ['onlink', false],
])('a route: %j', (text, expected) => {
  expect(isRoute(text)).toBe(expected);
});
