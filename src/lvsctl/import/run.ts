// lvsctl import of another program's configuration: text of the lvsctl file, remarks, counts.
import type { Address } from '../../model/address.js';
import { ConfigError, lineProblem, type Problem } from '../config/problem.js';
import { readConfig } from '../config/read.js';
import { renderConfig } from '../config/write.js';
import { LvsctlError } from '../errors.js';
import type { MarkSource } from '../plan/marks.js';
import { type Composed, compose } from './compose.js';
import type { ImportDraft } from './draft.js';
import { type Remark, renderRemarks } from './remark.js';

export interface ProgramContext {
  readonly marks: readonly MarkSource[];
  interfaceOf(vip: Address): string;
  /** whether warnings make it an error */
  readonly strict: boolean;
}

export interface ImportResult {
  /** the lvsctl file */
  readonly text: string;
  /** remarks and the counts, for stderr */
  readonly report: string;
}

/**
 * @param file its name, for messages
 * @throws LvsctlError NOT_FOUND without services; UNSUPPORTED_RULE with `strict` and a
 *   warning; ConfigError marks without --mark, and what lvsctl would not read
 */
export function importDraft(
  draft: ImportDraft,
  file: string,
  context: ProgramContext,
): ImportResult {
  if (draft.services.length === 0) {
    const remarks = draft.remarks.all.filter(({ isWarning }) => isWarning);
    throw new LvsctlError('NOT_FOUND', `${renderRemarks(remarks)}${file}: no virtual services`);
  }
  const composed = compose(draft, context);
  const remarks = draft.remarks.all;
  if (composed.unknownMarks.length > 0)
    throw new ConfigError(composed.unknownMarks.map(markProblem));
  const text = renderConfig(composed.file);
  readBack(text, composed);
  const warnings = remarks.filter(({ isWarning }) => isWarning).length;
  if (context.strict && warnings > 0)
    throw new LvsctlError(
      'UNSUPPORTED_RULE',
      `${renderRemarks(remarks)}${file}: ${counted(warnings, 'warning', 'warnings')}, and ` +
        '--strict: nothing is written',
    );
  return { text, report: `${renderRemarks(remarks)}${summary(composed, remarks, warnings)}` };
}

function markProblem({ file, line, mark }: Composed['unknownMarks'][number]): Problem {
  return lineProblem(
    file,
    line,
    `fwmark ${mark}: which packets get the mark is not known; add --mark ${mark}=VIP:PORT,…`,
  );
}

/** @throws ConfigError what lvsctl would not read, at the lines that it comes from */
function readBack(text: string, { places }: Composed): void {
  try {
    readConfig(text, 'the file made of it');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map((problem) => {
      const at = /^services\[(\d+)\]/.exec(problem.path)?.[1];
      const place = places[Number(at)];
      if (place === undefined) return problem;
      return lineProblem(place.file, place.line, `${place.subject}: ${problem.message}`);
    });
    throw new ConfigError(problems);
  }
}

function summary({ counts }: Composed, remarks: readonly Remark[], warnings: number): string {
  const imported = [
    counted(counts.services, 'service', 'services'),
    counted(counts.servers, 'server', 'servers'),
    counted(counts.checks, 'check', 'checks'),
  ].join(', ');
  const notes = remarks.length - warnings;
  const more = [
    ...(warnings > 0 ? [counted(warnings, 'warning', 'warnings')] : []),
    ...(notes > 0 ? [counted(notes, 'note', 'notes')] : []),
  ].join(', ');
  return `${imported} imported${more === '' ? '' : `; ${more}`}\n`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
