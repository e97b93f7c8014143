// npm run golden:record: plays every transcript through the real ipvsadm inside the lab and writes
// what it answers now.
//
// Deviations stay as they are. Cases of another user are left alone: they are about privileges,
// which the driver has all of.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startReal } from '../fuzz/real.js';
import { kernel, prepareHost, REAL, reset } from '../kernel/host.js';
import { type Case, parseTranscript, printCase } from '../support/transcript.js';

const GOLDEN = 'test/golden';
const FAKE_PROC = '/run/lvs-proc';

prepareHost();
const backend = await kernel();
const real = startReal(REAL, 'test/fuzz/driver.c');
let changed = 0;
let kept = 0;
let recorded = 0;

for (const file of readdirSync(GOLDEN).filter((name) => name.endsWith('.txt'))) {
  const path = join(GOLDEN, file);
  const cases: Case[] = [];
  for (const item of parseTranscript(readFileSync(path, 'utf8'))) {
    const again = item.uid === undefined ? await record(item) : item;
    if (again === item) kept++;
    else if (JSON.stringify(again) !== JSON.stringify(item)) {
      changed++;
      console.log(`changed: ${item.name}`);
    }
    cases.push(again);
  }
  writeFileSync(path, cases.map(printCase).join('\n'));
}
real.close();
await reset(backend);
await backend.close();
console.log(`${recorded} recorded, ${changed} changed, ${kept} left as they were`);

async function record(item: Case): Promise<Case> {
  await reset(backend);
  const through = item.conn === undefined ? undefined : withConnections(item.conn);
  const steps = [];
  for (const step of item.steps) {
    const options = {
      env: item.env,
      ...(step.program === 'ipvsadm' ? {} : { program: step.program }),
      ...(through ? { through } : {}),
    };
    const { stdout, stderr, status } = await real.run(step.args, step.stdin, options);
    steps.push({ ...step, answer: { stdout, stderr, status } });
  }
  const after = (await real.run(['-S', '-n'])).stdout;
  recorded++;
  return { ...item, steps, after };
}

/** What runs the tool in a mount namespace whose /proc has nothing but this list of connections. */
function withConnections(text: string | null): string[] {
  rmSync(FAKE_PROC, { recursive: true, force: true });
  mkdirSync(join(FAKE_PROC, 'net'), { recursive: true });
  if (text !== null) writeFileSync(join(FAKE_PROC, 'net/ip_vs_conn'), text, 'latin1');
  const script = `/bin/mount --bind ${FAKE_PROC} /proc && exec -a ipvsadm ${REAL} "$@"`;
  return ['/usr/bin/unshare', '--mount', '/bin/bash', '--norc', '-c', script, 'bash'];
}
