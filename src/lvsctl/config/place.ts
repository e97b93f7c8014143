// A node of the YAML document and where it stands. Readers report what is wrong there and go on.
import { type Document, isAlias, isScalar, type LineCounter, type Node, visit } from 'yaml';
import type { Problem } from './problem.js';

/** One of the texts that are read together as one file. */
export interface FileText {
  /** its name, for messages */
  readonly file: string;
  readonly text: string;
  readonly lines: LineCounter;
  /** what the ranges of its nodes count from, so that they are those of no other text */
  readonly base: number;
}

/** The texts being read: the file, then those that it includes. */
export interface Source {
  readonly files: readonly FileText[];
  /** what each alias stands for */
  readonly aliases: ReadonlyMap<Node, Node>;
  /** where a node was written that was moved: `defaults.checks.interval` */
  readonly paths: ReadonlyMap<Node, string>;
  report(problem: Problem): void;
}

/** One node, or the absence of one. */
export interface Place {
  readonly source: Source;
  readonly node: Node | null;
  /** its key, to point at where there is no node */
  readonly key?: Node | undefined;
  readonly path: string;
}

/**
 * Reports an error at the node.
 * @returns undefined, which is what readers give for a node that they could not read
 */
export function fail(place: Place, message: string): undefined {
  const [from, to] = rangeOf(place);
  place.source.report(problemAt(place.source, place.path, from, to, message));
  return undefined;
}

/** Reports an error at a part of a scalar that is written as it reads, else at all of it. */
export function failWithin(place: Place, at: number, length: number, message: string): undefined {
  const [from, to] = rangeOf(place);
  const { node, source, path } = place;
  const { text, base } = fileAt(source.files, from);
  const raw = text.slice(from - base, to - base);
  const value = isScalar(node) ? String(node.value) : '';
  const begin = (/^["']/.test(raw) ? 1 : 0) + at;
  // it is written with a variable or an escape
  const differs = raw.slice(begin, begin + length) !== value.slice(at, at + length);
  if (differs || raw.includes('\n')) return fail(place, message);
  source.report(problemAt(source, path, from + begin, from + begin + length, message));
  return undefined;
}

/** The text that a range is in. */
export function fileAt(files: readonly FileText[], offset: number): FileText {
  return (files.findLast(({ base }) => base <= offset) ?? files[0]) as FileText;
}

/** Whether a node was written in the first file, not in one that it includes. */
export function isInFirst({ files }: Pick<Source, 'files'>, node: Node): boolean {
  return fileAt(files, node.range?.[0] ?? 0) === files[0];
}

/** A problem between two offsets of a text; only its first line is shown and underlined. */
export function problemAt(
  { files }: Pick<Source, 'files'>,
  path: string,
  from: number,
  to: number,
  message: string,
): Problem {
  const { file, text, lines, base } = fileAt(files, from);
  const offset = from - base;
  const { line, col } = lines.linePos(offset);
  const start = offset - Math.max(col, 1) + 1;
  const end = text.indexOf('\n', start);
  const whole = text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
  const length = Math.max(1, Math.min(to - from, whole.trimEnd().length - (offset - start)));
  return {
    file,
    line: Math.max(line, 1),
    column: Math.max(col, 1),
    length,
    path,
    message,
    text: whole,
  };
}

/** Of a scalar or a key all of it, of a list or a map its first character. */
function rangeOf({ node, key }: Place): readonly [number, number] {
  const chosen = node ?? key;
  const [from, to] = chosen?.range ?? [0, 1, 1];
  return isScalar(chosen) || isAlias(chosen) ? [from, Math.max(to, from + 1)] : [from, from + 1];
}

/** The node, or what it stands for when it is an alias. */
export function follow({ source, node }: Place): Node | null {
  return isAlias(node) ? (source.aliases.get(node) ?? null) : node;
}

/**
 * What the aliases of a document stand for, found in one walk: the last node before the alias that
 * has its anchor.
 * @returns `unknown`: aliases whose anchor is not set before them
 */
export function resolveAliases(document: Document): {
  readonly aliases: ReadonlyMap<Node, Node>;
  readonly unknown: readonly Node[];
} {
  const anchors = new Map<string, Node>();
  const aliases = new Map<Node, Node>();
  const unknown: Node[] = [];
  visit(document, {
    Node(_, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        return;
      }
      const target = anchors.get(node.source);
      if (target) aliases.set(node, target);
      else unknown.push(node);
    },
  });
  return { aliases, unknown };
}
