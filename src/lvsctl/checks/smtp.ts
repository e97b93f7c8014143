// Greets as a mail server and answers EHLO, perhaps over TLS.
import { formatAddress } from '../../model/address.js';
import { optional } from '../config/field.js';
import { boolean, parsed } from '../config/scalar.js';
import { checkRow } from './row.js';
import { TLS_KEYS, tlsConsistency, tlsMissing, tlsSpec } from './tls.js';
import { matching } from './values.js';

const mailName = parsed(
  'a name, or an address in brackets',
  matching(/^(?:[\w.-]+|\[[\w.:]+\])$/),
  { type: 'string' },
);

export const smtp = checkRow({
  // biome-ignore format: a table
  keys: {
    helo: optional(mailName, 'localhost', 'name sent in EHLO'),
    starttls: optional(boolean, false, 'whether STARTTLS must work, and EHLO be answered over TLS'),
    ...TLS_KEYS,
  },
  defaultPort: 25,
  vip: 'route',
  label: () => 'smtp',
  toSpec: (check, { service }) => ({
    kind: 'smtp',
    helo: check.helo,
    ...(check.starttls ? { tls: tlsSpec(check, formatAddress(service.address)) } : {}),
  }),
  consistency: (check, at) => tlsConsistency(check, at, { key: 'starttls', given: check.starttls }),
  missing: tlsMissing,
});
