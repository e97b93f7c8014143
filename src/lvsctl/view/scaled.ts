// Numbers for people in narrow columns.

const UNITS = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** At most four digits and a unit of powers of 1000: `9999`, `12.3k`, `456M`. */
export function scaled(value: number): string {
  if (value < 10_000) return String(Math.round(value * 10) / 10);
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${rest < 99.95 ? rest.toFixed(1) : rest.toFixed(0)}${UNITS[unit]}`;
}
