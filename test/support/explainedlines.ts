// Random command lines, each explained and carried out: what the explanation states of the table
// afterwards against what the backend then has.
import fc from 'fast-check';
import type { Backend } from '../../src/backend/backend.js';
import { readTable } from '../../src/backend/readtable.js';
import { argsOf } from '../../src/ipvsadm/lines.js';
import { explain, rulesOf } from '../../src/lvsctl/explain/explain.js';
import { type ExplainedState, UNKNOWN_STATE } from '../../src/lvsctl/explain/state.js';
import { shellLine } from '../../src/render/shell.js';
import { isPossible, sequence } from '../fuzz/generate.js';
import { answer } from './inprocess.js';
import { fixtureNames } from './names.js';

/** Sequences of single command lines. */
export function randomLines(seed: number, count: number): string[][][] {
  return fc
    .sample(sequence.filter(isPossible), { seed, numRuns: count })
    .map((commands) =>
      commands.flatMap(({ args, stdin }) =>
        stdin === '' ? [[...args]] : stdin.split('\n').map((line) => argsOf(line)),
      ),
    )
    .map((lines) => lines.filter((args) => args.length > 0 && !isOfMachine(args)));
}

/** What depends on the networks and interfaces of a machine, which no explanation knows. */
function isOfMachine(args: readonly string[]): boolean {
  return args.some((arg) =>
    /10\.200\.0\.255|127\.255|start-daemon|^-R|^--restore|^-h$|^-v$|--help|--version/.test(arg),
  );
}

const EMPTY: ExplainedState = { ...UNKNOWN_STATE, complete: true };

export interface Difference {
  readonly lines: readonly string[];
  readonly explained: readonly string[];
  readonly actual: readonly string[];
}

/**
 * Explains and carries out a sequence line by line.
 * @returns how many changes took effect or were refused by IPVS, and the first difference
 */
export async function compareLines(
  lines: readonly (readonly string[])[],
  backend: Backend,
): Promise<{ readonly legal: number; readonly difference: Difference | undefined }> {
  let state: ExplainedState = { ...EMPTY, timeouts: await backend.timeouts() };
  let legal = 0;
  for (const [i, args] of lines.entries()) {
    const made = await answer('ipvsadm', args, { backend });
    const { lines: found, after } = await explain(
      `ipvsadm ${shellLine(args)}`,
      state,
      fixtureNames(),
    );
    state = after;
    const [one] = found;
    if (one && one.refused === undefined && one.consequences.length > 0) legal++;
    const message = made.status === 0 ? undefined : made.stderr.split('\n')[0];
    const explained = [`refused: ${one?.refused?.message}`, ...[...rulesOf(state)].sort()];
    const actual = [`refused: ${message}`, ...(await rulesIn(backend))];
    if (explained.join('\n') !== actual.join('\n'))
      return {
        legal,
        difference: {
          lines: lines.slice(0, i + 1).map((each) => shellLine(each)),
          explained,
          actual,
        },
      };
  }
  return { legal, difference: undefined };
}

async function rulesIn(backend: Backend): Promise<string[]> {
  const table = await readTable(backend);
  const state = { ...EMPTY, table, timeouts: await backend.timeouts() };
  return [...rulesOf(state)].sort();
}
