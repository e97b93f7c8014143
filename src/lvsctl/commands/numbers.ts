// Numbers as values of options.
import { InvalidArgumentError } from 'commander';

/** A whole number, both ends included. @throws InvalidArgumentError for anything else */
export function whole(least: number, most: number): (text: string) => number {
  return (text) =>
    /^\d+$/.test(text) ? between(Number(text), least, most) : between(Number.NaN, least, most);
}

/**
 * A number with or without a fraction, both ends included.
 * @throws InvalidArgumentError for anything else
 */
export function number(least: number, most: number): (text: string) => number {
  return (text) =>
    between(/^\d+(?:\.\d+)?(?:e-?\d+)?$/.test(text) ? Number(text) : Number.NaN, least, most);
}

function between(value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new InvalidArgumentError(`a number from ${least} to ${most} is needed`);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const LONGEST_DAYS = 365;

/** Reads a time such as `90`, `90s`, `30m`, `2h`, `1d`. @returns seconds */
export function duration(text: string): number {
  const [, digits, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNITS[unit] ?? 1);
  if (digits === undefined || seconds < 1 || seconds > LONGEST_DAYS * 86_400)
    throw new InvalidArgumentError(`${text}: a time such as 90, 30m, 2h or 1d, up to 365d`);
  return seconds;
}
