// The order of listings over the whole address range, where ipvsadm's comparison wraps: the same as
// the real tool's for any table.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { FULL } from '../support/full.js';
import { answer } from '../support/inprocess.js';
import { randomTable } from '../support/random.js';
import { kernel, prepareHost, REAL, reset } from './host.js';

const TABLES = FULL ? 100 : 10;

let backend: Backend;
beforeAll(async () => {
  prepareHost();
  backend = await kernel();
});
afterAll(async () => {
  await reset(backend);
  await backend.close();
});

const signed = (text: string) =>
  text.replace(/^FWM {2}([0-9]+)/gm, (_, mark) => `FWM  ${Number(mark) | 0}`);
const real = (...args: string[]) =>
  spawnSync(REAL, args, { encoding: 'latin1', maxBuffer: 1 << 26 }).stdout;

test(`${TABLES} random tables of 200 services and 1000 servers`, { timeout: 600_000 }, async () => {
  let wrapped = 0;
  for (let seed = 1; seed <= TABLES; seed++) {
    await reset(backend);
    const stdin = randomTable(seed, {
      services: 200,
      serversEach: 5,
      range: 'whole',
      plain: true,
    }).join('\n');
    expect(await answer('ipvsadm', ['-R'], { backend, stdin })).toEqual({
      stdout: '',
      stderr: '',
      status: 0,
    });
    const ours = (await answer('ipvsadm', ['-Ln'], { backend })).stdout;
    expect(signed(ours)).toBe(real('-Ln'));
    // a table that any sort would list like this proves nothing
    const marks = [...ours.matchAll(/^FWM {2}([0-9]+)/gm)].map(([, mark]) => Number(mark));
    if (marks.join() !== [...marks].sort((a, b) => a - b).join()) wrapped++;
  }
  expect(wrapped).toBeGreaterThan(TABLES / 2);
});
