// `-R`: each line of stdin is a command line of its own. Changes are gathered and handed over together; whatever else a line asks for
// first waits until they are through, so everything happens in the order of the lines.
import type { Change } from '../model/change.js';
import { linesOf, wordsOf } from './lines.js';
import { execute, read, refused } from './run.js';
import { refuseFirst, UsageError } from './usage.js';
import type { World } from './world.js';

/** Changes handed over at once, at most; also at the end of what stdin has ready, so that lines piped in slowly take effect. */
const BATCH = 4096;

/**
 * Carries out the lines of stdin. A refusal by IPVS or by the option parser is printed and the next line follows; every other refusal,
 * a failed listing, `-h` and `-v` end the run.
 * @returns the exit status: that of the last line
 */
export async function restore(world: World): Promise<number> {
  const changes: Change[] = [];
  let status = 0;

  const flush = async () => {
    if (changes.length === 0) return;
    for (const error of await world.backend.apply(changes.splice(0))) status = error === undefined ? 0 : refused(error, world);
  };

  for (const lines of linesOf(world.read)) {
    for (const line of lines) {
      const words = wordsOf(line);
      if (words.length === 0) continue;
      try {
        const command = await read(words, world);
        if (command.kind === 'change') {
          changes.push(command.change);
          if (changes.length >= BATCH) await flush();
          continue;
        }
        await flush();
        if (command.kind === 'restore') refuseFirst(world.argv0);
        status = await execute(command, world);
        if (status !== 0 || command.kind === 'help' || command.kind === 'version') return status;
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        await flush();
        world.err(`${error.message}\n`);
        status = error.exitCode;
        if (error.kind !== 'parser') return status;
      }
    }
    await flush();
  }
  return status;
}
