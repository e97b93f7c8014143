// The lines and words of a restore file.

const LONGEST_WORD = 4096;
/** dropped wherever it stands, so that shell scripts can be fed in */
const PROGRAM = 'ipvsadm';

/**
 * The words of one line: separated by blanks, tabs and carriage returns, nothing quoted. A NUL ends its word, a word of more than 4096
 * bytes is cut into words of 4096, and the word `ipvsadm` is dropped.
 */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let from = 0;
  for (let at = 0; at <= line.length; at++) {
    const code = at === line.length ? BLANK : line.charCodeAt(at);
    if (code !== BLANK && code !== TAB && code !== RETURN) continue;
    if (at > from) addWord(line.slice(from, at), words);
    from = at + 1;
  }
  return words;
}

const BLANK = 32;
const TAB = 9;
const RETURN = 13;

function addWord(text: string, words: string[]): void {
  if (text === PROGRAM) return;
  if (text.length <= LONGEST_WORD && !text.includes('\0')) words.push(text);
  else for (let at = 0; at < text.length; at += LONGEST_WORD) words.push(untilNul(text.slice(at, at + LONGEST_WORD)));
}

function untilNul(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Cuts pieces of text into lines; a last line needs no newline. Yields the lines of each piece together. */
export function* linesOf(read: () => string): Generator<string[]> {
  let rest = '';
  for (let piece = read(); piece !== ''; piece = read()) {
    const end = piece.lastIndexOf('\n');
    if (end < 0) {
      rest += piece;
      continue;
    }
    const lines = (rest + piece.slice(0, end)).split('\n');
    rest = piece.slice(end + 1);
    yield lines;
  }
  if (rest !== '') yield [rest];
}
