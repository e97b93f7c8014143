// Checkers of a real_server block -> checks of the lvsctl file. One row a kind.
import type { CheckEntry } from '../draft.js';
import type { Around, CheckerDraft } from './checkerdraft.js';
import {
  type Conversion,
  type Handler,
  note,
  silent,
  type Vocabulary,
  warning,
} from './conversion.js';
import { HTTP_KEYWORDS, httpChecks } from './httpget.js';
import { FILE_KEYWORDS, fileChecks, MISC_KEYWORDS, scriptChecks } from './scriptcheck.js';
import type { Statement } from './statements.js';
import { TIME_KEYWORDS, type TimeDefaults, timeKeys } from './times.js';
import { UDP_KEYWORDS, udpCheck } from './udpcheck.js';

const PORT = { min: 1, max: 65535 };

const text =
  (key: 'connectTo' | 'source' | 'helo' | 'name'): Handler<CheckerDraft> =>
  (draft, statement, conversion) => {
    const value = conversion.text(statement);
    if (value !== undefined) draft[key] = value;
  };

/** Tokens of all kinds that connect. */
const CONNECTION: Vocabulary<CheckerDraft> = {
  ...TIME_KEYWORDS,
  connect_ip: text('connectTo'),
  connect_port(draft, statement, conversion) {
    const value = conversion.number(statement, PORT);
    if (value !== undefined) draft.port = value;
  },
  bindto: text('source'),
  bind_port: warning('the source port of checks cannot be chosen; any free one is used'),
  bind_if: warning('the interface of checks cannot be chosen; the route decides'),
  fwmark: warning('packets of checks get no mark; for the VIP on the server see `target: vip`'),
  log_all_failures: note('lvsctl monitor status shows the last error of each server'),
};

const SMTP: Vocabulary<CheckerDraft> = { ...CONNECTION, helo_name: text('helo'), host: silent };
const DNS_TYPES = ['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA'];
const DNS: Vocabulary<CheckerDraft> = {
  ...CONNECTION,
  name: text('name'),
  type(draft, statement, conversion) {
    const value = conversion.text(statement)?.toUpperCase();
    if (value !== undefined && DNS_TYPES.includes(value)) draft.type = value;
    else if (value !== undefined)
      conversion.remarks.warn(
        statement,
        'type',
        `keepalived does not know type ${value} and asks for SOA`,
      );
  },
};

interface Row {
  readonly keywords: Vocabulary<CheckerDraft>;
  readonly times: TimeDefaults;
  readonly toChecks: (
    draft: CheckerDraft,
    statement: Statement,
    around: Around,
    conversion: Conversion,
  ) => readonly CheckEntry[];
}

const ONCE: TimeDefaults = { retries: 1, retryDelay: 1 };
const HTTP_TIMES: TimeDefaults = { retries: 1, retryDelay: 3 };
const TIMES_OF_SCRIPTS: TimeDefaults = { retries: 0, retryDelay: 1 };

// biome-ignore format: a table
const ROWS: Readonly<Record<string, Row>> = {
  TCP_CHECK: { keywords: CONNECTION, times: ONCE, toChecks: () => [{ kind: 'tcp' }] },
  HTTP_GET: { keywords: { ...CONNECTION, ...HTTP_KEYWORDS }, times: HTTP_TIMES, toChecks: (draft, at, { virtualhost }, conversion) => httpChecks(draft, at, virtualhost, conversion) },
  SSL_GET: { keywords: { ...CONNECTION, ...HTTP_KEYWORDS }, times: HTTP_TIMES, toChecks: (draft, at, { virtualhost, ssl }, conversion) => httpChecks(draft, at, virtualhost, conversion, ssl) },
  SMTP_CHECK: { keywords: SMTP, times: ONCE, toChecks: ({ helo }) => [{ kind: 'smtp', helo }] },
  DNS_CHECK: { keywords: DNS, times: { retries: 3, retryDelay: undefined }, toChecks: ({ name = '.', type = 'SOA' }) => [{ kind: 'dns', name, type, empty: true }] },
  MISC_CHECK: { keywords: MISC_KEYWORDS, times: TIMES_OF_SCRIPTS, toChecks: scriptChecks },
  PING_CHECK: { keywords: CONNECTION, times: ONCE, toChecks: () => [{ kind: 'ping' }] },
  UDP_CHECK: { keywords: { ...CONNECTION, ...UDP_KEYWORDS }, times: ONCE, toChecks: udpCheck },
  FILE_CHECK: { keywords: FILE_KEYWORDS, times: { retries: 0, retryDelay: undefined }, toChecks: fileChecks },
};

/** Names of the blocks that are checkers. */
export const CHECKERS: readonly string[] = [...Object.keys(ROWS), 'BFD_CHECK'];

/**
 * The checks that one checker becomes; none, with a remark, where there is no equivalent.
 * @param statement the block of the checker
 */
export function checksOf(
  statement: Statement,
  around: Around,
  conversion: Conversion,
): readonly CheckEntry[] {
  const row = ROWS[statement.keyword];
  if (row === undefined) {
    conversion.remarks.warn(
      statement,
      statement.keyword,
      'there is no check by BFD: this check is left out, and does not take the server out',
    );
    return [];
  }
  const draft: CheckerDraft = {};
  conversion.walk(statement.block, row.keywords, draft, statement.keyword);
  const hosts = (statement.block ?? []).filter(({ keyword }) => keyword === 'host');
  return statement.keyword === 'SMTP_CHECK' && hosts.length > 0
    ? hosts.flatMap((host) => smtpHost(host, draft, row, statement, around, conversion))
    : entries(draft, row, statement, around, conversion);
}

/** `host { … }` of SMTP_CHECK, an older form: a check each. */
function smtpHost(
  host: Statement,
  outside: CheckerDraft,
  row: Row,
  statement: Statement,
  around: Around,
  conversion: Conversion,
): readonly CheckEntry[] {
  const draft = { ...outside };
  conversion.walk(host.block, CONNECTION, draft, 'host');
  return entries(draft, row, statement, around, conversion);
}

function entries(
  draft: CheckerDraft,
  { toChecks, times }: Row,
  statement: Statement,
  around: Around,
  conversion: Conversion,
): readonly CheckEntry[] {
  const { timeout, ...keys } = timeKeys([draft, ...around.times], times);
  if (around.port === 0 && draft.port === undefined && CONNECTING.has(statement.keyword))
    conversion.remarks.warn(
      statement,
      statement.keyword,
      'neither it nor the server has a port: keepalived asks port 0, which never answers; here ' +
        'the port of the service is asked',
    );
  const isScript = statement.keyword === 'MISC_CHECK';
  // a script without misc_timeout may take until the next check
  const limit = isScript ? (draft.scriptTimeout ?? Math.min(keys.interval, 3600)) : timeout;
  return toChecks(draft, statement, around, conversion).map((check) => ({
    ...check,
    ...keys,
    timeout: limit,
    port: HAS_PORT.has(check.kind) ? (draft.port ?? (around.port || undefined)) : undefined,
    connect_to: draft.connectTo,
    source: draft.source,
  }));
}

const CONNECTING = new Set([
  'TCP_CHECK',
  'HTTP_GET',
  'SSL_GET',
  'SMTP_CHECK',
  'DNS_CHECK',
  'UDP_CHECK',
]);
const HAS_PORT = new Set(['tcp', 'http', 'https', 'smtp', 'dns', 'udp']);
