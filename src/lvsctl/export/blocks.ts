// Text of keepalived.conf: nested blocks of keywords.

/** A keyword with its arguments, perhaps with a block. */
export type KeywordEntry = readonly [
  keyword: string,
  ...rest: readonly (string | number | KeywordBlock)[],
];
export type KeywordBlock = readonly KeywordEntry[];

/** The text with four blanks for each level. */
export function renderBlocks(entries: KeywordBlock, level = 0): string {
  const indent = ' '.repeat(4 * level);
  return entries
    .map((entry) => {
      const block = entry.at(-1);
      const args = entry.filter((part) => !Array.isArray(part)) as readonly (string | number)[];
      const line = `${indent}${args.join(' ')}`;
      return Array.isArray(block)
        ? `${line} {\n${renderBlocks(block, level + 1)}${indent}}\n`
        : `${line}\n`;
    })
    .join('');
}

/** A text as one argument: in quotes, with what has a meaning there behind a backslash. */
export function quoted(text: string): string {
  const escaped = text
    .replace(/[\\"]/g, '\\$&')
    .replace(/[\n\r\t]/g, (char) => CONTROLS[char] ?? '');
  return `"${escaped}"`;
}

const CONTROLS: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
