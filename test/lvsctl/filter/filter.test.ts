// The reader of the packet filter: rules as iptables-save and nft print them, and what becomes of a
// packet. What is not understood must never be taken for absent.
import { describe, expect, test } from 'vitest';
import { traverse } from '../../../src/lvsctl/filter/evaluate.js';
import { markRules } from '../../../src/lvsctl/filter/marks.js';
import { ruleSetOf } from '../../../src/lvsctl/filter/ruleset.js';
import type { FilterPacket, Hook } from '../../../src/lvsctl/filter/types.js';
import { type Family, formatAddress, parseAddress } from '../../../src/model/address.js';

/** `iptables -t TABLE` arguments as iptables-save prints them, with a chain of its own. */
function saved(lines: readonly string[], policies: Readonly<Record<string, string>> = {}): string {
  const tables = new Map<string, string[]>();
  for (const line of lines) {
    const [, table = 'filter', rule = line] = /^-t (\S+) (.*)$/.exec(line) ?? [];
    tables.set(table, [...(tables.get(table) ?? []), rule]);
  }
  for (const key of Object.keys(policies)) {
    const [table = ''] = key.split(' ');
    tables.set(table, tables.get(table) ?? []);
  }
  const chains = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];
  return [...tables]
    .map(([table, rules]) => {
      const own = rules.map((rule) => rule.split(' ')[1] ?? '');
      const names = [...new Set([...chains, ...own])];
      const heads = names.map(
        (name) =>
          `:${name} ${policies[`${table} ${name}`] ?? (chains.includes(name) ? 'ACCEPT' : '-')} [0:0]`,
      );
      return [`*${table}`, ...heads, ...rules, 'COMMIT'].join('\n');
    })
    .join('\n');
}
const iptables = (lines: readonly string[], policies = {}, family: Family = 'ipv4') =>
  ruleSetOf(
    { iptables: [{ family, variant: 'x_tables', text: saved(lines, policies) }], nft: [] },
    family,
  );

const PACKET: FilterPacket = {
  family: 'ipv4',
  protocol: 'tcp',
  source: parseAddress('203.0.113.9'),
  sourcePort: 40_000,
  destination: parseAddress('192.0.2.10'),
  destinationPort: 80,
  mark: 0,
  state: 'new',
  flags: ['syn'],
  inDevice: 'eth0',
  outDevice: undefined,
  sourceMac: undefined,
};
const isVip = (address: NonNullable<FilterPacket['source']>) =>
  formatAddress(address) === '192.0.2.10';

/** `drop by TEXT`, `pass mark 1` … */
function fate(
  rules: ReturnType<typeof iptables>,
  hook: Hook = 'input',
  more: Partial<FilterPacket> = {},
): string {
  const { outcome, by, packet } = traverse(rules.hooks[hook], { ...PACKET, ...more }, isVip);
  if (outcome !== 'pass') return `${outcome}: ${by?.text}`;
  const to = packet.destination && formatAddress(packet.destination);
  return [
    'pass',
    ...(packet.mark === 0 ? [] : [`mark ${packet.mark}`]),
    ...(to === '192.0.2.10' && packet.destinationPort === 80
      ? []
      : [`to ${to}:${packet.destinationPort}`]),
    ...(packet.state === 'untracked' ? ['untracked'] : []),
  ].join(' ');
}

