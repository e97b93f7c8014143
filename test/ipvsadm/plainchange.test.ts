// The short reader of command lines gives what the general one gives, or leaves the line to it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { argsOf } from '../../src/ipvsadm/lines.js';
import { parse } from '../../src/ipvsadm/parse.js';
import { plainChange } from '../../src/ipvsadm/plainchange.js';
import { scan } from '../../src/ipvsadm/scan.js';
import { FULL } from '../support/full.js';

const NO_NAMES = { host: () => undefined, port: () => undefined };

/** The general reader's command; undefined when it refuses the line. */
function general(line: string): unknown {
  try {
    return parse(scan(argsOf(line), { posix: false }), 'ipvsadm', NO_NAMES);
  } catch {
    return undefined;
  }
}

function expectSame(line: string): boolean {
  const change = plainChange(line.split(' '));
  if (change === undefined) return false;
  expect({ kind: 'change', change }, line).toEqual(general(line));
  return true;
}

test.each([
  '-A -t 10.0.0.1:80 -s rr',
  '-A -u 10.0.0.1:53 -s wlc -p 300',
  '-A -t 0.0.0.0:0 -s sh -p 2678400',
  '-a -t 10.0.0.1:80 -r 255.255.255.255:65535 -m -w 2147483647 -x 5 -y 3',
  '-a -t 10.0.0.1:80 -r 192.168.0.1:8080 -g -w 0',
  '-a -u 10.0.0.1:80 -r 192.168.0.1:80 -i',
  '-a -t 10.0.0.1:80 -r 192.168.0.1',
  '-a -t 10.0.0.1:80 -w 3 -g -r 192.168.0.1',
  '-e -m -y 1 -t 10.0.0.1:80 -x 4 -r 192.168.0.1:8080',
  '-A -t 10.0.0.1:80',
  '-E -s sh -p 60 -t 10.0.0.1:0',
  '-D -u 10.0.0.1:53',
  '-d -t 10.0.0.1:80 -r 192.168.0.1',
  '-d -t 10.0.0.1:0 -r 192.168.0.1:8080',
])('%s is read at once', (line) => {
  expect(expectSame(line)).toBe(true);
});

test.each([
  '',
  '-A',
  '-A -s rr',
  '-A -t 10.0.0.1:80 -t 10.0.0.1:80',
  '-A -t 10.0.0.1:80 -s rr -s rr',
  '-A -t 10.0.0.1:80 -s rr -p 5 -p 5',
  '-A -t 10.0.0.1:80 -s rr -w 5',
  '-A -t 10.0.0.1:80 -s rr -p',
  '-A -t 10.0.0.1:80 -s',
  '-A -t 10.0.0.1:0 -s rr',
  '-A -t 10.0.0.1:0',
  '-A -t10.0.0.1:80',
  '-At 10.0.0.1:80',
  '-D -t 10.0.0.1:80 -s rr',
  '-a -r 10.0.0.2 -t 10.0.0.1:80',
  '-a -t 10.0.0.1:80 -m',
  '-a -t 10.0.0.1:80 -r 10.0.0.2: -m',
  '-a -t 10.0.0.1:80 -r 10.0.0.2 -r 10.0.0.2',
  '-a -t 10.0.0.1:80 -r 10.0.0.2 -w 1 -w 1',
  '-d -t 10.0.0.1:80 -r 10.0.0.2 -m',
  '-d -t 10.0.0.1:80',
  '-C',
  '-Z -t 10.0.0.1:80',
  '-e -f 1 -r 10.0.0.2',
  '-A -t 10.0.0.1:80 -s rr -p 0',
  '-A -t 10.0.0.1:80 -s rr -p 2678401',
  '-A -t 10.0.0.1:80 -s abcdefghijklmnop',
  '-A -t 10.0.0.1:80 -s rr ',
  '-A -t 10.0.0.1:80 -s rr\r',
  '-A -t 10.0.0.256:80 -s rr',
  '-A -t 10.0.1:80 -s rr',
  '-A -t 010.0.0.1:80 -s rr',
  '-A -t 0x1.0.0.1:80 -s rr',
  '-A -t 10.0.0.1.2:80 -s rr',
  '-A -t 10.0.0.1:65536 -s rr',
  '-A -t 10.0.0.1:080 -s rr',
  '-A -t 10.0.0.1: -s rr',
  '-A -t 10.0.0.1 -s rr',
  '-A -x 10.0.0.1:80 -s rr',
  '-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -m',
  '-a -t 10.0.0.1:80 -r 10.0.0.2:80 -x',
  '-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 2147483648',
  '-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 99999999999',
  '-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w -1',
  '-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1:2',
  '-a -t 10.0.0.1:80 -r 10.0.0.2:80:90 -m',
  '-a  -t 10.0.0.1:80 -r 10.0.0.2:80 -m',
])('%j is left to the general reader', (line) => {
  expect(plainChange(line.split(' '))).toBeUndefined();
});

