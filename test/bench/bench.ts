// npm run bench: every target of docs/contributing/performance.md, measured side by side in one
// run; a table, and JSON in docs/figures/bench.json.
//
// Whole processes, interleaved, medians. The kernel's rows come from the lab, where starting Node
// is slow: there, time over an empty program is compared.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { medians, once, type Program } from './measure.js';
import { soak } from './monitor.js';
import { nativeRows } from './native/native.js';
import { met, ms, type Row, tableText } from './rows.js';
import { connectionLines, ruleLines } from './tables.js';

const OURS = resolve('bin/ipvsadm');
const NODE = process.execPath;
const folder = mkdtempSync(join(tmpdir(), 'lvs-bench-'));
const empty = join(folder, 'empty.cjs');
writeFileSync(empty, '');

const rows: Row[] = [];
const ours = (
  args: string[],
  env: Record<string, string>,
  more: Partial<Program> = {},
): Program => ({
  name: args.join(' '),
  path: NODE,
  args: [OURS, ...args],
  env,
  ...more,
});
const floor: Program = { name: 'empty', path: NODE, args: [empty] };

startUp();
modules();
memoryRestore();
connections();
simulation();
sizes();
rows.push(...nativeRows(folder));
await monitor();
kernelRows();
rmSync(folder, { recursive: true });
print();

function startUp(): void {
  const env = { LVS_BACKEND: `file:${join(folder, 'table')}` };
  once(ours(['-R'], env, { stdin: ruleLines(1, 9) }));
  const edit = ['-e', '-t', '10.0.0.1:80', '-r', '100.64.3.7:80', '-m', '-w', '2'];
  const programs = [
    floor,
    ours(['-Ln'], env),
    ours(edit, env),
    ours(['-v'], env),
    ours(['-h'], env),
  ];
  const time = medians(programs, 41);
  const base = time.get('empty') ?? Number.NaN;
  const add = (what: string, name: string, must: number, aim: number) => {
    const value = time.get(name) ?? Number.NaN;
    rows.push({
      what,
      ours: ms(value),
      against: `${ms(base)} node empty.cjs`,
      value: value / base,
      must,
      aim,
    });
  };
  add('-Ln of 10 lines, file table', '-Ln', 1.2, 1.12);
  add('-e of a server, file table', edit.join(' '), 1.2, 1.12);
  add('--version', '-v', 1.15, 1.05);
  add('--help', '-h', 1.5, 1.3);
}

function modules(): void {
  const list = join(folder, 'list.cjs');
  writeFileSync(
    list,
    `process.on('exit', () => process._rawDebug(process.moduleLoadList.join('\\n')));`,
  );
  const loaded = (args: string[]) => {
    const { stderr } = spawnSync(NODE, ['-r', list, ...args], {
      env: { LVS_BACKEND: `file:${join(folder, 'table')}` },
      encoding: 'utf8',
    });
    return new Set(stderr.split('\n').filter((line) => line.startsWith('NativeModule ')));
  };
  const base = loaded([empty]);
  const more = [...loaded([OURS, '-Ln'])]
    .filter((name) => !base.has(name))
    .map((name) => name.replace('NativeModule ', ''));
  rows.push({
    what: 'built-in modules beyond bootstrap',
    ours: more.join(', '),
    against: 'count',
    value: more.length,
    must: 5,
    aim: 1,
  });
}

/** Rules a second must not fall with the number of rules. */
function memoryRestore(): void {
  const rate = (services: number) => {
    const time = medians(
      [floor, ours(['-R'], { LVS_BACKEND: 'memory' }, { stdin: ruleLines(services, 9) })],
      5,
    );
    return (services * 10) / ((time.get('-R') ?? 0) - (time.get('empty') ?? 0));
  };
  const [small, large] = [rate(100), rate(10_000)];
  rows.push({
    what: '-R of 100,000 rules, memory',
    ours: `${large.toFixed(0)} rules/ms`,
    against: `${small.toFixed(0)} rules/ms with 1,000 rules`,
    value: small / large,
    must: 1.2,
    aim: 1,
  });
}

function connections(): void {
  const proc = join(folder, 'proc');
  mkdirSync(join(proc, 'net'), { recursive: true });
  const file = join(proc, 'net/ip_vs_conn');
  writeFileSync(file, connectionLines(1_000_000));
  const binary = join(folder, 'connections');
  execFileSync('/usr/bin/gcc', ['-O2', '-o', binary, 'test/bench/connections.c']);
  const env = { LVS_BACKEND: 'memory', LVS_PROCFS: proc };
  const theirs = execFileSync(binary, [file], { maxBuffer: 1 << 30 });
  if (!theirs.equals(execFileSync(NODE, [OURS, '-Lcn'], { env, maxBuffer: 1 << 30 })))
    throw new Error('the connection lists differ');
  const time = medians([{ name: 'C', path: binary, args: [file] }, ours(['-Lcn'], env)], 7);
  const [c, value] = [time.get('C') ?? 0, time.get('-Lcn') ?? 0];
  rows.push({
    what: '-Lcn of 1,000,000 connections',
    ours: ms(value),
    against: `${ms(c)} in C`,
    value: value / c,
    must: 0.22,
    aim: 0.17,
  });
  const memory = peak([OURS, '-Lcn'], env) - peak([empty], env);
  rows.push({
    what: '- its peak memory over an empty program',
    ours: `${memory.toFixed(1)} MB`,
    against: 'MB',
    value: memory,
    must: 15,
    aim: 8,
  });
}

