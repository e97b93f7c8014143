// The transaction that waits for its confirmation: one a network namespace, in `pending.json`.
import { LvsctlError } from '../errors.js';
import { count, moment, nullable, objectWith, oneOf, type Shape, text } from '../shape.js';
import type { PrivateFiles, WriterIdentity } from './store.js';

const FILE = 'pending.json';
const VERSION = 1;

export interface Pending {
  readonly version: typeof VERSION;
  /** number of the entry in the history */
  readonly entry: number;
  readonly command: string;
  /** ISO 8601: when it is taken back */
  readonly until: string;
  /** the process that takes it back */
  readonly guard: WriterIdentity | null;
}

const PENDING: Shape = objectWith<Pending>({
  version: oneOf([VERSION]),
  entry: count,
  command: text,
  until: moment,
  guard: nullable(
    objectWith<WriterIdentity>({ pid: count, start: text, namespace: text, boot: text }),
  ),
});

/** @returns undefined when none waits @throws BAD_RECORD when the file is damaged */
export function readPending(files: PrivateFiles): Pending | undefined {
  const content = files.read(FILE);
  if (content === '') return undefined;
  const problem = problemOf(content);
  if (problem !== undefined)
    throw new LvsctlError('BAD_RECORD', `${files.path}/${FILE}: damaged: ${problem}`);
  return JSON.parse(content) as Pending;
}

function problemOf(content: string): string | undefined {
  try {
    return PENDING(JSON.parse(content), '');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return 'it is not JSON';
  }
}

/** @throws a system error */
export function writePending(files: PrivateFiles, pending: Omit<Pending, 'version'>): void {
  files.make();
  const json = JSON.stringify({ version: VERSION, ...pending });
  files.replace(FILE, `${json.replace(/[^ -~]/g, '?')}\n`);
}

export function removePending(files: PrivateFiles): void {
  files.remove(FILE);
}
