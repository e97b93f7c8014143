import { describe, expect, test } from 'vitest';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import type { Config } from '../../../src/lvsctl/config/file.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { type RuleFile, readRuleFile } from '../../../src/lvsctl/config/rulefile.js';
import { writeConfig } from '../../../src/lvsctl/config/write.js';
import { iptablesMark } from '../../../src/lvsctl/plan/marks.js';
import { parseAddress } from '../../../src/model/address.js';
import { sameDestination, sameService } from '../../../src/model/same.js';
import { familyOf } from '../../../src/model/service.js';
import { FIRST_SEED, FULL } from '../../support/full.js';
import { fixtureNames } from '../../support/names.js';
import { randomTable } from '../../support/random.js';

const read = (text: string) => readRuleFile(text, 'rules', fixtureNames());

test('lines build up a table as ipvsadm would', async () => {
  const { services, timeouts, daemons } = await read(
    '# saved\n-A -t 10.0.0.1:80 -s rr\n\n\t-a -t 10.0.0.1:http -r 10.0.0.2 -m -w 3\n-A -f 7\n-e -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 9\n-D -f 7\n' +
      '--set 0 60 0\n--set 5 0 0\n--start-daemon master --syncid 4\n',
  );
  expect(services).toMatchObject([
    { service: { scheduler: 'rr' }, destinations: [{ port: 80, weight: 9 }], line: 2 },
  ]);
  expect(timeouts).toEqual({ tcp: 5, tcpFin: 60, udp: 0 });
  expect(daemons).toMatchObject([{ role: 'master', syncId: 4 }]);
});

describe('what ipvsadm would refuse is named with its line', () => {
  test.each([
    [
      '-A -t 10.0.0.1:80\n-A -t 10.0.0.1:80\n',
      'rules:2:1: service tcp 10.0.0.1:80 is there twice, first in line 1',
    ],
    ['-A -t 10.0.0.1:80 -q\n', 'rules:1:19: -q: unknown option'],
    [
      '\n# x\n-a -t 10.0.0.1:80 -r 10.0.0.2\n',
      'rules:3:1: no service tcp 10.0.0.1:80 in the lines before',
    ],
    ['-L\n', 'rules:1:1: not an ipvsadm rule: -L changes no rules'],
    [
      '-A -t 10.0.0.1:80\n-d -t 10.0.0.1:80 -r 10.0.0.2\n',
      'rules:2:1: no real server 10.0.0.2 port 80 in the lines before',
    ],
    [
      '  foo bar\n-A -t 10.0.0.1:80 -s rr -w x\n-A -t 10.0.0.1 -q\n',
      "rules:1:3: not an ipvsadm rule: it begins with `foo', a rule with -A, -E, -D, -a, -e, -d, -C, --set or --start-daemon (and 2 more errors)",
    ],
    [
      '\u2013A -t 10.0.0.1:80\n',
      "rules:1:1: not an ipvsadm rule: `\u2013A' has a typographic dash (U+2013); type `-'",
    ],
    [
      '-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.0.0.300\n',
      'rules:2:22: illegal real server address[:port] specified',
    ],
  ])('%j', async (text, message) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'BAD_FILE', message });
  });
});

/** Marks as they must be known for a file of a table. */
const marksOf = ({ services }: RuleFile) =>
  services.flatMap(({ service: { id } }, i) => {
    if (id.kind !== 'fwmark') return [];
    const address = id.family === 'ipv4' ? `192.0.2.${1 + (i % 250)}` : `2001:db8::${1 + i}`;
    return [
      {
        family: id.family,
        mark: id.mark,
        address,
        vip: parseAddress(address),
        protocol: 'tcp',
        ports: [80, 443],
      },
    ];
  });

const SEEDS = FULL ? 20 : 2;

