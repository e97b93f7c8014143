// The building blocks of config/file.ts: a field reads one YAML node, and describes itself
// for the JSON Schema. Here are those that hold others; scalars are in scalar.ts.
import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import { parseAddress } from '../../model/address.js';
import { describeLookAlike, findLookAlike, withoutLookAlikes } from '../../render/lookalike.js';
import { didYouMean, nearest } from '../../render/nearest.js';
import type { Field, JsonSchema } from './fieldtype.js';
import { fail, failWithin, follow, type Place } from './place.js';
import { isRange } from './range.js';
import { written } from './scalar.js';
import { KEY_SYNONYMS } from './synonyms.js';

/** The entry of an object: its field, a sentence about it, and what its absence means. */
export interface FieldEntry<T> {
  readonly field: Field<T>;
  readonly help: string;
  readonly absent: Required | { readonly required: false; readonly value: T };
}

interface Required {
  readonly required: true;
  /** it may come from another entry: the schema of this map alone does not demand it */
  readonly elsewhere?: true;
  /** the key that has the same meaning */
  readonly unless?: string;
}

export type Value<F> = F extends Field<infer T> ? T : never;
export type Entries = Readonly<Record<string, FieldEntry<unknown>>>;
export type Read<E extends Entries> = {
  readonly [K in keyof E]: E[K] extends FieldEntry<infer T> ? T : never;
};

/** An entry that must be there. */
export function required<T>(field: Field<T>, help: string): FieldEntry<T> {
  return { field, help, absent: { required: true } };
}

/** An entry that must be there when the defaults of the file do not have it. */
export function requiredHereOrInDefaults<T>(field: Field<T>, help: string): FieldEntry<T> {
  const where = '; required here or in defaults';
  return { field, help: `${help}${where}`, absent: { required: true, elsewhere: true } };
}

/** An entry that must be there when another one is not, which has the same meaning. */
export function requiredUnless<T>(other: string, field: Field<T>, help: string): FieldEntry<T> {
  const absent = { required: true, elsewhere: true, unless: other } as const;
  return { field, help: `${help}; or ${other}`, absent };
}

/** An entry with a default. */
export function optional<T, D extends T | undefined>(
  field: Field<T>,
  value: D,
  help: string,
): FieldEntry<T | D> {
  return { field, help, absent: { required: false, value } };
}

/**
 * The place below a map's key or a list's index, or the place itself when there is none: good
 * enough to point at.
 */
export function below(place: Place, ...keys: readonly (string | number)[]): Place {
  let { node, path } = place;
  for (const key of keys) {
    const parent = follow({ ...place, node });
    const child = isMap(parent) || isSeq(parent) ? parent.get(key, true) : undefined;
    node = (child as Node | undefined) ?? node;
    path =
      (child && place.source.paths.get(child as Node)) ??
      (typeof key === 'number' ? `${path}[${key}]` : joined(path, key));
  }
  return { ...place, node, path };
}

