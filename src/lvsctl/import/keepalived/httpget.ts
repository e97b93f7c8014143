// HTTP_GET and SSL_GET: one check for each url block.
import { parsePattern, patternError } from '../../config/pattern.js';
import type { CheckEntry } from '../draft.js';
import { type Conversion, note, numberOf, silent, type Vocabulary, warning } from './conversion.js';
import type { Statement } from './statements.js';

export interface HttpDraft {
  urls?: UrlDraft[];
  virtualhost?: string;
  sni?: boolean;
}

interface UrlDraft {
  readonly statement: Statement;
  path?: string;
  digest?: string;
  status?: string;
  host?: string;
  regex?: { readonly statement: Statement; readonly text: string };
  noMatch?: boolean;
  flags: string;
}

const URL_KEYWORDS: Vocabulary<UrlDraft> = {
  path(draft, statement, conversion) {
    const path = conversion.text(statement);
    if (path !== undefined) draft.path = path;
  },
  digest(draft, statement, conversion) {
    const [digest = ''] = statement.args;
    if (/^[\da-f]{32}$/i.test(digest)) draft.digest = digest.toLowerCase();
    else conversion.remarks.warn(statement, 'digest', 'not an MD5 of 32 digits; ignored');
  },
  status_code(draft, statement, conversion) {
    const status = statusesOf(statement, conversion);
    if (status !== undefined) draft.status = status;
  },
  virtualhost(draft, statement, conversion) {
    const host = conversion.text(statement);
    if (host !== undefined) draft.host = host;
  },
  regex(draft, statement, conversion) {
    const text = conversion.text(statement);
    if (text !== undefined) draft.regex = { statement, text };
  },
  regex_no_match(draft) {
    draft.noMatch = true;
  },
  regex_options(draft, statement, { remarks }) {
    for (const option of statement.args) {
      const flag = OPTIONS[option];
      if (flag === undefined)
        remarks.warn(statement, 'regex_options', `${option} has no equivalent in RE2; ignored`);
      else draft.flags += flag;
    }
  },
  regex_stack: note('RE2 needs no stack'),
  regex_min_offset: warning('the whole body is searched'),
  regex_max_offset: warning('the whole body is searched'),
};

/** Options that state nothing about what matches are ''. */
const OPTIONS: Readonly<Record<string, string>> = {
  caseless: 'i',
  multiline: 'm',
  dotall: 's',
  ungreedy: 'U',
  utf: '',
  ucp: '',
  never_ucp: '',
  no_auto_capture: '',
  no_auto_possess: '',
  no_dotstar_anchor: '',
  no_start_optimize: '',
  never_backslash_c: '',
  auto_callout: '',
  use_offset_limit: '',
};

export const HTTP_KEYWORDS: Vocabulary<HttpDraft> = {
  url(draft, statement, conversion) {
    const url: UrlDraft = { statement, flags: '' };
    conversion.walk(statement.block, URL_KEYWORDS, url, 'url');
    draft.urls = [...(draft.urls ?? []), url];
  },
  virtualhost(draft, statement, conversion) {
    const host = conversion.text(statement);
    if (host !== undefined) draft.virtualhost = host;
  },
  enable_sni(draft, statement, conversion) {
    draft.sni = conversion.boolean(statement);
  },
  http_protocol: note('requests are HTTP/1.1 here'),
  // all checks of a server are asked at once here
  fast_recovery: silent,
};

/**
 * @param outer the virtualhost of the server or the service
 * @param ssl for SSL_GET: the keywords of the block SSL
 */
export function httpChecks(
  draft: HttpDraft,
  statement: Statement,
  outer: string | undefined,
  conversion: Conversion,
  ssl?: Readonly<Record<string, string>>,
): readonly CheckEntry[] {
  const { urls = [] } = draft;
  if (urls.length === 0) {
    conversion.remarks.warn(
      statement,
      statement.keyword,
      'it has no url: keepalived ignores the check, and it is left out',
    );
    return [];
  }
  return urls.map((url) => ({
    kind: ssl ? 'https' : 'http',
    path: pathOf(url, conversion),
    host: hostOf(url, draft.virtualhost ?? outer, conversion),
    status: url.status,
    ...patternKeys(url, conversion),
    digest: url.digest,
    // keepalived does not verify certificates, also not with `ca` (seen in the lab)
    ...(ssl ? { verify: false, ...keyPair(ssl) } : {}),
  }));
}

function keyPair({ certificate, key }: Readonly<Record<string, string>>): object {
  return certificate !== undefined && key !== undefined ? { cert: certificate, key } : {};
}

/** keepalived asks for what is written, also without a slash, which most servers refuse. */
function pathOf({ path = '/', statement }: UrlDraft, { remarks }: Conversion): string {
  const slashed = path.startsWith('/') ? path : `/${path.replace(/^https?:\/\/[^/]*\/?/, '')}`;
  const written = slashed
    .replace(/#.*$/, '')
    .replace(/[^!-~]/g, (char) => encodeURIComponent(char));
  if (written !== path)
    remarks.warn(
      statement,
      'path',
      `\`${path}' is asked for as ${written}; keepalived sends it as it stands`,
    );
  return written;
}

function hostOf(
  { host, statement }: UrlDraft,
  outer: string | undefined,
  { remarks }: Conversion,
): string | undefined {
  const name = host ?? outer;
  if (name === undefined || /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/.test(name)) return name;
  remarks.warn(statement, 'virtualhost', `\`${name}' is no host name; the VIP is sent as Host`);
  return undefined;
}

/** `200 204-206` -> `200,204-206`; what is no status keepalived ignores. */
function statusesOf(statement: Statement, { remarks }: Conversion): string | undefined {
  const good = statement.args.filter((text) => {
    const [from, to = from, ...more] = text.split('-');
    const [low, high] = [from, to].map((one) => numberOf(one ?? '', { min: 100, max: 599 }));
    const fits = more.length === 0 && low !== undefined && high !== undefined && low <= high;
    if (!fits)
      remarks.warn(statement, 'status_code', `\`${text}' is no status; keepalived ignores it`);
    return fits;
  });
  return good.length === 0 ? undefined : good.join(',');
}

function patternKeys(
  { regex, noMatch, flags }: UrlDraft,
  { remarks }: Conversion,
): { readonly body?: string; readonly not_body?: string } {
  if (regex === undefined) return {};
  const unique = [...new Set(flags)].join('');
  const source = unique === '' ? regex.text : `(?${unique})${regex.text}`;
  if (parsePattern(source) === undefined) {
    remarks.warn(
      regex.statement,
      'regex',
      `not in RE2 (${patternError(source)}): the body is not checked; write it anew as ` +
        `\`${noMatch ? 'not_body' : 'body'}'`,
    );
    return {};
  }
  return noMatch ? { not_body: source } : { body: source };
}
