// The text of a rule of iptables-save as arguments: blanks part them, quotes keep them together.

/** `-m comment --comment "a b"` is four arguments. */
export function splitArguments(line: string): string[] {
  const found: string[] = [];
  for (const [, quoted, plain] of line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g))
    found.push(quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'));
  return found;
}

/** One option with its values. */
export interface RuleOption {
  /** `--dport` */
  readonly name: string;
  readonly values: readonly string[];
  /** preceded by `!` */
  readonly not: boolean;
}

/** `! -d 192.0.2.1/32 -p tcp` as options. A number below zero is a value. */
export function optionsOf(args: readonly string[]): RuleOption[] {
  const found: { name: string; values: string[]; not: boolean }[] = [];
  let not = false;
  for (const arg of args) {
    const last = found.at(-1);
    if (arg === '!') not = true;
    else if (/^--?[A-Za-z]/.test(arg)) {
      found.push({ name: arg, values: [], not });
      not = false;
    } else if (last) last.values.push(arg);
    else found.push({ name: arg, values: [], not });
  }
  return found;
}
