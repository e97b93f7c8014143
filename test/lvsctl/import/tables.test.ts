// The corpus: what an import desires is the table that the real keepalived or ldirectord made of the
// file in the lab while all servers were up (NAME.rules, written by test/kernel/import.test.ts).
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { filesMatching } from '../../../src/system/glob.js';
import { lvsctl } from '../../support/lvsctl.js';

const FIXTURES = new URL('../../fixtures/import/', import.meta.url).pathname;
const names = readdirSync(FIXTURES).filter((name) => /\.(?:conf|cf)$/.test(name));
const world = { readText: (path: string) => readFileSync(path, 'utf8'), filesMatching };

test('there are at least twenty files', () => {
  expect(names.length).toBeGreaterThanOrEqual(20);
});

test.each(names)('%s', async (name) => {
  const text = readFileSync(FIXTURES + name, 'utf8');
  const options = /^# import: (.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  const made = await lvsctl(['import', FIXTURES + name, ...options], {}, world);
  expect(made.status, made.stderr).toBe(0);
  expect((await lvsctl(['check', 'f'], { f: made.stdout })).status).toBe(0);
  const { stdout } = await lvsctl(['export', 'rules', 'f'], { f: made.stdout });
  // the real ipvsadm saves no thresholds
  const rules = stdout
    .replace(/ -x \d+ -y \d+/g, '')
    .split('\n')
    .filter((line) => /^-[Aa] /.test(line));
  const recorded = readFileSync(`${FIXTURES}${name}.rules`, 'utf8').split('\n').filter(Boolean);
  expect(rules.toSorted()).toEqual(recorded);
});
