// What plans read of a machine and do to it; main.ts hands in the real one, tests their own.
import type { Backend } from '../../backend/backend.js';

export interface ExecResult {
  /** exit status; 127 when the program is not installed */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Machine {
  /**
   * Runs a program of the system by its name, found in the directories for administrators'
   * programs; no shell.
   * @param input what it reads
   */
  run(program: string, args: readonly string[], input?: string): ExecResult;
  /** Runs a program with each of several argument lists, side by side. */
  runEach(program: string, lists: readonly (readonly string[])[]): Promise<readonly ExecResult[]>;
  /** The text of a file, undefined when it cannot be read. */
  read(path: string): string | undefined;
  /** Writes a file below /proc. @throws a system error */
  write(path: string, text: string): void;
  /** The names in a directory, sorted; none when it cannot be read. */
  list(path: string): readonly string[];
  /** The IPVS rules; opened once, when first asked for. */
  backend(): Promise<Backend>;
  /** The rules are those of this machine's kernel. */
  readonly hasKernelRules: boolean;
  /**
   * The modules are this namespace's own affair: false inside a named network namespace, which
   * shares them with the machine.
   */
  readonly ownsModules: boolean;
}
