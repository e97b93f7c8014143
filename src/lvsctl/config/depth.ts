// The tokens of a YAML text. How deep it is nested is checked here, before anything that
// descends by calling itself.
import { type CST, Lexer, Parser } from 'yaml';

/** levels; an lvsctl file needs 8 */
export const DEPTH_LIMIT = 64;

/**
 * @param onNewLine gets the offset of each line
 * @returns the tokens, or the offset at which the text is nested deeper than the limit
 */
export function tokensOf(
  text: string,
  onNewLine: (offset: number) => void,
): { readonly tokens: readonly CST.Token[] } | { readonly tooDeepAt: number } {
  const parser = new Parser(onNewLine);
  onNewLine(0);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    // the document and a value's own entry are on the stack too
    if (parser.stack.length > DEPTH_LIMIT + 2) return { tooDeepAt: parser.offset - 1 };
  }
  tokens.push(...parser.end());
  return { tokens };
}
