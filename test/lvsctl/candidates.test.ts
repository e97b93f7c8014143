// What `lvsctl __complete` answers to the completion scripts.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { MemoryBackend } from '../../src/backend/memory/memory.js';
import { ipvsadmSpots } from '../../src/completion/ipvsadm.js';
import { lvsctlSpots } from '../../src/completion/lvsctl.js';
import { valuePlaces } from '../../src/completion/shell.js';
import { KINDS } from '../../src/lvsctl/candidates/candidates.js';
import { givenValue } from '../../src/lvsctl/candidates/line.js';
import { wholeProgram } from '../../src/lvsctl/program.js';
import { commandTree } from '../../src/lvsctl/tree.js';
import { lvsctl } from '../support/lvsctl.js';
import { fakeMachine } from '../support/machine.js';

const EXAMPLE = readFileSync('share/examples/lvs.yaml', 'utf8');

const names = async (...args: Parameters<typeof lvsctl>): Promise<string[]> => {
  const { status, stdout, stderr } = await lvsctl(...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));
};
const ask = (kind: string, ...words: string[]) => ['__complete', kind, 'lvsctl', '--', ...words];

describe('names of the file', () => {
  test('of the file that is named', async () => {
    const files = { 'my.yaml': EXAMPLE };
    const found = await names(
      ask('file-servers', 'drain', '--file=my.yaml', '--service', 'dns'),
      files,
    );
    expect(found).toEqual([
      'ns1',
      'ns2',
      '203.0.113.53',
      '203.0.113.54',
      '203.0.113.53:53',
      '203.0.113.54:53',
    ]);
    expect(await names(ask('file-services', 'drain', '--file', 'my.yaml'), files)).toContain(
      'web6',
    );
  });

  test('without one and without a monitor those of /etc/lvs.yaml', async () => {
    expect(await names(ask('file-services', 'drain'), { '/etc/lvs.yaml': EXAMPLE })).toContain(
      'web',
    );
  });

  test.each([
    ['no file', {}],
    ['a file with an error', { '/etc/lvs.yaml': 'services: 7' }],
  ])('%s: nothing, and no message', async (_, files) => {
    expect(await names(ask('file-servers', 'drain'), files)).toEqual([]);
  });
});

test('the rules that simulate is given, though other arguments are no files', async () => {
  const files = { 'x.yaml': EXAMPLE };
  const found = await names(ask('rule-services', 'simulate', '--rate', '5', 'x.yaml'), files);
  expect(found).toContain('dns udp 192.0.2.10:53');
});

test('a TAB never loads IPVS', async () => {
  const machine = {
    ...fakeMachine({}),
    hasKernelRules: true,
    read: () => undefined,
    backend: async (): Promise<MemoryBackend> => {
      throw new Error('opened');
    },
  };
  expect(await names(ask('services-tcp'), {}, { machine })).toEqual([]);
});

test('the flags of a scheduler, and of all without one', async () => {
  expect(await names(ask('flags', '-A', '-s', 'mh'))).toEqual([
    'flag-1',
    'flag-2',
    'flag-3',
    'mh-fallback',
    'mh-port',
  ]);
  expect(await names(ask('flags'))).toContain('sh-port');
});

test('an unknown kind has nothing, also one that every object has', async () => {
  expect(await names(ask('nosuch'))).toEqual([]);
  expect(await names(ask('toString'))).toEqual([]);
});

test.each([
  [['-s', 'rr'], 'rr'],
  [['-As', 'rr'], 'rr'],
  [['--scheduler=rr'], 'rr'],
  [['--scheduler', 'rr'], 'rr'],
  [['--scheduler'], undefined],
  [['-p', 's'], undefined],
])('the value of -s in %j', (words, value) => {
  expect(givenValue(words, '-s', '--scheduler')).toBe(value);
});

describe('the tables', () => {
  test('every kind that the scripts ask for has an answer, and none is never asked for', async () => {
    const tree = commandTree(await wholeProgram());
    const asked = valuePlaces([lvsctlSpots(tree), ipvsadmSpots()]).flatMap(({ values }) =>
      values.kind === 'ask' ? [values.what] : [],
    );
    expect([...new Set(asked)].sort()).toEqual(Object.keys(KINDS).sort());
  });

  test('every option with a value is known to take one', async () => {
    const { spots } = lvsctlSpots(commandTree(await wholeProgram()));
    const drain = spots.find(({ path }) => path === 'drain');
    const named = (name: string) => drain?.options.find(({ names: all }) => all.includes(name));
    expect(named('--file')?.value).toEqual({ kind: 'file' });
    expect(named('--reason')?.value).toEqual({ kind: 'any' });
    expect(named('--wait')).not.toHaveProperty('value');
  });
});
