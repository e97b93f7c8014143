// npm run mutate: faults planted one at a time in a sample of lines, and which of them no test
// finds. Prints the score of each folder and the survivors.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Folders below src/lvsctl with the tests that must find a fault in them. */
const TESTS = {
  doctor: ['doctor/*.test.ts', 'path/*.test.ts'],
  plan: [
    'plan/*.test.ts',
    'commands/{preflight,role,import}.test.ts',
    'ha/*.test.ts',
    'transaction/director.test.ts',
    'export/*.test.ts',
  ],
  config: [
    'config/*.test.ts',
    'commands/{import,ensure,hashing}.test.ts',
    'ha/render.test.ts',
    'import/{keepalived,ldirectord,tables,mutations}.test.ts',
    'export/*.test.ts',
  ],
  monitor: ['monitor/*.test.ts', 'checks/*.test.ts', 'ha/*.test.ts', 'config/defaults.test.ts'],
};

const USAGE = `Usage: npm run mutate -- [--sample LINES] [--seed N] [--static] [FOLDER...]
  --sample  lines of each folder in which faults are planted (default 100; 0 = all)
  --seed    another sample (default 1)
  --static  faults outside functions alone: in tables and constants. Each runs all tests of the
            folder, so they are left out without this option
  FOLDER    below src/lvsctl, default all: ${Object.keys(TESTS).join(' ')}`;

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      sample: { type: 'string' },
      seed: { type: 'string' },
      static: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(USAGE);
  const [sample, seed] = [numberOf(values.sample ?? '100'), numberOf(values.seed ?? '1')];
  const folders = positionals.length > 0 ? positionals : Object.keys(TESTS);
  const unknown = folders.find((folder) => !Object.hasOwn(TESTS, folder));
  if (unknown !== undefined) throw new Error(`no such folder: ${unknown}\n${USAGE}`);
  const scores = folders.map((folder) => {
    const lines = sampled(linesOf(`src/lvsctl/${folder}`), sample, randomFrom(seed));
    const outside = values.static === true;
    return report(
      folder,
      run(folder, lines, outside),
      ({ static: atLoad = false }) => outside === atLoad,
    );
  });
  console.log(scores.join('\n'));
}

function numberOf(text) {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`not a number: ${text}\n${USAGE}`);
  return Number(text);
}

/** Lines of code as `file:line`, without comments and imports. */
function linesOf(path) {
  const files = path.endsWith('.ts')
    ? [path]
    : readdirSync(join(ROOT, path), { recursive: true })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(path, name))
        .sort();
  return files.flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, i) =>
        /^\s*(?:\/\/|\/?\*|import |export (?:type|interface) |readonly |[)}\]]*[;,]?$)/.test(line)
          ? []
          : [`${file}:${i + 1}-${i + 1}`],
      ),
  );
}

/** `count` of the lines, each as likely as the other; 0 = all. */
function sampled(lines, count, random) {
  if (count === 0) return lines;
  const left = [...lines];
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const [one] = left.splice(Math.floor(random() * left.length), 1);
    return one;
  });
}

/** mulberry32, as in src/simulator/random.ts */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** @returns Stryker's report */
function run(folder, mutate, staticAlone) {
  // a directory for each folder, so that two folders can be measured at the same time
  const directory = join(ROOT, 'reports', folder);
  const report = join(directory, 'mutation.json');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const options = {
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner', join(ROOT, 'test/mutate/outside.mjs')],
    // with `related` the runner sometimes finds no test any more, and then each fault survives
    vitest: { configFile: 'test/mutate/vitest.config.ts', related: false },
    coverageAnalysis: 'perTest',
    // what runs while a module loads is in no test's coverage
    ignoreStatic: !staticAlone,
    ignorers: staticAlone ? ['functions'] : [],
    mutate,
    concurrency: 1,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    tempDirName: join('reports', folder, 'tree'),
    ignorePatterns: ['dist', '.compiled', 'reports', 'docs/figures'],
    timeoutMS: 20_000,
    dryRunTimeoutMinutes: 30,
    // Stryker rewrites tsconfig.json with the API of TypeScript 5, which 7 does not have
    tsconfigFile: 'none.json',
  };
  const config = join(directory, 'stryker.json');
  writeFileSync(config, JSON.stringify(options));
  execFileSync('nice', ['-n', '10', join(ROOT, 'node_modules/.bin/stryker'), 'run', config], {
    cwd: ROOT,
    env: {
      ...process.env,
      MUTATE_TESTS: TESTS[folder].map((name) => `test/lvsctl/${name}`).join(' '),
    },
    stdio: 'inherit',
  });
  return JSON.parse(readFileSync(report, 'utf8'));
}

const FOUND = ['Killed', 'Timeout'];
const MISSED = ['Survived', 'NoCoverage'];

/**
 * Prints the survivors.
 * @param counts whether a fault is one of those that were asked for
 * @returns the score as a line
 */
function report(folder, { files }, counts) {
  const planted = Object.entries(files).flatMap(([file, { source, mutants: list }]) =>
    list.map((mutant) => ({ ...mutant, file, code: source.split('\n') })),
  );
  const mutants = planted.filter(counts);
  const unrun = mutants.filter((one) => one.status === 'Survived' && !one.testsCompleted);
  if (unrun.length > 0) throw new Error(`${folder}: no test was run on ${unrun.length} faults`);
  const missed = mutants.filter(({ status }) => MISSED.includes(status));
  for (const { file, location, status, mutatorName, replacement = '', code } of missed) {
    const { line, column } = location.start;
    const text = `${(code[line - 1] ?? '').trim()} -> ${replacement.replaceAll(/\s+/g, ' ')}`;
    console.log(`${file}:${line}:${column} ${status} ${mutatorName}: ${text}`);
  }
  const found = mutants.filter(({ status }) => FOUND.includes(status)).length;
  const all = found + missed.length;
  const score = all === 0 ? '-' : ((100 * found) / all).toFixed(1);
  return `${folder}: ${score} % (${found} of ${all} found, ${planted.length - all} left out)`;
}

main();
