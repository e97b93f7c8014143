// Whether data from outside (a record, an answer) has the fields that the program relies on, and if
// not, which field is wrong.

/** @returns what is wrong, beginning with the field's path; undefined = nothing */
export type Shape = (value: unknown, path: string) => string | undefined;

const LONGEST_QUOTE = 40;

function shape(expected: string, holds: (value: unknown) => boolean): Shape {
  return (value, path) =>
    holds(value)
      ? undefined
      : `${path === '' ? '' : `${path}: `}expected ${expected}, found ${quoted(value)}`;
}

export const text = shape('a text', (value) => typeof value === 'string');
export const boolean = shape('true or false', (value) => typeof value === 'boolean');
/** 0 or more, and finite, as JSON has them */
export const amount = shape(
  'a number from 0',
  (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
);
export const count = shape(
  'a whole number from 0',
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);
/** a moment as `Date.toISOString` writes it */
export const moment = shape(
  'a time like 2026-01-31T12:00:00.000Z',
  (value) =>
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
);

export function oneOf(values: readonly unknown[]): Shape {
  return shape(values.map((value) => JSON.stringify(value)).join(' or '), (value) =>
    values.includes(value),
  );
}

/** A text with a meaning of its own. @param expected what it is, for messages */
export function textThat(expected: string, holds: (text: string) => boolean): Shape {
  return shape(expected, (value) => typeof value === 'string' && holds(value));
}

export function nullable(inner: Shape): Shape {
  return (value, path) => (value === null ? undefined : inner(value, path));
}

export function listOf(item: Shape): Shape {
  const isList = shape('a list', Array.isArray);
  return (value, path) =>
    isList(value, path) ??
    first((value as unknown[]).entries(), ([i, one]) => item(one, `${path}[${i}]`));
}

/** An object with these fields, and perhaps others, which are not checked. */
export function objectWith<T>(fields: { readonly [K in keyof Required<T>]: Shape }): Shape {
  const isObject = shape(
    'an object',
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  );
  return (value, path) =>
    isObject(value, path) ??
    first(Object.entries<Shape>(fields), ([name, field]) =>
      Object.hasOwn(value as object, name)
        ? field((value as Record<string, unknown>)[name], below(path, name))
        : `${below(path, name)} is missing`,
    );
}

/** An object with these fields and no others. */
export function objectOf<T>(fields: { readonly [K in keyof Required<T>]: Shape }): Shape {
  const inner = objectWith<T>(fields);
  return (value, path) =>
    inner(value, path) ??
    first(Object.keys(value as object), (name) =>
      Object.hasOwn(fields, name) ? undefined : `${below(path, printed(name))} is not known`,
    );
}

function first<T>(items: Iterable<T>, check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = check(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** The value as JSON, short and without control characters. */
function quoted(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'a list' : 'an object';
  return printed(JSON.stringify(value) ?? String(value));
}

function printed(text: string): string {
  const line = text.slice(0, LONGEST_QUOTE).replace(/\p{Cc}/gu, '?');
  return text.length > LONGEST_QUOTE ? `${line}...` : line;
}
