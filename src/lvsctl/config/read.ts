// Text of an lvsctl file -> Config: YAML with positions, the table of file.ts, then what the
// entries mean together. All errors are found in one go.
import { Composer, type Document, LineCounter, type Node } from 'yaml';
import { checkConsistency, type Parts } from './consistency.js';
import { fillDefaults } from './defaults.js';
import { DEPTH_LIMIT, tokensOf } from './depth.js';
import { expand } from './expand.js';
import { below, elements } from './field.js';
import type { Field } from './fieldtype.js';
import { type Config, DAEMON, DEFAULT_KEYS, FILE, MONITOR, SERVICE, VIP } from './file.js';
import { type Place, problemAt, resolveAliases, type Source } from './place.js';
import { ConfigError, inOrder, lineError, type Problem } from './problem.js';
import { otherKind } from './recognise.js';
import { syntaxProblems } from './syntax.js';
import { warn } from './warnings.js';

/** A file that can be used, and what is probably a mistake in it. */
export interface Inspected {
  readonly config: Config;
  readonly warnings: readonly Problem[];
}

/**
 * Reads a whole file. Needs no root and no kernel.
 * @param file its name, for messages
 * @throws ConfigError all errors, with line and column
 */
export function readConfig(text: string, file: string): Config {
  return read(text, file).config;
}

/**
 * The same with warnings.
 * @throws ConfigError all errors, with line and column
 */
export function inspectConfig(text: string, file: string): Inspected {
  const { config, root } = read(text, file);
  const warnings: Problem[] = [];
  const source = { ...root.source, report: (problem: Problem) => warnings.push(problem) };
  warn(config, { ...root, source });
  // one that several services get from a default or a range is one
  return { config, warnings: inOrder(warnings) };
}

function read(text: string, file: string): { readonly config: Config; readonly root: Place } {
  const problems: Problem[] = [];
  const root = parse(text, file, problems);
  const config = root && FILE.read(root);
  if (root) checkConsistency(config ?? partsOf(root), root);
  if (config && root && problems.length === 0) return { config, root };
  const other = otherKind(text, 'lvsctl file');
  throw other === undefined ? new ConfigError(problems) : lineError(file, 1, other);
}

/** @returns undefined when it is no YAML; `problems` then has the reason */
function parse(text: string, file: string, problems: Problem[]): Place | undefined {
  const lines = new LineCounter();
  const source = { file, text, lines };
  const report = (problem: Problem) => void problems.push(problem);
  const at = (from: number, to: number, message: string) =>
    report(problemAt(source, '', from, to, message));
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
  for (const problem of syntaxProblems(document as Document, source)) report(problem);
  if (second && problems.length === 0)
    at(second.range[0], second.range[0] + 3, 'a second document begins here; a file has one');
  if (problems.length > 0) return undefined;
  const { aliases, unknown } = resolveAliases(document as Document);
  for (const alias of unknown) {
    const [from, to] = alias.range ?? [0, 1];
    at(from, to, `no anchor \`&${text.slice(from + 1, to)}' before this alias`);
  }
  if (unknown.length > 0) return undefined;
  const paths = new Map<Node, string>();
  const root = {
    source: { ...source, aliases, paths, report },
    node: document.contents as Node | null,
    path: '',
  };
  return fillDefaults(expand(root, paths), DEFAULT_KEYS, paths);
}

/** What can be read of a file with errors, so that the rest is checked too. */
function partsOf(root: Place): Parts {
  const quiet: Source = { ...root.source, report: () => {} };
  const all = <T>(key: string, field: Field<T>) =>
    elements(at(root, key)).map((place) => field.read({ ...place, source: quiet }));
  const monitor = at(root, 'monitor');
  return {
    vips: all('vips', VIP),
    services: all('services', SERVICE),
    sync: all('sync', DAEMON),
    monitor: monitor.node === null ? NO_MONITOR : MONITOR.read({ ...monitor, source: quiet }),
  };
}

const NO_MONITOR: Parts['monitor'] = {
  check_netns: undefined,
  hook: undefined,
  hook_user: undefined,
};

/** The place of a key of the file; without a node where the key is absent. */
function at(root: Place, key: string): Place {
  const place = below(root, key);
  return place.node === root.node ? { ...place, node: null } : place;
}
