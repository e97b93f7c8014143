// What a hostile or broken server does, drawn from a seed: which kind of check meets it, what it
// sends, in which pieces and how it ends. Both processes of the fuzzer draw the same.
import { gzipSync } from 'node:zlib';
import { random } from '../support/random.js';

export type Kind = 'tcp' | 'http' | 'https' | 'smtp' | 'send_expect' | 'dns' | 'udp' | 'exec';

export interface Script {
  /** sent one after the other, each in pieces of `size` bytes, `gapMs` apart */
  readonly parts: readonly {
    readonly bytes: Buffer;
    readonly size: number;
    readonly gapMs: number;
  }[];
  /** the last part is sent again and again */
  readonly endless: boolean;
  readonly end: 'end' | 'reset' | 'stay';
  /** begins only when the client has said something */
  readonly polite: boolean;
}

export interface HostileCase {
  readonly seed: number;
  readonly kind: Kind;
  readonly timeoutMs: number;
  /** https: what answers the handshake; the names of certificates, or none */
  readonly certificate: 'plain' | 'many-names' | 'odd-names' | 'large-group' | undefined;
  readonly verify: boolean;
  readonly redirects: number;
  readonly body: string | undefined;
  /** http: the digest of the body is compared as well */
  readonly digest: boolean;
  /** send_expect, udp: patterns of the steps */
  readonly expected: readonly string[];
  /** dns: how the query is answered before the script's bytes */
  readonly dns: { readonly type: string; readonly expected: readonly string[] };
  readonly dnsAnswer: 'records' | 'truncated' | 'script' | 'wrong-id' | 'loop';
  readonly reply: boolean;
  /** exec: arguments of a program */
  readonly command: readonly string[];
}

type Draw = ReturnType<typeof drawing>;

// biome-ignore format: a table
const WEIGHTS: readonly (readonly [Kind, number])[] = [
  ['http', 40], ['https', 15], ['smtp', 20], ['dns', 10], ['udp', 5], ['tcp', 3], ['exec', 7],
  ['send_expect', 15],
];

export function hostileCase(seed: number): HostileCase {
  const draw = drawing(seed);
  const kind = draw.weighted(WEIGHTS);
  const certificate = draw.pick([
    'plain',
    'plain',
    'many-names',
    'odd-names',
    'large-group',
    undefined,
  ] as const);
  return {
    seed,
    kind,
    timeoutMs: draw.pick([100, 200, 300]),
    certificate,
    verify: draw.chance(0.5),
    redirects: draw.pick([0, 0, 1, 5, 20]),
    body: draw.pick([undefined, 'ok', 'ok', '(a|b)*c.*ok', '^(\\w+\\s?)*$']),
    digest: draw.chance(0.3),
    expected: draw.pick([
      ['ok'],
      ['^2', 'o(k|x)'],
      ['(x+x+)+y', 'b'],
      ['(?s)^.*ok.*$'],
      ['a*', '\\s+x', 'ok'],
    ]),
    dns: {
      type: draw.pick(['A', 'AAAA', 'TXT', 'MX', 'SRV', 'NS', 'CNAME']),
      expected: draw.pick([[], ['10.0.0.1'], ['2001:db8::1', 'mail.example', 'x']]),
    },
    dnsAnswer: draw.pick(['records', 'records', 'truncated', 'script', 'wrong-id', 'loop']),
    reply: draw.chance(0.5),
    command: commandOf(draw),
  };
}

/** What the server of a case does; apart, because only the server needs to make it. */
export function scriptOf({ seed, kind, certificate }: HostileCase): Script {
  const draw = drawing(-seed);
  const aimed = AIMED[kind];
  if (aimed && draw.chance(0.3)) return whole(draw.pick(aimed)(draw), draw);
  return inPieces(textFor(kind, certificate, draw), draw);
}

