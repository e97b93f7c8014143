// MISC_CHECK and FILE_CHECK: programs, and numbers in files.
import type { CheckEntry } from '../draft.js';
import type { Around, CheckerDraft } from './checkerdraft.js';
import { type Conversion, note, placeOf, type Vocabulary, warning } from './conversion.js';
import type { Statement } from './statements.js';
import { TIME_KEYWORDS } from './times.js';

export const MISC_KEYWORDS: Vocabulary<CheckerDraft> = {
  ...TIME_KEYWORDS,
  log_all_failures: note('lvsctl monitor status shows the last error of each server'),
  misc_path(draft, statement, conversion) {
    const [program, ...ignored] = statement.args;
    if (ignored.length > 0)
      conversion.remarks.warn(
        statement,
        'misc_path',
        'without quotes keepalived takes the first argument alone, and runs it without ' +
          'arguments; so does the import',
      );
    draft.command = commandOf(program ?? '');
  },
  misc_timeout(draft, statement, conversion) {
    const value = conversion.number(statement, { min: 0, max: 4294, fraction: true });
    if (value !== undefined && value > 0) draft.scriptTimeout = value;
  },
  misc_dynamic(draft) {
    draft.dynamic = true;
  },
  user(draft, statement, { remarks }) {
    const [user, group] = statement.args;
    if (user !== undefined) draft.user = user;
    if (group !== undefined)
      remarks.warn(
        statement,
        'user',
        `the group ${group} cannot be chosen; those of the user count`,
      );
  },
};

export const FILE_KEYWORDS: Vocabulary<CheckerDraft> = {
  track_file(draft, statement, conversion) {
    const name = conversion.text(statement);
    if (name !== undefined) draft.trackFile = name;
  },
  dynamic: warning(
    'a number in a file cannot set the weight; an exec check with `weight: true` can',
  ),
  weight(draft, statement, conversion) {
    const value = conversion.number(statement, { min: 0, max: 2147483647 });
    if (value !== undefined) draft.trackWeight = value;
  },
};

/** MISC_CHECK: the program becomes a check of kind exec. */
export function scriptChecks(
  { command = [], user, dynamic }: CheckerDraft,
  statement: Statement,
  { scriptUser }: Around,
  { remarks }: Conversion,
): readonly CheckEntry[] {
  const [program = ''] = command;
  if (!program.startsWith('/')) {
    remarks.warn(
      placeOf(statement),
      'MISC_CHECK',
      program === ''
        ? 'it has no misc_path; left out'
        : `${program} needs an absolute path here; the check is left out`,
    );
    return [];
  }
  return [{ kind: 'exec', command, user: user ?? scriptUser, weight: dynamic }];
}

/** The parts of a script: quotes keep blanks together, a backslash the next character. */
function commandOf(text: string): readonly string[] {
  const parts = text.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g) ?? [];
  return parts.map((part) =>
    part.replace(
      /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
      (_, escaped?: string, double?: string, single?: string) =>
        escaped ?? double?.replace(/\\(.)/g, '$1') ?? single ?? '',
    ),
  );
}

/** FILE_CHECK. Without a weight, 0 is good, and any other number takes the server out. */
export function fileChecks(
  { trackFile = '', trackWeight }: CheckerDraft,
  statement: Statement,
  { trackFiles }: Around,
  { remarks }: Conversion,
): readonly CheckEntry[] {
  const found = trackFiles.get(trackFile);
  if (found === undefined) {
    remarks.warn(
      placeOf(statement),
      'FILE_CHECK',
      `there is no track_file ${trackFile || '(unnamed)'} before it: keepalived ignores the check too`,
    );
    return [];
  }
  if ((trackWeight ?? found.weight) !== 0) {
    remarks.warn(
      placeOf(statement),
      'FILE_CHECK',
      `the number in ${found.file} changes the weight, which no check of a file does here; left out`,
    );
    return [];
  }
  return [
    { kind: 'exec', command: ['/bin/grep', '-qxE', '[[:space:]]*0*[[:space:]]*', found.file] },
  ];
}
