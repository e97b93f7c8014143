// apply and its guard as processes on a table file: killed at any instant, two at once.
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runChild, start } from '../../support/child.js';
import { FULL } from '../../support/full.js';
import { fillTable, lvsctlOn, rulesIn } from '../../support/ontablefile.js';

/** three ways on */
const KILLS = FULL ? 100 : 3;
const GUARD_KILLS = FULL ? 100 : 1;
const SERVICES = 20;
const directory = mkdtempSync('/tmp/lvs-kills-');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const service = (i: number, weight: number) =>
  `-A -t 192.0.2.1:${i} -s rr\n-a -t 192.0.2.1:${i} -r 10.0.0.1:${i} -m -w ${weight}\n`;
const each = (from: number, weight: number) =>
  Array.from({ length: SERVICES }, (_, i) => service(from + i, weight)).join('');
// the second half goes, one write each; the first is edited, the third added
const START = each(100, 1) + each(200, 1);
const TARGET = each(100, 2) + each(300, 1);
const path = (name: string) => join(directory, name);
writeFileSync(path('target'), TARGET);
writeFileSync(path('first'), service(1, 1));
writeFileSync(path('second'), service(2, 1));

const sorted = (text: string) => text.split('\n').sort().join('\n');

function scene(name: string) {
  const env = { LVS_BACKEND: `file:${path(name)}` };
  const run = (args: readonly string[]) => lvsctlOn(path(name), args);
  return {
    env,
    run,
    /** as a process of its own */
    process: (args: readonly string[]) => runChild('lvsctl', args, { env }),
    history: `${path(name)}.lvsctl/history/000001.json`,
    pending: `${path(name)}.lvsctl/pending.json`,
    fill: () => fillTable(path(name), START),
    table: async () => sorted(await rulesIn(path(name))),
    async killed(child: ReturnType<typeof start>, i: number): Promise<Seen> {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return this.mended(i);
    },
    /**
     * After a kill: apply, undo, or nothing but what the next command names; the table ends as one
     * of both sides, exactly.
     */
    async mended(i: number): Promise<Seen> {
      const table = await this.table();
      const left =
        table === sorted(START) ? 'start' : table === sorted(TARGET) ? 'target' : 'between';
      const result = JSON.parse((await run(['history', '--json'])).stdout)[0]?.result ?? 'none';
      if (left === 'between') expect(result).toBe('interrupted');
      const way = (['apply', 'undo', 'named'] as const)[i % 3] ?? 'named';
      if (way === 'apply') {
        const again = await run(APPLY);
        // one that waits for its confirmation is decided on first, by what the message names
        if (again.status !== 0) {
          expect(again.stderr).toMatch(/`lvsctl undo 1` takes it back/);
          expect((await run(['undo', '1', '-q'])).status).toBe(0);
          expect((await run(APPLY)).status).toBe(0);
        }
        expect(await this.table()).toBe(sorted(TARGET));
      } else if (way === 'undo') {
        const { status } = await run(['undo', '1', '-q']);
        expect(status).toBe(result === 'none' ? 2 : 0);
        expect(await this.table()).toBe(sorted(START));
      } else if (result === 'interrupted') {
        const { stdout } = await run(['history', 'show', '1']);
        expect(stdout).toContain('left to do (`lvsctl history finish 1`):');
        expect((await run(['history', 'finish', '1', '-q'])).status).toBe(0);
        expect(await this.table()).toBe(sorted(TARGET));
      }
      expect(existsSync(this.pending) && way !== 'named').toBe(false);
      return { left, result };
    },
  };
}

const APPLY = ['apply', path('target'), '--prune', '-q'];
/** about what apply takes, on a busy machine more */
const APPLY_MS = 200;
/** about what it takes to take the transaction back, on a busy machine more */
const GUARD_MS = 400;

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** What a kill left, and what went on with it. */
interface Seen {
  readonly left: 'start' | 'target' | 'between';
  readonly result: string;
}

/** Several at a time: most of the time is the start of Node. */
async function inTurn<T>(count: number, work: (i: number) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  let next = 0;
  const line = async () => {
    while (next < count) done.push(await work(next++));
  };
  await Promise.all(Array.from({ length: 3 }, line));
  return done;
}

