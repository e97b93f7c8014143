// The text of a server or a program, made fit for a log line and a terminal.

/** letters of a reason that are reported */
const LONGEST = 200;
/** letters that are read at all: cleaning costs no more than this for any input */
const MAX_READ = 1000;

/** What a terminal executes, what breaks a line, and what turns the direction of the text. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const BLANKS = new RegExp(`(?:\\s|${UNPRINTABLE.source})+`, 'gu');

/** A part of a string keeps the whole of it in memory, here as long as the reason is shown. */
function copied(text: string): string {
  return Buffer.from(text).toString();
}

/**
 * At most 200 letters in one line, without control characters. Takes the same short time for a text
 * of any length.
 */
export function cleanReason(text: string): string {
  const clean = text
    .slice(0, MAX_READ)
    .replace(BLANKS, (run) => (UNPRINTABLE.test(run) ? ' ' : run))
    .trim();
  if (clean.length <= LONGEST && text.length <= MAX_READ) return copied(clean);
  // half of a pair must not be left at the end
  return copied(`${clean.slice(0, LONGEST - 1).replace(/\p{Cs}$/u, '')}…`);
}
