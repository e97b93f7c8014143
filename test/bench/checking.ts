// npm run bench:monitor [-- KIND SERVERS]: what a check costs, and the memory and the start of a
// monitor with 100, 500 and 2,000 servers: lvsctl monitor and Debian's keepalived in one run of the
// lab (keepalived needs IPVS), and ours natively. Prints the table of docs/contributing/performance.md.
//
// The machine may be busy, and the lab counts the time in which it waits for a processor as its
// own. So both run in turns, ratios are those of neighbours, and medians count. Checks are counted
// by who answers them.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { INTERVAL_S, keepalivedFile, lvsctlFile, type Setup } from './checkfiles.js';
import { median } from './measure.js';

type Program = 'lvsctl monitor' | 'keepalived';

export interface CheckCost {
  readonly program: Program;
  readonly where: 'lab' | 'native';
  readonly kind: Setup['kind'];
  readonly servers: number;
  /** processor time of one check in microseconds */
  readonly checkUs: number;
  /** share of a core that so many checks take, 0..1 */
  readonly share: number;
  readonly rssMb: number;
  /** seconds from the start of the program until all servers are in the table */
  readonly completeS: number;
}

const PORT = 9100;
/** turns of each program, and what is measured in each, once V8 has compiled what is used */
const [PAIRS, WINDOWS, WINDOW_MS, SETTLE_MS] = [3, 3, 2000, 15_000];
const [KIND, SERVERS] = process.argv[2] === '--lab' ? process.argv.slice(4) : process.argv.slice(2);
const KINDS = (['tcp', 'http'] as const).filter((kind) => (KIND ?? kind) === kind);
const SIZES = [100, 500, 2000].filter((size) => Number(SERVERS ?? size) === size);
const LIMIT_S = 120;
/** the clock of /proc has 100 ticks a second on Linux */
const TICK_US = 10_000;
const SELF = process.argv[1] ?? '';

if (process.argv[2] === '--lab') await measureAll('lab', process.argv[3] ?? '');
else await bench();

