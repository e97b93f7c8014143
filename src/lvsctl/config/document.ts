// One text -> one YAML document with positions: no NUL characters, not nested too deep, one
// document, aliases that stand for something.
import { Composer, type Document, LineCounter, type Node, visit } from 'yaml';
import { DEPTH_LIMIT, tokensOf } from './depth.js';
import { type FileText, problemAt, resolveAliases } from './place.js';
import type { Problem } from './problem.js';
import { syntaxProblems } from './syntax.js';

/** A text that is YAML. */
export interface YamlText {
  readonly text: FileText;
  readonly contents: Node | null;
  /** what each alias stands for */
  readonly aliases: ReadonlyMap<Node, Node>;
}

/**
 * Reads one text.
 * @param base what the ranges of its nodes count from
 * @param report takes what is wrong
 * @returns undefined when it is no YAML
 */
export function readYaml(
  text: string,
  file: string,
  base: number,
  report: (problem: Problem) => void,
): YamlText | undefined {
  const lines = new LineCounter();
  const own: FileText = { file, text, lines, base: 0 };
  const at = (from: number, to: number, message: string) =>
    report(problemAt({ files: [own] }, '', from, to, message));
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    lines.addNewLine(0);
    for (let end = text.indexOf('\n'); end >= 0 && end < nul; end = text.indexOf('\n', end + 1))
      lines.addNewLine(end + 1);
    at(nul, nul + 1, 'a NUL character; this is no text file');
    return undefined;
  }
  const parsed = tokensOf(text, lines.addNewLine);
  if ('tooDeepAt' in parsed) {
    at(parsed.tooDeepAt, parsed.tooDeepAt + 1, `nested more than ${DEPTH_LIMIT} levels deep`);
    return undefined;
  }
  const [document, second] = new Composer().compose(parsed.tokens, true, text.length);
  if (!document) return undefined;
  const problems = syntaxProblems(document as Document, own);
  for (const problem of problems) report(problem);
  if (problems.length > 0) return undefined;
  if (second) {
    at(second.range[0], second.range[0] + 3, 'a second document begins here; a file has one');
    return undefined;
  }
  const aliases = knownAliases(document as Document, text, at);
  if (aliases === undefined) return undefined;
  if (base > 0) shift(document as Document, base);
  return { text: { ...own, base }, contents: document.contents as Node | null, aliases };
}

function knownAliases(
  document: Document,
  text: string,
  at: (from: number, to: number, message: string) => void,
): ReadonlyMap<Node, Node> | undefined {
  const { aliases, unknown } = resolveAliases(document);
  for (const alias of unknown) {
    const [from, to] = alias.range ?? [0, 1];
    const name = text.slice(from + 1, to);
    const quotes = /^[\w-]+$/.test(name) ? '' : '; put quotes around a text that begins with *';
    at(from, to, `no anchor \`&${name}' before this alias${quotes}`);
  }
  return unknown.length > 0 ? undefined : aliases;
}

/** Moves the ranges of all nodes. */
function shift(document: Document, by: number): void {
  visit(document, {
    Node(_, node) {
      const [start, end, rest] = node.range ?? [0, 0, 0];
      node.range = [start + by, end + by, rest + by];
    },
  });
}
