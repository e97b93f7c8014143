// What `lvsctl import` makes of a text of another program, without the command line.
import { parse } from 'yaml';
import type { ImportDraft } from '../../../src/lvsctl/import/draft.js';
import { renderRemarks } from '../../../src/lvsctl/import/remark.js';
import { importDraft, type ProgramContext } from '../../../src/lvsctl/import/run.js';

export interface Imported {
  /** the lvsctl file as values */
  readonly file: {
    readonly vips: readonly Record<string, unknown>[];
    readonly services: readonly Service[];
    readonly [key: string]: unknown;
  };
  /** one a line */
  readonly remarks: readonly string[];
}

interface Service {
  readonly name: string;
  readonly servers: readonly Record<string, unknown>[];
  readonly checks?: readonly Record<string, unknown>[];
  readonly check_defaults?: Record<string, unknown>;
  readonly [key: string]: unknown;
}

/** The file and the remarks; what is written was read again. @throws as `importDraft` */
export function resultOf(draft: ImportDraft, marks: ProgramContext['marks'] = []): Imported {
  const context = { marks, interfaceOf: () => 'eth0', strict: false };
  const { text } = importDraft(draft, 'f', context);
  return {
    file: parse(text) as Imported['file'],
    remarks: renderRemarks(draft.remarks.all)
      .split('\n')
      .slice(0, -1)
      .map((line) => line.replace(': warning:', ':')),
  };
}
