// A line of a record, text <-> value: the header, or an entry.
//
// The state of an entry is one letter that is overwritten in place. So only a change needs space on
// the disk; to revert one needs none. The rest of a line has a checksum.
import { LvsctlError } from '../errors.js';
import type { RecordDirectory } from './recorddirectory.js';
import { checkEntry, checkHeader } from './recordformat.js';
import type { Resource, ResourceState } from './resources.js';

const VERSION = 1;
/** Where in the line of an entry its letter stands, after `{"state":"`. */
export const STATE_OFFSET = 10;
/** of a line: its state or version, its checksum, what the checksum is of */
const LINE = /^\{("state":"[osv]"|"record":\d+),"sum":"([0-9a-f]{16})",(.*)$/;
const SUM_LENGTH = 16;

/** What a record is about. */
export interface Header {
  readonly role: string;
  /** absolute, links resolved */
  readonly file: string;
  /** SHA-256 of the file at the last `up` */
  readonly content: string;
  /** kernel's number of each network interface that was changed, by name */
  readonly links: Readonly<Record<string, number>>;
}

/** o: a change has begun, s: it is made, v: the line does not count any more */
export type Letter = 'o' | 's' | 'v';

/** The line of an entry. */
export interface RecordLine {
  /** of its state, bytes */
  readonly offset: number;
  readonly resource: Resource;
  readonly previous: ResourceState;
  readonly set: ResourceState;
  letter: Letter;
}

/** SHA-256 of a text, in hex. */
export type TextDigest = RecordDirectory['digest'];

/** The record is not one of ours. */
export class JournalError extends LvsctlError {
  override readonly name = 'JournalError';
  constructor(message: string, hint?: string) {
    super('BAD_RECORD', message, hint);
  }
}

/** The text of a header. */
export function headerLine(
  header: Header | Readonly<Record<never, never>>,
  digest: TextDigest,
): string {
  return lineOf(`"record":${VERSION}`, header, digest);
}

/** The text of an entry. */
export function entryLine(
  { letter, resource, previous, set }: Omit<RecordLine, 'offset'>,
  digest: TextDigest,
): string {
  return lineOf(`"state":"${letter}"`, { resource, previous, set }, digest);
}

function lineOf(head: string, fields: object, digest: TextDigest): string {
  const rest = ascii(fields).slice(1);
  return `{${head},"sum":"${sumOf(rest, digest)}",${rest}\n`;
}

/** JSON in which a character is a byte, so that offsets can be counted. */
function ascii(value: object): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export type Parsed = { readonly header: Header } | { readonly line: Omit<RecordLine, 'offset'> };

function sumOf(text: string, digest: TextDigest): string {
  return digest(text).slice(0, SUM_LENGTH);
}

/** @throws JournalError where the line is neither header nor entry, with the place */
export function parseLine(text: string, index: number, where: string, digest: TextDigest): Parsed {
  const [, head = '', sum, rest = ''] = LINE.exec(text) ?? [];
  const version = /^"record":(\d+)$/.exec(head)?.[1];
  if (index === 0 && version === undefined) throw damaged(where, 'not the beginning of a record');
  if (version !== undefined && version !== String(VERSION))
    throw damaged(where, `record of version ${version}; this program reads version ${VERSION}`);
  const value = sum === sumOf(rest, digest) ? parseJson(`{${rest}`) : undefined;
  if (value === undefined) throw damaged(where, 'the line is damaged');
  const wrong = version === undefined ? checkEntry(value) : checkHeader(value);
  if (wrong !== undefined) throw damaged(where, wrong);
  if (version !== undefined) return { header: value as Header };
  const letter = head.charAt(STATE_OFFSET - 1) as Letter;
  return { line: { ...(value as Pick<RecordLine, 'resource' | 'previous' | 'set'>), letter } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function damaged(where: string, wrong: string): JournalError {
  return new JournalError(
    `${where}: ${wrong}`,
    'nothing was done; to go on, move the record away: what was changed before is then not known',
  );
}
