// The error of a command line that cannot be carried out.

/**
 * What kind of refusal it is; decides the exit status and what a restore does next. `check`: an
 * argument, value or combination, 2, ends a restore. `parser`: popt's own, 255, a restore goes on.
 * `no-command`: the first option is none, 255, ends a restore.
 */
export type UsageKind = 'check' | 'parser' | 'no-command';

/** `message` is the exact stderr text, without the newline that ends it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  constructor(
    message: string,
    readonly kind: UsageKind = 'check',
  ) {
    super(message);
  }

  get exitCode(): 2 | 255 {
    return this.kind === 'check' ? 2 : 255;
  }
}

/** Ends the command line with one of ipvsadm's diagnostics. */
export function refuse(message: string, kind: UsageKind = 'check'): never {
  throw new UsageError(message, kind);
}

/** Printed for a first argument that is no command. */
export function refuseFirst(argv0: string): never {
  refuse(`Try \`${argv0} -h' or '${argv0} --help' for more information.`, 'no-command');
}
