// Lines of keepalived.conf that stand for several: ~SEQ(VAR, from, step, to) and ~LST(VAR, a, b).
import type { Parameters } from './parameters.js';

/** One repetition: parameters to set, and the rest of the line. */
export interface Repetition {
  readonly values: Parameters;
  readonly rest: string;
}

const MOST = 100_000;

/**
 * The repetitions of a line.
 * @param text begins with `~SEQ`, `~SEQx` or `~LST`
 * @returns undefined when it is none that can be read
 */
export function repetitionsOf(text: string): readonly Repetition[] | undefined {
  const [, kind, inner, rest = ''] =
    /^~(SEQx?|LST)\(((?:[^()]|\([^()]*\))*)\)(.*)$/s.exec(text) ?? [];
  if (kind === undefined || inner === undefined) return undefined;
  const values = kind === 'LST' ? listed(inner) : counted(inner, kind === 'SEQx');
  return values?.map((one) => ({ values: one, rest: rest.trimStart() }));
}

/** `VAR, 1, 2` or `{A, B}, {1, 2}, {3, 4}` */
function listed(inner: string): Parameters[] | undefined {
  const parts =
    inner
      .match(/\{[^{}]*\}|[^,{}]+/g)
      ?.map((part) => part.trim())
      .filter(Boolean) ?? [];
  const [names, ...values] = parts.map((part) =>
    part.startsWith('{')
      ? part
          .slice(1, -1)
          .split(',')
          .map((one) => one.trim())
      : [part],
  );
  if (names === undefined || values.length === 0) return undefined;
  if (values.some((one) => one.length !== names.length)) return undefined;
  return values.map((one) => new Map(names.map((name, i) => [name, [one[i] ?? '']])));
}

/** Step and start may be left out: `VAR, to`, `VAR, from, to`, `VAR, from, step, to`. */
function counted(inner: string, hexadecimal: boolean): Parameters[] | undefined {
  const [name = '', ...texts] = inner.split(',').map((part) => part.trim());
  const numbers = texts.map(integer);
  if (!/^\w+$/.test(name) || numbers.length < 1 || numbers.length > 3) return undefined;
  if (numbers.some(Number.isNaN)) return undefined;
  const to = numbers.at(-1) ?? 0;
  const from = numbers.length > 1 ? (numbers[0] ?? 0) : to > 0 ? 1 : -1;
  const step = numbers.length > 2 ? (numbers[1] ?? 0) : to >= from ? 1 : -1;
  if (step === 0 || Math.abs((to - from) / step) > MOST) return undefined;
  const made: Parameters[] = [];
  for (let n = from; step > 0 ? n <= to : n >= to; n += step)
    made.push(new Map([[name, [n.toString(hexadecimal ? 16 : 10)]]]));
  return made;
}

function integer(text: string): number {
  return /^[-+]?(?:0x[\da-f]+|\d+)$/i.test(text)
    ? (text.startsWith('-') ? -1 : 1) * Number(text.replace(/^[-+]/, ''))
    : Number.NaN;
}
