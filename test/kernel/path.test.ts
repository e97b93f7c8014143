// The path that is computed from facts, and the doctor's verdict, against what a real client gets:
// random set-ups of director and real server, right ones and faulty ones. LVS_TEST_FULL=1 plays
// 500; LVS_PATH_SEED and LVS_PATH_CASES choose others, LVS_PATH_SEEDS=17,21 those alone. In the
// directory LVS_PATH_REPORT are the outcomes, and the facts of those that differ.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { factsText } from '../../src/lvsctl/facts/json.js';
import { FULL } from '../support/full.js';
import { prepareHost } from './host.js';
import { pathCase } from './pathcases.js';
import { type Played, Slot } from './pathplayer.js';

const SEEDS = process.env.LVS_PATH_SEEDS?.split(',').map(Number);
const CASES = SEEDS?.length ?? Number(process.env.LVS_PATH_CASES ?? (FULL ? 500 : 3));
const SEED = SEEDS?.[0] ?? Number(process.env.LVS_PATH_SEED ?? (FULL ? 1 : 4001));
/** sets of machines that are used side by side, so that one is set up while another waits */
const slots = (CASES > 20 ? ['pa', 'pb', 'pc'] : ['pa']).map((prefix) => new Slot(prefix));
const REPORT = process.env.LVS_PATH_REPORT;

beforeAll(async () => {
  prepareHost();
  await Promise.all(slots.map((slot) => slot.open()));
}, 120_000);
afterAll(() => {
  for (const slot of slots) slot.close();
});

interface Verdict {
  readonly kind: 'right' | 'all clear' | 'alarm' | 'unknown';
  readonly text: string;
}

/** A path that passes, or a doctor that finds nothing, where the client is lost; or the reverse. */
function verdicts({ one, isAnswered, isPast, found, diagnosis }: Played): Verdict[] {
  const at = found.at ? `${found.at.machine} ${found.at.what}` : '';
  const told = diagnosis.findings.map(({ id, what }) => `${id}: ${what}`).join(' | ');
  const text = `seed ${one.seed}: client ${isAnswered ? 'answered' : isPast ? 'answered past the director' : 'lost'}, path ${found.outcome} ${at}, doctor ${told || 'nothing'}${diagnosis.skipped.length > 0 ? ` (not known: ${diagnosis.skipped.join(' | ')})` : ''}\n    ${one.planted.join('; ')}`;
  const isFound = diagnosis.findings.length > 0;
  // the requests of this client are small
  const outcome = found.at?.stage === 'size' ? 'pass' : found.outcome;
  const path =
    outcome === 'unknown'
      ? 'unknown'
      : (outcome === 'pass') === isAnswered
        ? 'right'
        : isAnswered
          ? 'alarm'
          : 'all clear';
  const doctor =
    !isAnswered && !isFound && diagnosis.skipped.length === 0
      ? 'all clear'
      : !isAnswered && !isFound
        ? 'unknown'
        : isAnswered && diagnosis.findings.some(isAlarm)
          ? 'alarm'
          : 'right';
  return [
    { kind: path, text: `path ${path}: ${text}` },
    { kind: doctor, text: `doctor ${doctor}: ${text}` },
  ];
}

function isAlarm({ id, what }: Played['diagnosis']['findings'][number]): boolean {
  return !WARNINGS.includes(id) && !what.includes(' with prefix ');
}

/** Findings about what may happen later, or to other clients, while this one is served. */
const WARNINGS = ['persistence', 'removed-server', 'tunnel-mtu', 'arp', 'arp-answer', 'conn-reuse'];

test(`${CASES} random set-ups from seed ${SEED}: the outcome is what a client gets`, {
  timeout: 7_200_000,
}, async () => {
  const all: Verdict[] = [];
  const unplayed: string[] = [];
  let next = 0;
  await Promise.all(
    slots.map(async (slot) => {
      while (next < CASES) {
        const began = Date.now();
        const at = next++;
        const seed = SEEDS?.[at] ?? SEED + at;
        const played = await slot.play(pathCase(seed)).catch((error: Error) => {
          unplayed.push(`seed ${seed}: ${error.message}`);
        });
        if (REPORT) appendFileSync(`${REPORT}/times`, `${seed} ${Date.now() - began} ms\n`);
        if (!played) continue;
        const found = verdicts(played);
        all.push(...found);
        if (REPORT) report(played, found);
      }
    }),
  );
  const wrong = all.filter(({ kind }) => kind !== 'right').map(({ text }) => text);
  const text = `${CASES} cases from ${SEED}: ${wrong.length} of ${all.length} verdicts differ\n${wrong.join('\n')}\n`;
  if (REPORT) appendFileSync(`${REPORT}/summary`, `${text}${unplayed.join('\n')}`);
  expect(unplayed).toEqual([]);
  expect(
    all.filter(({ kind }) => kind === 'all clear'),
    text,
  ).toEqual([]);
  expect(wrong.length, text).toBeLessThanOrEqual(Math.floor(all.length * 0.02));
});

function report({ one, facts }: Played, found: readonly Verdict[]): void {
  if (REPORT === undefined) return;
  mkdirSync(REPORT, { recursive: true });
  for (const { kind, text } of found)
    appendFileSync(`${REPORT}/${kind === 'right' ? 'right' : 'wrong'}`, `${text}\n`);
  if (found.some(({ kind }) => kind !== 'right'))
    for (const each of facts)
      writeFileSync(`${REPORT}/${one.seed}-${each.machine}.json`, factsText(each));
}
