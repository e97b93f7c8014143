// Walks blocks of keepalived.conf: one table of keywords for each kind of block.
import { didYouMean, nearest } from '../../../render/nearest.js';
import type { Remarks, SourcePlace } from '../remark.js';
import type { Statement } from './statements.js';

/** What a keyword does to the draft of the block that it is in. */
export type Handler<D> = (draft: D, statement: Statement, conversion: Conversion) => void;
export type Vocabulary<D> = Readonly<Record<string, Handler<D>>>;

/** Bounds of a number; with `fraction` it may have one. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly fraction?: boolean;
}

export class Conversion {
  constructor(readonly remarks: Remarks) {}

  /** @param block the name of the block, for remarks */
  walk<D>(
    statements: readonly Statement[] | undefined,
    vocabulary: Vocabulary<D>,
    draft: D,
    block: string,
  ): void {
    for (const statement of statements ?? []) {
      const { keyword } = statement;
      if (Object.hasOwn(vocabulary, keyword)) vocabulary[keyword]?.(draft, statement, this);
      else this.unknown(statement, Object.keys(vocabulary), block);
    }
  }

  /** A keyword that keepalived does not know either. */
  unknown(statement: Statement, known: readonly string[], block: string): void {
    const { keyword } = statement;
    const hint = didYouMean(nearest(keyword, known));
    this.remarks.warn(
      statement,
      keyword,
      `not a keyword of ${block}: keepalived ignores it too${hint}`,
    );
  }

  /**
   * The number behind the keyword, undefined with a remark when it is none. Of a whole number with
   * letters behind it keepalived takes what it understands, 0 where that is nothing (seen in the
   * lab: `weight x` is 0, `connect_port 7a` is 7).
   */
  number(statement: Statement, bounds: Bounds): number | undefined {
    const { remarks } = this;
    const { keyword } = statement;
    const [text = ''] = statement.args;
    this.#single(statement);
    const value = numberOf(text, bounds);
    if (value !== undefined) return value;
    if (text === '') {
      remarks.warn(statement, keyword, 'its number is missing; ignored');
      return undefined;
    }
    const part = /^-/.test(text) || bounds.fraction ? undefined : (/^\d*/.exec(text)?.[0] ?? '');
    const taken = part === undefined || part === text ? undefined : numberOf(part || '0', bounds);
    remarks.warn(
      statement,
      keyword,
      taken === undefined
        ? `\`${text}' is not a number from ${bounds.min} to ${bounds.max}; ignored`
        : `\`${text}' is not a number; keepalived takes ${taken}, and so does the import`,
    );
    return taken;
  }

  /** The keyword behind it, undefined with a remark when there is none. */
  text(statement: Statement): string | undefined {
    const [text] = statement.args;
    this.#single(statement);
    if (text === undefined)
      this.remarks.warn(statement, statement.keyword, 'its value is missing; ignored');
    return text;
  }

  /** Reports what is on the line of a keyword that has one value, and is not read. */
  #single(statement: Statement): void {
    const [, ...more] = statement.args;
    if (more.length > 0)
      this.remarks.warn(
        statement,
        statement.keyword,
        `\`${more.join(' ')}' behind its value is ignored by keepalived; each keyword has a ` +
          'line of its own',
      );
  }

  /** on, off or nothing, which means on; `default` with a remark for anything else */
  boolean(statement: Statement): boolean {
    const [text = 'on'] = statement.args;
    if (/^(?:on|true|yes)$/i.test(text)) return true;
    if (!/^(?:off|false|no)$/i.test(text))
      this.remarks.warn(
        statement,
        statement.keyword,
        `\`${text}' is neither on nor off; taken as on`,
      );
    return /^(?:off|false|no)$/i.test(text) === false;
  }
}

/** undefined = no number within the bounds */
export function numberOf(text: string, { min, max, fraction = false }: Bounds): number | undefined {
  if (!(fraction ? /^\d+(?:\.\d*)?$|^\.\d+$/ : /^\d+$/).test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** A keyword whose loss is explained. */
export function warning<D>(text: string): Handler<D> {
  return (_, statement, { remarks }) => remarks.warn(statement, statement.keyword, text);
}

/** A keyword that needs no equivalent; why is stated. */
export function note<D>(text: string): Handler<D> {
  return (_, statement, { remarks }) => remarks.note(statement, statement.keyword, text);
}

/** A keyword whose effect is the same without stating it. */
export function silent(): void {}

/** Where a statement is, without the rest of it. */
export function placeOf({ file, line }: SourcePlace): SourcePlace {
  return { file, line };
}
