// One plain change, which is what most scripts and administrators ask for. Its bundle has nothing
// else, so that it starts sooner. Any other command line is for main.ts.
import { applyChanges } from './apply.js';
import { plainChange } from './plainchange.js';
import { start } from './process.js';

/** `ipvsadm` */
export async function main(): Promise<void> {
  // a trace shows the stages of the general reader
  const change = process.env.LVS_TRACE ? undefined : plainChange(process.argv.slice(2));
  if (change === undefined) return (await import('./main.js')).main();
  return start('ipvsadm', (_, started) => applyChanges([change], started));
}
