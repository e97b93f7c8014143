// Command sequences: lines that make sense, lines that nearly do, and noise, all drawn from the
// table of options.
import fc from 'fast-check';
import { COMMAND_LEGALITY } from '../../src/ipvsadm/legality.js';
import { COMMANDS, OPTIONS, type OptionRow } from '../../src/ipvsadm/options.js';

export interface Command {
  readonly args: readonly string[];
  readonly stdin: string;
}

const one = <T>(...values: T[]) => fc.constantFrom(...values);

/**
 * Few of them, so that commands meet; all in the half of the space where the order of listings does
 * not depend on that of the rules.
 */
const V4 = one('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.1.0.1', '20.0.0.1');
const V6 = one('[2001:db8::1]', '[2001:db8::2]', '[2001:db8:1::1]', '[::1]');
const ODD_HOSTS = one(
  '1.2',
  '0x7f.1',
  '010.0.0.1',
  '10.1',
  '167772161',
  '0x0a000001',
  '256.1.1.1',
  '1.1.1.1.1',
  '1..1',
  '1.1.1.',
  '',
  '0.0.0.0',
  '255.255.255.255',
  '224.0.0.1',
  '127.0.0.1',
  '127.255.255.255',
  '10.200.0.255',
  '10.200.0.0',
  '240.0.0.1',
  '08.1.1.1',
  '+1.1.1.1',
  '1.1.1.1 x',
  ' 1.1.1.1',
  '[10.0.0.1]',
  '[10.0.0.1:90]',
  '[::]',
  '[ff02::1]',
  '[fe80::1]',
  '[::ffff:10.0.0.1]',
  '[::10.0.0.1]',
  '[2001:db8::1',
  '2001:db8::1',
  '::1',
  '[1:2:3:4:5:6:7::]',
  '[1:2:3:4:5:6:7:8:9]',
  '[2001:DB8::A]',
  '[::g]',
  '[::1%lo]',
  '[]',
  '[',
  ']',
  'localhost',
  'LOCALHOST',
  'web1',
  'web2',
  'v6web',
  '[v6web]',
  'dual',
  'multi',
  '1up',
  'nosuch',
  'é',
  'a:b',
  '0',
);
const PORTS = one('80', '443', '5060', '53');
const ODD_PORTS = one(
  '0',
  '65535',
  '65536',
  '-1',
  '+80',
  '080',
  '0x50',
  '80x',
  ' 80',
  '80 ',
  '',
  'http',
  'www',
  'HTTP',
  'domain',
  'onlytcp',
  'onlyudp',
  'm3ua',
  '777',
  '7777',
  '99999999999999999999',
  '80:81',
);

const host = fc.oneof(
  { weight: 8, arbitrary: V4 },
  { weight: 3, arbitrary: V6 },
  { weight: 2, arbitrary: ODD_HOSTS },
);
const port = fc.oneof({ weight: 8, arbitrary: PORTS }, { weight: 2, arbitrary: ODD_PORTS });
const endpoint = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(host, port).map(([h, p]) => `${h}:${p}`) },
  { weight: 2, arbitrary: host },
  { weight: 1, arbitrary: ODD_PORTS },
);

const NUMBERS = one(
  '0',
  '1',
  '2',
  '5',
  '100',
  '360',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '2678400',
  '2678401',
  '-1',
  '-0',
  '+7',
  ' 7',
  '7 ',
  '007',
  '0x7',
  '7x',
  '',
  '1e3',
  '99999999999999999999999',
);
const small = one('0', '1', '2', '3', '10', '50');

