// Values in the places of variables: a walk over the nodes of a file that changes them.
import { isAlias, isMap, isScalar, isSeq, type Node, Scalar, type YAMLMap } from 'yaml';
import { didYouMean, nearest } from '../../render/nearest.js';
import { fail, follow, type Place } from './place.js';
import type { Problem } from './problem.js';
import { written } from './scalar.js';

/** A variable with its value on this host. */
export interface Definition {
  readonly name: string;
  /** with the value, or null where it has none */
  readonly place: Place;
  /** why it has no value here */
  readonly missing: string;
}

/** names of the environment of checks and hooks, which stay as they are */
export const RESERVED = /^LVS_/;
/** letters of one text, after all variables in it */
const TEXT_LIMIT = 65_536;
/** elements of one list */
const LIST_LIMIT = 65_536;
/** variables in the value of another */
const DEPTH_LIMIT = 32;

export interface Values {
  readonly root: Node;
  /** as before, with values where there were variables */
  readonly aliases: ReadonlyMap<Node, Node>;
  readonly used: ReadonlySet<string>;
  /** places of variables without a value */
  readonly failed: ReadonlySet<string>;
}

/** Identifies the place of a problem. */
export function placeText({ file, line, column }: Problem): string {
  return `${file}:${line}:${column}`;
}

/**
 * Replaces all variables below a node. An element of a list that is a list itself stands for its
 * elements. A scalar is reported where the variable is used, a list or map where it is defined.
 */
export function replaceVariables(
  node: YAMLMap,
  at: Place,
  definitions: ReadonlyMap<string, Definition>,
  paths: Map<Node, string>,
): Values {
  const failed = new Set<string>();
  const report = (problem: Problem) => {
    failed.add(placeText(problem));
    at.source.report(problem);
  };
  const replacing: Replacing = {
    at: { ...at, source: { ...at.source, report } },
    definitions,
    paths,
    resolved: new Map(),
    open: [],
    used: new Set(),
    failed,
    replaced: new Map(),
    seen: new Set(),
  };
  // also those that nothing uses: an alias may stand for a part of them
  for (const { name, place } of definitions.values()) {
    if (follow(place) !== null) resolve(name, place, replacing);
  }
  const root = walk(node, '', replacing) ?? node;
  const aliases = new Map(
    [...at.source.aliases].map(([alias, target]) => [
      alias,
      replacing.replaced.get(target) ?? target,
    ]),
  );
  return { root, aliases, used: replacing.used, failed };
}

interface Replacing {
  readonly at: Place;
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly paths: Map<Node, string>;
  /** values without variables in them; undefined = reported */
  readonly resolved: Map<string, Node | undefined>;
  /** variables whose values are being resolved */
  readonly open: string[];
  readonly used: Set<string>;
  /** places of variables without a value */
  readonly failed: Set<string>;
  readonly replaced: Map<Node, Node>;
  readonly seen: Set<Node>;
}

/** The node with values in it; maps and lists are changed in their places. */
function walk(node: Node | null, path: string, replacing: Replacing): Node | null {
  if (isScalar(node)) {
    const value = replacedScalar(node, path, replacing);
    if (value !== node) replacing.replaced.set(node, value);
    return value;
  }
  if (node === null || isAlias(node) || replacing.seen.has(node)) return node;
  replacing.seen.add(node);
  const own = replacing.paths.get(node) ?? path;
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      pair.value = walk(pair.value as Node | null, own === '' ? key : `${own}.${key}`, replacing);
    }
  }
  if (isSeq(node)) {
    node.items = node.items.flatMap((item, i) => {
      const value = walk(item as Node | null, `${own}[${i}]`, replacing);
      if (value === item || !isSeq(value)) return [value];
      return value.items;
    });
    if (node.items.length > LIST_LIMIT) {
      fail({ ...replacing.at, node, path: own }, `more than ${LIST_LIMIT} elements`);
      node.items = [];
    }
  }
  return node;
}

const WHOLE = /^\$(?:([A-Za-z_]\w*)|\{([^{}]*)\})$/;
const PART = /\$?\$\{([^{}]*)\}/g;