// biome-ignore format: a table
const IPTABLES: readonly (readonly [lines: readonly string[], outcome: string, more?: Partial<FilterPacket>])[] = [
  [[], 'pass'],
  [['-A INPUT -j DROP'], 'drop: iptables -A INPUT -j DROP'],
  [['-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT', '-A INPUT -j REJECT --reject-with icmp-host-prohibited'], 'reject: iptables -A INPUT -j REJECT --reject-with icmp-host-prohibited'],
  [['-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A INPUT -j DROP'], 'pass', { state: 'established' }],
  [['-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT', '-A INPUT -j DROP'], 'pass'],
  [['-A INPUT -p tcp -m tcp ! --dport 80 -j ACCEPT', '-A INPUT -j DROP'], 'drop: iptables -A INPUT -j DROP'],
  [['-A INPUT -p udp -m udp --dport 80 -j ACCEPT', '-A INPUT -j DROP'], 'drop: iptables -A INPUT -j DROP'],
  [['-A INPUT -p tcp -m multiport --dports 1:79,443 -j DROP'], 'pass'],
  [['-A INPUT -p tcp -m multiport --dports 1:80,443 -j DROP'], 'drop: iptables -A INPUT -p tcp -m multiport --dports 1:80,443 -j DROP'],
  [['-A INPUT -p tcp -m multiport --ports 40000 -j DROP'], 'drop: iptables -A INPUT -p tcp -m multiport --ports 40000 -j DROP'],
  [['-A INPUT -s 203.0.113.0/24 -j DROP'], 'drop: iptables -A INPUT -s 203.0.113.0/24 -j DROP'],
  [['-A INPUT ! -s 203.0.113.0/24 -j DROP'], 'pass'],
  [['-A INPUT -m iprange --src-range 203.0.113.1-203.0.113.9 -j DROP'], 'drop: iptables -A INPUT -m iprange --src-range 203.0.113.1-203.0.113.9 -j DROP'],
  [['-A INPUT -i eth+ -j DROP'], 'drop: iptables -A INPUT -i eth+ -j DROP'],
  [['-A INPUT -i lo -j DROP'], 'pass'],
  [['-A INPUT ! -i eth0 -j DROP'], 'pass'],
  [['-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP'], 'drop: iptables -A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP'],
  [['-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP'], 'pass'],
  [['-A INPUT -m addrtype --dst-type LOCAL -j DROP'], 'drop: iptables -A INPUT -m addrtype --dst-type LOCAL -j DROP'],
  [['-A INPUT -m state --state NEW -m comment --comment "a -j b" -j DROP'], 'drop: iptables -A INPUT -m state --state NEW -m comment --comment "a -j b" -j DROP'],
  // chains
  [['-A INPUT -j OWN', '-A OWN -p tcp -j RETURN', '-A OWN -j DROP'], 'pass'],
  [['-A INPUT -j OWN', '-A OWN -p udp -j RETURN', '-A OWN -j DROP'], 'drop: iptables -A OWN -j DROP'],
  [['-A INPUT -g OWN', '-A INPUT -j DROP', '-A OWN -p udp -j DROP'], 'pass'],
  // what is not understood: known only where it makes no difference
  [['-A INPUT -m set --match-set bad src -j DROP'], 'unknown: iptables -A INPUT -m set --match-set bad src -j DROP'],
  [['-A INPUT -m set --match-set good src -j ACCEPT'], 'pass'],
  [['-A INPUT -m set --match-set bad src -j DROP', '-A INPUT -j DROP'], 'drop: iptables -A INPUT -j DROP'],
  [['-A INPUT -p udp -m set --match-set bad src -j DROP'], 'pass'],
  [['-A INPUT -m limit --limit 5/min -j LOG'], 'pass'],
  [['-A INPUT -p tcp -j TPROXY --on-port 1'], 'unknown: iptables -A INPUT -p tcp -j TPROXY --on-port 1'],
  [['-A INPUT -s 198.51.100.0/24 -j DROP'], 'unknown: iptables -A INPUT -s 198.51.100.0/24 -j DROP', { source: undefined }],
];

describe('iptables', () => {
  test.each(IPTABLES.map(([lines, outcome, more = {}]) => [lines, outcome, more] as const))(
    '%j: %s',
    (lines, outcome, more) => {
      expect(fate(iptables(lines), 'input', more)).toBe(outcome);
    },
  );

  test('a policy decides when no rule does', () => {
    const rules = iptables(['-A FORWARD -o docker0 -j ACCEPT'], { 'filter FORWARD': 'DROP' });
    expect(fate(rules, 'forward', { outDevice: 'eth1' })).toBe('drop: iptables -P FORWARD DROP');
    expect(fate(rules, 'forward', { outDevice: 'docker0' })).toBe('pass');
  });

  test.each([
    ['--set-xmark 0x1/0xffffffff', 0, 'pass mark 1'],
    ['--set-xmark 0x10/0xf0', 0xff, 'pass mark 31'],
    ['--or-mark 0x1', 6, 'pass mark 7'],
  ])('MARK %s on %d', (option, mark, outcome) => {
    const rules = iptables([
      `-t mangle -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 80 -j MARK ${option}`,
    ]);
    expect(fate(rules, 'prerouting', { mark })).toBe(outcome);
  });

  test('translation is asked for new connections alone, and not for untracked ones', () => {
    const dnat =
      '-t nat -A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1:8080';
    expect(fate(iptables([dnat]), 'prerouting')).toBe('pass to 10.0.0.1:8080');
    expect(fate(iptables([dnat]), 'prerouting', { state: 'invalid' })).toBe('pass');
    const raw = '-t raw -A PREROUTING -p tcp -j CT --notrack';
    expect(fate(iptables([dnat, raw]), 'prerouting')).toBe('pass untracked');
    const redirect = '-t nat -A PREROUTING -p tcp -j REDIRECT --to-ports 8080';
    expect(fate(iptables([redirect]), 'prerouting')).toBe('pass to 192.0.2.10:8080');
  });
});

