// Variables of a file: `vars`, and `hosts` for values that differ from host to host. `$name` as a
// whole value stands for the value, `${name}` within a text for its text.
import { isMap, isScalar, type Node, type Pair, type YAMLMap } from 'yaml';
import type { FileContext } from './context.js';
import { copyOf, entryOf, keyOf } from './defaults.js';
import { readYaml } from './document.js';
import type { Reports } from './include.js';
import { type FileText, fail, follow, type Place } from './place.js';
import type { Problem } from './problem.js';
import { type Definition, placeText, RESERVED, replaceVariables } from './replace.js';

/** Keys at the top that are about the reading alone. */
const OWN_KEYS: ReadonlySet<string> = new Set(['vars', 'hosts']);
const NAME = /^[A-Za-z_]\w*$/;

/**
 * The root with the values of variables in their places, without `vars` and `hosts`. A file with
 * neither has no variables: `$` is a character there.
 * @param root of a file with all that it includes
 * @param paths gets where each value was written that is no scalar
 */
export function substitute(
  root: Place,
  paths: Map<Node, string>,
  around: FileContext,
  reports: Reports,
): Place {
  const top = follow(root);
  if (!isMap(top)) return root;
  const files = [...root.source.files];
  const at = { ...root, source: { ...root.source, files } };
  const definitions = definitionsIn(top, at, files, around);
  if (!top.items.some((pair) => OWN_KEYS.has(keyOf(pair)))) return at;
  const rest = top.items.filter((pair) => !OWN_KEYS.has(keyOf(pair)));
  const values = replaceVariables(copyOf(top, rest, '', paths), at, definitions, paths);
  for (const { name, place } of definitions.values()) {
    if (values.used.has(name) || place.key === undefined) continue;
    const source = { ...at.source, report: reports.warning };
    fail({ ...place, source, node: place.key as Node }, `no value uses the variable ${name}`);
  }
  // what stands where a value is missing was reported
  const report = (problem: Problem) => {
    if (!values.failed.has(placeText(problem))) at.source.report(problem);
  };
  return { ...at, source: { ...at.source, aliases: values.aliases, report }, node: values.root };
}

/** The names under `hosts`. */
export function hostsOf(root: Place): readonly string[] {
  const top = follow(root);
  const hosts = isMap(top) ? entryOf(top, 'hosts', root) : undefined;
  return isMap(hosts) ? hosts.items.map(keyOf).filter((name) => name !== '') : [];
}

/** All variables: those of `vars`, above them those of this host, above them those of `--set`. */
function definitionsIn(
  top: YAMLMap,
  root: Place,
  files: FileText[],
  around: FileContext,
): ReadonlyMap<string, Definition> {
  const found = new Map<string, Definition>();
  const others = hostValues(top, root, around.host);
  const add = (name: string, place: Place) =>
    found.set(name, { name, place, missing: missingText(name, others, around) });
  for (const place of entriesIn(below(top, 'vars', root), root, 'vars')) {
    const name = nameIn(place);
    if (name !== undefined) add(name, place);
  }
  for (const [name, { here }] of others) {
    if (here) add(name, here);
    else if (!found.has(name)) add(name, { ...root, node: null });
  }
  for (const one of around.set) addSet(one, found, root, files);
  return found;
}

interface HostValue {
  /** that of this host */
  readonly here: Place | undefined;
  readonly hosts: readonly string[];
}

/** What `hosts` has, by variable. */
function hostValues(top: YAMLMap, root: Place, host: string): ReadonlyMap<string, HostValue> {
  const found = new Map<string, HostValue>();
  const hosts = entriesIn(below(top, 'hosts', root), root, 'hosts');
  const own = chosenHost(
    hosts.map(({ key }) => nameOfKey(key)),
    host,
  );
  for (const entry of hosts) {
    const name = nameOfKey(entry.key);
    for (const place of entriesIn(entry, root, entry.path)) {
      const variable = nameIn(place);
      if (variable === undefined) continue;
      const before = found.get(variable) ?? { here: undefined, hosts: [] };
      const here = name === own ? place : before.here;
      found.set(variable, { here, hosts: [...before.hosts, name] });
    }
  }
  return found;
}

/** The entry of this host: its whole name, or its name without the domain. */
function chosenHost(names: readonly string[], host: string): string | undefined {
  const short = host.split('.')[0];
  return names.find((name) => name === host) ?? names.find((name) => name === short);
}

function missingText(
  name: string,
  others: ReadonlyMap<string, HostValue>,
  { host }: FileContext,
): string {
  const hosts = others.get(name)?.hosts ?? [];
  return hosts.length === 0
    ? `the variable ${name} has no value; give it one with --set ${name}=VALUE`
    : `the variable ${name} has no value for this host, ${host}, but for ` +
        `${hosts.join(', ')}; give it one in vars, or name another host with --host`;
}

function below(top: YAMLMap, key: string, root: Place): Place | undefined {
  const pair = top.items.find((one) => keyOf(one) === key);
  return pair && { ...root, node: pair.value as Node | null, key: pair.key as Node, path: key };
}

/** The entries of a map, which may be empty. */
function entriesIn(place: Place | undefined, root: Place, path: string): readonly Place[] {
  if (place === undefined) return [];
  const node = follow(place);
  if (node === null || (isScalar(node) && node.value === null)) return [];
  if (!isMap(node)) {
    fail(place, 'expected a map of names and values');
    return [];
  }
  return node.items.map(({ key, value }: Pair) => ({
    ...root,
    node: value as Node | null,
    key: key as Node,
    path: `${path}.${nameOfKey(key as Node)}`,
  }));
}

function nameOfKey(key: Node | null | undefined): string {
  return isScalar(key) ? String(key.value) : '';
}

function nameIn(place: Place): string | undefined {
  const name = nameOfKey(place.key);
  const at = { ...place, node: place.key ?? place.node };
  if (!NAME.test(name))
    return fail(at, `\`${name}' is not a name of letters, digits and underscores`);
  if (RESERVED.test(name))
    return fail(at, `names that begin with LVS_ are those of the environment of checks and hooks`);
  return name;
}

/** A value of the command line, for a variable that the file has. */
function addSet(
  { name, value }: FileContext['set'][number],
  found: Map<string, Definition>,
  root: Place,
  files: FileText[],
): void {
  const last = files.at(-1);
  const base = last ? last.base + last.text.length + 1 : 0;
  const whole = readYaml(value, `--set ${name}`, base, root.source.report);
  if (whole === undefined) return;
  files.push(whole.text);
  const place = { ...root, node: whole.contents, path: '' };
  const before = found.get(name);
  if (before === undefined) {
    const known = [...found.keys()].join(', ');
    const there = known === '' ? 'the file has no vars' : `the file has ${known}`;
    fail(place, `no variable ${name}; ${there}`);
    return;
  }
  const missing = `--set ${name} has no value`;
  found.set(name, { name, place: { ...place, key: before.place.key }, missing });
}
