// Everything a command line touches outside itself, as the program uses it; main.ts hands in the
// real things, tests their own.
import type { Backend } from '../backend/backend.js';
import type { Address } from '../model/address.js';
import type { Change } from '../model/change.js';
import type { IpvsError } from '../model/errors.js';
import type { ReverseNames } from '../render/names.js';
import type { Lookups } from './parse.js';
import type { UsageError } from './usage.js';
import type { Names } from './values.js';

/**
 * Fills a buffer from `at` on.
 * @returns how many bytes came, 0 at the end
 * @throws Error that `errnoNameOf` knows when it cannot be read
 */
export type ReadBytes = (into: Uint8Array, at: number) => number;

/** Keeps what was refused. */
export interface Refusals {
  /** a line of a restore made this change; lines are counted from 1 */
  read(change: Change, args: readonly string[], line: number): void;
  /** a line that could not be carried out; undefined = the command line itself */
  usage(error: UsageError, args: readonly string[], line: number | undefined): void;
  ipvs(error: IpvsError, change: Change): void;
}

/**
 * Text in this program is a string of bytes: one character a byte, so that what came in undecodable
 * is written unchanged.
 */
export interface IpvsadmWorld {
  /** the program's name as diagnostics show it */
  readonly argv0: string;
  /** POSIXLY_CORRECT is set */
  readonly posix: boolean;
  readonly backend: Backend;
  readonly names: {
    /** Looks up the names of a command line. */
    resolve(lookups: Lookups): Promise<Names>;
    /** Looks up what these addresses are called; each at most once. */
    reverse(addresses: readonly Address[]): Promise<ReverseNames>;
  };
  /**
   * The next piece of stdin, '' at its end.
   * @throws Error that `errnoNameOf` knows when it cannot be read
   */
  read(): string;
  /** Whether stdin and stderr are a terminal, so that a person may be waiting. */
  interactive(): Promise<boolean>;
  /** @returns false when nothing more can be written: no reader, no space */
  out(text: string): boolean;
  err(text: string): void;
  /** The same for bytes, which are taken at once. */
  outBytes(bytes: Uint8Array): boolean;
  /** Opens the kernel's connection list; undefined when that cannot be done. */
  openConnections(): ReadBytes | undefined;
  /**
   * the path that `openConnections` reads, for messages; and whether that was chosen by LVS_PROCFS
   */
  readonly connectionsPath: string;
  readonly connectionsChosen: boolean;
  /** Called when a command turns out to have much to do; absent = it makes no difference. */
  readonly expectMuch?: () => void;
  /** What is refused, for a hint; undefined where no person reads stderr. */
  readonly refusals: Refusals | undefined;
  /** Prints a stage's value when LVS_TRACE is set. */
  readonly trace: ((stage: string, value: unknown) => void) | undefined;
  /** The help text; loaded only when asked for. */
  help(argv0: string): Promise<string>;
}

/** The errno's name, such as EIO, in an error of the system; undefined when it is another one. */
export function errnoNameOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return error instanceof Error && typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)
    ? code
    : undefined;
}
