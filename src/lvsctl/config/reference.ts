// The table of file.ts as the JSON Schema for editors and as the page docs/lvsctl-file.md.
import type { JsonSchema } from './field.js';
import { FILE } from './file.js';

/** share/lvsctl.schema.json, whole. */
export function renderSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'lvsctl file',
    ...FILE.schema,
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

/** docs/lvsctl-file.md, whole. */
export function renderReference(): string {
  return `${HEAD}${rowsOf('', FILE.schema).join('\n')}\n`;
}

const HEAD = `# The lvsctl file

YAML. Keys that are not listed are refused; \`lvsctl check FILE\` names the first slip with file, line and column and needs neither root nor
a kernel. Seconds may have a fraction where the type is \`number\`. \`[]\` stands for each element of a list. Among the keys of
\`services[].checks[]\` the kind of check stands in parentheses. The same table makes \`share/lvsctl.schema.json\` for editors.

What a schema cannot say is checked too: a service's address is one of \`vips\`; names, marks, services and the servers of a service are
there once; a service has \`port\`, or \`ports\` with \`mark\`; port 0 needs \`persistence\`; only mode nat changes a server's port; only mode
tun mixes IPv4 and IPv6.

| key | type | default | meaning |
|---|---|---|---|
`;

interface Described extends JsonSchema {
  readonly properties?: Readonly<Record<string, Described>>;
  readonly required?: readonly string[];
  readonly items?: Described;
  readonly oneOf?: readonly Described[];
  readonly enum?: readonly string[];
}

function rowsOf(prefix: string, schema: Described): string[] {
  if (schema.items) return rowsOf(`${prefix}[]`, schema.items);
  if (schema.oneOf)
    return schema.oneOf.flatMap((kind) =>
      rowsOf(`${prefix}(${kind.properties?.kind?.enum?.[0]})`, kind),
    );
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const absent = schema.required?.includes(name)
      ? 'required'
      : inner.default === undefined
        ? ''
        : `\`${JSON.stringify(inner.default)}\``;
    return [
      `| \`${path}\` | ${typeOf(inner)} | ${absent} | ${inner.description} |`,
      ...rowsOf(path, inner),
    ];
  });
}

function typeOf(schema: Described): string {
  if (schema.enum) return schema.enum.join(', ');
  if (schema.oneOf) return 'by kind';
  const name = Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type);
  return schema.minimum === undefined ? name : `${name} ${schema.minimum}..${schema.maximum}`;
}
