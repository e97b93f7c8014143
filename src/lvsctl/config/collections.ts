// Fields of the lvsctl file that hold several values: lists, maps of texts, and maps of which one
// key decides what the others are.
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import { nearest } from '../../render/nearest.js';
import { accepts, below, type Entries, object, type Read, required } from './field.js';
import type { Field } from './fieldtype.js';
import { fail, follow, type Place } from './place.js';
import { oneOf, text, written } from './scalar.js';
import { VALUE_SYNONYMS } from './synonyms.js';

/** A list of at least `least` elements. */
export function list<T>(field: Field<T>, least = 0): Field<readonly T[]> {
  return {
    read(place) {
      const node = follow(place);
      if (!isSeq(node)) return fail(place, noList(node, accepts(field, place)));
      if (node.items.length < least)
        return fail(place, `expected at least ${least} element${least === 1 ? '' : 's'}`);
      const values = node.items.map((_, i) => field.read(below(place, i)));
      return values.every((value) => value !== undefined) ? (values as T[]) : undefined;
    },
    schema: { type: 'array', items: field.schema, ...(least > 0 ? { minItems: least } : {}) },
  };
}

const DASHES = "expected a list: put `- ' before each element";

/** @param element whether the value could be an element of the list */
function noList(node: Node | null, element: boolean): string {
  const [first] = isMap(node) ? node.items : [];
  if (isScalar(first?.key) && /^-\S/.test(String(first.key.value)))
    return "expected a list: a blank is missing after `-'";
  if (isMap(node)) return DASHES;
  if (!isScalar(node) || node.value === null)
    return 'expected a list, there is nothing; write [] for an empty one';
  return element ? `expected a list: write [${written(node)}]` : DASHES;
}

/** A map of any values; what they mean is known elsewhere. */
export const anyMap: Field<object> = {
  read(place) {
    const node = follow(place);
    return isMap(node)
      ? (node.toJSON() as object)
      : fail(place, 'expected a map of names and values');
  },
  schema: { type: 'object' },
};

/** One text, or a list of texts. */
export const textOrTexts: Field<readonly string[]> = {
  read(place) {
    if (isSeq(follow(place))) return list(text).read(place);
    const one = text.read(place);
    return one === undefined ? undefined : [one];
  },
  schema: { type: ['string', 'array'], items: { type: 'string', minLength: 1 } },
};

/** A map from names to texts. */
export function textMap(
  expectedName: string,
  isName: (name: string) => boolean,
  expectedValue: string,
  isValue: (value: string) => boolean,
): Field<Readonly<Record<string, string>>> {
  return {
    read(place) {
      const node = follow(place);
      if (!isMap(node)) return fail(place, 'expected a map of names and texts');
      const result: Record<string, string> = {};
      let valid = true;
      for (const { key, value: inner } of node.items) {
        const name = isScalar(key) ? written(key) : '';
        const path = `${place.path}.${name}`;
        const at = { ...place, node: inner as Node | null, key: key as Node, path };
        const value = isName(name)
          ? text.read(at)
          : fail({ ...place, node: key as Node }, `\`${name}' is not ${expectedName}`);
        if (value === undefined) valid = false;
        else if (isValue(value)) result[name] = value;
        else {
          fail(at, `\`${value}' is not ${expectedValue}`);
          valid = false;
        }
      }
      return valid ? result : undefined;
    },
    schema: { type: 'object', additionalProperties: { type: 'string' } },
  };
}

/** Maps distinguished by the value under `key`. */
export function variants<K extends string, V extends Readonly<Record<string, Entries>>>(
  key: K,
  rows: V,
): Field<{ [N in keyof V & string]: { readonly [P in K]: N } & Read<V[N]> }[keyof V & string]> {
  const names = Object.keys(rows);
  const fields = Object.fromEntries(
    names.map((name) => [
      name,
      object(
        { [key]: required(oneOf([name]), `the ${key}`), ...rows[name] } as Entries,
        (unknown) => ownersOf(unknown, name, rows),
      ),
    ]),
  );
  return {
    read(place) {
      const node = follow(place);
      if (!isMap(node) || !node.has(key)) return fail(place, noKind(place, node, key, names));
      const name = oneOf(names).read(below(place, key));
      return name === undefined ? undefined : (fields[name]?.read(place) as never);
    },
    schema: { oneOf: names.map((name) => fields[name]?.schema) },
  };
}

/** Which other kinds have a key that this one has not. */
function ownersOf(
  key: string,
  name: string,
  rows: Readonly<Record<string, Entries>>,
): string | undefined {
  const owners = Object.keys(rows).filter((one) => Object.hasOwn(rows[one] ?? {}, key));
  return owners.length === 0
    ? undefined
    : `${name} has none; ${owners.join(', ')} ha${owners.length === 1 ? 's' : 've'}`;
}

/** The message where the key that decides is missing. */
function noKind(place: Place, node: Node | null, key: string, names: readonly string[]): string {
  const expected = `expected a map with \`${key}'`;
  if (isScalar(node) && node.value !== null) {
    const name = nearest(written(node), names, VALUE_SYNONYMS);
    return name === undefined ? expected : `${expected}: write {${key}: ${name}}`;
  }
  if (!isMap(node)) return expected;
  for (const { key: other, value } of (node as YAMLMap).items) {
    const called = isScalar(other) ? written(other) : '';
    const inner = follow({ ...place, node: value as Node | null });
    const given = isScalar(inner) && inner.value !== null ? written(inner) : '';
    const name = names.find((one) => one === given.toLowerCase());
    if (name !== undefined)
      return `${expected}: write \`${key}: ${name}'${called === '' ? '' : ` in place of \`${called}'`}`;
    if (names.includes(called)) return `${expected}: write \`${key}: ${called}'`;
  }
  return expected;
}
