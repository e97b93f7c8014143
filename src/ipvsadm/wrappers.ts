// ipvsadm-save and ipvsadm-restore: what the real ones do as shell scripts around ipvsadm.
import { run } from './run.js';
import type { World } from './world.js';

const SAVE_USAGE_STATUS = 1;

/** `ipvsadm-save [-n]`: words that are no options are ignored, other options get the usage text. */
export async function saveScript(words: readonly string[], world: World): Promise<number> {
  const options = words.filter((word) => word.startsWith('-'));
  if (options.some((option) => option !== '-n')) {
    world.err(
      `${world.argv0}: Script to save the IPVS table to stdout.\n   With the -n option, prints out the table in numeric format.\n`,
    );
    return SAVE_USAGE_STATUS;
  }
  return run(options.length > 0 ? ['-S', '-n'] : ['-S'], asIpvsadm(world));
}

/**
 * `ipvsadm-restore`: reads all of stdin, drops comment lines, flushes the table, carries the rest
 * out. Words are ignored.
 */
export async function restoreScript(_words: readonly string[], world: World): Promise<number> {
  let text = '';
  for (let piece = world.read(); piece !== ''; piece = world.read()) text += piece;
  const rules = text.replace(/^#.*\n?/gm, '');
  await run(['-C'], asIpvsadm(world));
  return run(['-R'], { ...asIpvsadm(world), read: once(rules) });
}

function asIpvsadm(world: World): World {
  return { ...world, argv0: 'ipvsadm' };
}

function once(text: string): () => string {
  const rest = [text];
  return () => rest.pop() ?? '';
}
