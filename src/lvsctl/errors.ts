// lvsctl's errors: one class, and one table of codes, which is also the page
// docs/reference/exit-statuses.md.

/** What the program does with an error: the exit status, and when the error occurs. */
export interface ErrorKind {
  readonly exitStatus: number;
  readonly meaning: string;
}

/** Exit status of a command that could not do its work. */
export const FAILED = 2;
/** Exit status of a change that failed and left something that is not as it was before. */
export const NOT_AS_BEFORE = 3;
/** Exit status of a fault in lvsctl itself: EX_SOFTWARE of sysexits.h. */
export const INTERNAL_ERROR = 70;

// biome-ignore format: a table
export const ERRORS = {
  BAD_USAGE: { exitStatus: FAILED, meaning: 'The command line is wrong: an unknown command or option, a missing argument, a value out of range.' },
  BAD_FILE: { exitStatus: FAILED, meaning: 'A file has an error: an lvsctl file, saved rules, a log, events. The message begins with file, line and column.' },
  UNSUPPORTED_RULE: { exitStatus: FAILED, meaning: 'A rule cannot be expressed in an lvsctl file; or something would be left out, and --strict is given.' },
  NOT_FOUND: { exitStatus: FAILED, meaning: 'No such service or server, or no rules at all. The message names those that exist.' },
  WRONG_MACHINE: { exitStatus: FAILED, meaning: 'The file does not fit this machine: an interface, a network or the address of a real server is missing, or a file cannot be used here.' },
  EMPTY_TABLE: { exitStatus: FAILED, meaning: 'The live table is empty and the saved rules are not: they are kept.' },
  COMMAND_FAILED: { exitStatus: FAILED, meaning: 'A command that changes or reads the system failed. The message is the command and its error.' },
  NO_RECORD: { exitStatus: FAILED, meaning: 'There is no record of changes for this file, and its VIPs or services are on this machine, or the file cannot be read.' },
  BAD_RECORD: { exitStatus: FAILED, meaning: 'A record of changes or of administrative states is damaged, unsafe or of another version.' },
  NO_MONITOR: { exitStatus: FAILED, meaning: 'No monitor is running at this socket.' },
  MONITOR_RUNNING: { exitStatus: FAILED, meaning: 'A monitor is already running at this socket.' },
  MONITOR_REFUSED: { exitStatus: FAILED, meaning: 'The monitor refused the request. The message is its reason.' },
  MONITOR_ERROR: { exitStatus: FAILED, meaning: 'The program at this socket did not answer, or its answer is not that of a monitor of this version.' },
  IPVS: { exitStatus: FAILED, meaning: 'The kernel (or the backend in its place) refused a change or a query of the IPVS table.' },
  BACKEND: { exitStatus: FAILED, meaning: 'The IPVS table cannot be reached: no kernel support, no privilege, a damaged table file.' },
  NO_STORE: { exitStatus: FAILED, meaning: 'etcd does not answer, or refused a request. The message is its reason.' },
  CONFLICT: { exitStatus: FAILED, meaning: 'Another version was published since the one that was expected.' },
  PENDING: { exitStatus: FAILED, meaning: 'Another transaction waits for its confirmation. The message has the time limit.' },
  NOT_RESTORED: { exitStatus: NOT_AS_BEFORE, meaning: 'A change failed, and what was changed could not be made as it was before; or `down` could not restore everything. The message names what differs.' },
  OUTPUT: { exitStatus: FAILED, meaning: 'The output cannot be written, as on a full disk.' },
  SYSTEM: { exitStatus: FAILED, meaning: 'The operating system refused an operation on a file, a socket or a program.' },
  INTERNAL: { exitStatus: INTERNAL_ERROR, meaning: 'A fault in lvsctl. A stack trace follows on stderr: please report it.' },
} as const satisfies Readonly<Record<string, ErrorKind>>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * lvsctl cannot do what it was asked to. Programs go by `code`, people by `message` and `hint`;
 * neither ends with a full stop or newline.
 */
export class LvsctlError extends Error {
  override readonly name: string = 'LvsctlError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** what to do about it */
    readonly hint?: string,
  ) {
    super(message);
  }

  /** 2, 3 for what is not restored, or 70 for a fault in lvsctl */
  get exitStatus(): number {
    return ERRORS[this.code].exitStatus;
  }
}

/** Whether an error is lvsctl's with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is LvsctlError {
  return error instanceof LvsctlError && codes.includes(error.code);
}
