// The table of file.ts as the JSON Schema for editors and as the tables of docs/reference/file.md.
import type { JsonSchema } from './fieldtype.js';
import { FILE } from './file.js';

/** share/lvsctl.schema.json, whole. */
export function renderSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'lvsctl file',
    type: 'object',
    additionalProperties: false,
    // what is required may be in a file that is included
    properties: Object.fromEntries(
      Object.entries((FILE.schema as Described).properties ?? {}).map(([name, one]) => [
        name,
        LITERAL.has(name) ? one : withVariables(one),
      ]),
    ),
    $defs: { variable: { type: 'string', pattern: '^\\$' } },
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

/** keys in which no variable stands */
const LITERAL = new Set(['include', 'vars', 'hosts', 'kind']);

/** The same, with a variable (`$name`) in the place of any value that could not be such a text. */
function withVariables(schema: Described): JsonSchema {
  const { properties, items, oneOf } = schema;
  return {
    ...schema,
    ...(items ? { items: variable(items) } : {}),
    ...(oneOf ? { oneOf: oneOf.map(withVariables) } : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, one]) => [
              name,
              LITERAL.has(name) ? one : variable(one),
            ]),
          ),
        }
      : {}),
  };
}

function variable(schema: Described): JsonSchema {
  const inner = withVariables(schema);
  const isText = [schema.type].flat().includes('string') && schema.pattern === undefined;
  if (isText) return inner;
  const { description, default: value, ...rest } = inner;
  return {
    ...(description === undefined ? {} : { description }),
    ...(value === undefined ? {} : { default: value }),
    anyOf: [rest, { $ref: '#/$defs/variable' }],
  };
}

/**
 * docs/reference/file.md with its tables made anew.
 * @param page as it is; the text around the tables is written by hand
 */
export function renderReference(page: string): string {
  const top = FILE.schema as Described;
  const { services, ...others } = top.properties ?? {};
  const check = services?.items?.properties?.checks?.items;
  const tables: Readonly<Record<string, string[]>> = {
    file: rowsOf('', { ...top, properties: others }),
    services: rowsOf('services[]', services?.items ?? {}),
    checks: check?.oneOf ? checkRows(check.oneOf) : [],
  };
  return Object.entries(tables).reduce(
    (text, [name, rows]) => replaceTable(text, name, [...HEAD, ...rows]),
    page,
  );
}

const HEAD = ['| key | type | default | meaning |', '|---|---|---|---|'];

function replaceTable(page: string, name: string, rows: readonly string[]): string {
  const [begin, end] = [`<!-- keys: ${name} -->\n`, '<!-- end -->'];
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  return from < 0 || to < 0
    ? page
    : `${page.slice(0, from)}${begin}\n${rows.join('\n')}\n\n${page.slice(to)}`;
}

interface Described extends JsonSchema {
  readonly properties?: Readonly<Record<string, Described>>;
  readonly required?: readonly string[];
  readonly items?: Described;
  readonly oneOf?: readonly Described[];
  readonly enum?: readonly string[];
}

function rowsOf(prefix: string, schema: Described): string[] {
  if (schema.items) return rowsOf(`${prefix}[]`, schema.items);
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    return [row(`\`${path}\``, name, schema), ...rowsOf(path, inner)];
  });
}

/** Keys that all kinds have stand once; the others with the kinds that have them. */
function checkRows(kinds: readonly Described[]): string[] {
  const nameOf = (kind: Described) => kind.properties?.kind?.enum?.[0] ?? '';
  const rows = new Map<string, string[]>();
  for (const kind of kinds) {
    for (const name of Object.keys(kind.properties ?? {})) {
      if (name === 'kind') continue;
      const text = row(`\`${name}\``, name, kind);
      rows.set(text, [...(rows.get(text) ?? []), nameOf(kind)]);
    }
  }
  const all = [...rows].map(([text, names]) => ({ text, names }));
  const common = all.filter(({ names }) => names.length === kinds.length);
  const own = all.filter(({ names }) => names.length < kinds.length);
  return [
    `| \`kind\` | ${kinds.map(nameOf).join(', ')} | required | the kind |`,
    ...common.map(({ text }) => text),
    ...own.map(({ text, names }) => text.replace(/^\| (\S+) /, `| $1 (${names.join(', ')}) `)),
  ];
}

function row(title: string, name: string, parent: Described): string {
  const schema = parent.properties?.[name] ?? {};
  const absent = parent.required?.includes(name)
    ? 'required'
    : schema.default === undefined
      ? ''
      : `\`${JSON.stringify(schema.default)}\``;
  return `| ${title} | ${typeOf(schema)} | ${absent} | ${schema.description} |`;
}

/** where the page differs from JSON Schema */
const TYPE_NAMES: Readonly<Record<string, string>> = { object: 'map', array: 'list' };

function typeOf(schema: Described): string {
  if (schema.enum) return schema.enum.join(', ');
  if (schema.items?.enum) return `list of ${schema.items.enum.join(', ')}`;
  if (schema.type === 'array') return 'list';
  const types = [schema.type].flat().map((type) => TYPE_NAMES[String(type)] ?? String(type));
  const name = types.join(' or ');
  return schema.minimum === undefined ? name : `${name} ${schema.minimum}..${schema.maximum}`;
}
