// What the doctor found, as paragraphs: what, why, and the commands, each on a line of its own so
// that it can be copied.
import { Chalk } from 'chalk';
import type { Diagnosis } from '../doctor/examine.js';
import type { Finding } from '../doctor/finding.js';
import type { Terminal } from '../terminal.js';

export function diagnosisText(
  { roles, findings, skipped }: Diagnosis,
  { colour }: Pick<Terminal, 'colour'>,
): string {
  const { red, green, yellow, dim } = new Chalk({ level: colour ? 1 : 0 });
  const once = firstTimes(findings);
  const paragraphs = findings.map(({ id, what, why, repair, advice, on, afterwards }, i) =>
    [
      red(`${id}: ${what}`),
      `    ${dim(why)}`,
      ...(on === undefined ? [] : [`    on ${on}:`]),
      ...(once[i] ?? []).map((line) => `    # ${line}`),
      ...(repair.length > 0 && once[i]?.length === 0 ? ['    repaired by the commands above'] : []),
      ...(afterwards === undefined
        ? []
        : [
            `    then on ${afterwards.on ?? 'this machine'}:`,
            ...afterwards.repair.map((line) => `    # ${line}`),
          ]),
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

/** The commands of each finding that no finding before it has for this machine: many fail twice. */
function firstTimes(findings: readonly Finding[]): string[][] {
  const printed = new Set<string>();
  return findings.map(({ repair, on }) =>
    repair.filter((command) => {
      const key = `${on ?? ''} ${command}`;
      return !printed.has(key) && printed.add(key);
    }),
  );
}
