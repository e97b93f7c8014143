// The fields of a table file: readers of values that may be anything, and the limits of numbers.
import { type Address, parseAddress } from '../../model/address.js';

/** What is wrong with a field, and where: `timeouts.tcp is not …` */
export class FieldError extends Error {}

export type Fields = Readonly<Record<string, unknown>>;
type FieldLimits = Readonly<Record<string, number>>;
export const U16 = 65535;
const I32 = 2147483647;
const U32 = 4294967295;

/** The largest value of each number; all are whole and not negative. */
// biome-ignore format: a table
export const LIMITS = {
  service: { schedulerFlags: 7, netmask: U32 },
  persistence: { timeout: U32 },
  mark: { mark: U32 },
  port: { port: U16 },
  destination: { port: U16, weight: I32, upperThreshold: U32, lowerThreshold: U32 },
  tunnel: { port: U16, flags: U16 },
  serverTraffic: { lastWeight: I32 },
  tuple: { service: U32, server: U32, virtualPort: U16, serverPort: U16 },
  template: { seconds: U32 },
  flow: { clientPort: U16, mark: U32 },
} as const satisfies Readonly<Record<string, FieldLimits>>;

/**
 * Checks the numbers of a value; the path of each is made only for an error.
 * @throws FieldError the first number that is not whole, negative or above its limit
 */
export function check<L extends FieldLimits>(
  value: { readonly [K in keyof L]: number },
  at: string,
  limits: L,
): void {
  for (const key in limits)
    if (!isWhole(value[key], limits[key] as number)) whole(value[key], `${at}.${key}`, limits[key]);
}

/** @throws FieldError `AT is not EXPECTED` */
export function fail(at: string, expected: string): never {
  throw new FieldError(`${at} is not ${expected}`);
}

/** An object with any keys. @throws FieldError */
export function object(value: unknown, at: string): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : fail(at, 'an object');
}

/** A list, each element read by `item`. @throws FieldError */
export function list<T>(value: unknown, at: string, item: (value: unknown, at: string) => T): T[] {
  return Array.isArray(value)
    ? value.map((element, i) => item(element, `${at}[${i}]`))
    : fail(at, 'a list');
}

/** A list in which no key is there twice. @throws FieldError that names the second */
export function distinct<T>(values: T[], at: string, keyOf: (value: T) => string): T[] {
  const seen = new Set<string>();
  for (const [i, value] of values.entries()) {
    const key = keyOf(value);
    if (seen.has(key)) throw new FieldError(`${at}[${i}] is there twice`);
    seen.add(key);
  }
  return values;
}

/** A whole number from 0 to `most`. @throws FieldError */
export function whole(value: unknown, at: string, most = U32): number {
  return isWhole(value, most) ? value : fail(at, `a number from 0 to ${most}`);
}

/** Whether a value is a whole number from 0 to `most`. */
export function isWhole(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

/** A string. @throws FieldError */
export function text(value: unknown, at: string): string {
  return typeof value === 'string' ? value : fail(at, 'a text');
}

/** A boolean. @throws FieldError */
export function flag(value: unknown, at: string): boolean {
  return typeof value === 'boolean' ? value : fail(at, 'true or false');
}

/** One of some strings. @throws FieldError */
export function oneOf<T extends string>(value: unknown, at: string, choices: readonly T[]): T {
  return choices.find((choice) => choice === value) ?? fail(at, `one of ${choices.join(', ')}`);
}

/**
 * A name from a table, or the prefix and a number for what the kernel knows and the table does not.
 * @throws FieldError
 */
export function named<T extends string>(
  value: unknown,
  at: string,
  table: object,
  prefix: string,
): T {
  const name = text(value, at);
  const numbered = name.startsWith(prefix) && /^[0-9]{1,5}$/.test(name.slice(prefix.length));
  return Object.hasOwn(table, name) || numbered
    ? (name as T)
    : fail(at, `one of ${Object.keys(table).join(', ')}`);
}

/** An IP address as text. @throws FieldError */
export function address(value: unknown, at: string): Address {
  return parseAddress(text(value, at)) ?? fail(at, 'an IP address');
}