/** As nft 1.0.6 prints it. */
const chain = (hook: string, policy = 'accept', type = 'filter') => ({
  chain: { family: 'inet', table: 'fw', name: hook, type, hook, prio: 0, policy },
});
const rule = (name: string, ...expr: object[]) => ({
  rule: { family: 'inet', table: 'fw', chain: name, handle: 9, expr },
});
const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } });
const field = (protocol: string, name: string) => ({ payload: { protocol, field: name } });
const meta = (key: string) => ({ meta: { key } });
const DROP = { drop: null };
const nft = (...list: object[]) => ruleSetOf({ iptables: [], nft: list }, 'ipv4');

// biome-ignore format: a table
const NFT: readonly (readonly [name: string, rule: object, outcome: 'drop' | 'pass' | 'unknown'])[] = [
  ['tcp dport 80', rule('input', match(field('tcp', 'dport'), 80), DROP), 'drop'],
  ['tcp dport != 80', rule('input', match(field('tcp', 'dport'), 80, '!='), DROP), 'pass'],
  ['a set with a range', rule('input', match(field('tcp', 'dport'), { set: [21, { range: [79, 90] }] }), DROP), 'drop'],
  ['udp dport 80', rule('input', match(field('udp', 'dport'), 80), DROP), 'pass'],
  ['th dport 80', rule('input', match(meta('l4proto'), { set: ['tcp', 'udp'] }), match(field('th', 'dport'), 80), DROP), 'drop'],
  ['ip saddr in a prefix', rule('input', match(field('ip', 'saddr'), { prefix: { addr: '203.0.113.0', len: 24 } }), DROP), 'drop'],
  ['ip6 saddr', rule('input', match(field('ip6', 'saddr'), '2001:db8::1'), DROP), 'pass'],
  ['ip saddr in a named set', rule('input', match(field('ip', 'saddr'), '@bad'), DROP), 'drop'],
  ['ip saddr in a set that is missing', rule('input', match(field('ip', 'saddr'), '@none'), DROP), 'unknown'],
  ['ct state new', rule('input', match({ ct: { key: 'state' } }, ['new'], 'in'), DROP), 'drop'],
  ['ct state invalid', rule('input', match({ ct: { key: 'state' } }, 'invalid', 'in'), DROP), 'pass'],
  ['ct status', rule('input', match({ ct: { key: 'status' } }, 'dnat', 'in'), DROP), 'unknown'],
  ['iifname eth*', rule('input', match(meta('iifname'), 'eth*'), DROP), 'drop'],
  ['meta skuid', rule('input', match(meta('skuid'), 0), DROP), 'unknown'],
  ['tcp flags & … == syn', rule('input', match({ '&': [field('tcp', 'flags'), ['fin', 'syn', 'rst', 'ack']] }, 'syn'), DROP), 'drop'],
  ['tcp flags syn', rule('input', match(field('tcp', 'flags'), 'syn', 'in'), DROP), 'drop'],
  ['fib daddr type local', rule('input', match({ fib: { result: 'type', flags: ['daddr'] } }, 'local'), DROP), 'drop'],
  ['limit', rule('input', { limit: { rate: 5, burst: 5, per: 'second' } }, DROP), 'unknown'],
  ['log and counter', rule('input', { counter: { packets: 0, bytes: 0 } }, { log: { prefix: 'x' } }, DROP), 'drop'],
  ['vmap with the port', rule('input', { vmap: { key: field('tcp', 'dport'), data: { set: [[443, { accept: null }], [80, { drop: null }]] } } }), 'drop'],
  ['vmap without the port', rule('input', { vmap: { key: field('tcp', 'dport'), data: { set: [[443, { drop: null }]] } } }), 'pass'],
  ['concatenation', rule('input', match({ concat: [field('ip', 'daddr'), field('tcp', 'dport')] }, { set: [{ concat: ['192.0.2.10', 80] }] }), DROP), 'drop'],
  ['several concatenations', rule('input', match({ concat: [field('ip', 'daddr'), field('tcp', 'dport')] }, { set: [{ concat: ['192.0.2.11', 80] }, { concat: ['192.0.2.10', 80] }] }), DROP), 'drop'],
  ['several others', rule('input', match({ concat: [field('ip', 'daddr'), field('tcp', 'dport')] }, { set: [{ concat: ['192.0.2.11', 80] }, { concat: ['192.0.2.10', 81] }] }), DROP), 'pass'],
  ['not one of several', rule('input', match({ concat: [field('ip', 'daddr'), field('tcp', 'dport')] }, { set: [{ concat: ['192.0.2.11', 80] }, { concat: ['192.0.2.10', 81] }] }, '!='), DROP), 'unknown'],
  ['a match of iptables', rule('input', { xt: { type: 'match', name: 'u32' } }, DROP), 'unknown'],
  ['the length of the packet', rule('input', match(meta('length'), 40), DROP), 'unknown'],
];

