// What ldirectord asks of each kind of service, as checks. One row a service.
import { type Address, formatAddress, ipv6Digits, parseAddress } from '../../../model/address.js';
import { parsePattern, patternError } from '../../config/pattern.js';
import type { CheckEntry } from '../draft.js';

export interface Question {
  readonly request: string | undefined;
  readonly receive: string | undefined;
  readonly login: string | undefined;
  readonly passwd: string | undefined;
  readonly virtualhost: string | undefined;
  readonly method: string | undefined;
  readonly protocol: string;
  readonly vip: string;
}

/** Reports what is lost. @param key the directive that it is about; undefined = service */
type Warn = (
  text: string,
  key?: 'request' | 'receive' | 'httpmethod' | 'virtualhost' | 'login',
) => void;
type Row = (question: Question, warn: Warn) => readonly CheckEntry[];

/** perl's LWP follows this many */
const REDIRECTS = 7;

const http =
  (kind: 'http' | 'https'): Row =>
  (question, warn) => {
    const { request = '/', receive, virtualhost, method = 'GET' } = question;
    const [, host, path = '/'] = /^https?:\/\/([^/]+)(\/.*)?$/.exec(request) ?? [];
    const own = host === undefined ? request : path;
    const slashed = own.startsWith('/') ? own : `/${own}`;
    const head = method === 'HEAD';
    if (method !== 'GET' && !head)
      warn(`\`${method}' is neither GET nor HEAD; GET is used`, 'httpmethod');
    if (host !== undefined && virtualhost === undefined)
      warn(
        `ldirectord asks ${host} instead of the server; here the server is asked, with that Host`,
        'request',
      );
    const body = head ? undefined : patternOf(receive, warn);
    if (head && receive) warn('an answer to HEAD has no body to compare', 'receive');
    return [
      {
        kind,
        path: slashed.replace(/#.*$/, '').replace(/[^!-~]/g, (char) => encodeURIComponent(char)),
        host: hostOf(virtualhost ?? host, warn),
        method: head ? 'HEAD' : undefined,
        body,
        redirects: REDIRECTS,
        ...(kind === 'https' ? { verify: false } : {}),
      },
    ];
  };

function hostOf(name: string | undefined, warn: Warn): string | undefined {
  if (name === undefined || /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/.test(name)) return name;
  warn(`\`${name}' is no host name; the VIP is sent as Host`, 'virtualhost');
  return undefined;
}

type Step = Readonly<Record<string, string>>;

/** A greeting, then perhaps a login, line by line. */
const dialogue =
  (greeting: string, steps: (login: string, passwd: string) => readonly Step[], tls = false): Row =>
  ({ login, passwd = '' }) => [
    {
      kind: 'send_expect',
      steps: [{ expect: greeting }, ...(login ? steps(login, passwd) : [])],
      ...(tls ? { tls: true, verify: false } : {}),
    },
  ];

const imapLogin = (login: string, passwd: string) => [
  { send: `a1 LOGIN "${login}" "${passwd}"\r\n` },
  { expect: '(?m)^a1 OK' },
];
const popLogin = (login: string, passwd: string) => [
  { send: `USER ${login}\r\n` },
  { expect: '^\\+OK' },
  { send: `PASS ${passwd}\r\n` },
  { expect: '^\\+OK' },
];

/** Only that the port accepts connections. */
const accepts =
  (what: string): Row =>
  ({ protocol }, warn) => {
    warn(`there is no check that ${what}; only that the server accepts connections is checked`);
    return [{ kind: protocol === 'udp' ? 'udp' : 'tcp' }];
  };

const dns: Row = ({ request, receive }, warn) => {
  if (!request) {
    warn('a DNS check without request; only . is asked for', 'request');
    return [{ kind: 'dns', name: '.', type: 'NS' }];
  }
  const address = parseAddress(request);
  const type = address === undefined ? (receive?.includes(':') ? 'AAAA' : 'A') : 'PTR';
  const plain = receive?.replace(/\\\./g, '.').replace(/^\^|\$$/g, '');
  const fits = plain !== undefined && (type === 'PTR' || parseAddress(plain) !== undefined);
  if (receive && !fits)
    warn(
      `\`${receive}' is a pattern; any answer passes, or list the answers in \`expected'`,
      'receive',
    );
  return [
    {
      kind: 'dns',
      name: address === undefined ? request : reverseName(address),
      type,
      ...(receive && fits ? { expected: [plain] } : {}),
    },
  ];
};

/** The name below in-addr.arpa or ip6.arpa. */
function reverseName(address: Address): string {
  return address.family === 'ipv4'
    ? `${formatAddress(address).split('.').toReversed().join('.')}.in-addr.arpa`
    : `${[...ipv6Digits(address)].toReversed().join('.')}.ip6.arpa`;
}

const simpletcp: Row = ({ request, receive }, warn) => {
  const sent = request?.replace(/\\n/g, '\n');
  const expected = patternOf(receive, warn);
  const steps: Step[] = [
    ...(sent ? [{ send: sent }] : []),
    ...(expected === undefined ? [] : [{ expect: expected }]),
  ];
  return [steps.length === 0 ? { kind: 'tcp' } : { kind: 'send_expect', steps }];
};

const sip: Row = ({ login = 'ldirectord', vip, protocol }) => {
  const request = [
    `OPTIONS sip:${login} SIP/2.0`,
    `Via: SIP/2.0/${protocol.toUpperCase()} ${vip};branch=z9hG4bKlvsctl`,
    `From: <sip:${login}>;tag=lvsctl`,
    `To: <sip:${login}>`,
    'Call-ID: lvsctl',
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 70',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  const expect = '^SIP/2\\.0 200';
  if (protocol === 'udp') return [{ kind: 'udp', payload: request, reply: true, expect }];
  return [{ kind: 'send_expect', steps: [{ send: request }, { expect }] }];
};

const smtp: Row = () => [{ kind: 'smtp' }];
const ftp: Row = (question, warn) => {
  if (question.request || question.receive)
    warn('no file is fetched; greeting and login are checked', 'request');
  const { login = 'anonymous', passwd = 'ldirectord@' } = question;
  return dialogue('^220', (user, pass) => [
    { send: `USER ${user}\r\n` },
    { expect: '(?m)^(?:230|331)' },
    { send: `PASS ${pass}\r\n` },
    { expect: '(?m)^230' },
  ])({ ...question, login, passwd }, warn);
};

// biome-ignore format: a table
export const SERVICES: Readonly<Record<string, Row>> = {
  http: http('http'),
  https: http('https'),
  http_proxy: accepts('a page comes through a proxy'),
  smtp,
  submission: smtp,
  dns,
  ftp,
  imap: dialogue('^\\* OK', imapLogin),
  imaps: dialogue('^\\* OK', imapLogin, true),
  pop: dialogue('^\\+OK', popLogin),
  pops: dialogue('^\\+OK', popLogin, true),
  nntp: dialogue('^20[01]', () => []),
  simpletcp,
  sip,
  none: () => [],
  ldap: accepts('a directory answers'),
  ldaps: accepts('a directory answers'),
  mysql: accepts('a query has rows'),
  pgsql: accepts('a query has rows'),
  oracle: accepts('a query has rows'),
  radius: accepts('a user is accepted'),
};

const PORTS: Readonly<Record<number, string>> = {
  21: 'ftp',
  25: 'smtp',
  53: 'dns',
  80: 'http',
  110: 'pop',
  119: 'nntp',
  143: 'imap',
  389: 'ldap',
  443: 'https',
  587: 'submission',
  636: 'ldaps',
  993: 'imaps',
  995: 'pops',
  1521: 'oracle',
  1812: 'radius',
  3128: 'http_proxy',
  3306: 'mysql',
  5060: 'sip',
  5432: 'pgsql',
};

/** The service of a port where the file names none. */
export function serviceByPort(port: number): string {
  return PORTS[port] ?? 'none';
}

function patternOf(receive: string | undefined, warn: Warn): string | undefined {
  if (!receive) return undefined;
  if (parsePattern(receive) !== undefined) return receive;
  warn(`not in RE2 (${patternError(receive)}): the answer is not compared`, 'receive');
  return undefined;
}
