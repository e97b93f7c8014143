// Answers a query as a name server.
import { parseAddress } from '../../model/address.js';
import { list } from '../config/collections.js';
import { below, optional, required } from '../config/field.js';
import { fail } from '../config/place.js';
import { boolean, oneOf, parsed, text } from '../config/scalar.js';
import { checkRow } from './row.js';
import { matching } from './values.js';

const TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const;
const domain = parsed(
  'a domain name',
  matching(/^(?=.{1,253}$)(?:\.|(?:[\p{L}\p{N}_-]{1,63}\.)*[\p{L}\p{N}_-]{1,63}\.?)$/u),
  { type: 'string' },
);

export const dns = checkRow({
  // biome-ignore format: a table
  keys: {
    name: required(domain, 'name to ask for'),
    type: optional(oneOf(TYPES), 'A', 'record type'),
    expected: optional(list(text), [], 'answers of which one must come; any when empty'),
    empty: optional(boolean, false, 'whether an answer without records passes too'),
  },
  defaultPort: 53,
  vip: 'never',
  label: ({ name, type }) => `dns ${type} ${name}`,
  toSpec: ({ name, type, expected, empty }) => ({
    kind: 'dns',
    name,
    type,
    expected,
    ...(empty ? { empty } : {}),
  }),
  consistency({ type, expected, empty }, at) {
    if (empty && expected.length > 0) fail(below(at, 'empty'), "give either `empty' or `expected'");
    const family = { A: 'ipv4', AAAA: 'ipv6' }[type as string];
    const odd = expected.findIndex(
      (text) => family !== undefined && parseAddress(text)?.family !== family,
    );
    if (odd >= 0) {
      fail(
        below(at, 'expected', odd),
        `\`${expected[odd]}' is no ${family} address, of which records of type ${type} are`,
      );
    }
  },
});
