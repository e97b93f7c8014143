// Defaults of the file and of a service, filled into the YAML before it is read: each key points to
// the place that it comes from, and all code sees effective values only.
import { isMap, isScalar, isSeq, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Entries, FieldEntry } from './field.js';
import { follow, type Place } from './place.js';

/** Entries as defaults of others: none is required, and an absent one stays absent. */
export function asDefaults<E extends Entries>(
  entries: E,
): { readonly [K in keyof E]: FieldEntry<unknown> } {
  return Object.fromEntries(
    Object.entries(entries).map(([name, { field, help }]) => [
      name,
      { field, help, absent: { required: false, value: undefined } },
    ]),
  ) as { readonly [K in keyof E]: FieldEntry<unknown> };
}

/** Keys that `defaults` may hold for checks, for services, and for `health` of services. */
export interface DefaultKeys {
  readonly checks: readonly string[];
  readonly service: readonly string[];
  readonly health: readonly string[];
}

/** The root with all defaults in place; `paths` gets where each moved node was written. */
export function fillDefaults(root: Place, keys: DefaultKeys, paths: Map<Node, string>): Place {
  const top = follow(root);
  if (!isMap(top)) return root;
  const all = entryOf(top, 'services', root);
  if (!isSeq(all)) return root;
  const source = { root, keys, paths };
  const defaults = entryOf(top, 'defaults', root);
  const file = {
    service: entriesOf(defaults, keys.service, 'defaults', source),
    health: entriesOf(inner(defaults, 'health', root), keys.health, 'defaults.health', source),
    checks: entriesOf(inner(defaults, 'checks', root), keys.checks, 'defaults.checks', source),
  };
  const services = mapped(all, 'services', source, (service, path) =>
    filledService(service, path, file, source),
  );
  return services === all
    ? root
    : { ...root, node: withEntry(top, 'services', services, paths, '') };
}

interface Filling {
  readonly root: Place;
  readonly keys: DefaultKeys;
  readonly paths: Map<Node, string>;
}

type Defaults = Readonly<Record<'service' | 'health' | 'checks', readonly Pair[]>>;

function filledService(service: YAMLMap, path: string, file: Defaults, filling: Filling): YAMLMap {
  const { root, keys, paths } = filling;
  const own = entryOf(service, 'check_defaults', root);
  const mine = entriesOf(own, keys.checks, `${path}.check_defaults`, filling);
  const times = [...mine, ...file.checks.filter((pair) => !has(mine, pair))];
  let filled = withMissing(service, file.service, path, paths);
  const health = entryOf(service, 'health', root);
  if (isMap(health)) {
    const whole = withMissing(health, file.health, `${path}.health`, paths);
    if (whole !== health) filled = withEntry(filled, 'health', whole, paths, path);
  } else if (health === undefined && file.health.length > 0) {
    const pair = new Pair<unknown, unknown>(new Scalar('health'), new YAMLMap());
    (pair.value as YAMLMap).items.push(...file.health);
    filled = withMissing(filled, [pair], path, paths);
  }
  if (times.length === 0) return filled;
  filled = withChecks(filled, path, times, filling);
  const servers = entryOf(service, 'servers', root);
  if (!isSeq(servers)) return filled;
  const whole = mapped(servers, `${path}.servers`, filling, (server, at) =>
    withChecks(server, at, times, filling),
  );
  return whole === servers ? filled : withEntry(filled, 'servers', whole, paths, path);
}

/** The map with the defaults in each of its `checks`. */
function withChecks(map: YAMLMap, path: string, times: readonly Pair[], filling: Filling): YAMLMap {
  const checks = entryOf(map, 'checks', filling.root);
  if (!isSeq(checks)) return map;
  const whole = mapped(checks, `${path}.checks`, filling, (check, at) =>
    withMissing(check, times, at, filling.paths),
  );
  return whole === checks ? map : withEntry(map, 'checks', whole, filling.paths, path);
}

/** The list with each map in it changed; the same list when none changed. */
function mapped(
  list: YAMLSeq,
  path: string,
  { root, paths }: Filling,
  change: (map: YAMLMap, path: string) => YAMLMap,
): YAMLSeq {
  const items = list.items.map((item, i) => {
    const node = follow({ ...root, node: item as Node | null });
    if (!isMap(node)) return item;
    const next = change(node, paths.get(item as Node) ?? `${path}[${i}]`);
    return next === node ? item : next;
  });
  if (items.every((item, i) => item === list.items[i])) return list;
  const copy = new YAMLSeq();
  copy.items = items;
  return placed(copy, list, path, paths);
}

/** The map with these entries where it has none of their keys; the same map when it has them. */
function withMissing(
  map: YAMLMap,
  entries: readonly Pair[],
  path: string,
  paths: Map<Node, string>,
): YAMLMap {
  const missing = entries.filter((pair) => !has(map.items, pair));
  if (missing.length === 0) return map;
  return copyOf(map, [...map.items, ...missing], path, paths);
}

/** The map with another value under a key that it has. */
export function withEntry(
  map: YAMLMap,
  key: string,
  value: Node,
  paths: Map<Node, string>,
  path: string,
): YAMLMap {
  const items = map.items.map((pair) => (keyOf(pair) === key ? new Pair(pair.key, value) : pair));
  return copyOf(map, items, path, paths);
}

/** Another map that stands where this one stands. */
export function copyOf(
  map: YAMLMap,
  items: readonly Pair[],
  path: string,
  paths: Map<Node, string>,
): YAMLMap {
  const copy = new YAMLMap();
  copy.items = [...items];
  return placed(copy, map, path, paths);
}

function placed<N extends Node>(
  copy: N,
  original: Node,
  path: string,
  paths: Map<Node, string>,
): N {
  if (original.range) copy.range = original.range;
  paths.set(copy, paths.get(original) ?? path);
  return copy;
}

/** Entries that can be defaults, each known by the place where it is written. */
function entriesOf(
  node: Node | null | undefined,
  keys: readonly string[],
  path: string,
  { paths }: Filling,
): readonly Pair[] {
  if (!isMap(node)) return [];
  return node.items.filter((pair) => {
    const name = keyOf(pair);
    if (!keys.includes(name) || pair.value === null) return false;
    paths.set(pair.value as Node, `${path}.${name}`);
    return true;
  });
}

/** The value of a key, undefined where the key is absent. */
export function entryOf(map: YAMLMap, key: string, root: Place): Node | null | undefined {
  const pair = map.items.find((one) => keyOf(one) === key);
  return pair && follow({ ...root, node: pair.value as Node | null });
}

function inner(node: Node | null | undefined, key: string, root: Place): Node | null | undefined {
  return isMap(node) ? entryOf(node, key, root) : undefined;
}

function has(pairs: readonly Pair[], pair: Pair): boolean {
  return pairs.some((one) => keyOf(one) === keyOf(pair));
}

/** The name of an entry; '' where it is none. */
export function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : '';
}
