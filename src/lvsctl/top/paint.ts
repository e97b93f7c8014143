// The difference between two pictures as what a terminal is sent.

/** begin and end of a synchronised update, which terminals that do not know it skip */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';

/**
 * Moves to each line that is another one and writes it.
 * @param before undefined = nothing is known of the screen
 */
export function paint(before: readonly string[] | undefined, now: readonly string[]): string {
  let text = before === undefined ? '\x1b[H\x1b[2J' : '';
  const lines = Math.max(now.length, before?.length ?? 0);
  for (let i = 0; i < lines; i++) {
    const line = now[i] ?? '';
    if (before !== undefined && before[i] === line) continue;
    if (before === undefined && line === '') continue;
    text += `\x1b[${i + 1};1H${line}\x1b[K`;
  }
  return text === '' ? '' : `${BEGIN}${text}${END}`;
}
