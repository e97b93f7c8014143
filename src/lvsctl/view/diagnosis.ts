// What the doctor found, as paragraphs: what, why, and the commands, each on a line of its own so
// that it can be copied.
import { Chalk } from 'chalk';
import type { Diagnosis } from '../doctor/examine.js';
import type { Terminal } from '../terminal.js';

export function diagnosisText(
  { roles, findings, skipped }: Diagnosis,
  { colour }: Pick<Terminal, 'colour'>,
): string {
  const { red, green, yellow, dim } = new Chalk({ level: colour ? 1 : 0 });
  const paragraphs = findings.map(({ id, what, why, repair, advice, on }) =>
    [
      red(`${id}: ${what}`),
      `    ${dim(why)}`,
      ...(on === undefined ? [] : [`    on ${on}:`]),
      ...repair.map((line) => `    # ${line}`),
      ...(advice === undefined ? [] : [`    no command for this: ${advice}`]),
      '',
    ].join('\n'),
  );
  const notes = skipped.map((line) => yellow(`not checked: ${line}`));
  const nouns = roles.map((role) => (role === 'realserver' ? 'real server' : role)).join(' and ');
  const summary =
    findings.length === 0
      ? green(`nothing found (${nouns})`)
      : red(`${findings.length} found (${nouns})`);
  return `${[...paragraphs, ...notes, summary].join('\n')}\n`;
}
