// The client side of both tools, natively and on the same table: what each says to the kernel is
// recorded in the lab (`replay.c`) and answered from the record here, where there is no kernel with
// IPVS. In the lab it cannot be told from V8's start-up.
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { median } from '../measure.js';
import { ms, type Row } from '../rows.js';
import { RECORDINGS, type Recording, recordFile } from './recordings.js';

const GCC = '/usr/bin/gcc';
const REAL = '/usr/sbin/ipvsadm';
const OURS = resolve('bin/ipvsadm');
const NODE = process.execPath;
const SOURCES = 'test/bench/native';
const PAIRS = 21;

interface Tools {
  readonly folder: string;
  readonly library: string;
  readonly timed: string;
  readonly empty: string;
}

/** Milliseconds: from start to end, and with a processor, that of threads included. */
interface Time {
  readonly wall: number;
  readonly processor: number;
}

/**
 * Records in the lab and measures natively. Without gcc there are no rows, and stderr says so.
 * @param folder where the recordings go; 45 MB
 */
export function nativeRows(folder: string): Row[] {
  if (!existsSync(GCC)) {
    console.error(`${GCC} is missing: no native rows`);
    return [];
  }
  const tools = compile(folder);
  const inLab = [NODE, 'dist/test-recordinlab.mjs', folder, tools.library];
  execFileSync('test/lab/lab', inLab, { stdio: ['ignore', 'ignore', 'inherit'] });
  return RECORDINGS.flatMap((recording, at) => measure(recording, at, tools));
}

function compile(folder: string): Tools {
  const tools = {
    folder,
    library: join(folder, 'replay.so'),
    timed: join(folder, 'timed'),
    empty: join(folder, 'nothing.cjs'),
  };
  execFileSync(GCC, ['-O2', '-shared', '-fPIC', '-o', tools.library, `${SOURCES}/replay.c`]);
  execFileSync(GCC, ['-O2', '-o', tools.timed, `${SOURCES}/timed.c`]);
  writeFileSync(tools.empty, '');
  return tools;
}

/** One row of elapsed time, one of processor time: medians of what each round gave. */
function measure(recording: Recording, at: number, tools: Tools): Row[] {
  const input = join(tools.folder, 'stdin');
  writeFileSync(input, recording.stdin);
  const real = recordFile(tools.folder, 'real', at);
  const ours = recordFile(tools.folder, 'ours', at);
  // the player's own start is in all three
  const rounds = Array.from({ length: PAIRS + 1 }, () => ({
    empty: time(tools, input, ours, NODE, [tools.empty]),
    real: time(tools, input, real, REAL, recording.args),
    ours: time(tools, input, ours, NODE, [OURS, ...recording.args]),
  })).slice(1); // the first warms the page cache
  return (['wall', 'processor'] as const).map((kind) => {
    const of = (ratio: (round: (typeof rounds)[number]) => number) => median(rounds.map(ratio));
    const over = recording.against === 'real';
    const ours = of((round) => round.ours[kind] - (over ? round.empty[kind] : 0));
    const theirs = of((round) => (over ? round.real : round.empty)[kind]);
    return {
      what: `${recording.name}, native${over ? ', over empty' : ''}${kind === 'wall' ? '' : ', processor'}`,
      ours: ms(ours),
      against: `${ms(theirs)} ${over ? 'real ipvsadm' : 'node empty.cjs'}`,
      value: of(({ empty, real, ours }) =>
        over ? (ours[kind] - empty[kind]) / real[kind] : ours[kind] / empty[kind],
      ),
      must: recording.must,
      aim: recording.aim,
    };
  });
}

/** @throws when the program does not end with status 0, 99 being a request that is not on record */
function time(
  { folder, library, timed }: Tools,
  input: string,
  record: string,
  path: string,
  args: readonly string[],
): Time {
  const result = join(folder, 'time');
  const stdin = openSync(input, 'r');
  const { status, stderr } = spawnSync(timed, [result, path, ...args], {
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      LD_PRELOAD: library,
      REPLAY_PLAY: record,
    },
    stdio: [stdin, 'pipe', 'pipe'],
    maxBuffer: 1 << 30,
  });
  closeSync(stdin);
  if (status !== 0) throw new Error(`${path} ${args.join(' ')}: status ${status}: ${stderr}`);
  const [wall = Number.NaN, processor = Number.NaN] = readFileSync(result, 'utf8')
    .split(' ')
    .map((text) => Number(text) / 1000);
  return { wall, processor };
}
