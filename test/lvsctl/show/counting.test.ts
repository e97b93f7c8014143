// Counting lines that are alike together gives what counting each of them gives.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ConnectionFilter,
  Counter,
  matchesFilter,
  parseGrouping,
} from '../../../src/lvsctl/show/connections.js';
import { LineCounting } from '../../../src/lvsctl/show/counting.js';
import { ipv4 } from '../../../src/model/address.js';
import { parseConnection } from '../../../src/render/connections.js';

const hex = (value: number, digits: number) =>
  value.toString(16).toUpperCase().padStart(digits, '0');
const small = fc.integer({ min: 0, max: 3 });

/** As the kernel prints them: `%-3s %08X %04X %08X %04X %08X %04X %-11s %7u`. */
const line = fc
  .record({
    protocol: fc.constantFrom('TCP', 'UDP', 'SCTP', 'IP'),
    family: fc.constantFrom(4, 4, 4, 6),
    client: small,
    clientPort: fc.constantFrom(0, 1024, 50_000),
    virtual: small,
    server: small,
    port: fc.constantFrom(80, 443),
    state: fc.constantFrom('ESTABLISHED', 'NONE', 'SYN_RECV', 'UDP', 'SHUTDOWN_ACK_SENT'),
    expires: fc.nat(100_000),
    engine: fc.constantFrom('', ' sip    call-1@x'),
  })
  .map((one) => {
    const address = (net: number, host: number) =>
      one.family === 4
        ? hex(net * 0x1000000 + 0x10000 * (host % 2) + host, 8)
        : `2001:0db8:000${net}:0000:0000:0000:0000:000${host}`;
    const ends = [
      [address(1, one.client), one.clientPort],
      [address(2, one.virtual), one.port],
      [address(3, one.server), 8080],
    ] as const;
    const places = ends.map(([at, port]) => `${at} ${hex(port, 4)}`).join(' ');
    const state = one.state.padEnd(11);
    return `${one.protocol.padEnd(3)} ${places} ${state} ${String(one.expires).padStart(7)}${one.engine}`;
  });
const filter: fc.Arbitrary<ConnectionFilter> = fc.record({
  client: fc.option(
    small.map((host) => ({ address: ipv4(0x1000000 + host), length: 24 })),
    { nil: undefined },
  ),
  service: fc.option(
    small.map((host) => ({ address: ipv4(0x2000000 + host), port: undefined, protocol: 'tcp' })),
    { nil: undefined },
  ),
  server: fc.option(
    small.map((host) => ({ address: ipv4(0x3000000 + host), port: 8080 })),
    { nil: undefined },
  ),
  states: fc.constantFrom(undefined, new Set(['ESTABLISHED', 'NONE'])),
  protocol: fc.constantFrom(undefined, undefined, 'udp'),
  templates: fc.constantFrom(undefined, 'none', 'only'),
});

/** Counts a text in pieces of `size` bytes, all in the same buffer. */
function count(text: string, size: number, by: string, asked: ConnectionFilter, into: Counter) {
  const counting = new LineCounting(by, asked, into, '/proc/x');
  const bytes = Buffer.from(text);
  const piece = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size)
    counting.take(piece.subarray(0, bytes.copy(piece, 0, at, at + size)));
  counting.end();
}

test('the counts are those of every single line', () => {
  const groupings = ['client', 'client/24', 'client/31,48', 'service', 'server', 'state'];
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 60 }),
      filter,
      fc.constantFrom(...groupings),
      fc.integer({ min: 1, max: 500 }),
      (lines, asked, by, cut) => {
        const single = new Counter(parseGrouping(by) ?? (() => ''));
        for (const text of lines) {
          const one = parseConnection(text);
          if (one === undefined) throw new Error(`no connection: ${text}`);
          if (matchesFilter(one, asked)) single.add(one);
        }
        const together = new Counter(parseGrouping(by) ?? (() => ''));
        count(`${['titles', ...lines].join('\n')}\n`, cut, by, asked, together);
        expect([together.all, together.counts(1000)]).toEqual([single.all, single.counts(1000)]);
      },
    ),
    { numRuns: 500 },
  );
});

test('a line that makes no sense is named', () => {
  const counter = new Counter(() => '');
  expect(() => count('titles\nTCP nonsense', 7, 'state', {}, counter)).toThrow(
    '/proc/x: line 2 makes no sense',
  );
});
