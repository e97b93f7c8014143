// Makes `wasm/tables.ts` of the tables of attributes, layouts, methods and protocols:
// AssemblyScript, in which everything that a table decides is a constant.
import { FORWARDING } from '../../model/forwarding.js';
import { PROTOCOLS } from '../../model/service.js';
import {
  HEAD_WIDTH,
  LAYOUTS,
  type Layout,
  type ListingCell,
  METHOD_WIDTH,
  SERVER_WIDTH,
} from '../../render/layouts.js';
import { SCALES } from '../../render/numbers.js';
import { DESTINATION, SERVICE, TOP } from '../../wire/ipvs.js';
import {
  type Columns,
  columnsOf,
  counterColumn,
  countersOf,
  decoderSource,
  sharedSource,
} from './decoder.js';
import { serviceTemplate } from './template.js';

const SERVERS = columnsOf(DESTINATION.table);
const SERVICES = columnsOf(SERVICE.table);
const COUNTERS = countersOf(DESTINATION.table.stats64[1]);
const ENTRY_BYTES = 4;
/** a row begins where numbers of 64 bits may */
const ALIGNMENT = 8;
const PROTOCOL_WIDTH = 4;

const ROWS = {
  WIDTH: rowBytes(SERVERS),
  ENTRY: SERVERS.width,
  SERVICE_WIDTH: rowBytes(SERVICES),
  SERVICE_ENTRY: SERVICES.width,
};

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
const NAMED_OF_SERVICES = {
  SERVICE_ADDRESS: 'address',
  SERVICE_FAMILY: 'family',
  SERVICE_PORT: 'port',
  SERVICE_PROTOCOL: 'protocol',
  SERVICE_FWMARK: 'fwmark',
  SERVICE_FLAGS: 'flags',
  SERVICE_TIMEOUT: 'timeout',
  SERVICE_NETMASK: 'netmask',
  SERVICE_SCHEDULER: 'scheduler',
  SERVICE_ENGINE: 'engine',
} as const;

const METHODS = Object.values(FORWARDING);
const KNOWN = Object.values(PROTOCOLS);

/** Functions that write a text. */
const TEXTS = {
  arrow: '  -> ',
  persistent: ' persistent ',
  addService: '-A ',
  savedScheduler: ' -s ',
  savedTimeout: ' -p ',
  addServer: '-a ',
  server: ' -r ',
  weight: ' -w ',
  upper: ' -x ',
  lower: ' -y ',
} as const;

/** Layouts that have a printer of rows, each at its number; undefined where there is none. */
export const PRINTED: readonly (Layout | undefined)[] = (Object.keys(LAYOUTS) as Layout[]).map(
  (layout) => (serverCells(layout) === undefined ? undefined : layout),
);

/** The module as text. */
export function tablesSource(): string {
  const texts = Object.entries(TEXTS).map(
    ([name, text]) => `export function ${name}(at: usize): usize { ${stores(text)} }`,
  );
  return `import { left, lettered, number } from './text';
/** bytes of a row, and where in it the number of its entry is */
export const ${constants(ROWS)};
export const ${constants({ SERVER_WIDTH, HEAD_WIDTH })};
export const ${constants(named(NAMED, SERVERS))};
export const ${constants(named(NAMED_OF_SERVICES, SERVICES))};
${decoderSource('readService', TOP.table, 'service')}
${decoderSource('readDestination', TOP.table, 'destination')}
${sharedSource(DESTINATION.table)}
${columnsSource()}
${writer('method', METHODS, ({ listed }) => ` ${listed.padEnd(METHOD_WIDTH)}`)}
export ${writer('option', METHODS, ({ option }) => ` ${option}`)}
export ${writer('protocol', KNOWN, ({ listed }) => `${listed.padEnd(PROTOCOL_WIDTH)} `)}
export ${writer('protocolOption', KNOWN, ({ option }) => `${option} `)}
/** Whether a protocol has an option. */
export function isKnown(number: u32): bool {
  switch (number) { ${KNOWN.map(({ kernel }) => `case ${kernel}:`).join(' ')} return true; }
  return false;
}
${texts.join('\n')}
${counterSource()}
${requestSource()}
`;
}