const whole = fc.oneof(
  fc.nat({ max: 300 }),
  fc.nat({ max: 70_000 }),
  fc.constantFrom(0, 255, 256, 65_535, 65_536, 2_147_483_647, 2_147_483_648),
);
const texts = fc.oneof(
  whole.map(String),
  fc.constantFrom('00', '01', '+1', '1e3', '', '0x10', '1 ', '\t1', 'http'),
);
const likely = (text: fc.Arbitrary<string>) =>
  fc.oneof({ arbitrary: whole.map(String), weight: 9 }, text);
const quad = fc
  .array(likely(texts), { minLength: 3, maxLength: 5 })
  .map((parts) => parts.join('.'));
const plainQuad = fc
  .array(fc.nat({ max: 255 }).map(String), { minLength: 4, maxLength: 4 })
  .map((parts) => parts.join('.'));
const endpoint = fc
  .tuple(fc.oneof({ arbitrary: plainQuad, weight: 8 }, quad), likely(texts))
  .map(([host, port]) => `${host}:${port}`);
const option = (letters: string, value: fc.Arbitrary<string>) =>
  fc.tuple(fc.constantFrom(...letters), value).map(([letter, text]) => `-${letter} ${text}`.trim());
const tail = fc.array(
  fc.oneof(
    option('wxyp', likely(texts)),
    option('mgio', fc.constant('')),
    option('s', fc.constantFrom('rr', 'wlc', 'none', 'x'.repeat(16), 'Rr')),
  ),
  { maxLength: 4 },
);
const line = fc
  .tuple(
    fc.constantFrom('-A', '-a', '-a', '-E', '-d', '-e', '-D'),
    option('tuf', endpoint),
    fc.oneof(option('r', endpoint), option('s', fc.constantFrom('rr', 'wrr'))),
    tail,
    fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\t'),
  )
  .map(([command, service, next, rest, blank]) => [command, service, next, ...rest].join(blank));

const number = fc.oneof(fc.nat({ max: 9 }), fc.nat({ max: 70_000 }), fc.nat()).map(String);
const either = (...texts: readonly fc.Arbitrary<string>[]) => fc.oneof(fc.constant(''), ...texts);
/** What `-S -n` prints, and its numbers of any size. */
const saved = fc
  .tuple(
    fc.constantFrom('t', 'u'),
    endpoint,
    fc.oneof(
      fc.tuple(fc.constantFrom('rr', 'wlc', 'sh'), either(number.map((n) => ` -p ${n}`))),
      fc.tuple(
        endpoint,
        fc.constantFrom(' -m', ' -g', ' -i'),
        either(number.map((n) => ` -w ${n}`)),
        either(number.map((n) => ` -x ${n}`)),
        either(number.map((n) => ` -y ${n}`)),
      ),
    ),
  )
  .map(([protocol, service, rest]) =>
    rest.length === 2
      ? `-A -${protocol} ${service} -s ${rest.join('')}`
      : `-a -${protocol} ${service} -r ${rest.join('')}`,
  );
/** The same with one character put in, left out or replaced. */
const damaged = fc
  .tuple(
    saved,
    fc.nat(),
    fc.constantFrom('', ' ', '0', '.', ':', '-', 'x', '\t', '\0'),
    fc.nat({ max: 1 }),
  )
  .map(([text, where, by, length]) => {
    const at = where % text.length;
    return text.slice(0, at) + by + text.slice(at + length);
  });

test('any line is read as the general reader reads it, or left to that', () => {
  let read = 0;
  const lines = fc.oneof(line, saved, damaged);
  fc.assert(
    fc.property(lines, (text) => {
      if (expectSame(text)) read++;
    }),
    { numRuns: FULL ? 300_000 : 3000 },
  );
  expect(read).toBeGreaterThan(200);
});
