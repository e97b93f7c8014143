// The last values of a row as a line of bars.

const BARS = '▁▂▃▄▅▆▇█';
const PLAIN = '_.-=+*#@';

/** The latest value is on the right; what is not known is a blank. The highest bar is the largest. */
export function sparkline(
  values: readonly (number | null)[],
  width: number,
  unicode: boolean,
): string {
  const bars = unicode ? BARS : PLAIN;
  const latest = grouped(values, width);
  const largest = Math.max(0, ...latest.map((value) => value ?? 0));
  const text = latest
    .map((value) => {
      if (value === null) return ' ';
      const level = largest === 0 ? 0 : Math.round((value / largest) * (bars.length - 1));
      return bars[level] ?? ' ';
    })
    .join('');
  return text.padStart(width);
}

/** As many values as there are columns: where there are more, the means of neighbours. */
function grouped(values: readonly (number | null)[], width: number): readonly (number | null)[] {
  const size = Math.max(1, Math.ceil(values.length / width));
  if (size === 1) return values;
  const groups: (number | null)[] = [];
  for (let end = values.length; end > 0; end -= size) {
    const known = values.slice(Math.max(0, end - size), end).filter((one) => one !== null);
    groups.unshift(known.length ? known.reduce((sum, one) => sum + one, 0) / known.length : null);
  }
  return groups;
}
