// A file and the files that it includes, as one: lists are joined, maps are joined key by key, and
// nothing may be set twice. Every node keeps the file and line where it was written.
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import type { FileContext } from './context.js';
import { copyOf, entryOf, keyOf } from './defaults.js';
import { readYaml, type YamlText } from './document.js';
import { joinMaps } from './join.js';
import { lineOf } from './once.js';
import { type FileText, fail, follow, type Place } from './place.js';
import type { Problem } from './problem.js';
import { written } from './scalar.js';

/** files within files */
const DEPTH_LIMIT = 8;
/** files in all */
const FILES_LIMIT = 1000;

/** Where errors and warnings go. */
export interface Reports {
  readonly error: (problem: Problem) => void;
  readonly warning: (problem: Problem) => void;
}

/**
 * Reads a file with all that it includes.
 * @param file its name; included files are relative to the file that includes them
 * @returns the root without `include`; undefined when a file cannot be read or is no YAML
 */
export function readFiles(
  text: string,
  file: string,
  around: FileContext,
  reports: Reports,
): Place | undefined {
  const reading: Reading = {
    around,
    reports,
    files: [],
    places: new Map(),
    aliases: new Map(),
    paths: new Map(),
    end: 0,
    incomplete: false,
  };
  const whole = readOne(text, file, reading);
  if (whole === undefined) return undefined;
  const path = normalize(file);
  const contents = withIncluded(whole.contents, { path, depth: 0, chain: [path] }, reading);
  // without a part of it the rest would have errors of its own
  return reading.incomplete ? undefined : placeOf(contents, reading);
}

/** What is known while files are read. */
interface Reading {
  readonly around: FileContext;
  readonly reports: Reports;
  readonly files: FileText[];
  /** where each file was included */
  readonly places: Map<string, Place>;
  readonly aliases: Map<Node, Node>;
  readonly paths: Map<Node, string>;
  /** of the ranges of all texts */
  end: number;
  /** a file could not be read */
  incomplete: boolean;
}

/** The file that includes. */
interface Including {
  readonly path: string;
  readonly depth: number;
  /** the files that lead to it, and it */
  readonly chain: readonly string[];
}

function placeOf(node: Node | null, { files, aliases, paths, reports }: Reading): Place {
  return { source: { files, aliases, paths, report: reports.error }, node, path: '' };
}

function readOne(text: string, file: string, reading: Reading): YamlText | undefined {
  const whole = readYaml(text, file, reading.end, reading.reports.error);
  if (whole === undefined) {
    reading.incomplete = true;
    return undefined;
  }
  reading.end += text.length + 1;
  reading.files.push(whole.text);
  for (const [alias, target] of whole.aliases) reading.aliases.set(alias, target);
  return whole;
}

/** The contents of a file joined with what it includes. */
function withIncluded(contents: Node | null, from: Including, reading: Reading): Node | null {
  const root = placeOf(contents, reading);
  const top = follow(root);
  if (!isMap(top)) return contents;
  const list = entryOf(top, 'include', root);
  if (list === undefined) return contents;
  const others = top.items.filter((pair) => keyOf(pair) !== 'include');
  let whole = copyOf(top, others, '', reading.paths);
  for (const place of includesIn(list, root)) {
    for (const path of pathsOf(place, from, reading)) {
      const part = included(path, place, from, reading);
      if (part) whole = joinMaps(whole, part, placeOf(null, reading), reading.paths);
    }
  }
  return whole;
}

/** The paths in `include`: one, or a list of them. */
function includesIn(list: Node | null, root: Place): readonly Place[] {
  const at = (node: Node | null, path: string) => ({ ...root, node, path });
  const items = isSeq(list)
    ? list.items.map((item, i) => at(follow({ ...root, node: item as Node }), `include[${i}]`))
    : [at(list, 'include')];
  return items.filter((place) => {
    const { node } = place;
    if (isScalar(node) && node.value !== null && written(node) !== '') return true;
    fail(place, 'expected the path of a file, or a list of paths');
    return false;
  });
}

/** The files that a path means: itself, or those that a pattern matches, in order. */
function pathsOf(place: Place, { path: from }: Including, reading: Reading): readonly string[] {
  const text = written(place.node as Scalar);
  const path = isAbsolute(text) ? normalize(text) : join(dirname(from), text);
  if (!/[*?[]/.test(text)) return [path];
  const found = reading.around.filesMatching(path);
  if (found.length === 0) {
    const source = { ...place.source, report: reading.reports.warning };
    fail({ ...place, source }, `no file matches ${text}`);
  }
  return found;
}

/** The map in an included file, with what that file includes. */
function included(
  path: string,
  place: Place,
  from: Including,
  reading: Reading,
): YAMLMap | undefined {
  const refusal = refusalOf(path, place, from, reading);
  if (refusal !== undefined) {
    reading.incomplete = true;
    fail(place, refusal);
    return undefined;
  }
  reading.places.set(path, place);
  reading.around.opened?.(path);
  const whole = opened(path, place, reading);
  if (whole === undefined || whole.contents === null) return undefined;
  const next = { path, depth: from.depth + 1, chain: [...from.chain, path] };
  const node = follow(placeOf(withIncluded(whole.contents, next, reading), reading));
  if (isMap(node)) return node;
  if (isScalar(node) && node.value === null) return undefined; // comments alone
  fail(
    placeOf(node, reading),
    'expected a map of keys and values, as in the file that includes it',
  );
  return undefined;
}

function opened(path: string, place: Place, reading: Reading): YamlText | undefined {
  try {
    return readOne(reading.around.readText(path), path, reading);
  } catch (error) {
    reading.incomplete = true;
    fail(place, `${path} ${reasonOf(error, reading)}`);
    return undefined;
  }
}

function refusalOf(
  path: string,
  place: Place,
  { depth, chain }: Including,
  { files, places }: Reading,
): string | undefined {
  if (chain.includes(path))
    return chain.at(-1) === path
      ? `${basename(path)} includes itself`
      : `${basename(path)} includes itself: ${[...chain, path].join(' > ')}`;
  const first = places.get(path);
  if (first) return `${path} is included twice${lineOf(first, place)}`;
  if (depth >= DEPTH_LIMIT) return `files include others more than ${DEPTH_LIMIT} levels deep`;
  return files.length >= FILES_LIMIT ? `more than ${FILES_LIMIT} files` : undefined;
}

/** @throws the error when it is a bug */
function reasonOf(error: unknown, { around }: Reading): string {
  const reason = around.reasonOf(error);
  if (reason === undefined) throw error;
  return `cannot be read: ${reason}`;
}
