// What http and https have in common: the request, and what is expected of the answer.
import { formatAddress } from '../../model/address.js';
import type { ProbeSpecOf } from '../../system/probe/spec.js';
import { textMap } from '../config/collections.js';
import { below, optional } from '../config/field.js';
import { fail, type Place } from '../config/place.js';
import { integer, oneOf, parsed } from '../config/scalar.js';
import type { CheckedService, CheckWith } from './row.js';
import { matching, pattern, payload } from './values.js';

/** Statuses from one to another, both included. */
interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** They are set by the check: the host has a key of its own, the rest belongs to the connection. */
const SET_ANYWAY = ['host', 'connection', 'content-length', 'transfer-encoding'];

// biome-ignore-start format: a table
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
const headers = textMap(
  'a header name, of those that are not set anyway',
  (name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !SET_ANYWAY.includes(name.toLowerCase()),
  'a header value without control characters',
  (value) => /^[\t -~\x80-\xff]*$/.test(value),
);
const digest = parsed('an MD5 (32) or SHA-256 (64 hexadecimal digits)', parseDigest, {
  type: 'string',
});

export const HTTP_KEYS = {
  method: optional(oneOf(['GET', 'HEAD', 'OPTIONS', 'POST']), 'GET', 'request method'),
  path: optional(path, '/', 'request path with its query'),
  host: optional(
    host,
    undefined,
    'Host header; the VIP when absent, with the port of the check or of the service',
  ),
  headers: optional(headers, {}, 'further request headers'),
  data: optional(
    payload,
    undefined,
    'body of a POST request; a form unless headers has Content-Type',
  ),
  status: optional(
    statuses,
    [{ from: 200, to: 299 }],
    'statuses that pass: 200, 200-299, 200,301-302',
  ),
  body: optional(pattern, undefined, 'regular expression (RE2) that the body must match'),
  not_body: optional(pattern, undefined, 'regular expression (RE2) that the body must not match'),
  digest: optional(digest, undefined, 'MD5 or SHA-256 of the body, as hexadecimal digits'),
  weight_from: optional(
    pattern,
    undefined,
    'regular expression (RE2) that finds the weight of the server in the body: its first ' +
      'group, else its match',
  ),
  redirects: optional(integer(0, 20), 0, 'redirects followed'),
};
// biome-ignore-end format: a table

export type HttpCheck = CheckWith<typeof HTTP_KEYS>;

/** @param standard the port that a Host header does not name */
export function httpSpec(
  check: HttpCheck,
  service: CheckedService,
  standard: number,
): ProbeSpecOf<'http'> {
  const vip = formatAddress(service.address);
  const name = service.address.family === 'ipv6' ? `[${vip}]` : vip;
  const asked = check.port ?? service.port;
  const port = asked && asked !== standard ? `:${asked}` : '';
  const { method, path, headers, data, status, body, not_body, digest, redirects } = check;
  return {
    kind: 'http',
    method,
    path,
    host: check.host ?? `${name}${port}`,
    headers,
    status,
    redirects,
    ...(data === undefined ? {} : { data }),
    ...(body === undefined ? {} : { body: body.source }),
    ...(not_body === undefined ? {} : { notBody: not_body.source }),
    ...(digest === undefined ? {} : { digest }),
    ...(check.weight_from === undefined ? {} : { weight: check.weight_from.source }),
  };
}

const OF_THE_BODY = ['body', 'not_body', 'digest', 'weight_from'] as const;

/** Reports what an answer cannot have, and data that no request carries. */
export function httpConsistency(check: HttpCheck, at: Place): void {
  for (const key of OF_THE_BODY)
    if (check.method === 'HEAD' && check[key] !== undefined)
      fail(below(at, key), 'an answer to HEAD has no body');
  if (check.data !== undefined && check.method !== 'POST')
    fail(below(at, 'data'), `\`data' needs \`method: POST'`);
}

function parseStatuses(value: string): readonly StatusRange[] | undefined {
  const ranges = value.split(',').map((one) => {
    const [, from, to = from] = /^\s*([1-5]\d\d)(?:-([1-5]\d\d))?\s*$/.exec(one) ?? [];
    return { from: Number(from), to: Number(to) };
  });
  return ranges.every(({ from, to }) => from <= to) ? ranges : undefined;
}

function parseDigest(value: string) {
  const hex = value.toLowerCase();
  if (/^[\da-f]{32}$/.test(hex)) return { algorithm: 'md5' as const, hex };
  return /^[\da-f]{64}$/.test(hex) ? { algorithm: 'sha256' as const, hex } : undefined;
}