/** Both places, then the table. */
async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lvs-checking-'));
  try {
    const answer = join(folder, 'answer');
    execFileSync('/usr/bin/gcc', ['-O2', '-o', answer, 'test/bench/answer.c']);
    const result = (where: string) => join(folder, `${where}.json`);
    const lab = ['-t', '1200', process.execPath, SELF, '--lab', folder, ...process.argv.slice(2)];
    const { status } = spawnSync('test/lab/lab', lab, { stdio: 'inherit' });
    if (status !== 0) throw new Error('the lab failed');
    await measureAll('native', folder);
    const costs = ['lab', 'native'].flatMap(
      (where) => JSON.parse(readFileSync(result(where), 'utf8')) as CheckCost[],
    );
    console.log(tableOf(costs));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measureAll(where: CheckCost['where'], folder: string): Promise<void> {
  const answer = spawn(join(folder, 'answer'), [String(PORT)], { stdio: 'inherit' });
  const costs: CheckCost[] = [];
  try {
    await pause(500);
    const programs = ['lvsctl monitor', 'keepalived'] as const;
    for (const setup of KINDS.flatMap((kind) => SIZES.map((servers) => ({ kind, servers }))))
      for (let turn = 0; turn < PAIRS; turn++)
        for (const program of where === 'native' ? programs.slice(0, 1) : programs) {
          const cost = await measure(program, where, { ...setup, port: PORT }, folder);
          costs.push(cost);
          console.error(JSON.stringify(cost));
        }
  } finally {
    answer.kill();
  }
  writeFileSync(join(folder, `${where}.json`), JSON.stringify(costs));
}

async function measure(
  program: Program,
  where: CheckCost['where'],
  setup: Setup,
  folder: string,
): Promise<CheckCost> {
  const run = program === 'keepalived' ? startKeepalived : startMonitor;
  const began = performance.now();
  const { child, pid, isComplete } = run(setup, where, folder);
  try {
    while (!isComplete()) {
      await pause(50);
      if (performance.now() - began > LIMIT_S * 1000) throw new Error(`${program}: no whole table`);
    }
    const completeS = (performance.now() - began) / 1000;
    await pause(SETTLE_MS);
    const checkUs = await costOfCheck(pid());
    const share = (checkUs * setup.servers) / INTERVAL_S / 1e6;
    const { kind, servers } = setup;
    return { program, where, kind, servers, checkUs, share, rssMb: megabytes(pid()), completeS };
  } finally {
    child.kill();
    await once(child, 'exit');
    if (where === 'lab') execFileSync('/usr/sbin/ipvsadm', ['-C']);
  }
}

interface Running {
  readonly child: ChildProcess;
  readonly pid: () => number;
  readonly isComplete: () => boolean;
}

function startMonitor(setup: Setup, where: CheckCost['where'], folder: string): Running {
  const file = join(folder, 'lvs.yaml');
  writeFileSync(file, lvsctlFile(setup));
  const places = ['--socket', join(folder, 'socket'), '--state', join(folder, 'state')];
  rmSync(join(folder, 'state'), { force: true });
  const child = spawn(process.execPath, [resolve('bin/lvsctl'), 'monitor', file, ...places], {
    env: { LVS_BACKEND: where === 'lab' ? 'kernel' : 'memory' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let up = 0;
  child.stderr?.on('data', (text: Buffer) => {
    up += text.toString('latin1').match(/:\d+ up$/gm)?.length ?? 0;
  });
  const isComplete =
    where === 'lab' ? () => inTable() === setup.servers : () => up >= setup.servers;
  return { child, pid: () => child.pid ?? 0, isComplete };
}

function startKeepalived(setup: Setup, _: CheckCost['where'], folder: string): Running {
  const file = join(folder, 'keepalived.conf');
  writeFileSync(file, keepalivedFile(setup));
  const [pidFile, checkers] = [join(folder, 'pid'), join(folder, 'checkers')];
  const args = ['-n', '-l', '-C', '-f', file, '-p', pidFile, '-c', checkers];
  // a group of its own: keepalived signals the whole one when it ends
  const child = spawn('/usr/sbin/keepalived', args, { stdio: 'ignore', detached: true });
  // its parent process does nothing
  const pid = () => Number(readFileSync(checkers, 'utf8'));
  return { child, pid, isComplete: () => inTable() === setup.servers };
}

/** Real servers in the kernel's table; one line is the heading. */
function inTable(): number {
  return (readFileSync('/proc/net/ip_vs', 'latin1').match(/^ {2}-> /gm)?.length ?? 0) - 1;
}

/** Microseconds, the median of the windows. */
async function costOfCheck(pid: number): Promise<number> {
  const costs: number[] = [];
  let [cpu, checks] = [cpuTicks(pid), await answered()];
  for (let i = 0; i < WINDOWS; i++) {
    await pause(WINDOW_MS);
    const [nextCpu, nextChecks] = [cpuTicks(pid), await answered()];
    costs.push(((nextCpu - cpu) * TICK_US) / (nextChecks - checks));
    [cpu, checks] = [nextCpu, nextChecks];
  }
  return median(costs);
}

/** Connections to the servers since their start. */
async function answered(): Promise<number> {
  const socket = connect(PORT + 1, '127.0.0.1');
  const [text] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return Number(text.toString());
}

/** User and system time of a process. */
function cpuTicks(pid: number): number {
  const [, fields = ''] = /^.*\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
  const [user, system] = fields.split(' ').slice(11, 13);
  return Number(user) + Number(system);
}

function megabytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
}

/** Lines of Markdown, with the medians of all turns. */
function tableOf(costs: readonly CheckCost[]): string {
  const of = (setup: Pick<Setup, 'kind' | 'servers'>, program: Program, where: string) =>
    costs.filter(
      (one) =>
        one.kind === setup.kind &&
        one.servers === setup.servers &&
        one.program === program &&
        one.where === where,
    );
  const middle = (turns: readonly CheckCost[], key: 'checkUs' | 'rssMb' | 'completeS') =>
    median(turns.map((one) => one[key]));
  const cell = (turns: readonly CheckCost[]) =>
    `${middle(turns, 'checkUs').toFixed(0)} µs | ${middle(turns, 'rssMb').toFixed(0)} MB | ${middle(turns, 'completeS').toFixed(1)} s`;
  const rows = KINDS.flatMap((kind) =>
    SIZES.map((servers) => {
      const ours = of({ kind, servers }, 'lvsctl monitor', 'lab');
      const theirs = of({ kind, servers }, 'keepalived', 'lab');
      const ratios = ours.map(({ checkUs }, turn) => checkUs / (theirs[turn]?.checkUs ?? 0));
      const native = of({ kind, servers }, 'lvsctl monitor', 'native');
      const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
      return `| ${servers} ${kind} | ${cell(ours)} | ${cell(theirs)} | ${median(ratios).toFixed(2)} (${spread}) | ${cell(native)} |`;
    }),
  );
  return [
    '| checks every 2 s | a check, lab | memory | complete | keepalived, lab | memory | complete | ratio | a check, native | memory | complete |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
