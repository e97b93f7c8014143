// apply and its guard as processes on a table file: killed at any instant, two at once.
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runChild, start } from '../../support/child.js';
import { FULL } from '../../support/full.js';

const KILLS = FULL ? 200 : 6;
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
  const run = async (args: readonly string[], stdin = '') =>
    runChild('lvsctl', args, { env, stdin });
  return {
    env,
    run,
    history: `${path(name)}.lvsctl/history/000001.json`,
    pending: `${path(name)}.lvsctl/pending.json`,
    fill: () => runChild('ipvsadm', ['-R'], { env, stdin: START }),
    table: async () => sorted((await runChild('ipvsadm', ['-S', '-n'], { env })).stdout),
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Until it holds; the test's own limit ends it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(2);
}

describe('killed at any instant', { timeout: 300_000 }, () => {
  test(`${KILLS} times: finish gives the target, undo the start`, async () => {
    let interrupted = 0;
    for (let i = 0; i < KILLS; i++) {
      const one = scene(`kill${i}`);
      await one.fill();
      const child = start('lvsctl', ['apply', path('target'), '--prune', '-q'], one.env);
      await until(() => existsSync(one.history));
      await pause(i * 2);
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      const { outcome } = JSON.parse(readFileSync(one.history, 'utf8'));
      if (outcome === null) interrupted++;
      else expect(await one.table()).toBe(sorted(TARGET));
      const back = i % 2 === 0;
      const answer = await one.run(back ? ['undo', '1', '-q'] : ['history', 'finish', '1', '-q']);
      expect(answer).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(await one.table()).toBe(sorted(back ? START : TARGET));
      const { outcome: last } = JSON.parse(readFileSync(one.history, 'utf8'));
      expect(last.result).toBe(back ? 'undone' : 'done');
    }
    expect(interrupted).toBeGreaterThan(0);
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

  test.each(['SIGHUP', 'SIGTERM', 'SIGKILL'] as const)('the guard gets %s', async (signal) => {
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
    if (signal === 'SIGHUP') {
      expect((await one.run(['confirm'])).status).toBe(0);
      const [status] = await once(child, 'exit');
      expect(status).toBe(0);
      expect(await one.table()).toBe(sorted(TARGET));
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
    ['first', 'second'].map((name) => one.run(['apply', path(name), '-q'])),
  );
  expect(answers).toEqual([
    { status: 0, stdout: '', stderr: '' },
    { status: 0, stdout: '', stderr: '' },
  ]);
  expect(await one.table()).toBe(sorted(service(1, 1) + service(2, 1)));
  const history = JSON.parse((await one.run(['history', '--json'])).stdout);
  expect(history.map(({ result }: { result: string }) => result)).toEqual(['done', 'done']);
});
