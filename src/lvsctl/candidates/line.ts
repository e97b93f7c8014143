// A command line that is completed: what it has before the argument, by the rules of the scripts.

export interface CompletionCandidate {
  readonly name: string;
  readonly help: string;
}

/** What is completed: of which program, behind which arguments. */
export interface CompletedLine {
  readonly program: string;
  readonly args: readonly string[];
}

/** The value of an option, by any of its spellings; undefined when it is not there. */
export function givenValue(
  args: readonly string[],
  ...names: readonly string[]
): string | undefined {
  for (const [i, arg] of args.entries()) {
    const [, long, value] = /^(--[^=]+)=(.*)$/s.exec(arg) ?? [];
    if (long !== undefined && names.includes(long)) return value;
    // `-At`: the last letter takes the next argument
    const name = /^-[^-]/.test(arg) ? `-${arg.at(-1)}` : arg;
    if (names.includes(name)) return args[i + 1];
  }
  return undefined;
}

/** The letter or long name of ipvsadm's command: `-a` of `-at`. */
export function commandOf(args: readonly string[]): string {
  const first = args.find((arg) => arg.startsWith('-')) ?? '';
  return first.startsWith('--') ? first : first.slice(0, 2);
}
