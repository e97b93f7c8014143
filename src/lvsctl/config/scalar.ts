// Fields of the lvsctl file that hold one value.
import { isScalar, Scalar } from 'yaml';
import { describeLookAlike, findLookAlike, withoutLookAlikes } from '../../render/lookalike.js';
import { didYouMean, nearest } from '../../render/nearest.js';
import type { Field, JsonSchema } from './fieldtype.js';
import { fail, failWithin, follow, type Place } from './place.js';
import { VALUE_SYNONYMS } from './synonyms.js';

/** Seconds; the most that a time in the file may be. */
export const YEAR = 31_536_000;

/** One of these names. */
export function oneOf<const W extends string>(names: readonly W[]): Field<W> {
  return {
    read(place) {
      const node = scalar(place);
      if (!node) return undefined;
      const value = written(node);
      const is = (text: string) => names.find((name) => name === text);
      const suggested = () => didYouMean(nearest(value, names, VALUE_SYNONYMS));
      return (
        is(value) ??
        refuse(place, value, is, () => `is not one of ${names.join(', ')}${suggested()}`)
      );
    },
    schema: { enum: names },
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
  expected: string,
  type: string,
): Field<number> {
  const inRange = (value: unknown): value is number =>
    typeof value === 'number' && valid(value) && value >= min && value <= max;
  const numberIn = (text: string) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    return inRange(value) ? value : undefined;
  };
  return {
    read(place) {
      const node = scalar(place);
      if (!node) return undefined;
      if (inRange(node.value)) return node.value;
      const value = written(node);
      const plain = typeof node.value === 'string' && isQuoted(node) ? numberIn(value) : undefined;
      if (plain !== undefined)
        return fail(place, `"${value}" is text, not a number; write ${plain} without quotes`);
      const suggested = withUnit(value, numberIn);
      const cure = suggested === undefined ? '' : `; write it without a unit: ${suggested}`;
      return refuse(
        place,
        value,
        numberIn,
        () => `is not ${expected} from ${min} to ${max}${cure}`,
      );
    },
    schema: { type, minimum: min, maximum: max },
  };
}

/** Seconds in a unit of time; a share in percent. */
const UNITS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  sec: 1,
  second: 1,
  seconds: 1,
  m: 60,
  min: 60,
  minutes: 60,
  h: 3600,
  '%': 0.01,
};

function withUnit(
  value: string,
  numberIn: (text: string) => number | undefined,
): number | undefined {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+|%)$/i.exec(value) ?? [];
  const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined;
  if (digits === undefined || factor === undefined) return undefined;
  return numberIn(String(Number((Number(digits) * factor).toPrecision(12))));
}

const TRUE = ['yes', 'on', 'y', 'true', '1', 'enabled'];
const FALSE = ['no', 'off', 'n', 'false', '0', 'disabled'];

/** true or false. */
export const boolean: Field<boolean> = {
  read(place) {
    const node = scalar(place);
    if (!node) return undefined;
    if (typeof node.value === 'boolean') return node.value;
    const value = written(node);
    const suggested = TRUE.includes(value.toLowerCase())
      ? 'true'
      : FALSE.includes(value.toLowerCase())
        ? 'false'
        : undefined;
    const quoted = suggested === value ? '; write it without quotes' : didYouMean(suggested);
    return fail(place, `\`${shortened(value)}' is neither true nor false${quoted}`);
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
 * @param why more about what is wrong, for the message; undefined when there is nothing to add
 */
export function parsed<T>(
  expected: string,
  parse: (value: string) => T | undefined,
  schema: JsonSchema,
  why: (value: string) => string | undefined = () => undefined,
): Field<T> {
  return {
    read(place) {
      const value = scalarText(place);
      if (value === undefined) return undefined;
      const more = () => {
        const reason = why(value);
        return reason === undefined ? '' : `: ${reason}`;
      };
      return parse(value) ?? refuse(place, value, parse, () => `is not ${expected}${more()}`);
    },
    schema,
  };
}

/**
 * Reports a value: a character that only looks like the right one, when that is all that is wrong
 * with it, else the text of `why`.
 */
function refuse(
  place: Place,
  value: string,
  parse: (value: string) => unknown,
  why: () => string,
): undefined {
  const quoted = `\`${shortened(value)}'`;
  const odd = findLookAlike(value);
  const plain = withoutLookAlikes(value).trim();
  const unquoted = plain.replace(/^(["'])(.*)\1$/, '$2');
  return odd && (parse(plain) ?? parse(unquoted)) !== undefined
    ? failWithin(place, odd.at, 1, `${quoted} has ${describeLookAlike(odd)}`)
    : fail(place, `${quoted} ${why()}`);
}

/** The text of a scalar; a number or a boolean as it is written: 1.0 is not 1. */
export function written({ value, source }: Scalar): string {
  return typeof value === 'string' ? value : (source ?? String(value));
}

export function shortened(value: string): string {
  return value.length <= 80 ? value : `${value.slice(0, 79)}…`;
}

function scalarText(place: Place): string | undefined {
  const node = scalar(place);
  return node && written(node);
}

function scalar(place: Place): Scalar | undefined {
  const node = follow(place);
  if (node === null) return fail(place, 'expected a value, there is none');
  if (!isScalar(node)) return fail(place, 'expected one value');
  return node.value === null ? fail(place, 'expected a value, there is none') : node;
}

function isQuoted({ type }: Scalar): boolean {
  return type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE;
}
