// The words in which config/file.ts is written: a field reads one YAML node, and describes itself
// for the JSON Schema.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Scalar,
} from 'yaml';
import { LvsctlError } from '../errors.js';

/**
 * A slip in an lvsctl file: `path` names the entry (`services[0].port`), the message begins with
 * file, line and column.
 */
export class ConfigError extends LvsctlError {
  override readonly name = 'ConfigError';
  constructor(
    readonly path: string,
    message: string,
    readonly file: string,
    readonly line: number,
    readonly column: number,
  ) {
    super('BAD_FILE', `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`);
  }
}

/** The text being read, for positions. */
export interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

/** One node in its place; `fail` throws the ConfigError that points at it. */
export interface Place {
  readonly source: Source;
  readonly node: Node | null;
  readonly path: string;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Field<T> {
  read(place: Place): T;
  readonly schema: JsonSchema;
}

/** The entry of an object: its field, a sentence about it, and what its absence means. */
export interface Entry<T> {
  readonly field: Field<T>;
  readonly help: string;
  readonly absent: { readonly required: true } | { readonly required: false; readonly value: T };
}

export type Value<F> = F extends Field<infer T> ? T : never;
export type Entries = Readonly<Record<string, Entry<unknown>>>;
export type Read<E extends Entries> = {
  readonly [K in keyof E]: E[K] extends Entry<infer T> ? T : never;
};

/** @throws ConfigError always, at the node's line and column */
export function fail({ source, node, path }: Place, message: string): never {
  const { line, col } = source.lines.linePos(node?.range?.[0] ?? 0);
  throw new ConfigError(path, message, source.file, Math.max(line, 1), Math.max(col, 1));
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
    path = typeof key === 'number' ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
  }
  return { ...place, node, path };
}

/** An entry that must be there. */
export function required<T>(field: Field<T>, help: string): Entry<T> {
  return { field, help, absent: { required: true } };
}

/** An entry with a default. */
export function optional<T, D extends T | undefined>(
  field: Field<T>,
  value: D,
  help: string,
): Entry<T | D> {
  return { field, help, absent: { required: false, value } };
}

/** A map with these keys and no others. */
export function object<E extends Entries>(entries: E): Field<Read<E>> {
  return {
    read(place) {
      const node = follow(place);
      if (!isMap(node)) fail(place, 'expected a map of keys and values');
      for (const { key } of node.items) {
        const name = isScalar(key) ? String(key.value) : '';
        if (Object.hasOwn(entries, name)) continue;
        fail(
          { ...place, node: key as Node },
          `unknown key \`${name}'; known are ${Object.keys(entries).join(', ')}`,
        );
      }
      const result: Record<string, unknown> = {};
      for (const [name, { field, absent }] of Object.entries(entries)) {
        if (node.has(name)) result[name] = field.read(below(place, name));
        else if (absent.required) fail(place, `\`${name}' is missing`);
        else result[name] = absent.value;
      }
      return result as Read<E>;
    },
    schema: {
      type: 'object',
      additionalProperties: false,
      required: Object.entries(entries).flatMap(([name, { absent }]) =>
        absent.required ? [name] : [],
      ),
      properties: Object.fromEntries(
        Object.entries(entries).map(([name, entry]) => [name, describe(entry)]),
      ),
    },
  };
}

function describe({ field, help, absent }: Entry<unknown>): JsonSchema {
  const value = absent.required ? undefined : absent.value;
  return {
    ...field.schema,
    description: help,
    ...(value === undefined ? {} : { default: asWritten(value) }),
  };
}

/** A default as one would write it in the file. */
function asWritten(value: unknown): unknown {
  return Array.isArray(value) && value.every(isRange) && value.length > 0
    ? value.map(({ from, to }) => `${from}-${to}`).join()
    : value;
}

function isRange(value: unknown): value is { readonly from: number; readonly to: number } {
  return typeof value === 'object' && value !== null && 'from' in value && 'to' in value;
}

/** Maps told apart by the word under `key`. */
export function variants<K extends string, V extends Readonly<Record<string, Entries>>>(
  key: K,
  rows: V,
): Field<{ [N in keyof V & string]: { readonly [P in K]: N } & Read<V[N]> }[keyof V & string]> {
  const names = Object.keys(rows);
  const fields = Object.fromEntries(
    names.map((name) => [
      name,
      object({ [key]: required(oneOf([name]), 'the kind'), ...rows[name] } as Entries),
    ]),
  );
  return {
    read(place) {
      const node = follow(place);
      if (!isMap(node) || !node.has(key)) fail(place, `expected a map with \`${key}'`);
      const name = oneOf(names).read(below(place, key));
      return fields[name]?.read(place) as never;
    },
    schema: { oneOf: names.map((name) => fields[name]?.schema) },
  };
}

