// Hostile servers against the real probe functions. The strict figures are those of
// `npm run fuzz:probes`; here the bounds are such that a busy machine keeps them as well.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { fuzzProbes } from '../../fuzz/harness.js';
import { FULL } from '../../support/full.js';

const root = new URL('../../../', import.meta.url).pathname;
/** one regular expression of quadratic cost took 3,000 ms */
const PAUSE_MS = 500;
/** MiB; one body kept as its pieces took 180 */
const BUFFERS = 50;

test('no answer holds the loop, fills the memory, or ends without a clear reason in time', {
  timeout: FULL ? 1_800_000 : 60_000,
}, async () => {
  execFileSync(process.execPath, ['test/build.mjs', 'test/fuzz/hostileserver.ts'], { cwd: root });
  const answers = FULL ? 10_000 : 80;
  const report = await fuzzProbes(`${root}dist/test-hostileserver.mjs`, {
    answers,
    firstSeed: 1,
    atATime: 20,
    slackMs: 5000,
  });
  expect(report.faults).toEqual([]);
  expect(report.passed + report.failed).toBe(answers);
  expect(report.leftOpen).toEqual([]);
  // both happen, or the servers do not answer at all
  expect(report.passed).toBeGreaterThan(answers / 50);
  expect(report.failed).toBeGreaterThan(answers / 2);
  expect(report.longestPauseMs, report.longestPauseAt).toBeLessThan(PAUSE_MS);
  expect(report.mostBuffers).toBeLessThan(BUFFERS);
});