/** What a layout shows of a server and of a service. */
function columnsSource(): string {
  return `/** Writes the columns of a layout behind an address. */
export function columns(layout: u32, begin: usize, row: usize, full: bool): usize {
  let at = begin;
  switch (layout) { ${casesOf(serverCells)} }
  return at;
}
/** Whether a layout shows counters of a service, in place of its settings. */
export function hasCounters(layout: u32): bool {
  switch (layout) { ${casesOf((layout) => LAYOUTS[layout].service && 'return true;')} }
  return false;
}
/** Writes the counters of a service. */
export function serviceColumns(layout: u32, begin: usize, row: usize, full: bool): usize {
  let at = begin;
  switch (layout) { ${casesOf(serviceCells)} }
  return at;
}`;
}

function counterSource(): string {
  const scaled = SCALES.map(({ from, unit, letter }) => {
    const write = `lettered(at, value / ${unit}, ${letter.charCodeAt(0)})`;
    return `if (value >= ${from}) return ${write};`;
  });
  return `/** Writes a counter, with a letter from nine digits on unless it is to be in full. */
function counter(at: usize, value: u64, full: bool): usize {
  if (full || value < ${SCALES.at(-1)?.from}) return number(at, value);
  ${scaled.join('\n')}
  return at;
}`;
}

function rowBytes({ width }: Columns): number {
  return Math.ceil((width + ENTRY_BYTES) / ALIGNMENT) * ALIGNMENT;
}

function named(names: Readonly<Record<string, string>>, { of }: Columns): Record<string, number> {
  return Object.fromEntries(
    Object.entries(names).map(([name, field]) => [name, of[field] as number]),
  );
}

function constants(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}: usize = ${value}`)
    .join(', ');
}

/** A case for each layout that has a printer, and the statements for it. */
function casesOf(statements: (layout: Layout) => string | undefined): string {
  return PRINTED.flatMap((layout, i) => {
    const source = layout && statements(layout);
    return source ? [`case ${i}: ${source} break;`] : [];
  }).join('\n');
}

/** A function that writes a text for a number of the kernel; nothing for others. */
function writer<T extends { readonly kernel: number }>(
  name: string,
  rows: readonly T[],
  textOf: (row: T) => string,
): string {
  const cases = rows.map((row) => `case ${row.kernel}: { ${stores(textOf(row))} }`);
  return `function ${name}(at: usize, number: u32): usize {
  switch (number) { ${cases.join('\n')} }
  return at;
}`;
}

/** The statements that write a text and return where it ends. */
function stores(text: string): string {
  const bytes = [...text].map((letter, i) => `store<u8>(at, ${letter.charCodeAt(0)}, ${i});`);
  return `${bytes.join(' ')} return at + ${text.length};`;
}

/** The statements that print a server; undefined where a column is made of several attributes. */
function serverCells(layout: Layout): string | undefined {
  const cells = LAYOUTS[layout].destination.map(cellSource);
  return cells.includes(undefined) ? undefined : cells.join(' ');
}

function serviceCells(layout: Layout): string | undefined {
  return LAYOUTS[layout].service
    ?.map((field) => counterColumn(SERVICES, COUNTERS, field))
    .map((column) => `at = counter(at, load<u64>(row, ${column}), full);`)
    .join(' ');
}

function cellSource(cell: ListingCell): string | undefined {
  if (cell.form !== 'left') {
    const column = counterColumn(SERVERS, COUNTERS, cell.field);
    if (cell.form === 'number') return `at = number(at, load<u32>(row, ${column}));`;
    return `at = counter(at, load<u${cell.bits}>(row, ${column}), full);`;
  }
  const column = SERVERS.of[cell.field];
  if (column === undefined) return undefined;
  if (cell.field === 'forwarding') return `at = method(at, load<u32>(row, ${column}));`;
  return `at = left(at, load<u32>(row, ${column}), ${cell.width});`;
}

/** The attributes that name a service: bytes that never differ, and what is filled in. */
function requestSource(): string {
  const { template, family, protocol, address, port } = serviceTemplate();
  const column = (field: string) => SERVICES.of[field] as number;
  const words = [0, 4, 8, 12].map(
    (i) =>
      `store<u32>(REQUEST, bswap<u32>(load<u32>(row, ${column('address') + i})), ${address + i});`,
  );
  return `export const REQUEST: usize = memory.data<u8>([${template.join(', ')}]);
/** Fills in the request for a service. @returns its length */
export function fillRequest(row: usize): usize {
  store<u16>(REQUEST, <u16>load<u32>(row, ${column('family')}), ${family});
  store<u16>(REQUEST, <u16>load<u32>(row, ${column('protocol')}), ${protocol});
  ${words.join(' ')}
  store<u16>(REQUEST, bswap<u16>(<u16>load<u32>(row, ${column('port')})), ${port});
  return ${template.length};
}`;
}
