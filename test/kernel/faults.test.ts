// Each fault of a set-up as tutorials have it: the client gets nothing, the doctor finds something, its
// repairs are typed as printed, the client gets an answer, and the doctor is silent.
// LVS_TEST_FULL=1 plays all of LVS_FAULTS_MODE (nat, dr, ipip, gre, gue, with 6 at the end for IPv6;
// field: fieldcases.ts), or those that LVS_FAULTS_ONLY fits; LVS_FAULTS_REPORT names a file for what was found and typed.
import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FULL } from '../support/full.js';
import { fieldCases } from './fieldcases.js';
import { prepareHost } from './host.js';
import { type CaseFamily, faultCase, faultNames, type Mode, type PathCase } from './pathcases.js';
import { type Played, Slot } from './pathplayer.js';

const MODES = (process.env.LVS_FAULTS_MODE ?? 'dr').split(',');
const ONLY = new RegExp(process.env.LVS_FAULTS_ONLY ?? '');
const namesOf = (mode: Mode, family: CaseFamily) =>
  FULL ? faultNames(mode, family).filter((name) => ONLY.test(name)) : ['VIP missing on the server'];
const CASES: readonly (PathCase & { readonly works?: boolean })[] = MODES.flatMap((mode) =>
  mode === 'field'
    ? fieldCases().filter(({ planted: [, name = ''] }) => ONLY.test(name))
    : modeCases(mode.replace(/6$/, '') as Mode, mode.endsWith('6') ? 'ipv6' : 'ipv4'),
);
function modeCases(mode: Mode, family: CaseFamily): PathCase[] {
  return [undefined, ...namesOf(mode, family)].map(
    (name, at) => faultCase(mode, family, name, 20 + (at % 80)) ?? expect.fail(name),
  );
}
const REPORT = process.env.LVS_FAULTS_REPORT;
const slots = (CASES.length > 20 ? ['fa', 'fb', 'fc'] : ['fa']).map((prefix) => new Slot(prefix));

beforeAll(async () => {
  if (!FULL) return;
  prepareHost();
  await Promise.all(slots.map((slot) => slot.open()));
}, 240_000);
afterAll(() => {
  if (FULL) for (const slot of slots) slot.close();
});

/** how often the doctor is asked again while clients get nothing */
const ROUNDS = 3;

const CLIENT_ADDRESS = 'the director has the client address';

/** Findings that are no fault of the request that is played. */
const ASIDE = ['tunnel-mtu', 'arp'];

const toldBy = ({ diagnosis }: Played) =>
  diagnosis.findings
    .filter(({ id }) => !ASIDE.includes(id))
    .map(
      ({ id, what, repair, advice }) =>
        `${id}: ${what} > ${repair.join('; ') || advice || 'nothing'}`,
    );

test.runIf(FULL)(
  `faults of ${MODES.join(', ')} and their repairs`,
  { timeout: 3_600_000 },
  async () => {
    const wrong: string[] = [];
    let next = 0;
    await Promise.all(
      slots.map(async (slot) => {
        for (let at = next++; at < CASES.length; at = next++) {
          const one = CASES[at] ?? expect.fail();
          const { mode, planted } = one;
          const name = `${mode}, ${planted[1]}`;
          const bad = await playRow(slot, one).catch(
            (error: Error) => `not played: ${error.message}`,
          );
          if (bad !== undefined) wrong.push(`${name}: ${bad}`);
          if (bad !== undefined && REPORT) appendFileSync(REPORT, `WRONG ${name}: ${bad}\n`);
        }
      }),
    );
    expect(wrong, wrong.join('\n')).toEqual([]);
  },
);

/** @returns what is wrong */
async function playRow(slot: Slot, one: (typeof CASES)[number]): Promise<string | undefined> {
  const before = await slot.play(one);
  const told = toldBy(before);
  const state = before.isAnswered
    ? 'answered'
    : before.isPast
      ? 'answered past the director'
      : 'lost';
  if (REPORT)
    appendFileSync(
      REPORT,
      `${one.mode}, ${one.planted[1]}: ${state}; ${told.join(' | ') || 'nothing'}\n`,
    );
  if (one.works)
    return before.isAnswered && told.length === 0 ? undefined : `${state}; ${told.join(' | ')}`;
  if (before.isAnswered)
    return told.length === 0 || isForOthers(told) ? undefined : `answered, but ${told.join(' | ')}`;
  if (told.length === 0)
    // the doctor knows no clients: \`trace\`, which is told one, is not to say that it passes
    return one.planted[1] === CLIENT_ADDRESS && before.found.outcome !== 'pass'
      ? undefined
      : `${state}, and nothing is found`;
  const commands = before.diagnosis.findings.flatMap(({ repair }) => repair);
  if (commands.length === 0)
    return before.diagnosis.findings.every(({ advice }) => advice)
      ? undefined
      : 'no repair and no advice';
  let { failed, after } = await slot.repair(before);
  // a fault behind the first one is found when that is gone
  for (let round = 1; round < ROUNDS && !after.isAnswered && failed.length === 0; round++) {
    if (toldBy(after).length === 0) break;
    ({ failed, after } = await slot.repair(after));
  }
  const still = toldBy(after);
  if (REPORT)
    appendFileSync(
      REPORT,
      `    ${after.isAnswered ? 'answered' : 'LOST'} afterwards; ${still.join(' | ') || 'nothing'}\n`,
    );
  if (failed.length > 0) return `repair failed: ${failed.join(' | ')}`;
  const left = after.diagnosis.findings.filter(({ id }) => !ASIDE.includes(id));
  const hasAdvice = left.length > 0 && left.every(({ advice }) => advice !== undefined);
  if (!after.isAnswered && !hasAdvice)
    return `still lost after ${commands.join('; ')}: ${still.join(' | ')}`;
  return still.length === 0 || hasAdvice ? undefined : `after the repair ${still.join(' | ')}`;
}

/** A prefix that harms clients of that network alone. */
function isForOthers(told: readonly string[]): boolean {
  return told.every((text) => text.includes(' with prefix '));
}
