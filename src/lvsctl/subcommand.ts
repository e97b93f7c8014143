// What a subcommand's file offers to the program.
import type { Command as Program } from 'commander';
import type { World } from './world.js';

/**
 * A subcommand's file: adds arguments, options and the action to the command it is given. The
 * action's result is the exit status.
 */
export interface Subcommand {
  readonly configure: (program: Program, finish: Finish) => void;
}
export type Finish = (work: (world: World) => Promise<number>) => Promise<void>;
