// What can be typed where, as plain data: the same for every shell.

/** What a value can be. */
export type OfferedValues =
  /** one of these, each with its meaning */
  | { readonly kind: 'choices'; readonly choices: readonly Choice[] }
  /** several of these, separated by commas */
  | { readonly kind: 'list'; readonly choices: readonly Choice[] }
  | { readonly kind: 'file' }
  /** what `lvsctl __complete KIND` prints */
  | { readonly kind: 'ask'; readonly what: string }
  /** nothing that is known */
  | { readonly kind: 'any' };

export interface Choice {
  readonly name: string;
  readonly help: string;
}

export interface SpotOption {
  /** every spelling: `-n`, `--dry-run` */
  readonly names: readonly string[];
  readonly help: string;
  /** absent: it takes no value, or one that may be left out */
  readonly value?: OfferedValues;
}

/** A command: what may follow it. */
export interface Spot {
  /** as in `monitor status` */
  readonly path: string;
  readonly commands: readonly Choice[];
  readonly options: readonly SpotOption[];
  /** the last one also for all further arguments */
  readonly arguments: readonly OfferedValues[];
}

export interface CompletedProgram {
  readonly name: 'lvsctl' | 'ipvsadm';
  /**
   * `arguments`: subcommands are arguments; `options`: the first option is the command, and its path is
   * its long name.
   */
  readonly commandsAre: 'arguments' | 'options';
  readonly spots: readonly Spot[];
}

export const ANY: OfferedValues = { kind: 'any' };
export const FILE: OfferedValues = { kind: 'file' };
export const ask = (what: string): OfferedValues => ({ kind: 'ask', what });
export const choices = (names: readonly string[]): OfferedValues => ({
  kind: 'choices',
  choices: names.map((name) => ({ name, help: '' })),
});
export const list = (names: readonly string[]): OfferedValues => ({
  kind: 'list',
  choices: names.map((name) => ({ name, help: '' })),
});
