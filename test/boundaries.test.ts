// Who may import whom: the table of docs/contributing/architecture.md as data, checked against every
// import in src.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';

const SRC = new URL('../src', import.meta.url).pathname;

/**
 * Folder -> what its files may import besides their own folder; `node` = any module of Node's that
 * touches the machine.
 */
const MAY: Readonly<Record<string, readonly string[]>> = {
  model: [],
  wire: ['model/errors'],
  schedulers: ['model'],
  simulator: ['model', 'schedulers'],
  render: ['model'],
  backend: ['model', 'wire', 'schedulers', 'simulator', 'node', 'fast/generated'],
  system: ['node'],
  ipvsadm: ['model', 'render', 'backend/backend', 'fast/table', 'fast/connections'],
  // the kernel's bytes to bytes of text; what is made of the tables is made by the build
  fast: ['model', 'render', 'backend/backend'],
  // the package as a library: plain data in front of what lvsctl is made of
  library: [
    'model',
    'render',
    'simulator',
    'backend',
    'system/exec',
    'lvsctl/errors',
    'lvsctl/store',
    'lvsctl/config/rulefile',
    'lvsctl/transaction',
  ],
  // of the probes only what they are asked and answer: plain data, which the monitor makes
  lvsctl: [
    'model',
    'render',
    'backend/backend',
    'backend/readtable',
    'backend/packetsink',
    'simulator',
    'schedulers',
    'system/probe/spec',
    'system/probe/outcome',
    // a pure function of a text
    'system/capability',
  ],
  // the build runs these; they are not shipped
  man: ['ipvsadm/options', 'ipvsadm/program', 'lvsctl'],
  completion: ['model', 'simulator/states', 'ipvsadm/options', 'ipvsadm/legality', 'lvsctl/tree'],
};

/** Single files that may import more. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  'start.cts': ['node'],
  'backend/rawsocket': ['netlink'],
  // files are replaced, and dead processes recognised, in one place for all
  'backend/table/file': ['system/replace'],
  'backend/table/lock': ['system/identity', 'system/blockfor'],
  'ipvsadm/main': ['system', 'node'],
  'ipvsadm/process': ['system', 'backend/open', 'node'],
  'ipvsadm/program': ['commander'],
  'ipvsadm/hostnames': ['system'],
  'lvsctl/main': [
    'system',
    'backend/open',
    'backend/reopening',
    'backend/table/lock',
    'ipvsadm/hostnames',
    'node',
  ],
  // a rule file is lines of ipvsadm: its reader is the only one
  'lvsctl/config/rulefile': [
    'ipvsadm/lines',
    'ipvsadm/parse',
    'ipvsadm/scan',
    'ipvsadm/usage',
    'ipvsadm/values',
  ],
  // ensure, absent and set take its words
  'lvsctl/config/ensure': [
    'ipvsadm/lines',
    'ipvsadm/options',
    'ipvsadm/parse',
    'ipvsadm/scan',
    'ipvsadm/usage',
    'ipvsadm/values',
  ],
  // the language of texts, which is that of ipvsadm's hints
  'lvsctl/commands/explain': ['ipvsadm/hints/table'],
  'lvsctl/view/explain': ['ipvsadm/hints'],
  'lvsctl/namespace': ['system', 'node'],
  'lvsctl/store': ['system'],
  'generate.ts': ['node', 'man', 'completion', 'lvsctl', 'render'],
  'lvsctl/program': ['commander'],
  'lvsctl/tree': ['commander'],
  'lvsctl/subcommand': ['commander'],
  'lvsctl/usage': ['commander'],
  'lvsctl/placehint': ['commander'],
  // patterns come as text, also to a process in another network namespace
  'system/probe/pattern': ['re2js'],
};
/** The same for folders within folders. */
const ALSO_IN: Readonly<Record<string, readonly string[]>> = {
  'fast/build/': ['wire', 'backend/requests'],
  'lvsctl/commands/': ['commander'],
  'lvsctl/view/': ['chalk', 'cli-table3'],
  'lvsctl/serve/page/': ['uplot'],
  'lvsctl/config/': ['yaml', 're2js'],
  // it explains what ipvsadm reads, and what the kernel refuses: pure functions of both
  'lvsctl/explain/': [
    'ipvsadm/hints',
    'ipvsadm/options',
    'ipvsadm/parse',
    'ipvsadm/scan',
    'ipvsadm/usage',
    'ipvsadm/values',
    'backend/memory/checks',
    'backend/memory/host',
  ],
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.c?ts$/.test(name),
);

test('there are files to check', () => {
  expect(files.length).toBeGreaterThan(30);
});

test('files import what their folder may', () => {
  expect(files.flatMap((file) => wrongIn(file).map((target) => `${file}: ${target}`))).toEqual([]);
});

/** What a file imports and may not. */
function wrongIn(file: string): readonly string[] {
  const folder = file.split('/')[0] ?? '';
  const name = folder === file ? file : withoutEnding(file);
  const may = [
    ...(MAY[folder] ?? []),
    ...(ALSO[name] ?? []),
    ...Object.entries(ALSO_IN).flatMap(([prefix, more]) => (name.startsWith(prefix) ? more : [])),
  ];
  return importsOf(file).filter(
    (target) =>
      !(
        target.startsWith(`${folder}/`) ||
        may.some((allowed) => target === allowed || target.startsWith(`${allowed}/`))
      ),
  );
}

test('no files import each other in a circle, types included', () => {
  const imports = new Map(files.map((file) => [withoutEnding(file), importsOf(file)]));
  const knots = [...imports.keys()].flatMap((file) => cycleFrom(file, imports) ?? []);
  expect(knots).toEqual([]);
});

test('a cycle is found and named', () => {
  const imports = new Map([
    ['a', ['b', 'c']],
    ['b', []],
    ['c', ['d']],
    ['d', ['a']],
  ]);
  expect(cycleFrom('a', imports)).toBe('a > c > d > a');
  expect(cycleFrom('b', imports)).toBeUndefined();
});

/** The shortest way along imports from a file back to itself, written as `a > b > a`. */
function cycleFrom(file: string, imports: ReadonlyMap<string, readonly string[]>) {
  const seen = new Set<string>();
  const paths = [[file]];
  for (let path = paths.shift(); path !== undefined; path = paths.shift())
    for (const target of imports.get(path.at(-1) as string) ?? []) {
      if (target === file) return [...path, file].join(' > ');
      if (seen.has(target)) continue;
      seen.add(target);
      paths.push([...path, target]);
    }
  return undefined;
}

function withoutEnding(file: string): string {
  return file.replace(/\.c?ts$/, '');
}

/** What a file imports: paths below src without their ending, names of packages, `node`. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8').replace(/^\s*(\/\/|\*).*$/gm, '');
  return [...text.matchAll(/\b(?:from|import|require)(?:\s+|\s*\(\s*)'([^']+)'/g)].flatMap(
    ([, target = '']) => {
      if (target === 'node:path') return []; // it computes with texts
      if (target.startsWith('node:')) return 'node';
      if (!target.startsWith('.')) return target;
      return relative(SRC, normalize(join(dirname(join(SRC, file)), target))).replace(
        /\.c?js$/,
        '',
      );
    },
  );
}

/** Tables, which are read row by row. */
const TABLES: readonly string[] = ['lvsctl/config/file.ts'];

test('no file has more than 300 lines', () => {
  const lines = (file: string) => readFileSync(join(SRC, file), 'utf8').split('\n').length - 1;
  expect(files.filter((file) => !TABLES.includes(file) && lines(file) > 300)).toEqual([]);
});
