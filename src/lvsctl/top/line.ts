// Lines of a screen: pieces of text with a style, cut to the width.

export type Style = 'bold' | 'soft' | 'good' | 'bad' | 'warn' | 'chosen' | 'head';
export interface StyledText {
  readonly text: string;
  readonly style?: Style | undefined;
}
export type ScreenLine = readonly StyledText[];

/** @see ECMA-48, SGR */
const SGR: Readonly<Record<Style, string>> = {
  bold: '1',
  soft: '2',
  good: '32',
  bad: '1;31',
  warn: '33',
  chosen: '7',
  head: '7',
};

/** The text of a line, at most `width` columns; what is cut ends in `…` or `+`. */
export function lineText(
  line: ScreenLine,
  width: number,
  { colour, unicode }: { readonly colour: boolean; readonly unicode: boolean },
): string {
  let left = width;
  let text = '';
  const isCut = line.reduce((sum, piece) => sum + columnsOf(piece.text), 0) > width;
  for (const piece of line) {
    const room = isCut ? left - 1 : left;
    const part = clipped(printable(piece.text, unicode), room);
    left -= columnsOf(part);
    text += colour && piece.style && part !== '' ? `\x1b[${SGR[piece.style]}m${part}\x1b[0m` : part;
    if (isCut && left <= 1) break;
  }
  return isCut && width > 0 ? `${text}${unicode ? '…' : '+'}` : text;
}

/** Text of files and servers must not move the cursor. */
function printable(text: string, unicode: boolean): string {
  const plain = text.replace(/\p{C}/gu, '?');
  return unicode ? plain : plain.replace(/[^\x20-\x7e]/g, '?');
}

/** Characters of East Asian width W and F take two columns. @see Unicode UAX 11 */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

export function columnsOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const letter of text) columns += /\p{M}/u.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1;
  return columns;
}

function clipped(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let part = '';
  for (const letter of text) {
    if (columnsOf(part + letter) > columns) break;
    part += letter;
  }
  return part;
}

export function padded(text: string, width: number, align: 'left' | 'right'): string {
  const blanks = ' '.repeat(Math.max(0, width - columnsOf(text)));
  return align === 'left' ? text + blanks : blanks + text;
}
