// npm run traces -- FILE: replays a file of recorded choices. Ends with `N of M traces`; exit
// status 0 only when all hold.
import { readFileSync } from 'node:fs';
import { replay, type Trace } from './replay.js';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: npm run traces -- FILE');
  process.exit(2);
}
const { traces } = JSON.parse(readFileSync(file, 'utf8')) as { readonly traces: readonly Trace[] };
let held = 0;
for (const trace of traces) {
  const difference = attempt(trace);
  if (difference === undefined) held++;
  else console.log(`${trace.id}: ${difference}`);
}
console.log(`${held} of ${traces.length} traces`);
process.exitCode = held === traces.length && held > 0 ? 0 : 1;

function attempt(trace: Trace): string | undefined {
  try {
    return replay(trace);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
