// Replies to a datagram, or at least does not refuse it.
import { below, optional } from '../config/field.js';
import { fail } from '../config/place.js';
import { boolean, integer } from '../config/scalar.js';
import { checkRow } from './row.js';
import { DATAGRAM, hex, hexOf, pattern, payload } from './values.js';

export const udp = checkRow({
  // biome-ignore format: a table
  keys: {
    payload: optional(payload, undefined, 'text sent; an empty datagram when absent'),
    payload_hex: optional(hex, undefined, 'bytes sent, as hexadecimal digits'),
    reply: optional(boolean, false, 'whether silence fails; without it a machine that is switched off passes'),
    expect: optional(pattern, undefined, 'regular expression (RE2) that the reply must match; needs `reply: true`'),
    expect_hex: optional(hex, undefined, 'bytes that must occur in the reply, as hexadecimal digits; needs `reply: true`'),
    min_length: optional(integer(0, DATAGRAM), undefined, 'least bytes of the reply; needs `reply: true`'),
    max_length: optional(integer(0, DATAGRAM), undefined, 'most bytes of the reply; needs `reply: true`'),
  },
  defaultPort: undefined,
  vip: 'route',
  label: () => 'udp',
  toSpec: ({ payload: sent, payload_hex, reply, expect, expect_hex, min_length, max_length }) => ({
    kind: 'udp',
    hex: payload_hex ?? hexOf(sent ?? ''),
    reply,
    ...(expect === undefined ? {} : { expect: expect.source }),
    ...(expect_hex === undefined ? {} : { expectHex: expect_hex }),
    ...(min_length === undefined ? {} : { minLength: min_length }),
    ...(max_length === undefined ? {} : { maxLength: max_length }),
  }),
  consistency(check, at) {
    if (check.payload !== undefined && check.payload_hex !== undefined)
      fail(below(at, 'payload_hex'), "give either `payload' or `payload_hex'");
    for (const key of ['expect', 'expect_hex', 'min_length', 'max_length'] as const)
      if (check[key] !== undefined && !check.reply)
        fail(below(at, key), `\`${key}' needs \`reply: true'`);
    const { min_length: min = 0, max_length: max = DATAGRAM } = check;
    if (min > max) fail(below(at, 'min_length'), `it is more than max_length, ${max}`);
    if (check.target === 'vip' && !check.reply)
      fail(
        below(at, 'target'),
        "without `reply: true' the silence of a machine that is off would pass",
      );
  },
});
