// `-R`: each line of stdin is a command line of its own. Changes are gathered and handed over
// together; whatever else a line asks for first waits until they are through, so everything happens
// in the order of the lines.
import type { Change } from '../model/change.js';
import { linesOf, PAUSE, wordsOf } from './lines.js';
import { execute, read, refused } from './run.js';
import { refuseFirst, UsageError } from './usage.js';
import type { World } from './world.js';

/**
 * Carries out the lines of stdin. A refusal by IPVS or by the option parser is printed and the next
 * line follows; every other refusal, a failed listing, `-h` and `-v` end the run.
 * @returns the exit status: that of the last line
 */
export async function restore(world: World): Promise<number> {
  const changes: Change[] = [];
  let status = 0;

  const flush = async () => {
    if (changes.length === 0) return;
    for (const error of await world.backend.apply(changes.splice(0)))
      status = error === undefined ? 0 : refused(error, world);
  };

  for (const line of linesOf(world.read)) {
    if (line === PAUSE) {
      await flush(); // so that lines which are piped in slowly take effect as they come
      continue;
    }
    const words = wordsOf(line);
    if (words.length === 0) continue;
    try {
      const reading = read(words, world);
      const command = reading instanceof Promise ? await reading : reading;
      if (command.kind === 'change') {
        if (changes.push(command.change) >= world.backend.batchSize) await flush();
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
  return status;
}
