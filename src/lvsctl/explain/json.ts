// An explanation as JSON: share/schema/explain-1.json.
import type { Language } from '../../ipvsadm/hints/table.js';
import { type Explanation, rulesOf } from './explain.js';

/** Version of the JSON: it grows when something in it changes its meaning or goes. */
const VERSION = 1;

/** @param language of the texts */
export function explanationJson({ lines, after }: Explanation, language: Language): object {
  return {
    format: 'lvs explain',
    version: VERSION,
    language,
    lines: lines.map(({ line, text, skipped, refused, consequences, ...one }) => ({
      line,
      text,
      skipped: skipped ?? null,
      arguments: one.arguments.map((each) => ({ text: each.text, meaning: each[language] })),
      added: one.added,
      removed: one.removed,
      assumed: one.assumed,
      consequences: consequences.map((each) => each[language]),
      refused: refused
        ? { message: refused.message, advice: refused.advice?.[language] ?? null }
        : null,
    })),
    rules: [...rulesOf(after)],
  };
}
