// Timing of whole processes: interleaved, medians, stdout a pipe.
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';

export interface Program {
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** run before each timing, outside of it */
  readonly before?: () => void;
}

/** Milliseconds of each program, the median of `pairs` rounds in which all of them ran in turn. */
export function medians(programs: readonly Program[], pairs: number): Map<string, number> {
  const times = new Map(programs.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < pairs + 1; round++) {
    for (const program of programs) {
      const time = once(program);
      if (round > 0) times.get(program.name)?.push(time); // the first round warms the page cache
    }
  }
  return new Map([...times].map(([name, values]) => [name, median(values)]));
}

/** Milliseconds of one run. @throws when it does not end with status 0 */
export function once({ path, args, env = {}, stdin = '', before }: Program): number {
  before?.();
  // NODE_EXTRA_CA_CERTS makes Node 20 read certificates at every start; only what is named here
  // goes along
  const options: SpawnSyncOptions = {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    input: stdin,
    maxBuffer: 1 << 30,
  };
  const began = process.hrtime.bigint();
  const { status, stderr } = spawnSync(path, args, options);
  const time = Number(process.hrtime.bigint() - began) / 1e6;
  if (status !== 0) throw new Error(`${path} ${args.join(' ')}: status ${status}: ${stderr}`);
  return time;
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