/** What the value of an option may look like, by its long name. */
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'tcp-service': endpoint,
  'udp-service': endpoint,
  'sctp-service': endpoint,
  'real-server': endpoint,
  'fwmark-service': fc.oneof({ weight: 4, arbitrary: one('1', '2', '77') }, NUMBERS),
  scheduler: fc.oneof(
    {
      weight: 5,
      arbitrary: one(
        'rr',
        'wrr',
        'lc',
        'wlc',
        'sh',
        'mh',
        'dh',
        'sed',
        'nq',
        'fo',
        'ovf',
        'lblc',
        'lblcr',
        'none',
      ),
    },
    one('', 'RR', 'a-name-of-sixteen', 'é'),
  ),
  'sched-flags': fc.oneof(
    one(
      'flag-1',
      'flag-2',
      'flag-3',
      'sh-port',
      'sh-fallback',
      'mh-port',
      'mh-fallback',
      'flag-1,flag-3',
      'sh-port,flag-3',
      'flag-1,,flag-2',
      ',flag-1',
      'flag-1,',
      'FLAG-1',
      ' flag-1',
      '',
      'x',
    ),
  ),
  pe: one('sip', 'sip', 'SIP', '', 'nosuch', 'a-name-of-eighteen'),
  persistent: fc.oneof(one('1', '60', '300'), NUMBERS),
  netmask: one(
    '255.255.255.0',
    '255.0.0.0',
    '255.255.255.255',
    '24',
    '64',
    '128',
    '129',
    '0',
    '1',
    '-1',
    '64x',
    ' 96',
    '4294967360',
    'localhost',
    '0.0.0.0',
    '255.0.255.0',
    '',
    'x',
    '99999999999999999999999',
  ),
  weight: fc.oneof(small, NUMBERS),
  'u-threshold': fc.oneof(small, NUMBERS),
  'l-threshold': fc.oneof(small, NUMBERS),
  'tun-type': one('ipip', 'gue', 'gre', 'GUE', '', 'x'),
  'tun-port': fc.oneof(one('6080'), NUMBERS),
  'start-daemon': one('master', 'backup', 'Master', '', 'both'),
  'stop-daemon': one('master', 'backup', 'Master', '', 'both'),
  'mcast-interface': one('eth0', 'lo', 'nosuch0', '', 'a-name-of-sixteen'),
  syncid: fc.oneof(small, one('255', '256'), NUMBERS),
  'sync-maxlen': fc.oneof(one('1472', '1', '65507', '65508'), NUMBERS),
  'mcast-group': one(
    '224.0.0.81',
    '239.255.255.255',
    '240.0.0.0',
    '223.1.1.1',
    'ff02::81',
    '[ff02::81]',
    '2001:db8::1',
    '224.1',
    '',
    ' 224.0.0.1',
    '224.0.0.1 ',
    '0224.0.0.1',
  ),
  'mcast-port': fc.oneof(one('8848'), NUMBERS),
  'mcast-ttl': fc.oneof(small, one('255', '256'), NUMBERS),
};

/** One option as arguments: long or short, its value glued or an argument of its own. */
function written(row: OptionRow): fc.Arbitrary<string[]> {
  const names = [`--${row.long}`, ...[...row.short].map((letter) => `-${letter}`)];
  if (row.value === 'none') return one(...names).map((name) => [name]);
  const value = VALUES[row.long] ?? fc.constant('1');
  const forms = fc
    .tuple(one(...names), value, fc.integer({ min: 0, max: 9 }))
    .map(([name, text, form]) => {
      if (form < 7) return [name, text];
      if (form === 7) return name.startsWith('--') ? [`${name}=${text}`] : [`${name}${text}`];
      return [`${name}=${text}`];
    });
  return row.value === 'optional'
    ? fc.oneof(
        { weight: 1, arbitrary: one(...names).map((name) => [name]) },
        { weight: 2, arbitrary: forms },
      )
    : forms;
}

const byName = new Map(OPTIONS.map((row) => [row.long, row]));
const rowsOf = (...slots: readonly string[]) =>
  OPTIONS.filter((row) => row.slot !== undefined && slots.includes(row.slot));

/**
 * A line that has what its command requires, some of what it allows, and sometimes something else.
 */
