// Characters that look like those of the file's syntax and are others: they come from input
// methods, web pages and text processors.

/** One of them in a text. */
export interface LookAlike {
  /** offset in the text */
  readonly at: number;
  /** how it is called, like `full-width colon (U+FF1A)` */
  readonly name: string;
  /** what is intended; '' when it is to be removed */
  readonly intended: string;
}

// biome-ignore-start format: a table
const ROWS: readonly (readonly [characters: string, name: string, intended: string])[] = [
  ['\uff1a', 'full-width colon', ':'],
  ['\ufe55\u2236\ua789\u02d0', 'character like a colon', ':'],
  ['\u3002\uff0e\uff61', 'full-width full stop', '.'],
  ['\u2024', 'character like a full stop', '.'],
  ['\uff0c\u3001\uff64', 'full-width comma', ','],
  ['\uff0d\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63', 'typographic dash', '-'],
  ['\u201c\u201d\u201e\u201f\uff02\u00ab\u00bb', 'typographic quote', '"'],
  ['\u2018\u2019\u201a\u201b\uff07', 'typographic quote', "'"],
  ['\uff5b', 'full-width brace', '{'],
  ['\uff5d', 'full-width brace', '}'],
  ['\uff3b\u3010', 'full-width bracket', '['],
  ['\uff3d\u3011', 'full-width bracket', ']'],
  ['\uff08', 'full-width parenthesis', '('],
  ['\uff09', 'full-width parenthesis', ')'],
  ['\uff03', 'full-width number sign', '#'],
  ['\uff0f', 'full-width slash', '/'],
  ['\u2044\u2215', 'character like a slash', '/'],
  [
    '\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000',
    'blank of another kind',
    ' ',
  ],
  [
    '\u115f\u1160\u2800\u3164\uffa0\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069',
    'invisible character',
    '',
  ],
];
// biome-ignore-end format: a table

const TABLE = new Map(
  ROWS.flatMap(([characters, name, intended]) =>
    [...characters].map((one) => [one, { name, intended }]),
  ),
);

/** The first look-alike, full-width letters and digits (`１`, `ａ`) among them. */
export function findLookAlike(text: string): LookAlike | undefined {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80) continue;
    const row = TABLE.get(text.charAt(at));
    const point = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    if (row) return { at, name: `${row.name} (${point})`, intended: row.intended };
    if (code >= 0xff10 && code <= 0xff5a) {
      const intended = String.fromCharCode(code - 0xfee0);
      return { at, name: `full-width ${intended} (${point})`, intended };
    }
  }
  return undefined;
}

/** The text with what is intended in place of each look-alike. */
export function withoutLookAlikes(text: string): string {
  let plain = text;
  for (let odd = findLookAlike(plain); odd; odd = findLookAlike(plain))
    plain = `${plain.slice(0, odd.at)}${odd.intended}${plain.slice(odd.at + 1)}`;
  return plain;
}

/** `a full-width colon (U+FF1A); type \`:'`, for messages. */
export function describeLookAlike({ name, intended }: LookAlike): string {
  const article = /^[aeiou]/.test(name) ? 'an' : 'a';
  const cure =
    intended === '' ? 'remove it' : intended === ' ' ? 'type a plain blank' : `type \`${intended}'`;
  return `${article} ${name}; ${cure}`;
}
