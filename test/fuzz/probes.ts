// npm run fuzz:probes -- [--answers N] [--seed N] [--at-a-time N]: the strict run, which prints what
// hostile servers cost. Status 1 when a rule is broken, the loop paused or memory grew.
import { parseArgs } from 'node:util';
import { fuzzProbes } from './harness.js';

const LONGEST_PAUSE_MS = 50;
/** MiB beyond what is in use after a tenth of the answers */
const GROWTH = 64;

const { values } = parseArgs({
  options: {
    answers: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    'at-a-time': { type: 'string', default: '20' },
  },
});
const server = new URL('./test-hostileserver.mjs', import.meta.url).pathname;
const began = performance.now();
const report = await fuzzProbes(server, {
  answers: Number(values.answers),
  firstSeed: Number(values.seed),
  atATime: Number(values['at-a-time']),
  slackMs: 2000,
});
const { faults, passed, failed, byKind, memory, longestPauseMs, leftOpen } = report;
const kinds = [...byKind].map(([kind, count]) => `${count} ${kind}`).join(', ');
const growth = memory.most - memory.early;
for (const fault of faults) console.log(fault);
console.log(`answers        ${passed + failed} in ${Math.round((performance.now() - began) / 1000)} s: ${kinds}
results        ${passed} passed, ${failed} failed, ${faults.length} broke a rule
longest pause  ${longestPauseMs.toFixed(1)} ms (${report.longestPauseAt})
memory         ${memory.early.toFixed(0)} MiB after a tenth, ${memory.most.toFixed(0)} at most, ${memory.last.toFixed(0)} at the end; buffers ${report.mostBuffers.toFixed(1)} at most
latest end     ${report.latestMs.toFixed(0)} ms after the time limit
left open      ${leftOpen.join(', ') || 'nothing'}`);
const strict = longestPauseMs < LONGEST_PAUSE_MS && growth < GROWTH;
process.exitCode = faults.length === 0 && leftOpen.length === 0 && strict ? 0 : 1;