test.each(['d', 'dormant', ['dormant']])('a table that is dormant: %j', (flags) => {
  const table = { table: { family: 'inet', name: 'fw', handle: 1, flags } };
  expect(fate(nft(table, chain('input', 'drop')))).toBe('pass');
});

describe('nft', () => {
  const set = {
    set: {
      family: 'inet',
      table: 'fw',
      name: 'bad',
      elem: ['198.51.100.1', { range: ['203.0.113.1', '203.0.113.20'] }],
    },
  };

  test.each(NFT)('%s', (_, one, outcome) => {
    expect(fate(nft(set, chain('input'), one)).split(':')[0]).toBe(outcome);
  });

  test('the policy, and the rule as text with its removal', () => {
    expect(fate(nft(chain('input', 'drop')))).toBe('drop: nft inet fw input: policy drop');
    const rules = nft(
      chain('input'),
      rule('input', match(field('tcp', 'dport'), { set: [80, 443] }), DROP),
    );
    expect(traverse(rules.hooks.input, PACKET, isVip).by).toEqual({
      text: 'nft inet fw input: tcp dport { 80, 443 } drop',
      remove: 'nft delete rule inet fw input handle 9',
      isPolicy: false,
    });
  });

  const mangle = (value: unknown) => ({ mangle: { key: meta('mark'), value } });
  test.each([
    [mangle(7), 'pass mark 7'],
    [mangle({ '|': [meta('mark'), 1] }), 'pass mark 5'],
    [mangle({ '^': [{ '&': [meta('mark'), 0xfffffffb] }, 2] }), 'pass mark 2'],
    [
      mangle({
        map: {
          key: field('tcp', 'dport'),
          data: {
            set: [
              [80, 1],
              [443, 2],
            ],
          },
        },
      }),
      'pass mark 1',
    ],
    [mangle({ map: { key: field('tcp', 'dport'), data: { set: [[443, 2]] } } }), 'pass mark 4'],
    [mangle({ ct: { key: 'mark' } }), 'unknown'],
    [{ dnat: { family: 'ip', addr: '10.0.0.1', port: 8080 } }, 'pass mark 4 to 10.0.0.1:8080'],
    [{ redirect: { port: 81 } }, 'pass mark 4 to 192.0.2.10:81'],
    [{ notrack: null }, 'pass mark 4 untracked'],
  ])('%j', (statement, outcome) => {
    const rules = nft(chain('prerouting'), rule('prerouting', statement));
    expect(fate(rules, 'prerouting', { mark: 4 }).replace(/:? nft .*/, '')).toBe(outcome);
  });

  test('an xt target without the text of iptables is unknown, and so is a chain that is missing', () => {
    const target = rule('input', { xt: { type: 'target', name: 'REJECT' } });
    expect(fate(nft(chain('input'), target))).toMatch(/^unknown: /);
    expect(fate(nft(chain('input'), rule('input', { jump: { target: 'none' } })))).toMatch(
      /^unknown: /,
    );
  });

  test('tables that iptables keeps in nf_tables are read once, as iptables prints them', () => {
    const text = `# Generated by iptables-save v1.8.9 (nf_tables)\n${saved(['-A INPUT -p udp -j DROP'])}`;
    const kept = {
      chain: { ...chain('input').chain, family: 'ip', table: 'filter', name: 'INPUT' },
    };
    const inside = { rule: { family: 'ip', table: 'filter', chain: 'INPUT', expr: [DROP] } };
    const facts = {
      iptables: [{ family: 'ipv4', variant: 'nf_tables', text }] as const,
      nft: [kept, inside],
    };
    expect(fate(ruleSetOf(facts, 'ipv4'))).toBe('pass');
    expect(fate(ruleSetOf({ ...facts, iptables: [] }, 'ipv4'))).toMatch(/^drop/);
  });

  test('chains of bridges and devices are named as not read', () => {
    const bridge = {
      chain: { family: 'bridge', table: 'b', name: 'f', type: 'filter', hook: 'forward', prio: 0 },
    };
    const inside = { rule: { family: 'bridge', table: 'b', chain: 'f', expr: [DROP] } };
    expect(nft(bridge, inside).unread).toEqual(['nft bridge b f']);
    expect(nft(bridge).unread).toEqual([]);
  });
});

