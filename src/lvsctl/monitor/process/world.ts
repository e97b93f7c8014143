// What a monitor's process is given.
import type { Backend } from '../../../backend/backend.js';
import type { FileContext } from '../../config/context.js';
import type { Runtime } from '../runtime.js';

export interface RunOptions {
  readonly file: string;
  readonly socket: string;
  /** the state file */
  readonly state: string;
  readonly onExit: 'leave' | 'remove';
}

export interface RunWorld {
  readonly runtime: Runtime;
  readonly backend: Backend;
  /** what the file is read with */
  readonly around: FileContext;
  /** Runs a program of the system to its end. */
  run(
    program: string,
    args: readonly string[],
    input?: string,
  ): { readonly status: number; readonly stdout: string; readonly stderr: string };
  /** a value below /proc/sys */
  sysctl(key: string): string | undefined;
  /** The text of an error that is no bug. */
  failureText(error: unknown): string | undefined;
}
