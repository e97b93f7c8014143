// A dialogue over TCP, perhaps with TLS: sends texts and expects answers.
import { formatAddress } from '../../model/address.js';
import { list } from '../config/collections.js';
import { below, object, optional, required } from '../config/field.js';
import { fail, type Place } from '../config/place.js';
import { boolean } from '../config/scalar.js';
import { checkRow } from './row.js';
import { TLS_KEYS, tlsConsistency, tlsMissing, tlsSpec } from './tls.js';
import { hex, hexOf, pattern, payload } from './values.js';

// biome-ignore format: a table
const STEP = {
  send: optional(payload, undefined, 'text sent; "\\r\\n" in double quotes ends a line'),
  send_hex: optional(hex, undefined, 'bytes sent, as hexadecimal digits'),
  expect: optional(pattern, undefined, 'regular expression (RE2) that must match what comes'),
  expect_hex: optional(hex, undefined, 'bytes that must come, as hexadecimal digits'),
};
type StepKey = keyof typeof STEP;
const STEP_KEYS = Object.keys(STEP) as readonly StepKey[];

export const send_expect = checkRow({
  // biome-ignore format: a table
  keys: {
    steps: required(list(object(STEP), 1), 'what is sent and expected, one after the other; each a map with one of send, send_hex, expect, expect_hex'),
    tls: optional(boolean, false, 'whether the connection begins with TLS'),
    ...TLS_KEYS,
  },
  defaultPort: undefined,
  vip: 'route',
  label: ({ tls }) => (tls ? 'send_expect tls' : 'send_expect'),
  toSpec: (check, { service }) => ({
    kind: 'send_expect',
    steps: check.steps.map(({ send, send_hex, expect, expect_hex }) => {
      const sent = send_hex ?? (send === undefined ? undefined : hexOf(send));
      if (sent !== undefined) return { send: sent };
      return expect_hex === undefined
        ? { expect: expect?.source ?? '' }
        : { expectHex: expect_hex };
    }),
    ...(check.tls ? { tls: tlsSpec(check, formatAddress(service.address)) } : {}),
  }),
  consistency(check, at) {
    for (const [i, step] of check.steps.entries()) oneKey(step, below(at, 'steps', i));
    tlsConsistency(check, at, { key: 'tls', given: check.tls });
  },
  missing: tlsMissing,
});

function oneKey(step: Readonly<Record<StepKey, unknown>>, at: Place): void {
  const given = STEP_KEYS.filter((key) => step[key] !== undefined);
  if (given.length !== 1)
    fail(
      at,
      `a step is one of ${STEP_KEYS.join(', ')}; this one has ${given.join(', ') || 'none'}`,
    );
}
