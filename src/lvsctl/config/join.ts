// Two maps of a file's top level as one: lists of entries one after the other, maps key by key.
// What both set is an error at the second, with the place of the first.
import { isMap, isSeq, type Node, Pair, type YAMLMap, YAMLSeq } from 'yaml';
import { copyOf, keyOf } from './defaults.js';
import { lineOf } from './once.js';
import { fail, follow, type Place } from './place.js';

/** Lists that are joined. */
const LISTS: ReadonlySet<string> = new Set(['vips', 'services', 'sync']);

/** Maps that are joined, with how many levels of maps below them are joined too. */
// biome-ignore format: a table
const MAPS: ReadonlyMap<string, number> = new Map([
  ['defaults', 1], // checks and health
  ['timeouts', 0],
  ['monitor', 1], // log
  ['vars', 0], // a value is whole
  ['hosts', 1], // a map for each host
]);

/** The first map with the entries of the second; `paths` gets where each node of it was written. */
export function joinMaps(
  first: YAMLMap,
  second: YAMLMap,
  root: Place,
  paths: Map<Node, string>,
): YAMLMap {
  return joined(first, second, { root, paths, path: '' }, (key, one, other, at) => {
    if (LISTS.has(key) && isSeq(one) && isSeq(other)) return joinLists(one, other, key, paths);
    const levels = MAPS.get(key);
    return levels === undefined ? undefined : joinDeeper(one, other, at, levels);
  });
}

interface Joining {
  readonly root: Place;
  readonly paths: Map<Node, string>;
  readonly path: string;
}

type JoinValues = (
  key: string,
  one: Node | null,
  other: Node | null,
  at: Joining,
) => Node | undefined;

/** @param join makes one value of two; undefined = the key may stand once only */
function joined(first: YAMLMap, second: YAMLMap, at: Joining, join: JoinValues): YAMLMap {
  const { root, paths, path } = at;
  const items = [...first.items];
  for (const pair of second.items) {
    const key = keyOf(pair);
    const index = items.findIndex((one) => keyOf(one) === key);
    const own = items[index];
    if (own === undefined) {
      items.push(pair);
      continue;
    }
    const value = (one: Pair) => follow({ ...root, node: one.value as Node | null });
    const inner = { ...at, path: path === '' ? key : `${path}.${key}` };
    const whole = join(key, value(own), value(pair), inner);
    if (whole) items[index] = new Pair(own.key, whole);
    else {
      const place = { ...root, node: pair.key as Node, path: inner.path };
      const before = { ...root, node: own.key as Node };
      fail(place, `this key is there twice${lineOf(before, place)}`);
    }
  }
  return copyOf(first, items, path, paths);
}

function joinDeeper(
  one: Node | null,
  other: Node | null,
  at: Joining,
  levels: number,
): Node | undefined {
  if (!isMap(one) || !isMap(other)) return undefined;
  return joined(one, other, at, (_, a, b, inner) =>
    levels === 0 ? undefined : joinDeeper(a, b, inner, levels - 1),
  );
}

/** Each element keeps its number in its own file. */
function joinLists(one: YAMLSeq, other: YAMLSeq, key: string, paths: Map<Node, string>): YAMLSeq {
  for (const list of [one, other]) {
    for (const [i, item] of list.items.entries())
      if (item !== null && !paths.has(item as Node)) paths.set(item as Node, `${key}[${i}]`);
  }
  const copy = new YAMLSeq();
  copy.items = [...one.items, ...other.items];
  if (one.range) copy.range = one.range;
  return copy;
}
