// The blocks of a guide's page, and how its commands are played.
import { expect } from 'vitest';

/** Code blocks of a page, in order. */
export const fences = (text: string) =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', body = '']) => ({
    language,
    body,
  }));

/**
 * Runs the lines that begin with a prompt (`director#`, `client$`).
 * @returns the block as it went, and pairs of shown and answered
 */
export function play(
  body: string,
  run: (machine: string, command: string) => string,
): {
  readonly text: string;
  readonly lines: readonly (readonly [RegExp, string])[];
} {
  const steps = body.split(/^(?=[a-z]+\d?[#$] )/m);
  const lines: (readonly [RegExp, string])[] = [];
  const text = steps.map((step) => {
    const [first = '', ...shown] = step.split('\n');
    const [, machine = '', command = ''] =
      /^(\w+)[#$] (.*)$/.exec(first) ?? expect.fail(`no prompt: ${first}`);
    const answered = run(machine, command);
    const pattern = shown.join('\n');
    lines.push([asPattern(vague(`${first}\n${pattern}`)), vague(`${first}\n${answered}`)]);
    return asPattern(vague(pattern)).test(vague(answered)) ? step : `${first}\n${answered}`;
  });
  return { text: text.join(''), lines };
}

/**
 * What differs from run to run and is shown all the same: times of day, ages, latencies with their
 * column, process numbers.
 */
function vague(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/ \d\d:\d\d:\d\dZ/g, ' TIME')
    .replace(/ +\d+s(?= )/g, ' AGE')
    .replace(/ +\d+\.\d(?= {2}|$)/gm, ' LATENCY')
    .replace(/ +ms(?= )/g, ' ms')
    .replace(/pid \d+/g, 'pid PID')
    .replace(/\d+\.\d s/g, 'SECONDS s')
    .replace(/version \d+/g, 'version VERSION')
    .replace(/^(lb\d) +\d+(?= )/gm, '$1 VERSION');
}

function asPattern(text: string): RegExp {
  const quoted = text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`^${quoted.replaceAll('…', '[^\\n]*')}$`);
}
