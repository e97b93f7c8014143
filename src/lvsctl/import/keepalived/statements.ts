// Lines of keepalived.conf -> a tree of statements: a keyword, its arguments, perhaps a block.
import type { Remarks, SourcePlace } from '../remark.js';
import { tokensOf } from './tokens.js';

/** One line of the configuration, after inclusion and substitution. */
export interface ConfLine extends SourcePlace {
  readonly text: string;
}

export interface Statement extends SourcePlace {
  readonly keyword: string;
  readonly args: readonly string[];
  /** what is in braces behind it */
  readonly block: readonly Statement[] | undefined;
}

interface OpenStatement extends SourcePlace {
  readonly keyword: string;
  readonly args: string[];
  block: OpenStatement[] | undefined;
}

/**
 * A statement ends with its line, at a brace, or at the end of the file. A block may begin on the
 * next line.
 */
export function statementsOf(lines: Iterable<ConfLine>, remarks: Remarks): readonly Statement[] {
  const root: OpenStatement[] = [];
  const stack: OpenStatement[][] = [root];
  const openers: OpenStatement[] = [];
  for (const line of lines) {
    const { tokens, unterminated } = tokensOf(line.text);
    if (unterminated)
      remarks.warn(line, tokens[0]?.text ?? '"', 'a quote does not end on its line');
    let current: OpenStatement | undefined;
    for (const { kind, text } of tokens) {
      const inside = stack.at(-1) ?? root;
      if (kind === 'text') {
        if (current) current.args.push(text);
        else {
          current = { file: line.file, line: line.line, keyword: text, args: [], block: undefined };
          inside.push(current);
        }
      } else if (kind === 'open') {
        const opener = current ?? inside.at(-1);
        current = undefined;
        if (opener === undefined || opener.block !== undefined) {
          remarks.warn(line, '{', 'no keyword before it begins a block; it is ignored');
          continue;
        }
        opener.block = [];
        openers.push(opener);
        stack.push(opener.block);
      } else {
        current = undefined;
        if (openers.pop() === undefined) remarks.warn(line, '}', 'no block is open here; ignored');
        else stack.pop();
      }
    }
  }
  for (const opener of openers)
    remarks.warn(opener, opener.keyword, 'its block is not closed before the end of the file');
  return root;
}
