// Health checks in an lvsctl file: a table of their kinds and keys, and the words that only they
// have.
import { type Address, parseAddress } from '../../model/address.js';
import { addressHint, endpointHint, vipHint } from './addresshint.js';
import { list, textMap, variants } from './collections.js';
import { optional, required, type Value } from './field.js';
import type { Field } from './fieldtype.js';
import { type Pattern, parsePattern, whyNoPattern } from './pattern.js';
import { boolean, integer, number, oneOf, parsed, text } from './scalar.js';

export const YEAR = 31_536_000;
const HOUR = 3600;
/** the most that a datagram carries */
const DATAGRAM = 65_507;

// biome-ignore-start format: a table
const anAddress = (hint: (value: string) => string | undefined): Field<Address> =>
  parsed('an IPv4 or IPv6 address', parseAddress, { type: 'string' }, hint);
export const address = anAddress(addressHint);
/** one with a port beside it */
export const endpointAddress = anAddress(endpointHint);
export const vipAddress = anAddress(vipHint);
const pattern: Field<Pattern> = parsed(
  'a regular expression',
  parsePattern,
  { type: 'string' },
  whyNoPattern,
);
const statuses = parsed('a status, a range like 200-299, or several with commas', parseStatuses, {
  type: ['integer', 'string'],
});
const path = parsed('a path that begins with /, without blanks and #', matching(/^\/[!-"$-~]*$/), {
  type: 'string',
  pattern: '^/',
});
const host = parsed(
  'a name or an address (IPv6 in brackets), perhaps with a port',
  matching(/^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/),
  { type: 'string' },
);
const serverName = parsed(
  'a name or an address',
  (value) => (parseAddress(value) || /^[\w.-]+$/.test(value) ? value : undefined),
  {
    type: 'string',
  },
);
const mailName = parsed(
  'a name, or an address in brackets',
  matching(/^(?:[\w.-]+|\[[\w.:]+\])$/),
  { type: 'string' },
);
const domain = parsed(
  'a domain name',
  matching(/^(?=.{1,253}$)(?:\.|(?:[\p{L}\p{N}_-]{1,63}\.)*[\p{L}\p{N}_-]{1,63}\.?)$/u),
  {
    type: 'string',
  },
);
const payload = parsed(
  `a text of at most ${DATAGRAM} bytes`,
  (value) => (Buffer.byteLength(value) <= DATAGRAM ? value : undefined),
  {
    type: 'string',
  },
);
const hex = parsed(
  'pairs of hexadecimal digits',
  (value) =>
    /^(?:[\da-fA-F]{2}\s?)+$/.test(value) && value.length <= 2 * DATAGRAM
      ? value.replace(/\s/g, '')
      : undefined,
  { type: 'string' },
);
const argument = parsed('an argument (a text without NUL)', matching(/^[^\0]*$/), {
  type: ['string', 'number'],
});
const file = parsed('an absolute path', matching(/^\/[^\0]*$/), { type: 'string', pattern: '^/' });
/** What is ours to say: the host has a key of its own, the rest belongs to the connection. */
const OURS = ['host', 'connection', 'content-length', 'transfer-encoding'];
const headers = textMap(
  'a header name, of those that are not set anyway',
  (name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !OURS.includes(name.toLowerCase()),
  'a header value without control characters',
  (value) => /^[\t -~\x80-\xff]*$/.test(value),
);

/** When a check is made and how often it must agree; also what defaults may say. */
export const TIMES = {
  interval: optional(number(0.1, YEAR), 5, 'seconds from one check to the next'),
  timeout: optional(number(0.1, HOUR), 3, 'seconds after which a check has failed'),
  rise: optional(integer(1, 1000), 2, 'passes in a row that bring a server back'),
  fall: optional(integer(1, 1000), 3, 'failures in a row that take a server out'),
  fast_interval: optional(
    number(0.1, YEAR),
    undefined,
    'interval while the state is changing; the interval when absent',
  ),
  jitter: optional(number(0, 1), 0.1, 'share of the interval by which starts are spread'),
};
const common = {
  ...TIMES,
  port: optional(integer(1, 65535), undefined, 'port to check, when not that of the server'),
  target: optional(
    oneOf(['server', 'vip']),
    'server',
    "the address to ask for: the server's own, or (dr, tun) the VIP on the server",
  ),
  source: optional(address, undefined, 'source address of the checks'),
};
const http = {
  ...common,
  method: optional(oneOf(['GET', 'HEAD', 'OPTIONS', 'POST']), 'GET', 'request method'),
  path: optional(path, '/', 'request path with its query'),
  host: optional(
    host,
    undefined,
    'Host header; the VIP when absent, with the port of the check or of the service',
  ),
  headers: optional(headers, {}, 'further request headers'),
  status: optional(
    statuses,
    [{ from: 200, to: 299 }],
    'statuses that pass: 200, 200-299, 200,301-302',
  ),
  body: optional(pattern, undefined, 'regular expression (RE2) that the body must match'),
  redirects: optional(integer(0, 20), 0, 'redirects followed'),
};

/** One check, by its kind. */
export const check = variants('kind', {
  tcp: { ...common },
  http,
  https: {
    ...http,
    verify: optional(boolean, true, 'verify the certificate'),
    ca: optional(
      file,
      undefined,
      'file with the certificates (PEM) of the trusted authorities (default: those built into Node.js)',
    ),
    sni: optional(serverName, undefined, 'server name sent and verified; the host when absent'),
  },
  dns: {
    ...common,
    name: required(domain, 'name to ask for'),
    type: optional(
      oneOf(['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT']),
      'A',
      'record type',
    ),
    expected: optional(list(text), [], 'answers of which one must come; any when empty'),
  },
  udp: {
    ...common,
    payload: optional(payload, undefined, 'text sent; an empty datagram when absent'),
    payload_hex: optional(hex, undefined, 'bytes sent, as hexadecimal digits'),
    reply: optional(
      boolean,
      false,
      'whether silence fails; without it a machine that is switched off passes',
    ),
  },
  smtp: { ...common, helo: optional(mailName, 'localhost', 'name sent in EHLO') },
  ping: { ...common },
  exec: {
    ...common,
    command: required(
      list(argument, 1),
      'absolute path of a program, then its arguments; no shell',
    ),
  },
});
// biome-ignore-end format: a table

export type Check = Value<typeof check>;
export type CheckKind = Check['kind'];

/** The port of a check where neither it nor server and service have one; 0 = it needs none. */
export const DEFAULT_PORT: Readonly<Record<CheckKind, number | undefined>> = {
  tcp: undefined,
  http: 80,
  https: 443,
  dns: 53,
  udp: undefined,
  smtp: 25,
  ping: 0,
  exec: 0,
};

/** Statuses from one to another, both included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Tells the checks of a service from each other, also from those of another file: by all their
 * words, and by number where these are the same.
 */
export function checkKeys(checks: readonly Check[]): readonly string[] {
  const counts = new Map<string, number>();
  return checks.map((check) => {
    const text = JSON.stringify(check);
    const count = counts.get(text) ?? 0;
    counts.set(text, count + 1);
    return `${count} ${text}`;
  });
}

function matching(pattern: RegExp): (value: string) => string | undefined {
  return (value) => (pattern.test(value) ? value : undefined);
}

function parseStatuses(value: string): readonly StatusRange[] | undefined {
  const ranges = value.split(',').map((word) => {
    const [, from, to = from] = /^\s*([1-5]\d\d)(?:-([1-5]\d\d))?\s*$/.exec(word) ?? [];
    return { from: Number(from), to: Number(to) };
  });
  return ranges.every(({ from, to }) => from <= to) ? ranges : undefined;
}