/** Megabytes that a program of node needed at most. */
function peak(args: readonly string[], env: Readonly<Record<string, string>> = {}): number {
  const { stderr } = spawnSync('/usr/bin/time', ['-f', '%M', NODE, ...args], {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  return Number(stderr.trim().split('\n').at(-1)) / 1024;
}

/**
 * A million picks of rr with about a thousand sessions alive, and whether memory depends on how
 * many went before.
 */
function simulation(): void {
  const rules = join(folder, 'simulated.rules');
  writeFileSync(
    rules,
    '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.1.1 -m\n-a -t 10.0.0.1:80 -r 10.0.1.2 -m\n-a -t 10.0.0.1:80 -r 10.0.1.3 -m\n',
  );
  const args = (count: number) => [
    resolve('bin/lvsctl'),
    'simulate',
    rules,
    '--rate',
    '1000',
    '--session',
    '1',
    '--connections',
    String(count),
  ];
  const program = (name: string, count: number): Program => ({
    name,
    path: NODE,
    args: args(count),
    env: {},
  });
  const time = medians([program('few', 1), program('many', 3_000_000)], 3);
  const rate = 3_000_000 / ((time.get('many') ?? Number.NaN) - (time.get('few') ?? 0));
  rows.push({
    what: 'simulated connections of rr',
    ours: `${(rate / 1000).toFixed(2)} million/s`,
    against: '1 million/s',
    value: 1000 / rate,
    must: 1,
    aim: 0.5,
  });
  const [few, many] = [1_000_000, 3_000_000].map((count) => peak(args(count)));
  rows.push({
    what: '- memory with three times the connections',
    ours: `${(many ?? 0).toFixed(0)} MB`,
    against: `${(few ?? 0).toFixed(0)} MB`,
    value: (many ?? 0) / (few ?? 1),
    must: 1.2,
    aim: 1.05,
  });
}

/** The ten minutes can be shortened for a try: LVS_BENCH_SOAK is in seconds. */
async function monitor(): Promise<void> {
  const tried = await soak(Number(process.env.LVS_BENCH_SOAK ?? 600), folder);
  const [middle, slowest] = tried.latency;
  rows.push({
    what: 'monitor, 500 servers every 2 s by http',
    ours: `${(tried.share * 100).toFixed(1)} % of a core`,
    against: `${tried.checks} checks in ${tried.seconds} s`,
    value: tried.share,
    must: 0.25,
    aim: 0.1,
  });
  rows.push({
    what: '- memory at the end',
    ours: `${tried.late.toFixed(0)} MB`,
    against: `${tried.early.toFixed(0)} MB in the first tenth`,
    value: tried.late / tried.early,
    must: 1.2,
    aim: 1.05,
  });
  rows.push({
    what: '- latency of the slowest that is up, one hangs',
    ours: `${slowest.toFixed(1)} ms`,
    against: `${middle.toFixed(1)} ms median, time limit 1000 ms`,
    value: slowest / 1000,
    must: 0.25,
    aim: 0.05,
  });
  rows.push({
    what: '- descriptors open at most',
    ours: String(tried.descriptors),
    against: 'count',
    value: tried.descriptors,
    must: 1000,
    aim: 100,
  });
}

function sizes(): void {
  const bundle = statSync('dist/ipvsadm.cjs').size / 1024;
  rows.push({
    what: 'size of the ipvsadm bundle',
    ours: `${bundle.toFixed(0)} kB`,
    against: 'kB',
    value: bundle,
    must: 80,
    aim: 60,
  });
}

function kernelRows(): void {
  const results = join(folder, 'kernel.json');
  execFileSync('test/lab/lab', [NODE, 'dist/test-inlab.mjs', results], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rows.push(...(JSON.parse(readFileSync(results, 'utf8')) as Row[]));
}

function print(): void {
  const where = `Node ${process.version}, Linux ${release()} ${arch()}, ${cpus().length} x ${cpus()[0]?.model.trim()}; kernel rows: Linux 6.1 (user-mode Linux)`;
  console.log(`${where}\n${tableText(rows).trimEnd()}`);
  mkdirSync('docs/figures', { recursive: true });
  writeFileSync(
    'docs/figures/bench.json',
    `${JSON.stringify({ where, rows: rows.map((row) => ({ ...row, met: met(row) })) }, null, 2)}\n`,
  );
}
