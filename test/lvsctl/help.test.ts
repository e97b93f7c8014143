// The help texts of all commands, and what a wrong command line is answered.

import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LvsctlError } from '../../src/lvsctl/errors.js';
import { wrap } from '../../src/lvsctl/helptext.js';
import { MANUAL } from '../../src/lvsctl/manual.js';
import { nearest } from '../../src/lvsctl/nearest.js';
import { statusesOf, variantsOf } from '../../src/lvsctl/statuses.js';
import { readText } from '../../src/system/readtext.js';
import { lvsctl } from '../support/lvsctl.js';
import { hastyRuntime, PASSES, simulatedRuntime } from '../support/simulated.js';

/** The names of the commands below one, from its help text. */
async function commandsBelow(path: readonly string[]): Promise<string[][]> {
  const { stdout } = await lvsctl([...path, '--help'], {}, { width: 200 });
  const [, list = ''] = /\nCommands:\n((?: {2}.*\n)+)/.exec(stdout) ?? [];
  const names = [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name);
  const below = names.filter((name) => name !== 'help').map((name) => [...path, name]);
  return [...below, ...(await Promise.all(below.map(commandsBelow))).flat()];
}

const COMMANDS = [[], ...(await commandsBelow([]))];

test('all commands are found', () => {
  expect(COMMANDS.length).toBeGreaterThanOrEqual(22);
  expect(new Set(COMMANDS.map((one) => one.join(' ')))).toEqual(new Set(Object.keys(MANUAL)));
});

describe.each(COMMANDS.map((path) => [path.join(' '), path] as const))(
  'lvsctl %s',
  (name, path) => {
    const help = (width = 80) => lvsctl([...path, '--help'], {}, { width });

    test('says what it is for, with examples, statuses and the page', async () => {
      const { status, stdout, stderr } = await help(500);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^Usage: lvsctl\b/);
      const rows = [...statusesOf(name), ...variantsOf(name).flatMap(([, variant]) => variant)];
      for (const { status: value, meaning } of rows)
        expect(stdout).toContain(`\n  ${String(value).padEnd(2)} ${meaning}\n`);
      const examples = [...stdout.matchAll(/^ {2}lvsctl (.*)\n {6}\S/gm)].map(([, line]) => line);
      expect(examples.length).toBeGreaterThanOrEqual(2);
      const [, page = ''] = /\nDocumentation: \/docs\/(\S+)\n$/.exec(stdout) ?? [];
      expect(existsSync(new URL(`../../docs/${page}`, import.meta.url))).toBe(true);
    });

    test.each([40, 80, 132])('fits %i columns', async (width) => {
      const lines = (await help(width)).stdout.split('\n');
      const long = lines.filter((line) => line.length > width && /\s\S+\s+\S/.test(line.trim()));
      // a table of commander's leaves at least 40 columns to the texts
      if (width >= 80) expect(long).toEqual([]);
      const after = lines.slice(lines.indexOf('Exit status:'));
      expect(after.filter((line) => line.length > width && !line.includes('/docs/'))).toEqual([]);
    });

    test('help shows the same', async () => {
      const shown = await help();
      expect(await lvsctl(['help', ...path])).toEqual(shown);
      if (path.length === 2) {
        expect(await lvsctl([path[0] ?? '', 'help', path[1] ?? ''])).toEqual(shown);
      }
    });
  },
);

/** A machine without HTTP and with a signal at once, so that commands that stay end. */
const ENDS = {
  runtime: async () => ({
    ...simulatedRuntime({ probe: () => ({ outcome: PASSES, tookMs: 1 }) }),
    onSignal(handle: (signal: 'SIGTERM') => void) {
      handle('SIGTERM');
      return () => {};
    },
  }),
  web: async () => {
    throw new LvsctlError('SYSTEM', 'it cannot listen');
  },
};

test('the examples are command lines that lvsctl takes', async () => {
  const lines = Object.values(MANUAL).flatMap(({ examples }) => examples.map(([line]) => line));
  for (const line of lines) {
    const words = line
      .replace(/ [<>] \S+$/, '')
      .replace(/ > \S+$/, '')
      .match(/"[^"]*"|\S+/g);
    const { stderr } = await lvsctl(
      (words ?? []).map((word) => word.replaceAll('"', '')),
      {},
      line.startsWith('show rates') ? { runtime: hastyRuntime } : ENDS,
    );
    expect(stderr, line).not.toMatch(/unknown (?:option|command)|missing argument|too many/);
  }
});

