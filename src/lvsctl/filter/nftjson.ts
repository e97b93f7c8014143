// The JSON of `nft -j list ruleset`, as far as it is read; libnftables-json(5).

export interface NftChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly type?: string;
  readonly hook?: string;
  readonly prio?: number;
  readonly policy?: string;
}
export interface NftRuleJson {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly handle?: number;
  readonly expr?: readonly NftStatement[];
}
export interface NftSet {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly elem?: readonly unknown[];
}
export interface NftTable {
  readonly family: string;
  readonly name: string;
  /** `dormant`: its chains are not asked */
  readonly flags?: string | readonly string[];
}
export interface NftObject {
  readonly table?: NftTable;
  readonly chain?: NftChain;
  readonly rule?: NftRuleJson;
  readonly set?: NftSet;
  readonly map?: NftSet;
}
/** One statement: an object with one key, its kind. */
export type NftStatement = Readonly<Record<string, unknown>>;

/** The kind of a statement or expression, and what it has. */
export function kindOf(value: unknown): readonly [kind: string, content: unknown] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ['', value];
  const [entry] = Object.entries(value);
  return entry ?? ['', undefined];
}

/** A field of an object that may be anything. */
export function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

/** An expression as text, near enough to what nft prints. */
export function nftText(value: unknown): string {
  const [kind, content] = kindOf(value);
  if (Array.isArray(value)) return value.map(nftText).join(',');
  switch (kind) {
    case '':
      return value === null ? '' : String(value);
    case 'match':
      return (
        `${nftText(fieldOf(content, 'left'))} ` +
        `${operatorText(fieldOf(content, 'op'))}${nftText(fieldOf(content, 'right'))}`
      );
    case 'payload':
      return `${fieldOf(content, 'protocol')} ${fieldOf(content, 'field')}`;
    case 'meta':
      return `meta ${fieldOf(content, 'key')}`;
    case 'ct':
      return `ct ${fieldOf(content, 'key')}`;
    case 'set':
      return `{ ${(Array.isArray(content) ? content : []).map(nftText).join(', ')} }`;
    case 'range':
      return (Array.isArray(content) ? content : []).map(nftText).join('-');
    case 'prefix':
      return `${fieldOf(content, 'addr')}/${fieldOf(content, 'len')}`;
    case 'mangle':
      return `${nftText(fieldOf(content, 'key'))} set ${nftText(fieldOf(content, 'value'))}`;
    case 'jump':
    case 'goto':
      return `${kind} ${fieldOf(content, 'target')}`;
    case 'counter':
      return '';
    case 'reject':
      return fieldOf(content, 'type') === undefined
        ? kind
        : `reject with ${fieldOf(content, 'type')}`;
    default:
      return content === null ? kind : `${kind} ${JSON.stringify(content)}`;
  }
}

function operatorText(operator: unknown): string {
  return operator === '==' || operator === 'in' ? '' : `${operator} `;
}
