// Everything lvsctl touches outside itself; main.ts hands in the real things, tests their own.
import type { Backend } from '../backend/backend.js';

export interface World {
  /** Opens the home of the rules (LVS_BACKEND); who opens it closes it. */
  openBackend(): Promise<Backend>;
  /** The text of a file. @throws a system error when it cannot be read */
  readText(path: string): string;
  out(text: string): void;
  err(text: string): void;
  /** stdout is a terminal and NO_COLOR is not set */
  readonly colour: boolean;
  /** columns of the terminal, 80 where there is none */
  readonly width: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}
