// npm run fuzz -- [--runs N] [--seed N] [--write FILE] [--model only]: random sequences through the
// real tool and ours, inside the lab.
//
// `--model only` leaves the real tool out: ours on the kernel against ours on the memory model.
// Every difference is shrunk and printed as a golden case; --write also appends it to a transcript.
// Ends with `N passed, N failed`.
import { appendFileSync } from 'node:fs';
import fc from 'fast-check';
import { systemNames } from '../../src/ipvsadm/hostnames.js';
import { kernel, prepareHost, REAL, reset } from '../kernel/host.js';
import { printCase } from '../support/transcript.js';
import { type Bench, compare, type Difference } from './compare.js';
import { type Command, isPossible, sequence } from './generate.js';
import { startReal } from './real.js';

const options = new Map<string, string>();
for (let i = 2; i < process.argv.length; i += 2)
  options.set(process.argv[i] as string, process.argv[i + 1] ?? '');
const runs = Number(options.get('--runs') ?? 1000);
const seed = Number(options.get('--seed') ?? 20261123);

prepareHost();
const backend = await kernel();
const bench: Bench = {
  real: options.get('--model') === 'only' ? undefined : startReal(REAL, 'test/fuzz/driver.c'),
  kernel: backend,
  names: systemNames,
  reset: () => reset(backend),
};

const skipped = new Map<string, number>();
let passed = 0;
const found: string[] = [];
const began = Date.now();
for (let at = 0; passed + found.length < runs && found.length < 50; at++) {
  let last: { commands: readonly Command[]; difference: Difference } | undefined;
  let _done = 0;
  const left = Math.min(500, runs - passed - found.length);
  const property = fc.asyncProperty(sequence.filter(isPossible), async (commands) => {
    const verdict = await compare(commands, bench);
    if (verdict === 'same') _done++;
    else if ('skipped' in verdict)
      skipped.set(verdict.skipped, (skipped.get(verdict.skipped) ?? 0) + 1);
    else last = { commands, difference: verdict.difference };
    return verdict === 'same' || 'skipped' in verdict;
  });
  const result = await fc.check(property, { seed: seed + at, numRuns: left, endOnFailure: false });
  passed += result.failed ? Math.max(0, result.numRuns - 1) : left;
  if (result.failed && last) {
    found.push(report(`fuzz-${seed + at}`, last.commands, last.difference));
    console.log(found.at(-1));
  }
}
bench.real?.close();
await reset(backend);
await backend.close();
if (options.has('--write'))
  appendFileSync(options.get('--write') as string, found.map((text) => `\n${text}`).join(''));
for (const [reason, count] of skipped) console.log(`not compared: ${count} (${reason})`);
console.log(`seed ${seed}, ${((Date.now() - began) / 1000).toFixed(0)} s`);
console.log(`${passed} passed, ${found.length} failed`);
process.exitCode = found.length === 0 ? 0 : 1;

/** The difference as a golden case, with what ours did as a remark. */
function report(
  name: string,
  commands: readonly Command[],
  { where, at, real, ours, answers }: Difference,
): string {
  const steps = commands.slice(0, answers.length).map(({ args, stdin }, i) => ({
    program: 'ipvsadm',
    args,
    stdin,
    answer: answers[i] ?? { stdout: '', stderr: '', status: 0 },
  }));
  const remarks = [
    `${where}, ${at < 0 ? 'table afterwards' : `command ${at + 1}`}; ours: ${JSON.stringify(ours)}`,
    ...(at < 0 ? [`real: ${JSON.stringify(real)}`] : []),
  ];
  return printCase({
    name,
    remarks,
    env: {},
    uid: undefined,
    conn: undefined,
    steps,
    after: '',
    deviation: undefined,
  });
}