function drawing(seed: number) {
  const next = random(seed);
  const upTo = (n: number) => Math.floor(next() * n);
  const pick = <T>(items: readonly T[]): T => items[upTo(items.length)] as T;
  return {
    upTo,
    pick,
    chance: (share: number) => next() < share,
    weighted<T>(items: readonly (readonly [T, number])[]): T {
      let left = upTo(items.reduce((sum, [, weight]) => sum + weight, 0));
      for (const [item, weight] of items) {
        left -= weight;
        if (left < 0) return item;
      }
      throw new Error('no items');
    },
  };
}

const LENGTHS = [1, 3, 60, 200, 1000, 4000, 15_000, 63_000, 130_000];
// biome-ignore format: a table
const RUNS = [
  ' ', '\t', '\0', '\u001b[2J', '\u009b', '\u007f', '\r', '\n', '\r\n', ' \u0001', 'a', 'ok', '9', '-', ':', '%', '\u00ff',
  '\u00e2\u0080\u00a8', '\u00e2\u0080\u00ae', '\u00f0\u009f\u0098', 'a b ', ':error:', '../', '"', '\\',
];

/** A long run of one thing, sometimes with something behind it. */
function run({ pick, chance }: Draw, longest = Number.POSITIVE_INFINITY): string {
  const one = pick(RUNS);
  const length = Math.min(pick(LENGTHS), longest);
  return one.repeat(Math.ceil(length / one.length)) + (chance(0.5) ? 'x' : '');
}

function noise({ upTo, pick }: Draw): string {
  const length = pick(LENGTHS);
  return Array.from({ length }, () => String.fromCharCode(upTo(256))).join('');
}

/** Bytes as latin1. */
function textFor(kind: Kind, certificate: HostileCase['certificate'], draw: Draw): string[] {
  if (draw.chance(0.05)) return [noise(draw)];
  switch (kind) {
    case 'http':
      return http(draw);
    case 'https':
      return certificate === undefined ? tlsRecords(draw) : http(draw);
    case 'smtp':
    case 'send_expect':
      return smtp(draw);
    default:
      return [run(draw)];
  }
}

const repeated = (text: string, letters: number) => text.repeat(Math.ceil(letters / text.length));

function http(draw: Draw): string[] {
  const { pick, chance } = draw;
  const interim = pick(['100 Continue', '102 Processing', '103 Early Hints\r\nLink: <a>', '199 x']);
  const before = chance(0.25)
    ? repeated(`HTTP/1.1 ${interim}\r\n\r\n`, pick(LENGTHS))
    : chance(0.1)
      ? run(draw)
      : '';
  const status = pick([
    '200 OK',
    '200',
    '302 Found',
    '301 x',
    '404 No',
    '500 x',
    '204 x',
    '101 x',
    '304 x',
    '99 x',
    '999 x',
    `200 ${run(draw)}`,
  ]);
  const [fields, body] = pick<(draw: Draw) => [string, string]>([chunked, lengthy, zipped, bare])(
    draw,
  );
  const headers = [fields, ...Array.from({ length: draw.upTo(3) }, () => header(draw))].join('');
  const start = chance(0.95)
    ? `HTTP/1.${draw.upTo(2)} ${status}\r\n`
    : pick([
        'HTTP/2 200\r\n',
        'HTTP/0.9\r\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        'ICY 200 OK\r\n',
      ]);
  return [before, `${start}${headers}${chance(0.9) ? '\r\n' : ''}`, body];
}

function header(draw: Draw): string {
  const location = `Location: ${draw.pick(['/', '//', 'http:', 'http://127.0.0.1:1/', 'ftp://a', 'http://%e4%b8%80', 'HTTPS://x'])}${run(draw, 15_000).replace(/[\r\n\0]/g, ' ')}\r\n`;
  return draw.pick([
    location,
    location,
    'Location: /\r\n',
    `X: ${run(draw)}\r\n`,
    repeated('a: b\r\n', draw.pick(LENGTHS)),
    `${run(draw)}: x\r\n`,
    'Upgrade: x\r\nConnection: Upgrade\r\n',
    'Connection: keep-alive\r\n',
    'Trailer: x\r\n',
    ' folded\r\n',
  ]);
}

