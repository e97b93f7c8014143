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
