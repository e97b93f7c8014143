// Where transactions are recorded, and what keeps two from running at once: main.ts hands in the
// real place, tests their own.

/** The process that writes an entry; see system/identity.ts. */
export interface WriterIdentity {
  readonly pid: number;
  readonly start: string;
  readonly namespace: string;
  readonly boot: string;
}

/** Files of one directory, for this user alone. All methods throw system errors with the path. */
export interface PrivateFiles {
  /** for messages */
  readonly path: string;
  /** Makes the directory where it is missing. */
  make(): void;
  /** names, sorted */
  list(): readonly string[];
  /** '' when there is no such file */
  read(name: string): string;
  /** Replaces all of a file, in one step; ASCII. */
  replace(name: string, text: string): void;
  remove(name: string): void;
}

export interface TransactionStore {
  /** one file an entry; stays after a reboot */
  readonly history: PrivateFiles;
  /** the transaction that waits for its confirmation; lost with a reboot, as the table is */
  readonly pending: PrivateFiles;
  /**
   * Keeps every other writer of this network namespace out until the result is called: `director`,
   * `realserver`, other transactions.
   */
  lock(): () => void;
  readonly writer: WriterIdentity;
  /** the table outlives a reboot: it is a file */
  readonly lasting: boolean;
  /** Whether a process is certain to be dead; one of an earlier boot is. */
  isDead(writer: WriterIdentity): boolean;
  /**
   * Starts a process in a session of its own that runs `guardTransaction` with this entry.
   * @returns its identity, when it is ready @throws a system error
   */
  startGuard(entry: number, seconds: number): Promise<WriterIdentity>;
}
