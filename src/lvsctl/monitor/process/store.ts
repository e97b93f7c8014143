// The state file: what an earlier monitor left, and what the next one will find.
import { LvsctlError } from '../../errors.js';
import type { Runtime } from '../runtime.js';
import { type Lasting, lastingProblem, NOTHING_LASTING } from '../state/lasting.js';

export interface Store {
  /** What an earlier monitor left; nothing when there is no file. @throws BAD_RECORD */
  load(): Lasting;
  /** Writes when something is another. @throws a system error */
  save(lasting: Lasting): void;
}

/** @param path mode 0600, replaced in one step */
export function openStore(
  files: Pick<Runtime, 'readFile' | 'writeText' | 'uid'>,
  path: string,
): Store {
  let written: string | undefined;
  return {
    load() {
      const file = files.readFile(path);
      return file === undefined ? NOTHING_LASTING : parsed(file, path, files.uid);
    },
    save(lasting) {
      const text = `${JSON.stringify(lasting, undefined, 2)}\n`;
      if (text === written) return;
      files.writeText(path, text);
      written = text;
    },
  };
}

/**
 * Only what root or this user wrote, and no other user could, is used: guessing would put a
 * server back that an administrator took out.
 */
function parsed(
  { text, mode, uid }: { readonly text: string; readonly mode: number; readonly uid: number },
  path: string,
  ownUid: number,
): Lasting {
  if (uid !== 0 && uid !== ownUid) throw damaged(path, `owned by user ${uid}`);
  if ((mode & 0o022) !== 0)
    throw damaged(path, `mode ${mode.toString(8).padStart(4, '0')}: other users may write to it`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path, 'not JSON');
  }
  const problem = lastingProblem(value);
  if (problem !== undefined) throw damaged(path, problem);
  return value as Lasting;
}

function damaged(path: string, problem: string): LvsctlError {
  return new LvsctlError(
    'BAD_RECORD',
    `${path}: the state of an earlier monitor is not used: ${problem}`,
    'move the file away: then no server is disabled or drained, and what earlier files left in ' +
      'the table stays there',
  );
}
