// Makes the source of `generated.js` from the tables of attributes and layouts. The build, tests
// and benches load it through `plugin.mjs`.
import { FORWARDING } from '../../model/forwarding.js';
import { LAYOUTS, type Layout, type ListingCell, METHOD_WIDTH } from '../../render/layouts.js';
import { DESTINATION, TOP } from '../../wire/ipvs.js';
import { columnsOf, countersOf, decoderSource } from './decoder.js';
import { serverTemplate } from './template.js';

const { of, width } = columnsOf(DESTINATION.table);
const COUNTERS = countersOf(DESTINATION.table.stats64[1]);

/** The module as text. */
export function moduleSource(): string {
  const methods: string[] = [];
  for (const { kernel, listed } of Object.values(FORWARDING))
    methods[kernel] = ` ${listed.padEnd(METHOD_WIDTH)}`;
  const printers = (Object.keys(LAYOUTS) as Layout[]).flatMap(printerSource);
  return `import { counter, half, left, number, swap, text } from './digits.js';
const METHODS = ${JSON.stringify(methods)};
export const WIDTH = ${width + 1}, COLUMNS = ${JSON.stringify(of)};
${decoderSource('readDestination', TOP.table, 'destination')}
export const SERVER_REQUEST = ${JSON.stringify(serverTemplate())};
export const PRINTERS = { ${printers.join(',\n')} };
`;
}

/** A printer of a layout; none where a column is made of several attributes. */
function printerSource(layout: Layout): string[] {
  const cells = LAYOUTS[layout].destination.map(cellSource);
  if (cells.includes(undefined)) return [];
  return [`${JSON.stringify(layout)}(out, at, rows, row, exact) { ${cells.join(' ')} return at; }`];
}

/** The statement that prints a cell; undefined when there is none for it. */
function cellSource(cell: ListingCell): string | undefined {
  if (cell.form !== 'left') {
    const column = (of.stats64 as number) + 2 * COUNTERS.indexOf(cell.field);
    if (cell.form === 'number') return `at = number(out, at, rows[row + ${column}] >>> 0);`;
    const high = cell.bits === 64 ? `rows[row + ${column + 1}]` : '0';
    return `at = counter(out, at, rows[row + ${column}], ${high}, exact);`;
  }
  const column = of[cell.field];
  if (column === undefined) return undefined;
  if (cell.field === 'forwarding') {
    return `at = text(out, at, METHODS[rows[row + ${column}]]);`;
  }
  return `at = left(out, at, rows[row + ${column}] >>> 0, ${cell.width});`;
}