function replacedScalar(node: Scalar, path: string, replacing: Replacing): Node {
  const { value } = node;
  if (typeof value !== 'string' || !value.includes('$')) return node;
  const place = { ...replacing.at, node, path: replacing.paths.get(node) ?? path };
  const whole = WHOLE.exec(value);
  const name = whole?.[1] ?? whole?.[2];
  if (name !== undefined && !RESERVED.test(name)) {
    const found = valueFor(name, place, replacing);
    return isScalar(found) ? scalarAt(node, found.value, found.source) : (found ?? node);
  }
  if (/^\$\$[A-Za-z_]\w*$/.test(value)) return scalarAt(node, value.slice(1));
  if (!value.includes('${')) return node;
  const text = textWith(value, place, replacing);
  return scalarAt(node, plain(text), text);
}

/** `web-${n}` with its values; `$${` is `${`. */
function textWith(text: string, place: Place, replacing: Replacing): string {
  const whole = text.replace(PART, (part, name: string) => {
    if (part.startsWith('$$')) return part.slice(1);
    if (RESERVED.test(name)) return part;
    const found = valueFor(name, place, replacing);
    if (found === undefined) return part;
    if (isScalar(found)) return written(found);
    fail(place, `the variable ${name} is a list or a map, which cannot stand within a text`);
    return part;
  });
  if (whole.length <= TEXT_LIMIT) return whole;
  fail(place, `longer than ${TEXT_LIMIT} letters with the values of its variables`);
  return text;
}

/** A scalar in the place of another. @param source a number or truth value as it is written */
function scalarAt({ range }: Scalar, value: unknown, source?: string): Scalar {
  const made = new Scalar(value);
  if (typeof value !== 'string' && source !== undefined) made.source = source;
  if (range) made.range = range;
  return made;
}

/** A number or a truth value, as in a text without quotes. */
function plain(text: string): unknown {
  if (/^-?\d{1,15}(?:\.\d+)?$/.test(text)) return Number(text);
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

/** The value of a variable, which counts as used. @returns undefined when it was reported */
function valueFor(name: string, place: Place, replacing: Replacing): Node | undefined {
  const { definitions, used } = replacing;
  const definition = definitions.get(name);
  if (definition === undefined) {
    const guess = didYouMean(nearest(name, [...definitions.keys()]));
    return fail(place, `no variable \`${name}' in vars or hosts${guess}; write $$ for a plain $`);
  }
  used.add(name);
  const value = follow(definition.place);
  if (value === null || (isScalar(value) && value.value === null))
    return fail(place, definition.missing);
  const found = resolve(name, definition.place, replacing, place);
  if (found === undefined) passOver(place, replacing);
  return found;
}

/** Of a value that was reported where it is defined the places that use it are not. */
function passOver(place: Place, { failed }: Replacing): void {
  const report = (problem: Problem) => void failed.add(placeText(problem));
  fail({ ...place, source: { ...place.source, report } }, '');
}

function resolve(
  name: string,
  definition: Place,
  replacing: Replacing,
  use: Place = definition,
): Node | undefined {
  const { resolved, open, paths } = replacing;
  if (resolved.has(name)) return resolved.get(name);
  if (open.includes(name)) {
    return fail(use, `variables refer to each other: ${[...open, name].join(' > ')}`);
  }
  if (open.length >= DEPTH_LIMIT)
    return fail(use, `variables refer to each other more than ${DEPTH_LIMIT} levels deep`);
  open.push(name);
  const value = follow(definition);
  if (value !== null && !isScalar(value)) paths.set(value, definition.path);
  const { size } = replacing.failed;
  const walked = walk(value, definition.path, replacing) ?? undefined;
  const whole = replacing.failed.size > size ? undefined : walked;
  for (const [i, item] of (isSeq(whole) ? whole.items : []).entries())
    if (item !== null && !paths.has(item as Node))
      paths.set(item as Node, `${definition.path}[${i}]`);
  open.pop();
  resolved.set(name, whole);
  return whole;
}
