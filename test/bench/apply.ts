// npm run bench:apply: a file of 10,000 servers that differs from the table in 10 of them, by
// `lvsctl apply` and by ipvsadm -R of the whole file; on the kernel (in the lab) and on a table
// file. Prints the table of docs/contributing/performance.md.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openKernel } from '../../src/backend/kernel.js';
import type { RawSocket } from '../../src/backend/rawsocket.js';
import { readRuleFile } from '../../src/lvsctl/config/rulefile.js';
import { fromRules } from '../../src/lvsctl/transaction/desired.js';
import { makeAll } from '../../src/lvsctl/transaction/execute.js';
import { changesIn, planChanges } from '../../src/lvsctl/transaction/plan.js';
import { readLive, readTouched, touchedBy } from '../../src/lvsctl/transaction/state.js';
import { fixtureNames } from '../support/names.js';
import { medians, type Program } from './measure.js';
import { ruleLines } from './tables.js';

const REAL = '/usr/sbin/ipvsadm';
const [SERVICES, EACH, DIFFERENT] = [1000, 10, 10];
const ROUNDS = 5;
const START = ruleLines(SERVICES, EACH);
const TARGET = withOtherWeights(START);
const folder = mkdtempSync(join(tmpdir(), 'lvs-apply-'));
const path = (name: string) => join(folder, name);
writeFileSync(path('target'), TARGET);

type Row = readonly string[];
try {
  if (process.env.IN_LAB === '1')
    writeFileSync(process.argv[2] as string, JSON.stringify(await kernelRows()));
  else printAll();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function withOtherWeights(text: string): string {
  const lines = text.split('\n');
  const every = Math.floor(lines.length / DIFFERENT);
  return lines.map((line, i) => (i % every === 5 ? `${line.slice(0, -1)}7` : line)).join('\n');
}

function printAll(): void {
  const answers = path('rows.json');
  execFileSync('test/lab/lab', ['-t', '900', process.execPath, 'dist/test-apply.mjs', answers]);
  const rows: readonly Row[] = [
    ['table', 'command', 'time', 'requests that change, in sends', 'requests that read'],
    ['---', '---', '---', '---', '---'],
    ...JSON.parse(readFileSync(answers, 'utf8')),
    ...fileRows(),
  ];
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

/** Milliseconds of a plan, an apply, and of a restore of the whole file. */
function times(env: Readonly<Record<string, string>>, restore: Pick<Program, 'path' | 'args'>) {
  const ours = (name: string, ...args: string[]) => ({
    name: args[0] ?? '',
    path: process.execPath,
    args: [resolve(`bin/${name}`), ...args],
    env,
  });
  const run = ({ path: program, args }: Pick<Program, 'path' | 'args'>, input = '') => {
    const { status, stderr } = spawnSync(program, args, { env: { ...process.env, ...env }, input });
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  };
  const clear = () => run(ours('ipvsadm', '-C'));
  const fill = () => {
    clear();
    run(ours('ipvsadm', '-R'), START);
  };
  const programs: Program[] = [
    { ...ours('lvsctl', 'plan', path('target')), before: fill },
    { ...ours('lvsctl', 'apply', '-q', path('target')), before: fill },
    { name: 'restore', ...restore, env, stdin: TARGET, before: clear },
  ];
  const found = medians(programs, ROUNDS);
  return programs.map(({ name }) => `${Math.round(found.get(name) ?? 0)} ms`);
}

function fileRows(): readonly Row[] {
  const [plan = '', apply = '', whole = ''] = times(
    { LVS_BACKEND: `file:${path('table')}` },
    { path: process.execPath, args: [resolve('bin/ipvsadm'), '-R'] },
  );
  return [
    ['file', '`lvsctl plan`', plan, 'none', ''],
    ['file', `\`lvsctl apply\`, ${DIFFERENT} servers differ`, apply, '1 write', ''],
    ['file', 'our `ipvsadm -R` of the whole file', whole, '1 write', ''],
  ];
}

async function kernelRows(): Promise<readonly Row[]> {
  const [plan = '', apply = '', whole = ''] = times({}, { path: REAL, args: ['-R'] });
  const { first, changes, sends, again } = await counts();
  const rules = SERVICES * (EACH + 1);
  return [
    ['kernel', '`lvsctl plan`', plan, 'none', `${first}`],
    [
      'kernel',
      `\`lvsctl apply\`, ${DIFFERENT} servers differ`,
      apply,
      `${changes} in ${sends}`,
      `${first} before, ${again} after`,
    ],
    ['kernel', 'the real `ipvsadm -R` of the whole file', whole, `${rules} in ${rules}`, ''],
  ];
}

/** Sends of the stages of an apply. */
async function counts() {
  let sent = 0;
  const wrap = (socket: RawSocket): RawSocket => ({
    on: (event, listener) => socket.on(event, listener),
    send: (...all) => {
      sent++;
      socket.send(...all);
    },
    getRecvBufferSize: () => socket.getRecvBufferSize(),
    getSendBufferSize: () => socket.getSendBufferSize(),
    close: () => socket.close(),
  });
  const since = () => {
    const count = sent;
    sent = 0;
    return count;
  };
  spawnSync(REAL, ['-C']);
  spawnSync(REAL, ['-R'], { input: START });
  const access = { loadModule: async () => false, mayOpenRawSockets: () => true };
  const backend = await openKernel(access, { wrap });
  const rules = fromRules(await readRuleFile(TARGET, 'target', fixtureNames()));
  since();
  const live = await readLive(backend);
  const first = since();
  const plan = planChanges(live, { ...rules, removed: new Set() });
  const changes = changesIn(plan);
  const refused = await makeAll(changes, backend);
  if (refused !== undefined || changes.length !== DIFFERENT)
    throw new Error(`${changes.length} changes: ${refused?.why}`);
  const sends = since();
  await readTouched(backend, touchedBy(changes));
  const again = since();
  await backend.close();
  return { first, changes: changes.length, sends, again };
}
