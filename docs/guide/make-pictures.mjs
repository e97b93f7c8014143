// Makes the pictures of schedulers.md anew: node docs/guide/make-pictures.mjs (after npm run build)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const lvsctl = join(here, '../../bin/lvsctl');
const rules = readFileSync(join(here, 'schedulers.rules'), 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'pictures-'));
const events = join(here, 'schedulers.events');

for (const scheduler of ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'fo', 'ovf', 'dh', 'sh', 'mh', 'lblc', 'lblcr', 'twos']) {
  const file = join(directory, `${scheduler}.rules`);
  writeFileSync(file, rules.replace('-s wrr', `-s ${scheduler}`));
  const picture = join(here, `../figures/scheduler-${scheduler}.svg`);
  const args = ['simulate', file, '--events', events, '--svg', picture, '--connections', '6000', '--rate', '50'];
  execFileSync(process.execPath, [lvsctl, ...args, '--compare', scheduler], { stdio: ['ignore', 'ignore', 'inherit'] });
}
