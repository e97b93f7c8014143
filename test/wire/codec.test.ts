// Bytes <-> values: the laws, and recorded messages of the kernel.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WireError } from '../../src/model/errors.js';
import {
  address128,
  attributes,
  be16,
  type Codec,
  cstring,
  swapped,
  u8,
  u16,
  u32,
  u64,
} from '../../src/wire/codec.js';
import { messagesIn } from '../../src/wire/genl.js';
import { DAEMON, DESTINATION, SERVICE, STATS64, TOP, type WireTop } from '../../src/wire/ipvs.js';
import { FULL } from '../support/full.js';

function roundTrip<T>(codec: Codec<T>, value: T): T {
  const buffer = encoded(codec, value);
  return codec.read(buffer, 0, buffer.length);
}

function encoded<T>(codec: Codec<T>, value: T): Uint8Array {
  const buffer = new Uint8Array(4096).fill(255); // a buffer that was used before
  return buffer.slice(0, codec.write(buffer, 0, value));
}

const whole = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
const ascii = fc.string({
  unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 15,
});

const words = fc.tuple(whole(32), whole(32), whole(32), whole(32));

describe('decode(encode(x)) = x', () => {
  const law = <T>(name: string, codec: Codec<T>, values: fc.Arbitrary<T>) =>
    test(name, () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(roundTrip(codec, value)).toEqual(value);
        }),
      );
    });
  law('u8', u8, whole(8));
  law('u16', u16, whole(16));
  law('u32', u32, whole(32));
  law('be16', be16, whole(16));
  law('u64', u64, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
  law('cstring', cstring, ascii);
  law('address128', address128, words);

  const address = words;
  const destination = fc.record(
    {
      address,
      port: whole(16),
      forwarding: whole(32),
      weight: whole(32),
      family: whole(16),
      tunnelType: whole(8),
      tunnelPort: whole(16),
      tunnelFlags: whole(16),
    },
    { requiredKeys: [] },
  );
  const counters = fc.record(
    {
      connections: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      outBytes: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    },
    { requiredKeys: [] },
  );
  const service = fc.record(
    {
      family: whole(16),
      protocol: whole(16),
      address,
      port: whole(16),
      fwmark: whole(32),
      scheduler: ascii,
      timeout: whole(32),
      stats64: counters,
      engine: ascii,
    },
    { requiredKeys: [] },
  );
  law<WireTop>('nested tables', TOP, fc.record({ service, destination }, { requiredKeys: [] }));
});

test('attributes nobody knows and padding are skipped, the last of a repeated one counts', () => {
  const wider = attributes({ state: [1, u32], unknown: [99, cstring], interface: [2, cstring] });
  const twice = attributes({ first: [2, cstring], second: [2, cstring] });
  const wide = encoded(wider, { state: 1, unknown: 'abc', interface: 'eth0' });
  expect(DAEMON.read(wide, 0, wide.length)).toEqual({ state: 1, interface: 'eth0' });
  const repeated = encoded(twice, { first: 'eth0', second: 'eth1' });
  expect(DAEMON.read(repeated, 0, repeated.length)).toEqual({ interface: 'eth1' });
  const padded = new Uint8Array([4, 0, 11, 0, ...encoded(STATS64, { connections: 5n })]);
  expect(STATS64.read(padded, 0, padded.length)).toEqual({ connections: 5n });
});

test('longer numbers are cut, shorter ones are errors', () => {
  expect(u16.read(new Uint8Array([1, 0, 9, 9]), 0, 4)).toBe(1);
  expect(() => u32.read(new Uint8Array([1, 0]), 0, 2)).toThrow(WireError);
});

test('whatever the bytes, reading ends, and only with a value or a WireError', () => {
  const readers = [
    (b: Uint8Array) => [...messagesIn(b)],
    (b: Uint8Array) => TOP.read(b, 0, b.length),
  ];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      for (const read of readers) {
        try {
          read(noise);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }
    }),
    { numRuns: FULL ? 2000 : 500 },
  );
});

// Seen in the lab (Linux 6.1): the reply to GET_DEST for `-a -t 10.0.0.1:80 -r 192.168.0.1:80 -m -w
// 5 -x 9 -y 2`, counters left out.
test('a real server as the kernel sends it', () => {
  const hex = [
    '1400 0100 c0a80001 000000000000000000000000', // ADDR
    '0600 0200 0050 0000', // PORT, network order
    '0800 0300 00000000', // FWD_METHOD
    '0800 0400 05000000', // WEIGHT
    '0500 0d00 00 000000', // TUN_TYPE
    '0600 0e00 0000 0000', // TUN_PORT
    '0600 0f00 0000 0000', // TUN_FLAGS
    '0800 0500 09000000', // U_THRESH
    '0800 0600 02000000', // L_THRESH
    '0600 0b00 0200 0000', // ADDR_FAMILY, after the address it tells how to read
  ].join(' ');
  const raw = Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  expect(DESTINATION.read(raw, 0, raw.length)).toEqual({
    address: [0xc0a80001, 0, 0, 0],
    port: 80,
    forwarding: 0,
    weight: 5,
    tunnelType: 0,
    tunnelPort: 0,
    tunnelFlags: 0,
    upperThreshold: 9,
    lowerThreshold: 2,
    family: 2,
  });
  expect(SERVICE.table.port[0]).toBe(4);
});

test('a number in network order and back', () => {
  expect(swapped(0x01020304)).toBe(0x04030201);
  expect(swapped(swapped(0xfffefdfc))).toBe(0xfffefdfc);
});
