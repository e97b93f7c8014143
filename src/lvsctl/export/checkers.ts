// Checks of an lvsctl file as checkers of keepalived. One row a kind.
import { formatAddress } from '../../model/address.js';
import type { Check } from '../config/checks.js';
import type { RealServer } from '../config/file.js';
import { type KeywordBlock, type KeywordEntry, quoted } from './blocks.js';

/** Reports what a check has and its checker has not. */
export type Omit = (text: string) => void;

type Row<K extends Check['kind']> = (
  check: Extract<Check, { readonly kind: K }>,
  omit: Omit,
) => KeywordEntry | undefined;

/** The checker of a check for one server; undefined where keepalived has none for it. */
export function checkerOf(check: Check, server: RealServer, omit: Omit): KeywordEntry | undefined {
  common(check, omit);
  const row = ROWS[check.kind] as Row<Check['kind']>;
  const entry = row(check as never, omit);
  if (entry === undefined) {
    omit('keepalived has no such check; left out');
    return undefined;
  }
  const own = entry.at(-1);
  const block: KeywordBlock = [
    ...(Array.isArray(own) ? (own as KeywordBlock) : []),
    ...connection(check, server),
  ];
  return [entry[0], block];
}

/** What no checker has. */
function common(check: Check, omit: Omit): void {
  if (check.rise > 1) omit(`rise ${check.rise}: keepalived takes a server back after one pass`);
  if (check.target === 'vip') omit('target vip: keepalived asks the address of the server');
}

function connection(check: Check, server: RealServer): KeywordBlock {
  const { connect_to: to, source, port, interval, timeout, fall, fast_interval } = check;
  const other =
    to === undefined
      ? undefined
      : 'byServer' in to
        ? to.byServer.find(([one]) => formatAddress(one) === formatAddress(server.address))?.[1]
        : to;
  const script = check.kind === 'exec';
  const entries: KeywordEntry[] = [
    ...(other && !script ? [['connect_ip', formatAddress(other)] as const] : []),
    ...(port !== undefined && !script ? [['connect_port', port] as const] : []),
    ...(source && !script ? [['bindto', formatAddress(source)] as const] : []),
    script ? ['misc_timeout', Math.ceil(timeout)] : ['connect_timeout', timeout],
    ['retry', fall - 1],
    ['delay_before_retry', fast_interval ?? interval],
    ['delay_loop', interval],
  ];
  return entries;
}

const ROWS: { readonly [K in Check['kind']]: Row<K> } = {
  tcp: () => ['TCP_CHECK', []],
  ping: () => ['PING_CHECK', []],
  http: (check, omit) => ['HTTP_GET', [urlOf(check, omit)]],
  https(check, omit) {
    if (check.verify) omit('verify: keepalived verifies no certificates');
    for (const key of ['ca', 'cert', 'key'] as const)
      if (check[key] !== undefined) omit(`${key}: keepalived has one for all, in its block SSL`);
    return [
      'SSL_GET',
      [urlOf(check, omit), ...(check.sni === undefined ? [] : [['enable_sni'] as const])],
    ];
  },
  smtp(check, omit) {
    if (check.starttls) omit('starttls: keepalived does not try it');
    return ['SMTP_CHECK', check.helo === 'localhost' ? [] : [['helo_name', quoted(check.helo)]]];
  },
  dns({ name, type, expected, empty }, omit) {
    if (!['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA'].includes(type)) return undefined;
    if (expected.length > 0) omit('expected: keepalived takes any answer');
    else if (!empty) omit('empty: keepalived takes an answer without records too');
    return [
      'DNS_CHECK',
      [
        ['type', type],
        ['name', name],
      ],
    ];
  },
  udp(check, omit) {
    const { payload, payload_hex, reply, expect, expect_hex, min_length, max_length } = check;
    const hex = payload_hex ?? Buffer.from(payload ?? '').toString('hex');
    if (expect !== undefined) omit('expect: keepalived compares bytes alone');
    if (expect_hex !== undefined)
      omit('expect_hex: keepalived wants them at the beginning of the reply');
    return [
      'UDP_CHECK',
      [
        ...(hex === '' ? [] : [['payload', quoted(hex)] as const]),
        ...(reply
          ? [['require_reply', ...(expect_hex ? [quoted(expect_hex)] : [])] as KeywordEntry]
          : []),
        ...(min_length === undefined ? [] : [['min_reply_length', min_length] as const]),
        ...(reply ? [['max_reply_length', max_length ?? 65507] as const] : []),
      ],
    ];
  },
  exec({ command, user, weight }) {
    return [
      'MISC_CHECK',
      [
        ['misc_path', quoted(command.map(argument).join(' '))],
        ...(user === undefined ? [] : [['user', user] as const]),
        ...(weight ? [['misc_dynamic'] as const] : []),
      ],
    ];
  },
  send_expect: () => undefined,
};

/** Blanks and quotes within an argument of a script. */
function argument(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

type HttpLike = Extract<Check, { readonly kind: 'http' | 'https' }>;

function urlOf(check: HttpLike, omit: Omit): KeywordEntry {
  const { path, host, status, body, not_body, digest, method, headers, data, redirects } = check;
  if (method !== 'GET') omit(`method ${method}: keepalived sends GET`);
  if (Object.keys(headers).length > 0) omit('headers: keepalived sends its own');
  if (data !== undefined) omit('data: keepalived sends no body');
  if (redirects > 0) omit('redirects: keepalived follows none');
  if (check.weight_from !== undefined) omit('weight_from: keepalived reads no weight from a page');
  const both = body !== undefined && not_body !== undefined;
  if (both) omit('not_body: one url has one pattern; body is kept');
  const pattern = body ?? not_body;
  return [
    'url',
    [
      ['path', quoted(path)],
      ...(host === undefined ? [] : [['virtualhost', host] as const]),
      ...statusesOf(status),
      ...(digest === undefined ? [] : digestOf(digest, omit)),
      ...(pattern === undefined ? [] : [['regex', quoted(pattern.source)] as const]),
      ...(pattern !== undefined && body === undefined ? [['regex_no_match'] as const] : []),
    ],
  ];
}

/** 200-299 is what keepalived takes anyway. */
function statusesOf(statuses: HttpLike['status']): KeywordBlock {
  const texts = statuses.map(({ from, to }) => (from === to ? from : `${from}-${to}`));
  return texts.join() === '200-299' ? [] : [['status_code', ...texts]];
}

function digestOf(digest: NonNullable<HttpLike['digest']>, omit: Omit): KeywordBlock {
  if (digest.algorithm === 'md5') return [['digest', digest.hex]];
  omit('digest: keepalived knows MD5 alone');
  return [];
}
