// The prompt of apply --confirm-timeout on a real pseudo-terminal (`script` of util-linux): every
// answer, Ctrl-C, the end of the input, a closed terminal, no terminal at all.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { answersOf, waitForConfirmation } from '../../../src/lvsctl/transaction/confirm.js';
import type { TransactionStore } from '../../../src/lvsctl/transaction/store.js';
import type { World } from '../../../src/lvsctl/world.js';
import { start } from '../../support/child.js';
import { lvsctlOn, rulesIn } from '../../support/ontablefile.js';

const LVSCTL = fileURLToPath(new URL('../../../bin/lvsctl', import.meta.url));
const directory = mkdtempSync('/tmp/lvs-prompt-');
// a guard may still write its outcome
afterAll(() =>
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
);
const path = (name: string) => join(directory, name);
const RULE = '-A -t 192.0.2.1:80 -s rr\n';
writeFileSync(path('rules'), RULE);

const hasScript = existsSync('/usr/bin/script');
const ASKED = /unless it is confirmed: press ENTER/;

function scene(name: string, timeout: number) {
  const env = { LVS_BACKEND: `file:${path(name)}` };
  const words = ['apply', path('rules'), '-q', '--confirm-timeout', String(timeout)];
  return {
    /** on a terminal; `script` ends with the status of the command */
    onTerminal: () =>
      spawn(
        '/usr/bin/script',
        ['-qec', [process.execPath, LVSCTL, ...words].join(' '), '/dev/null'],
        { env: { PATH: process.env.PATH, ...env }, stdio: 'pipe' },
      ),
    withoutTerminal: () => start('lvsctl', words, env),
    table: () => rulesIn(path(name)),
    result: () =>
      JSON.parse(readFileSync(`${path(name)}.lvsctl/history/000001.json`, 'utf8')).outcome?.result,
    guard: () => JSON.parse(readFileSync(`${path(name)}.lvsctl/pending.json`, 'utf8')).guard,
    confirm: () => lvsctlOn(path(name), ['confirm']),
    undo: () => lvsctlOn(path(name), ['undo', '-q']),
  };
}

/** What a process has printed so far, and its end. */
function watch(child: ChildProcess) {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  child.stdin?.on('error', () => {});
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { text: () => text, ended };
}

const asked = (text: () => string) => expect.poll(text, { timeout: 60_000 }).toMatch(ASKED);

// biome-ignore format: a table
const ANSWERS = [
  ['ENTER', '\r', 0, 'done', /is confirmed/],
  ['anything else, then no after an x that is taken away again', 'abort\rx\x7fno\r', 1, 'not confirmed', /n takes it back\r?\n[\s\S]*is taken back\r?\n$/],
  ['an arrow key, then ENTER twice', '\x1b[A\r\r', 0, 'done', /ENTER or y keeps it, n takes it back/],
] as const;

// biome-ignore format: a table
test.each([
  ['y\r', ['keep'], 'y\n'],
  ['YES\r', ['keep'], 'YES\n'],
  [' y \n', ['keep'], ' y \n'],
  ['n\r', ['take back'], 'n\n'],
  ['No\r', ['take back'], 'No\n'],
  ['nx\x7f\r', ['take back'], 'nx\b \b\n'],
  ['\b\r', ['keep'], '\n'],
  ['yn\r', [], 'yn\nlvsctl: ENTER or y keeps it, n takes it back\n'],
  ['y\x03', ['leave'], 'y'],
  ['\x04', ['leave'], ''],
])('the keys %j are answered %j', (keys, answers, printed) => {
  const [given, echoed]: [unknown[], string[]] = [[], []];
  const press = answersOf((text) => echoed.push(text), (answer) => given.push(answer));
  for (const key of keys) press(key);
  expect([given, echoed.join('')]).toEqual([answers, printed]);
});

test('keys are read before it asks: in line mode Ctrl-D would never arrive', async () => {
  const order: string[] = [];
  const readKeys = () => {
    order.push('keys are read');
    return () => order.push('and no longer');
  };
  const world = { runtime: async () => ({ readKeys }), err: () => order.push('it asks') };
  const empty = { read: () => '' };
  const store = { pending: empty, history: empty };
  const waiting = waitForConfirmation(
    1,
    store as unknown as TransactionStore,
    world as unknown as World,
  );
  await expect(waiting).rejects.toThrow('there is no transaction 1');
  expect(order).toEqual(['keys are read', 'it asks', 'and no longer']);
});

test.skipIf(!hasScript).concurrent.each(ANSWERS)(
  '%s',
  { timeout: 120_000 },
  async (name, keys, status, expected, message) => {
    const { onTerminal, table, result } = scene(name.replaceAll(/\W/g, '-'), 600);
    const child = onTerminal();
    const { text, ended } = watch(child);
    await asked(text);
    child.stdin?.write(keys);
    expect(await ended).toBe(status);
    expect(text()).toMatch(message);
    expect(await table()).toBe(status === 0 ? RULE : '');
    expect(result()).toBe(expected);
  },
);

test.skipIf(!hasScript).concurrent.each([
  ['Ctrl-C', '\x03'],
  ['Ctrl-D', '\x04'],
] as const)('%s leaves it to the guard', { timeout: 120_000 }, async (name, key) => {
  const { onTerminal, table, confirm, result } = scene(name, 600);
  const child = onTerminal();
  const { text, ended } = watch(child);
  await asked(text);
  child.stdin?.write(key);
  expect(await ended).toBe(1);
  expect(text()).toMatch(
    /is not confirmed and is taken back at .*: `lvsctl confirm` keeps it\r?\n/,
  );
  expect(await table()).toBe(RULE);
  expect((await confirm()).status).toBe(0);
  expect(result()).toBe('done');
});

test
  .skipIf(!hasScript)
  .concurrent('the end of the input leaves it to the guard', { timeout: 120_000 }, async () => {
    const { onTerminal, undo, table } = scene('end', 600);
    const child = onTerminal();
    const { text, ended } = watch(child);
    await asked(text);
    child.stdin?.end(); // script hands on an end of file
    expect(await ended).toBe(1);
    expect((await undo()).status).toBe(0);
    expect(await table()).toBe('');
  });

test
  .skipIf(!hasScript)
  .concurrent(
    'a closed terminal: the guard takes it back',
    { timeout: 120_000 },
    async ({ expect: own }) => {
      const { onTerminal, table, result } = scene('closed', 3);
      const child = onTerminal();
      const { text } = watch(child);
      await asked(text);
      child.kill('SIGKILL'); // the terminal is gone with the process that held it
      await own.poll(result, { timeout: 60_000 }).toBe('not confirmed');
      expect(await table()).toBe('');
    },
  );

const NONE = 'no terminal: nothing that is read confirms it, nor does SIGHUP end its guard';
test.concurrent(NONE, { timeout: 120_000 }, async () => {
  const { withoutTerminal, table, confirm, result, guard } = scene('none', 600);
  const child = withoutTerminal();
  const { text, ended } = watch(child);
  await asked(text);
  child.stdin?.end('\ny\n');
  process.kill(guard().pid, 'SIGHUP');
  expect(await table()).toBe(RULE);
  expect(result()).toBe('unconfirmed');
  expect((await confirm()).status).toBe(0);
  expect(await ended).toBe(0);
});