/** A list of at least `least` elements. */
export function list<T>(field: Field<T>, least = 0): Field<readonly T[]> {
  return {
    read(place) {
      const node = follow(place);
      if (!isSeq(node)) fail(place, 'expected a list');
      if (node.items.length < least)
        fail(place, `expected at least ${least} element${least === 1 ? '' : 's'}`);
      return node.items.map((_, i) => field.read(below(place, i)));
    },
    schema: { type: 'array', items: field.schema, ...(least > 0 ? { minItems: least } : {}) },
  };
}

/** A map from names to texts. */
export function textMap(
  saidName: string,
  isName: (name: string) => boolean,
  saidValue: string,
  isValue: (value: string) => boolean,
): Field<Readonly<Record<string, string>>> {
  return {
    read(place) {
      const node = follow(place);
      if (!isMap(node)) fail(place, 'expected a map of names and texts');
      return Object.fromEntries(
        node.items.map(({ key, value: node }) => {
          const name = isScalar(key) ? written(key) : '';
          if (!isName(name)) fail({ ...place, node: key as Node }, `\`${name}' is not ${saidName}`);
          const at = { ...place, node: node as Node | null, path: `${place.path}.${name}` };
          const value = text.read(at);
          return isValue(value) ? [name, value] : fail(at, `\`${value}' is not ${saidValue}`);
        }),
      );
    },
    schema: { type: 'object', additionalProperties: { type: 'string' } },
  };
}

/** One of these words. */
export function oneOf<const W extends string>(words: readonly W[]): Field<W> {
  return {
    read(place) {
      const value = scalar(place);
      return (
        words.find((word) => word === value) ??
        fail(place, `\`${value}' is not one of ${words.join(', ')}`)
      );
    },
    schema: { enum: words },
  };
}

/** A whole number. */
export function integer(min: number, max: number): Field<number> {
  return numeric(Number.isInteger, min, max, 'a whole number', 'integer');
}

/** A number, seconds mostly. */
export function number(min: number, max: number): Field<number> {
  return numeric(Number.isFinite, min, max, 'a number', 'number');
}

function numeric(
  valid: (value: unknown) => boolean,
  min: number,
  max: number,
  said: string,
  type: string,
): Field<number> {
  return {
    read(place) {
      const value = scalar(place);
      if (typeof value === 'number' && valid(value) && value >= min && value <= max) return value;
      return fail(place, `\`${value}' is not ${said} from ${min} to ${max}`);
    },
    schema: { type, minimum: min, maximum: max },
  };
}

/** true or false. */
export const truth: Field<boolean> = {
  read(place) {
    const value = scalar(place);
    return typeof value === 'boolean'
      ? value
      : fail(place, `\`${value}' is neither true nor false`);
  },
  schema: { type: 'boolean' },
};

/** Text that is not empty; a number counts as it is written. */
export const text: Field<string> = {
  read(place) {
    const value = scalarText(place);
    return value === '' ? fail(place, "`' is not a text") : value;
  },
  schema: { type: 'string', minLength: 1 },
};

/**
 * Text or a number in which `parse` finds something.
 * @param why more about what is wrong, for the message
 */
export function parsed<T>(
  said: string,
  parse: (value: string) => T | undefined,
  schema: JsonSchema,
  why?: (value: string) => string,
): Field<T> {
  return {
    read(place) {
      const value = scalarText(place);
      return (
        parse(value) ??
        fail(place, `\`${shortened(value)}' is not ${said}${why ? `: ${why(value)}` : ''}`)
      );
    },
    schema,
  };
}

function shortened(value: string): string {
  return value.length <= 80 ? value : `${value.slice(0, 79)}…`;
}

function scalarText(place: Place): string {
  const node = follow(place);
  if (!isScalar(node)) fail(place, 'expected one value');
  if (node.value === null) fail(place, 'expected a value, there is none');
  return written(node);
}

/** A number as its digits stand in the file: 1.0 is not 1. */
function written({ value, source }: Scalar): string {
  return typeof value === 'string' ? value : (source ?? String(value));
}

function scalar(place: Place): unknown {
  const node = follow(place);
  if (!isScalar(node)) fail(place, 'expected one value');
  return node.value;
}

function follow({ source, node }: Place): Node | null {
  return isAlias(node) ? (node.resolve(source.document) ?? null) : node;
}