// biome-ignore format: a table
const MARKS: readonly (readonly [line: string, plain: string])[] = [
  ['-d 192.0.2.10/32 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff', 'mark 1 192.0.2.10/32 tcp 80-80'],
  ['-d 192.0.2.10/32 -p tcp -m multiport --dports 80,443,1000:2000 -j MARK --set-xmark 0x1/0xffffffff', 'mark 1 192.0.2.10/32 tcp 80-80 443-443 1000-2000'],
  ['-d 192.0.2.10/31 -j MARK --set-xmark 0x1/0xffffffff', 'mark 1 192.0.2.10/31 any'],
  ['-p tcp -m tcp ! --dport 22 -j MARK --set-xmark 0x1/0xffffffff', 'not: destination port'],
  ['-s 203.0.113.0/24 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff', 'source address'],
  ['-p tcp -m multiport --dports 80 -m mac ! --mac-source 02:00:00:00:00:01 -j MARK --set-xmark 0x1/0xffffffff', 'not: mac'],
  ['-p tcp -m tcp --dport 80 -m u32 --u32 x -j MARK --set-xmark 0x1/0xffffffff', '-m u32'],
  ['-p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0x1', 'only some bits of the mark are set'],
  ['-i eth0 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff', 'in device'],
  ['-p tcp -j CONNMARK --restore-mark', '-j CONNMARK --restore-mark'],
];

describe('the rules that set marks', () => {
  const shown = (rules: ReturnType<typeof iptables>) =>
    markRules(rules, 'ipv4').map(({ value, plain, because, hook }) => {
      if (plain === undefined) return because;
      const { address, protocol = 'any', ports = [] } = plain;
      const net =
        address?.kind === 'network' ? `${formatAddress(address.address)}/${address.length}` : 'any';
      const late = hook === 'prerouting' ? [] : [hook];
      return [
        'mark',
        value,
        net,
        protocol,
        ...ports.map(({ from, to }) => `${from}-${to}`),
        ...late,
      ].join(' ');
    });

  test.each(MARKS)('%s', (line, plain) => {
    expect(shown(iptables([`-t mangle -A PREROUTING ${line}`]))).toEqual([plain]);
  });

  test('conditions of the calling rule count', () => {
    const lines = [
      '-t mangle -A PREROUTING -d 192.0.2.10/32 -p tcp -j OWN',
      '-t mangle -A OWN -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x3/0xffffffff',
    ];
    expect(shown(iptables(lines))).toEqual(['mark 3 192.0.2.10/32 tcp 80-80']);
  });

  test('one after IPVS is named with its hook', () => {
    expect(
      shown(
        iptables([
          '-t mangle -A POSTROUTING -d 192.0.2.10/32 -p tcp -j MARK --set-xmark 0x1/0xffffffff',
        ]),
      ),
    ).toEqual(['mark 1 192.0.2.10/32 tcp postrouting']);
  });

  test('a map of nft is a rule for each port', () => {
    const map = {
      key: field('tcp', 'dport'),
      data: {
        set: [
          [80, 1],
          [443, 2],
        ],
      },
    };
    const rules = nft(
      chain('prerouting'),
      rule('prerouting', { mangle: { key: meta('mark'), value: { map } } }),
    );
    expect(shown(rules)).toEqual(['mark 1 any tcp 80-80', 'mark 2 any tcp 443-443']);
  });
});