const sensible: fc.Arbitrary<string[]> = fc
  .constantFrom(
    ...COMMANDS.filter(
      (row) => row.command !== 'help' && row.command !== 'version' && row.command !== 'restore',
    ),
  )
  .chain((row) => {
    const legality = COMMAND_LEGALITY[row.command as keyof typeof COMMAND_LEGALITY];
    const required = legality.required.map((slot) => one(...rowsOf(slot)).chain(written));
    const optional = rowsOf(...legality.allowed, ...legality.oneOf);
    const some =
      optional.length === 0
        ? fc.constant([] as string[][])
        : fc.array(one(...optional).chain(written), { maxLength: 3 });
    const six = byName.get('ipv6') as OptionRow;
    const extra = fc.oneof(
      { weight: 12, arbitrary: fc.constant([] as string[][]) },
      fc.array(
        fc.oneof(
          one(...OPTIONS).chain(written),
          noiseArg.map((arg) => [arg]),
          written(six),
        ),
        { minLength: 1, maxLength: 2 },
      ),
    );
    const operands =
      row.command === 'set'
        ? fc.tuple(NUMBERS, NUMBERS, small).map((values) => [values])
        : fc.constant([] as string[][]);
    return fc
      .tuple(written(row), fc.tuple(...required), some, extra, operands, fc.boolean())
      .chain(([command, must, may, more, values, inOrder]) => {
        const rest = [...must, ...may, ...more, ...values];
        return (
          inOrder ? fc.constant(rest) : fc.shuffledSubarray(rest, { minLength: rest.length })
        ).map((parts) => [...command, ...parts.flat()]);
      });
  });

const noiseArg = fc.oneof(
  one(
    '',
    '-',
    '--',
    '-q',
    '--bogus',
    '---list',
    '-Lnq',
    '-nn',
    '-n=1',
    '--numeric=1',
    '-At',
    '-An',
    '-Ln',
    '-L=3',
    '--lis',
    'é',
    'foo',
    '-6',
    '-h',
    '-v',
    '--sort',
    '-\xff',
    '-list',
    '-Lc',
    '-ap',
    '-A-t',
    '\t',
    'ipvsadm',
    '#',
  ),
  one(...OPTIONS).chain((row) =>
    one(
      `--${row.long}`,
      ...[...row.short].map((letter) => `-${letter}`),
      `--${row.long}=`,
      `--${row.long}=1`,
    ),
  ),
  fc.string({ maxLength: 6, unit: one(...'-ALStrpn=6x.:[]1 ,!'.split('')) }),
);

const noise = fc.array(
  fc.oneof(
    noiseArg,
    one(...OPTIONS)
      .chain(written)
      .map((args) => args[0] as string),
  ),
  { maxLength: 5 },
);

const line: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 10, arbitrary: sensible },
  { weight: 2, arbitrary: noise },
);

/**
 * Lines for a restore: words that hold a separator cannot be passed, so they fall apart there for
 * both tools.
 */
const restore: fc.Arbitrary<Command> = fc
  .tuple(
    fc.array(
      fc.oneof({ weight: 12, arbitrary: line }, one(['#', 'x'], ['-R'], ['-h'], ['ipvsadm'], [])),
      { maxLength: 8 },
    ),
    one(' ', '\t', '  ', ' \t'),
    one('\n', '\n\n', '\r\n', ' \n'),
    one('', '\n', ' '),
  )
  .map(([lines, blank, end, last]) => ({
    args: ['-R'],
    stdin: lines.map((args) => args.join(blank)).join(end) + last,
  }));

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 9, arbitrary: line.map((args) => ({ args, stdin: '' })) },
  { weight: 1, arbitrary: restore },
);

/** Rules that exist before a sequence starts, so that its commands have something to meet. */
const start: fc.Arbitrary<Command> = one(
  '',
  '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m\n-a -t 10.0.0.1:80 -r 10.0.0.3:443 -m -w 3\n',
  '-A -u 10.0.0.2:53\n-A -t [2001:db8::1]:443 -s sh -b sh-port\n-a -t [2001:db8::1]:443 -r [2001:db8::2]:443\n-A -f 1\n-a -f 1 -r 10.0.0.1:80 -i\n',
  '-A -f 77 -6 -p 60\n-A -t 10.0.0.1:80 -s mh\n-a -t 10.0.0.1:80 -r 10.1.0.1:80 -i\n--start-daemon backup --mcast-interface lo\n',
).map((stdin) => ({ args: ['-R'], stdin }));

/** A sequence: a start, then commands. */
export const sequence: fc.Arbitrary<Command[]> = fc
  .tuple(start, fc.array(command, { minLength: 1, maxLength: 4 }))
  .map(([first, rest]) => (first.stdin === '' ? rest : [first, ...rest]));

/** Sequences without NUL, which no command line can carry. */
export function isPossible(commands: readonly Command[]): boolean {
  return commands.every(({ args }) => args.every((arg) => !arg.includes('\0')));
}
