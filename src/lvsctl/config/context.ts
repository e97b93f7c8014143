// What a file is read with beside its own text: the files that it may include, this host, and
// values of variables from the command line. Pure code reads them through here alone.

/** `--set NAME=VALUE` */
export interface SetVariable {
  readonly name: string;
  /** YAML */
  readonly value: string;
}

export interface FileContext {
  /** The text of a file. @throws a system error */
  readText(path: string): string;
  /** The files that a pattern names, sorted; none when there are none. */
  filesMatching(pattern: string): readonly string[];
  /** whose entry of `hosts` counts */
  readonly host: string;
  readonly set: readonly SetVariable[];
  /** Why a file cannot be read, without its name; undefined when the error is a bug. */
  reasonOf(error: unknown): string | undefined;
  /** Takes the path of each included file. */
  opened?(path: string): void;
}

/** For a text that can include nothing. */
export const ALONE: FileContext = {
  readText: nothing,
  filesMatching: () => [],
  host: '',
  set: [],
  reasonOf: (error) => (error instanceof RangeError ? error.message : undefined),
};

function nothing(): never {
  throw new RangeError('no file can be included here');
}