/** The figures of docs/contributing/testing.md, where they are asked for. */
function report(what: string, seen: readonly Seen[]): void {
  const counts: Record<string, number> = {};
  for (const { left, result } of seen)
    counts[`${left}, ${result}`] = (counts[`${left}, ${result}`] ?? 0) + 1;
  if (FULL) process.stderr.write(`${what}: ${JSON.stringify(counts)}\n`);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Until it holds; the test's own limit ends it. */
async function until(holds: () => boolean, everyMs = 20): Promise<void> {
  while (!holds()) await pause(everyMs);
}

describe('killed at any instant', { timeout: 900_000 }, () => {
  test(`apply, ${KILLS} times at a random instant, then each of the ways on`, async () => {
    const seen = await inTurn(KILLS, async (i) => {
      const one = scene(`kill${i}`);
      await one.fill();
      const child = start('lvsctl', APPLY, one.env);
      const began = performance.now();
      // nothing is changed before the entry is there: half of the instants are after it
      if (i % 2 === 0) await until(() => existsSync(one.history) || child.exitCode !== null, 2);
      // what is left takes about half as long, on a busy machine too
      const rest = (performance.now() - began) / 2;
      await pause(Math.random() * (i % 2 === 0 ? rest : APPLY_MS));
      return one.killed(child, i);
    });
    report('apply', seen);
    expect(seen.filter(({ left }) => left !== 'start').length).toBeGreaterThan(0);
  });

  test(`the guard, ${GUARD_KILLS} times at a random instant of taking back`, async () => {
    const first = Math.floor(Math.random() * 3); // any of the ways on
    const seen = await inTurn(GUARD_KILLS, async (i) => {
      const one = scene(`guard${i}`);
      await one.fill();
      const child = start('lvsctl', [...APPLY, '--confirm-timeout', '600'], one.env);
      const ended = once(child, 'exit');
      await until(() => /unconfirmed/.test(textOf(one.history)));
      const { guard } = JSON.parse(textOf(one.pending));
      process.kill(guard.pid, 'SIGTERM'); // it takes back now
      await pause(Math.random() * GUARD_MS);
      try {
        process.kill(guard.pid, 'SIGKILL');
      } catch {
        // it was done
      }
      await ended;
      return one.mended(first + i);
    });
    report('guard', seen);
    expect(seen.length).toBe(GUARD_KILLS);
  });

  test('apply is killed, its guard takes it back', async () => {
    const one = scene('parent');
    await one.fill();
    const args = ['apply', path('target'), '--prune', '-q', '--confirm-timeout', '2'];
    const child = start('lvsctl', args, one.env);
    await until(
      () => existsSync(one.history) && /unconfirmed/.test(readFileSync(one.history, 'utf8')),
    );
    child.kill('SIGKILL');
    await until(() => !existsSync(one.pending));
    expect(await one.table()).toBe(sorted(START));
    expect((await one.run(['history'])).stdout).toContain('not confirmed');
  });

  // SIGHUP: prompt.test.ts
  test.each(['SIGTERM', 'SIGKILL'] as const)('the guard gets %s', async (signal) => {
    const one = scene(signal);
    await one.fill();
    const args = ['apply', path('target'), '--prune', '-q', '--confirm-timeout', '600'];
    const child = start('lvsctl', args, one.env);
    await until(
      () => existsSync(one.history) && /unconfirmed/.test(readFileSync(one.history, 'utf8')),
    );
    const { guard } = JSON.parse(readFileSync(one.pending, 'utf8'));
    process.kill(guard.pid, signal);
    if (signal === 'SIGTERM') {
      const [status] = await once(child, 'exit');
      expect(status).toBe(1);
      expect(await one.table()).toBe(sorted(START));
      return;
    }
    const [status] = await once(child, 'exit');
    expect(status).toBe(2);
    const refused = await one.run(['apply', path('target')]);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('has ended') });
    expect((await one.run(['undo', '1', '-q'])).status).toBe(0);
    expect(await one.table()).toBe(sorted(START));
    expect(existsSync(one.pending)).toBe(false);
  });
});

test('two at once: one after the other, and both take effect', { timeout: 60_000 }, async () => {
  const one = scene('two');
  const answers = await Promise.all(
    ['first', 'second'].map((name) => one.process(['apply', path(name), '-q'])),
  );
  expect(answers).toEqual([
    { status: 0, stdout: '', stderr: '' },
    { status: 0, stdout: '', stderr: '' },
  ]);
  expect(await one.table()).toBe(sorted(service(1, 1) + service(2, 1)));
  const history = JSON.parse((await one.run(['history', '--json'])).stdout);
  expect(history.map(({ result }: { result: string }) => result)).toEqual(['done', 'done']);
});