test.each(['version', '-v', '-V', '--version'])('%s', async (word) => {
  const { status, stdout, stderr } = await lvsctl([word]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^lvsctl \d+\.\d+\.\d+\n$/);
});

// biome-ignore format: a table
test.each([
  ['status', "unknown command `status'", '`lvsctl director status FILE`, `lvsctl realserver status FILE` or `lvsctl monitor status`'],
  ['up lvs.yaml', "unknown command `up'", '`lvsctl director up FILE` or `lvsctl realserver up FILE`'],
  ['down', "unknown command `down'", '`lvsctl director down FILE` or `lvsctl realserver down FILE`'],
  ['stauts', "unknown command `stauts'", '`lvsctl director status FILE`, `lvsctl realserver status FILE` or `lvsctl monitor status`'],
  ['drian 10.0.0.1', "unknown command `drian'", "did you mean `drain'?"],
  ['nosuch', "unknown command `nosuch'", '`lvsctl --help` shows what there is'],
  ['nosuch --help', "unknown command `nosuch'", '`lvsctl --help` shows what there is'],
  ['help nosuch', "unknown command `nosuch'", '`lvsctl --help` shows what there is'],
  ['help director upp', "unknown command `upp'", "did you mean `up'?"],
  ['director stauts f', "unknown command `stauts'", "did you mean `status'?"],
  ['check', 'missing argument: file', '`lvsctl check --help` shows what there is'],
  ['check a b', 'too many arguments: expected 1, got 2', '`lvsctl check --help` shows what there is'],
  ['director up f --dryrun', "unknown option `--dryrun'", "did you mean `--dry-run'?"],
  ['drain 10.0.0.1 --timeout', '--timeout: its value is missing', '`lvsctl drain --help` shows what there is'],
  ['simulate --rate x', "--rate: `x': a number from 0.000001 to 10000000 is needed", '`lvsctl simulate --help` shows what there is'],
  ['doctor --role king', "--role: `king': Allowed choices are director, realserver", '`lvsctl doctor --help` shows what there is'],
  ['--foo', "unknown option `--foo'", '`lvsctl --help` shows what there is'],
] as const)('%s', async (line, message, hint) => {
  expect(await lvsctl(line.split(' '))).toEqual({
    status: 2,
    stdout: '',
    stderr: `lvsctl: ${message}\nhint: ${hint}\n`,
  });
});

test.each([
  ['stauts', '\nhint: did you mean `lvsctl monitor status`?'],
  ['lvs.yaml', ''],
])('monitor %s, a file that does not exist', async (file, hint) => {
  const runtime = {
    ...simulatedRuntime({ probe: () => ({ outcome: { outcome: 'pass' }, tookMs: 1 }) }),
    readConfigFile: (path: string) => readText(path, 100),
  };
  expect(await lvsctl(['monitor', file], {}, { runtime: async () => runtime })).toEqual({
    status: 2,
    stdout: '',
    stderr: `lvsctl: ${file}: No such file or directory${hint}\n`,
  });
});

test('a wrong command line is JSON for a program that asked for it', async () => {
  const { status, stdout, stderr } = await lvsctl(['director', 'status', '--json']);
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toEqual({
    error: {
      code: 'BAD_USAGE',
      message: 'missing argument: file',
      hint: '`lvsctl director status --help` shows what there is',
    },
  });
  expect(stderr).toMatch(/^lvsctl: missing argument: file\n/);
});

test.each([
  ['stauts', 'status'],
  ['sttus', 'status'],
  ['statuses', 'status'],
  ['STATUS', 'status'],
  ['upp', 'up'],
  ['status.yaml', undefined],
  ['lvs', undefined],
  ['', undefined],
] as const)('nearest %j is %j', (word, expected) => {
  expect(nearest(word, ['up', 'down', 'status'])).toBe(expected);
});

test.each([
  ['aa bb cc', 5, 'aa bb\ncc'],
  ['aa bb cc', 4, 'aa\nbb\ncc'],
  ['a-word-too-long b', 5, 'a-word-too-long\nb'],
  ['', 5, ''],
] as const)('wrap %j to %i', (text, width, expected) => {
  expect(wrap(text, width)).toBe(expected);
});
