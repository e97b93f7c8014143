// A row of the bench: what was measured, against what, and what it must reach.
export interface Row {
  readonly what: string;
  readonly ours: string;
  readonly against: string;
  readonly value: number;
  readonly must: number;
  readonly aim: number;
}

/** A time as rows show it. */
export function ms(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

/** Which of its marks a row reached. */
export function met({ value, must, aim }: Row): 'aim' | 'must' | 'no' {
  return value <= aim ? 'aim' : value <= must ? 'must' : 'no';
}

/** Rows as an aligned table, one line each, titles first. */
export function tableText(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.what,
    row.ours,
    row.against,
    row.value.toFixed(2),
    `${row.must} / ${row.aim}`,
    met(row),
  ]);
  const all = [['what', 'ours', 'against', 'ratio', 'must / aim', 'met'], ...cells];
  const widths = all[0]?.map((_, i) => Math.max(...all.map((line) => line[i]?.length ?? 0))) ?? [];
  const padded = all.map((line) => line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
  return padded.map((line) => `${line.trimEnd()}\n`).join('');
}
