// One sequence through the real tool, ours on the kernel, and ours on the memory model; what
// differs and is not meant to.
import type { Backend } from '../../src/backend/backend.js';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import type { IpvsadmWorld } from '../../src/ipvsadm/world.js';
import { answer } from '../support/inprocess.js';
import type { Answer } from '../support/transcript.js';
import type { Command } from './generate.js';
import type { RealTool } from './real.js';

export interface Difference {
  readonly where: 'kernel' | 'memory';
  /** the command after which it showed, -1 for the table at the end */
  readonly at: number;
  readonly real: unknown;
  readonly ours: unknown;
  /** what the real tool answered up to there */
  readonly answers: readonly Answer[];
}

export interface Bench {
  /** undefined = ours on the kernel is what the model is compared with */
  readonly real: RealTool | undefined;
  readonly kernel: Backend;
  readonly names: IpvsadmWorld['names'];
  /** brings the kernel back to its initial state */
  reset(): Promise<void>;
}

/**
 * What happened to a sequence beside being the same: known deviations that made a comparison
 * pointless.
 */
export type Verdict = { readonly difference: Difference } | { readonly skipped: string } | 'same';

/** @returns the first difference that none of the named deviations explains */
export async function compare(commands: readonly Command[], bench: Bench): Promise<Verdict> {
  await bench.reset();
  return bench.real === undefined
    ? compareModel(commands, bench)
    : compareAll(commands, bench, bench.real);
}

async function compareModel(
  commands: readonly Command[],
  { kernel, names }: Bench,
): Promise<Verdict> {
  const answers: Answer[] = [];
  for (const { args, stdin } of commands)
    answers.push(await answer('ipvsadm', args, { backend: kernel, names, stdin }));
  const difference = await onModel(commands, answers, await tableOf(kernel), names);
  return difference ? { difference } : 'same';
}

async function compareAll(
  commands: readonly Command[],
  bench: Bench,
  tool: RealTool,
): Promise<Verdict> {
  const answers: Answer[] = [];
  for (const { args, stdin } of commands) {
    const { unusable, ...real } = await tool.run(args, stdin);
    if (unusable) return { skipped: 'the real tool crashed or hung' };
    if (args[0] === '-R' && /[ \t\r]{2,}$/.test(stdin))
      return { skipped: 'the real tool loses a last line that ends in blanks' };
    answers.push(real);
  }
  const after = await tableOf(bench.kernel);
  await bench.reset();
  const onKernel = await play(commands, answers, 'kernel', bench.kernel, bench.names);
  if (onKernel) return { difference: onKernel };
  const table = await tableOf(bench.kernel);
  if (JSON.stringify(table) !== JSON.stringify(after))
    return { difference: { where: 'kernel', at: -1, real: after, ours: table, answers } };
  const difference = await onModel(commands, answers, after, bench.names);
  return difference ? { difference } : 'same';
}

async function onModel(
  commands: readonly Command[],
  answers: readonly Answer[],
  after: readonly object[],
  names: IpvsadmWorld['names'],
): Promise<Difference | undefined> {
  const memory = new MemoryBackend();
  const difference = await play(commands, answers, 'memory', memory, names);
  if (difference) return difference;
  const modelled = sorted(await tableOf(memory));
  return modelled.join() === sorted(after).join()
    ? undefined
    : { where: 'memory', at: -1, real: after, ours: modelled, answers };
}

async function play(
  commands: readonly Command[],
  answers: readonly Answer[],
  where: Difference['where'],
  backend: Backend,
  names: IpvsadmWorld['names'],
): Promise<Difference | undefined> {
  for (const [at, { args, stdin }] of commands.entries()) {
    const ours = await answer('ipvsadm', args, { backend, names, stdin });
    const [a, b] = [normal(answers[at] as Answer), normal(ours)];
    const unordered =
      where === 'memory' && (args.includes('--nosort') || stdin.includes('--nosort'));
    const same =
      a.status === b.status &&
      a.stderr === b.stderr &&
      (unordered ? lines(a.stdout) === lines(b.stdout) : a.stdout === b.stdout);
    if (!same) return { where, at, real: answers[at], ours, answers: answers.slice(0, at + 1) };
  }
  return undefined;
}

function lines(text: string): string {
  return text.split('\n').sort().join('\n');
}

/** Takes the named deviations (docs/explanation/differences.md) out of an answer of either tool. */
function normal({ stdout, stderr, status }: Answer): Answer {
  const text = stdout
    .replace(/^ipvsadm v1\.31 .*(\n(Usage:|.*ipvsadm)[\s\S]*)?/m, 'version')
    .replace(/^-[Aa] .*$/gm, savedRule)
    .replace(/^FWM .*$/gm, (line) =>
      line.replace(/^FWM +([0-9]+)/, (_, mark) => `FWM ${Number(mark) | 0}`).replace(/ +/g, ' '),
    );
  return { stdout: text, stderr, status };
}

function savedRule(line: string): string {
  return line
    .replace(/ -f ([0-9]+)/, (_, mark) => ` -f ${Number(mark) | 0}`)
    .replace(/^(-a .*?)( -x [0-9]+)?( -y [0-9]+)?(?= --tun|$)/, '$1')
    .replace(/^(-A .* -s [sm]h\b.* -b )(.*?),?flag-3$/, '$1$2');
}

/** All of the rules, in the order of the backend. */
async function tableOf(backend: Backend): Promise<object[]> {
  const table: object[] = [];
  for (const { service } of await backend.services()) {
    table.push({
      service,
      destinations: (await backend.destinations(service.id)).map(({ destination }) => destination),
    });
  }
  return [...table, { timeouts: await backend.timeouts(), daemons: await backend.daemons() }];
}

/** The hash that orders services is the kernel's secret, so the model's order is its own. */
function sorted(table: readonly object[]): string[] {
  return table.map((row) => JSON.stringify(row)).sort();
}
