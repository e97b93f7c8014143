// What an export gives: the text in the form of another program, and what that form cannot have.

/** One thing of the file that is not in the text. */
export interface Omission {
  /** the service, the check or the key that it is about, as the file names it */
  readonly subject: string;
  readonly text: string;
}

export interface Exported {
  readonly text: string;
  readonly omissions: readonly Omission[];
}

/** Lines for stderr with their newlines, each one once; '' when there are none. */
export function renderOmissions(file: string, omissions: readonly Omission[]): string {
  const lines = omissions.map(({ subject, text }) => `${file}: warning: ${subject}: ${text}\n`);
  return [...new Set(lines)].join('');
}