function chunked(draw: Draw): [string, string] {
  const { pick } = draw;
  const size = pick([1, 1, 2, 10, 5000]);
  const chunk = pick([
    `${size.toString(16)}\r\n${'a'.repeat(size)}\r\n`,
    `${size.toString(16)};${run(draw, 20_000)}\r\n${'a'.repeat(size)}\r\n`,
    '0'.repeat(pick(LENGTHS)),
    'ffffffffffffffff\r\n',
    '7fffffff\r\n',
    '-1\r\n',
    '1\r\nab\r\n',
    '\r\n',
  ]);
  const last = pick(['', '0\r\n\r\n', `0\r\n${repeated('t: x\r\n', pick(LENGTHS))}`]);
  return ['Transfer-Encoding: chunked\r\n', repeated(chunk, pick([10, 1000, 400_000])) + last];
}

function lengthy(draw: Draw): [string, string] {
  const body = run(draw);
  const length = draw.pick([body.length, 0, 1, 300_000, 1e15, -1, 'x', '5, 5', '']);
  const twice = draw.chance(0.2) ? 'Content-Length: 7\r\n' : '';
  return [`Content-Length: ${length}\r\n${twice}`, body];
}

function zipped(draw: Draw): [string, string] {
  const packed = gzipSync(Buffer.alloc(1_000_000, 'a')).toString('latin1');
  return [
    `Content-Encoding: ${draw.pick(['gzip', 'br', 'deflate'])}\r\n`,
    draw.chance(0.5) ? packed : noise(draw),
  ];
}

function bare(draw: Draw): [string, string] {
  return ['', run(draw)];
}

function smtp(draw: Draw): string[] {
  const { pick, upTo } = draw;
  const code = () => pick(['220', '220', '250', '554', '000', '22', '2200', '', '22a']);
  const line = () =>
    `${code()}${pick(['-', ' ', '', '\t', '\r', '\0'])}${run(draw)}${pick(['\r\n', '\r\n', '\n', '\r', ''])}`;
  const lines = pick([
    () => repeated(`220-${pick(['', 'x', '\u001b'])}\r\n`, pick(LENGTHS)),
    () => Array.from({ length: 1 + upTo(5) }, line).join(''),
    line,
  ]);
  return [lines(), draw.chance(0.5) ? '220 ok\r\n' : '', draw.chance(0.5) ? lines() : '250 ok\r\n'];
}

/** What a server says that only nearly speaks TLS. */
function tlsRecords(draw: Draw): string[] {
  const { pick } = draw;
  const alert = `\x15\x03\x03\x00\x02${pick(['\x01', '\x02', '\x09'])}${String.fromCharCode(draw.upTo(256))}`;
  return [
    pick([
      alert,
      repeated(alert, pick(LENGTHS)),
      `\x16\x03\x03\xff\xff${run(draw)}`,
      `\x16\x03\x03\x00\x04\x02\x00\x00${run(draw)}`,
      repeated('\x16\x03\x03\x00\x00', pick(LENGTHS)),
      repeated('\x16\x03\x03\x00\x04\x00\x00\x00\x00', pick(LENGTHS)),
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      run(draw),
    ]),
  ];
}

/** Answers that keep the rules of their protocol and are as costly as those allow. */
const AIMED: Partial<Readonly<Record<Kind, readonly ((draw: Draw) => string[])[]>>> = {
  http: [tinyChunks, interimFlood, longLocation, manyHeaders],
  https: [tinyChunks, interimFlood, longLocation, manyHeaders],
  smtp: [
    (draw) => [`${draw.pick(['554', '220', '250'])} ${costly(draw, 65_000)}x\r\n`],
    (draw) => [`554 ${costly(draw, 60_000)}`, `${costly(draw, 60_000)}x\r\n`],
    (draw) => [repeated(`220-${draw.pick(['', 'x', ' '])}\r\n`, 130_000)],
    (draw) => ['220 ok\r\n', `250-${costly(draw, 65_000)}x\r\n250 ok\r\n`],
  ],
  send_expect: [
    (draw) => [repeated(draw.pick(['x', 'a ', '\xe2\x80', 'xxy']), draw.pick([30_000, 65_000]))],
    (draw) => [costly(draw, 32_000)],
  ],
  dns: [(draw) => [costly(draw, 65_000)]],
};

