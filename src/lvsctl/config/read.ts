// Text of an lvsctl file -> Config: YAML with positions, the files that it includes, variables, the
// table of file.ts, then what the entries mean together. All errors are found in one go.
import { checkConsistency, type Parts } from './consistency.js';
import { checkHa } from './consistency-ha.js';
import { ALONE, type FileContext } from './context.js';
import { fillDefaults } from './defaults.js';
import { expand } from './expand.js';
import { below, elements } from './field.js';
import type { Field } from './fieldtype.js';
import { type Config, DAEMON, DEFAULT_KEYS, FILE, MONITOR, SERVICE, VIP } from './file.js';
import { type Reports, readFiles } from './include.js';
import type { Place, Source } from './place.js';
import { ConfigError, inOrder, lineError, type Problem } from './problem.js';
import { otherKind } from './recognise.js';
import { hostsOf, substitute } from './variables.js';
import { warn } from './warnings.js';
import { withHa } from './withha.js';

/** A file that can be used, and what is probably a mistake in it. */
export interface Inspected {
  readonly config: Config;
  readonly warnings: readonly Problem[];
}

/**
 * Reads a whole file. Needs no root and no kernel.
 * @param file its name, for messages and for the files that it includes
 * @param around where included files and values of variables come from; none by default
 * @throws ConfigError all errors, with file, line and column
 */
export function readConfig(text: string, file: string, around: FileContext = ALONE): Config {
  return read(openConfig(text, file, around), around).config;
}

/**
 * The same with warnings.
 * @throws ConfigError all errors, with file, line and column
 */
export function inspectConfig(text: string, file: string, around: FileContext = ALONE): Inspected {
  return inspectOpened(openConfig(text, file, around), around);
}

/** A file with all that it includes, before it is read for a host. */
export interface OpenedConfig {
  readonly text: string;
  readonly file: string;
  /** undefined when a file cannot be read or is no YAML; reading it for a host changes its nodes */
  readonly root: Place | undefined;
  readonly errors: Problem[];
  readonly warnings: Problem[];
}

/** The first half of `inspectConfig`. */
export function openConfig(text: string, file: string, around: FileContext = ALONE): OpenedConfig {
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  return {
    text,
    file,
    root: readFiles(text, file, around, reportsTo(errors, warnings)),
    errors,
    warnings,
  };
}

const reportsTo = (errors: Problem[], warnings: Problem[]): Reports => ({
  error: (problem) => void errors.push(problem),
  warning: (problem) => void warnings.push(problem),
});

/**
 * The second half of `inspectConfig`, once for each that was opened.
 * @throws ConfigError all errors, with file, line and column
 */
export function inspectOpened(opened: OpenedConfig, around: FileContext): Inspected {
  const { config, root, warnings } = read(opened, around);
  const source = { ...root.source, report: (problem: Problem) => void warnings.push(problem) };
  warn(config, { ...root, source });
  // one that several services get from a default or a range is one
  return { config, warnings: inOrder(warnings) };
}

/** The files that a file is made of: itself, then those that it includes, as they are found now. */
export function filesOf(text: string, file: string, around: FileContext): readonly string[] {
  const names: string[] = [];
  readFiles(text, file, { ...around, opened: (name) => names.push(name) }, IGNORED);
  return [file, ...names];
}

/** The names under `hosts` in a file and in those that it includes; none when it cannot be read. */
export function hostNames({ root }: OpenedConfig): readonly string[] {
  return root ? hostsOf(root) : [];
}

interface ReadFile {
  readonly config: Config;
  readonly root: Place;
  readonly warnings: Problem[];
}

function read(opened: OpenedConfig, around: FileContext): ReadFile {
  const { text, file, errors: problems, warnings } = opened;
  const root = wholeFile(opened.root, around, reportsTo(problems, warnings));
  const config = root && FILE.read(root);
  if (root) checkConsistency(config ?? partsOf(root), root);
  if (config && root) checkHa(config, root);
  if (config && root && problems.length === 0) return { config: withHa(config), root, warnings };
  const other = otherKind(text, 'lvsctl file');
  throw other === undefined ? new ConfigError(problems) : lineError(file, 1, other);
}

const IGNORED: Reports = { error: () => {}, warning: () => {} };

/** With all that it includes, without variables, ranges and defaults to fill in. */
function wholeFile(
  files: Place | undefined,
  around: FileContext,
  reports: Reports,
): Place | undefined {
  if (files === undefined) return undefined;
  const paths = new Map(files.source.paths);
  const root = substitute({ ...files, source: { ...files.source, paths } }, paths, around, reports);
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
