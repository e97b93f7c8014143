// The table of mistakes, in the order in which they are looked for: what a person cannot see comes
// first, what only IPVS knows comes last. One hint a run; scripts never see it.
import { ADDRESS_MISTAKES } from './address.js';
import { CHARACTER_MISTAKES } from './characters.js';
import { COMMAND_MISTAKES } from './command.js';
import { COPIED_MISTAKES } from './copied.js';
import { KERNEL_MISTAKES } from './kernel.js';
import { LEGALITY_MISTAKES } from './legality.js';
import type { Advice, MistakeRow, RefusedLine } from './line.js';
import { SPELLING_MISTAKES } from './spelling.js';
import { startAdvice } from './start.js';
import { VALUE_MISTAKES } from './values.js';

export { watchEffects } from './effects.js';

export const MISTAKES: readonly MistakeRow[] = [
  ...CHARACTER_MISTAKES,
  ...COPIED_MISTAKES,
  ...SPELLING_MISTAKES,
  ...COMMAND_MISTAKES,
  ...ADDRESS_MISTAKES,
  ...VALUE_MISTAKES,
  ...LEGALITY_MISTAKES,
  ...KERNEL_MISTAKES,
];

/** The mistake that explains a refusal; undefined when none of the table does. */
export function adviceFor(line: RefusedLine): Advice | undefined {
  for (const row of MISTAKES) {
    const advice = row.find(line);
    if (advice) return advice;
  }
  return undefined;
}

export type Language = 'en' | 'zh';

/** The language of messages, by the environment as setlocale(3) reads it. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
  // text of another encoding cannot be written
  return /^(?:zh|chinese)(?![a-z])/i.test(locale) && !/\.(?!utf-?8)/i.test(locale) ? 'zh' : 'en';
}

/** A refused line, and its number in a restore. */
export interface RefusedAt extends RefusedLine {
  readonly line: number | undefined;
}

/**
 * The hint on a run that failed, as text for stderr; '' when there is none.
 * @param failure why it could not start: the errno's name, undefined when it did start
 * @param loaded whether the kernel has IPVS
 */
export function hintOn(
  refused: readonly RefusedAt[],
  failure: string | undefined,
  loaded: boolean,
  language: Language,
): string {
  if (failure !== undefined) return hint(startAdvice(failure, loaded), language);
  // what IPVS refuses is known after the lines that follow were read
  const [first, ...others] = [...refused].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (!first) return '';
  const advice = adviceFor(first);
  if (first.line === undefined) return hint(advice, language);
  return hint(inRestore(first.line, others, first, advice), language);
}

/** Lines that are named beside the first one. */
const MOST_LINES = 5;

function inRestore(
  number: number,
  others: readonly RefusedAt[],
  { args }: RefusedLine,
  advice: Advice | undefined,
): Advice {
  const text = args.join(' ');
  const lines = others.slice(0, MOST_LINES).map(({ line }) => line);
  const more = others.length > lines.length ? ' …' : '';
  const also = lines.length === 0 ? '' : `${lines.join(', ')}${more}`;
  return {
    en: `line ${number}: ${advice?.en ?? text}${also === '' ? '' : `; refused too: line ${also}`}`,
    zh: `第 ${number} 行：${advice?.zh ?? text}${also === '' ? '' : `；另外第 ${also} 行也被拒绝`}`,
  };
}

/** One line for stderr. */
export function hint(advice: Advice | undefined, language: Language): string {
  if (!advice) return '';
  return language === 'zh' ? `提示：${advice.zh}\n` : `hint: ${advice.en}\n`;
}
