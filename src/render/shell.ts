// Arguments as a line for a POSIX shell: the one place where something printed "to be typed" is
// quoted.

/** no character that a shell, zsh included, would expand or split at */
const PLAIN = /^[\w@%+:,./-][\w@%+=:,./-]*$/;

/** One argument; it comes out of the shell as it is, with any bytes but NUL. */
export function shellQuote(argument: string): string {
  return PLAIN.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

/** A program's name and its arguments. */
export function shellLine(args: readonly string[]): string {
  return args.map(shellQuote).join(' ');
}
