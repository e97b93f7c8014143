// Makes `wasm/tables.ts` of the tables of attributes, layouts and methods: AssemblyScript, in which
// everything that a table decides is a constant.
import { FORWARDING } from '../../model/forwarding.js';
import {
  LAYOUTS,
  type Layout,
  type ListingCell,
  METHOD_WIDTH,
  SERVER_WIDTH,
} from '../../render/layouts.js';
import { SCALES } from '../../render/numbers.js';
import { DESTINATION, TOP } from '../../wire/ipvs.js';
import { columnsOf, countersOf, decoderSource } from './decoder.js';

const { of, width } = columnsOf(DESTINATION.table);
const COUNTERS = countersOf(DESTINATION.table.stats64[1]);
const ENTRY_BYTES = 4;
/** a row begins where numbers of 64 bits may */
const ALIGNMENT = 8;

/** Columns that the code written by hand reads. */
const NAMED = {
  ADDRESS: 'address',
  FAMILY: 'family',
  PORT: 'port',
  FORWARDING: 'forwarding',
  WEIGHT: 'weight',
  UPPER_THRESHOLD: 'upperThreshold',
  LOWER_THRESHOLD: 'lowerThreshold',
} as const;

/** Functions that write a text. */
const TEXTS = { arrow: '  -> ', weight: ' -w ', upper: ' -x ', lower: ' -y ' } as const;

/** Layouts that have a printer of rows, each at its number; undefined where there is none. */
export const PRINTED: readonly (Layout | undefined)[] = (Object.keys(LAYOUTS) as Layout[]).map(
  (layout) => (columnsSource(layout) === undefined ? undefined : layout),
);

/** The module as text. */
export function tablesSource(): string {
  const rowBytes = Math.ceil((width + ENTRY_BYTES) / ALIGNMENT) * ALIGNMENT;
  const named = Object.entries(NAMED).map(([name, field]) => `${name}: usize = ${of[field]}`);
  const layouts = PRINTED.flatMap((layout, i) =>
    layout === undefined ? [] : [`case ${i}: ${columnsSource(layout)} break;`],
  );
  const texts = Object.entries(TEXTS).map(
    ([name, text]) => `export function ${name}(at: usize): usize { ${stores(text)} }`,
  );
  return `import { left, lettered, number } from './text';
/** bytes of a row, and where in it the number of its entry is */
export const WIDTH: usize = ${rowBytes}, ENTRY: usize = ${width}, SERVER_WIDTH: usize = ${SERVER_WIDTH};
export const ${named.join(', ')};
${decoderSource('readDestination', TOP.table, 'destination')}
/** Writes the columns of a layout behind an address. */
export function columns(layout: u32, begin: usize, row: usize, full: bool): usize {
  let at = begin;
  switch (layout) { ${layouts.join('\n')} }
  return at;
}
/** Writes a forwarding method as listings have it. */
function method(at: usize, number: u32): usize {
  switch (number) { ${methods(({ listed }) => ` ${listed.padEnd(METHOD_WIDTH)}`)} }
  return at;
}
/** Writes the option of a forwarding method. */
export function option(at: usize, number: u32): usize {
  switch (number) { ${methods(({ option }) => ` ${option}`)} }
  return at;
}
${texts.join('\n')}
/** Writes a counter, with a letter from nine digits on unless it is to be in full. */
function counter(at: usize, value: u64, full: bool): usize {
  if (full || value < ${SCALES.at(-1)?.from}) return number(at, value);
  ${SCALES.map(({ from, unit, letter }) => `if (value >= ${from}) return lettered(at, value / ${unit}, ${letter.charCodeAt(0)});`).join('\n')}
  return at;
}
`;
}

/** The statements that write a text and return where it ends. */
function stores(text: string): string {
  const bytes = [...text].map((letter, i) => `store<u8>(at, ${letter.charCodeAt(0)}, ${i});`);
  return `${bytes.join(' ')} return at + ${text.length};`;
}

type Method = (typeof FORWARDING)[keyof typeof FORWARDING];

/** A case for each method, which writes a text and returns. */
function methods(textOf: (method: Method) => string): string {
  return Object.values(FORWARDING)
    .map((row) => `case ${row.kernel}: ${stores(textOf(row))}`)
    .join('\n');
}

/** The statements that print a layout; undefined where a column is made of several attributes. */
function columnsSource(layout: Layout): string | undefined {
  const cells = LAYOUTS[layout].destination.map(cellSource);
  return cells.includes(undefined) ? undefined : cells.join(' ');
}

function cellSource(cell: ListingCell): string | undefined {
  if (cell.form !== 'left') {
    const column = (of.stats64 as number) + 8 * COUNTERS.indexOf(cell.field);
    if (cell.form === 'number') return `at = number(at, load<u32>(row, ${column}));`;
    return `at = counter(at, load<u${cell.bits}>(row, ${column}), full);`;
  }
  const column = of[cell.field];
  if (column === undefined) return undefined;
  if (cell.field === 'forwarding') return `at = method(at, load<u32>(row, ${column}));`;
  return `at = left(at, load<u32>(row, ${column}), ${cell.width});`;
}