test('a file made of random rules makes the same rules', async () => {
  let compared = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const lines = randomTable(seed, { services: 30, serversEach: 4 }).filter(
      (line) => !/ -s none| -i -w .*--tun-type (?:gue|gre).*--tun-remcsum/.test(line),
    );
    const kept = new Set(
      lines
        .filter((line) => line.startsWith('-A'))
        .map((line) => / (-[tuf]|--sctp-service) \S+(?: -6)?/.exec(line)?.[0]),
    );
    const text = lines
      .filter((line) => kept.has(/ (-[tuf]|--sctp-service) \S+(?: -6)?/.exec(line)?.[0]))
      .join('\n');
    const rules = await read(text);
    const around = {
      timeouts: rules.timeouts,
      daemons: rules.daemons,
      marks: marksOf(rules),
      interfaceOf: () => 'eth0',
    };
    for (const described of rules.services) {
      let config: Config;
      try {
        config = readConfig(writeConfig([described], around), 'made');
      } catch (error) {
        // what an lvsctl file refuses on purpose: another port in DR or TUN, one-packet scheduling
        // of marks, families that only TUN mixes
        expect(String(error)).toMatch(
          /persistence engine sip without|cannot change the port|one-packet|needs mode tun|lower threshold/,
        );
        continue;
      }
      const [wanted] = desiredServices(config);
      if (!wanted || !sameService(wanted.service, described.service))
        expect(wanted?.service).toEqual(described.service);
      expect(wanted?.destinations.length).toBe(described.destinations.length);
      expect(
        wanted?.destinations.every((one, i) => {
          const rule = described.destinations[i] ?? one;
          // the port of a group's server means something in NAT only
          const portless =
            described.service.id.kind === 'fwmark' && one.forwarding !== 'masquerade';
          return sameDestination(one, portless ? { ...rule, port: 0 } : rule);
        }),
      ).toBe(true);
      expect(familyOf(wanted?.service.id ?? described.service.id)).toBe(
        familyOf(described.service.id),
      );
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(10 * SEEDS);
});

test('servers of a service that was refused are not refused as well', async () => {
  const text = '-A -t 10.0.0.1:80 -q\n-a -t 10.0.0.1:80 -r 10.0.0.2\n';
  await expect(read(text)).rejects.toMatchObject({ problems: [{ line: 1 }] });
});

test('the rules of 20,000 lines are found by their names', async () => {
  const lines = Array.from({ length: 4000 }, (_, i) => {
    const vip = `10.${i >> 8}.${i & 255}.1:80`;
    const servers = [1, 2, 3, 4].map((n) => `-a -t ${vip} -r 192.0.2.${n}:80 -m\n`).join('');
    return `-A -t ${vip} -s rr\n${servers}`;
  });
  const { services } = await read(lines.join(''));
  expect(services.length).toBe(4000);
  expect(services.every(({ destinations }) => destinations.length === 4)).toBe(true);
});

test.each([
  [
    '-A PREROUTING -d 192.0.2.1/32 -p tcp -m multiport --dports 80,443 -j MARK --set-xmark 0x7/0xffffffff',
    {
      mark: 7,
      address: '192.0.2.1',
      vip: parseAddress('192.0.2.1'),
      protocol: 'tcp',
      ports: [80, 443],
    },
  ],
  [
    '-A PREROUTING -d 192.0.2.1/32 -p tcp -m multiport --dports 80,8000:8100 -j MARK --set-xmark 0x7/0xffffffff',
    { mark: 7, protocol: 'tcp', ports: [80, '8000-8100'] },
  ],
  [
    '-A PREROUTING -d 192.0.2.0/24 -p udp -m udp --dport 53 -j MARK --set-xmark 0x10/0xffffffff',
    { mark: 16, vip: undefined, protocol: 'udp', ports: [53] },
  ],
  [
    '-A PREROUTING ! -d 192.0.2.0/24 -j MARK --set-mark 3',
    { mark: 3, address: undefined, protocol: undefined, ports: undefined },
  ],
  ['-A PREROUTING -d 192.0.2.1/32 -j ACCEPT', undefined],
  [':PREROUTING ACCEPT [0:0]', undefined],
])('iptablesMark(%j)', (line, source) => {
  if (source === undefined) expect(iptablesMark(line, 'ipv4')).toBeUndefined();
  else expect(iptablesMark(line, 'ipv4')).toMatchObject({ family: 'ipv4', ...source });
});