/** A run that regular expressions for blanks and control characters stumble over. */
function costly(draw: Draw, longest: number): string {
  const one = draw.pick([' ', ' ', '\t', '\0', ' \u0001', ' \u0001 ', '\u0001 ']);
  return repeated(one, draw.pick([15_000, 60_000, 63_000, 65_000])).slice(0, longest);
}

function tinyChunks(draw: Draw): string[] {
  const chunk = draw.pick(['1\r\na\r\n', '1\r\n \r\n', '2\r\nok\r\n', '01;x\r\na\r\n']);
  return ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', repeated(chunk, 2_000_000)];
}

function interimFlood(draw: Draw): string[] {
  const interim = draw.pick(['100 Continue', '102 x', '103 x\r\nLink: <a>']);
  return [repeated(`HTTP/1.1 ${interim}\r\n\r\n`, draw.pick([1000, 100_000, 2_000_000]))];
}

function longLocation(draw: Draw): string[] {
  const code = draw.pick([301, 302, 307]);
  const address = `${draw.pick(['ftp://a', '/', 'http://'])}${' '.repeat(draw.pick([4000, 7000, 15_000]))}`;
  return [`HTTP/1.1 ${code} x\r\nLocation: ${address}b\r\n\r\n`];
}

function manyHeaders(draw: Draw): string[] {
  return [`HTTP/1.1 200 OK\r\n${repeated('a:b\r\n', draw.pick([10_000, 100_000]))}\r\nok`];
}

/** At full speed, in pieces as a network makes them. */
function whole(texts: readonly string[], { pick, chance }: Draw): Script {
  const [size, gapMs] = [pick([1460, 65_536]), pick([0, 0, 50])];
  const last = texts.length - 1;
  return {
    parts: texts.map((text, i) => ({
      bytes: Buffer.from(text, 'latin1'),
      size: texts.length > 1 ? 1_000_000 : size,
      gapMs: i < last ? gapMs : 0,
    })),
    endless: chance(0.3),
    end: pick(['end', 'reset', 'stay']),
    polite: chance(0.5),
  };
}

function inPieces(texts: readonly string[], { pick, chance }: Draw): Script {
  const size = pick([1, 2, 7, 100, 1460, 1_000_000, 1_000_000]);
  const gapMs = pick([0, 0, 0, 1, 20, 100]);
  const parts = texts
    .filter((text) => text !== '')
    .map((text) => ({ bytes: Buffer.from(text, 'latin1'), size, gapMs }));
  return {
    parts,
    endless: parts.length > 0 && chance(0.2),
    end: pick(['end', 'end', 'reset', 'stay']),
    polite: chance(0.6),
  };
}

function commandOf(draw: Draw): string[] {
  const { pick } = draw;
  const bytes = pick(LENGTHS);
  const script = pick([
    `head -c ${bytes} /dev/zero`,
    `head -c ${bytes} /dev/urandom >&2`,
    `head -c ${bytes} /dev/zero | tr '\\0' ' '; echo x`,
    'yes',
    'yes >&2 & yes',
    'while :; do printf x; done',
    `printf '\\033[2J\\233%${Math.min(bytes, 4000)}s'`,
    'sleep 60 & echo left',
    'exec >&- 2>&-; sleep 60',
    'kill -SEGV $$',
  ]);
  return ['/bin/sh', '-c', `${script}; exit ${pick([0, 1, 2, 255])}`];
}