function joined(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** The elements of a list, of any kind; none where there is no list. */
export function elements(place: Place): readonly Place[] {
  const node = follow(place);
  return isSeq(node) ? node.items.map((_, i) => below(place, i)) : [];
}

/** Whether a field reads the value; reports nothing. */
export function accepts(field: Field<unknown>, place: Place): boolean {
  return field.read({ ...place, source: { ...place.source, report: () => {} } }) !== undefined;
}

/**
 * A map with these keys and no others.
 * @param elsewhere the message for a key that belongs to another kind of map
 */
export function object<E extends Entries>(
  entries: E,
  elsewhere: (key: string) => string | undefined = () => undefined,
): Field<Read<E>> {
  return {
    read(place) {
      const node = follow(place);
      if (!isMap(node)) return fail(place, noMap(place, node, entries));
      const result: Record<string, unknown> = {};
      const suggested = new Set<string>();
      const pairs = new Map<string, Pair>();
      let valid = true;
      for (const pair of node.items as Pair[]) {
        const name = isScalar(pair.key) ? String(pair.key.value) : '';
        if (Object.hasOwn(entries, name)) pairs.set(name, pair);
        else {
          const guess = unknownKey(place, pair.key as Node, name, Object.keys(entries), elsewhere);
          if (guess !== undefined) suggested.add(guess);
          valid = false;
        }
      }
      for (const [name, { field, absent }] of Object.entries(entries)) {
        const pair = pairs.get(name);
        if (pair) {
          const value = field.read(childOf(place, name, pair));
          if (value === undefined) valid = false;
          else result[name] = value;
        } else if (!absent.required) result[name] = absent.value;
        else {
          // what is wrong with the other key its own field reports
          const given = absent.unless !== undefined && pairs.has(absent.unless);
          if (!given && !suggested.has(name)) fail(place, `\`${name}' is missing`);
          valid = false;
        }
      }
      return valid ? (result as Read<E>) : undefined;
    },
    schema: {
      type: 'object',
      additionalProperties: false,
      required: Object.entries(entries).flatMap(([name, { absent }]) =>
        absent.required && !absent.elsewhere ? [name] : [],
      ),
      properties: Object.fromEntries(
        Object.entries(entries).map(([name, entry]) => [name, describe(entry)]),
      ),
    },
  };
}

function childOf(place: Place, name: string, { key, value }: Pair): Place {
  return {
    source: place.source,
    node: value as Node | null,
    key: key as Node,
    path: place.source.paths.get(value as Node) ?? joined(place.path, name),
  };
}

/**
 * Reports a key that is not known.
 * @returns the known key that is suggested, when there is one
 */
function unknownKey(
  place: Place,
  node: Node,
  name: string,
  known: readonly string[],
  elsewhere: (key: string) => string | undefined,
): string | undefined {
  const at = { ...place, node };
  const odd = findLookAlike(name);
  if (odd) {
    failWithin(at, odd.at, 1, `unknown key \`${name}': ${describeLookAlike(odd)}`);
    const plain = withoutLookAlikes(name).trim();
    return known.find((one) => one === plain);
  }
  const glued = /^-?([\w-]+):(?=\S)/.exec(name)?.[1];
  const undashed = name.replace(/^-/, '');
  const guess =
    known.find((one) => one === glued || one === undashed) ?? nearest(name, known, KEY_SYNONYMS);
  fail(at, unknownMessage(name, known, { glued, undashed, guess, elsewhere: elsewhere(name) }));
  return guess;
}

function unknownMessage(
  name: string,
  known: readonly string[],
  about: {
    readonly glued: string | undefined;
    readonly undashed: string;
    readonly guess: string | undefined;
    readonly elsewhere: string | undefined;
  },
): string {
  const { glued, undashed, guess, elsewhere } = about;
  if (name === '') return 'expected a name as key';
  if (name === '<<') return "merge keys (`<<') are not read; an alias stands for a whole value";
  const unknown = `unknown key \`${name}'`;
  if (guess !== undefined && guess === glued)
    return `${unknown}: a blank is missing after \`${glued}:'`;
  if (name.startsWith('-') && guess === undashed)
    return `${unknown}: a blank is missing after \`-'`;
  if (elsewhere !== undefined) return `${unknown}: ${elsewhere}`;
  return guess === undefined
    ? `${unknown}; known are ${known.join(', ')}`
    : `${unknown}${didYouMean(guess)}`;
}

/** The message where a map is expected and something else is found. */
function noMap(place: Place, node: Node | null, entries: Entries): string {
  const expected = 'expected a map of keys and values';
  if (isSeq(node)) return `${expected}, not a list`;
  if (!isScalar(node) || node.value === null) return `${expected}, there is nothing`;
  const value = written(node);
  const glued = /^([\w-]+):(?=\S)/.exec(value)?.[1];
  if (glued !== undefined && Object.hasOwn(entries, glued))
    return `${expected}: a blank is missing after \`${glued}:'`;
  const assigned = /^([\w-]+)\s*=/.exec(value)?.[1];
  if (assigned !== undefined && Object.hasOwn(entries, assigned))
    return `${expected}: write \`${assigned}: ' with a colon and a blank`;
  const names = Object.keys(entries);
  if (names.includes(value)) return `${expected}: a colon is missing after \`${value}'`;
  if (names.includes('address')) {
    const [, six, four, port] = /^(?:\[([\da-fA-F:.]+)\]|([\d.]+)):(\d{1,5})$/.exec(value) ?? [];
    if (names.includes('port') && parseAddress(six ?? four ?? '') !== undefined)
      return `${expected}: write {address: ${six ? `"${six}"` : four}, port: ${port}}`;
    if (isRange(value)) return expected; // no name, though it could be one
  }
  const mandatory = names.filter((name) => entries[name]?.absent.required);
  const name = [...mandatory, ...names].find((one) => {
    const field = entries[one]?.field;
    return field !== undefined && accepts(field, place);
  });
  if (name === undefined) return expected;
  const rest = mandatory.filter((one) => one !== name).map((one) => `, ${one}: …`);
  return `${expected}: write {${name}: ${value}${rest.join('')}}`;
}

function describe({ field, help, absent }: FieldEntry<unknown>): JsonSchema {
  const value = absent.required ? undefined : absent.value;
  return {
    ...field.schema,
    description: help,
    ...(value === undefined ? {} : { default: asWritten(value) }),
  };
}

/** A default as one would write it in the file. */
function asWritten(value: unknown): unknown {
  return Array.isArray(value) && value.every(isPair) && value.length > 0
    ? value.map(({ from, to }) => `${from}-${to}`).join()
    : value;
}

function isPair(value: unknown): value is { readonly from: number; readonly to: number } {
  return typeof value === 'object' && value !== null && 'from' in value && 'to' in value;
}
