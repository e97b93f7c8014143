// Text of unknown origin, made safe for a terminal or a log.

/** The text in one line without control characters, each run of them as one blank. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ');
}
