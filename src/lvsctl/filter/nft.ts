// What `nft -j list ruleset` prints, as chains.
import type { Family } from '../../model/address.js';
import { nftActions } from './nftactions.js';
import {
  fieldOf,
  kindOf,
  type NftChain,
  type NftObject,
  type NftRuleJson,
  type NftStatement,
  nftText,
} from './nftjson.js';
import {
  elementsOf,
  fieldConditions,
  matchConditions,
  plainElement,
  type SetReader,
} from './nftmatch.js';
import {
  type BaseChain,
  type Condition,
  type FilterAction,
  type FilterChain,
  type FilterRule,
  HOOKS,
  type Hook,
} from './types.js';

/** elements of a map, each of which becomes a rule, up to this many */
const MOST_ENTRIES = 4096;

/**
 * The base chains for packets of a family.
 * @param skip tables that another reader has: those of iptables, as `ip filter`
 * @returns with them the chains that see packets and are not read
 */
export function parseNft(
  list: readonly NftObject[],
  family: Family,
  skip: ReadonlySet<string>,
): { readonly chains: BaseChain[]; readonly unread: string[] } {
  const sees = (one: { readonly family: string }) =>
    one.family === 'inet' || one.family === (family === 'ipv4' ? 'ip' : 'ip6');
  const dormant = new Set(
    list.flatMap(({ table }) =>
      table && [table.flags].flat().some(isDormant) ? [`${table.family} ${table.name}`] : [],
    ),
  );
  const isRead = (one: { readonly family: string; readonly table: string }) =>
    sees(one) &&
    !skip.has(`${one.family} ${one.table}`) &&
    !dormant.has(`${one.family} ${one.table}`);
  const rules = new Map<string, FilterRule[]>();
  const others = new Map<string, Map<string, FilterChain>>();
  const placeOf = ({ family, table }: { family: string; table: string }) => `${family} ${table}`;
  for (const { rule } of list) {
    if (rule === undefined || !isRead(rule)) continue;
    const key = `${placeOf(rule)} ${rule.chain}`;
    rules.set(key, [...(rules.get(key) ?? []), ...parseRule(rule, setReader(list, rule))]);
  }
  const chains = list.flatMap(({ chain }) => (chain ? [chain] : []));
  for (const chain of chains.filter(isRead)) {
    const key = placeOf(chain);
    const own = others.get(key) ?? new Map<string, FilterChain>();
    others.set(key, own);
    own.set(chain.name, { name: chain.name, rules: rules.get(`${key} ${chain.name}`) ?? [] });
  }
  return {
    chains: chains
      .filter(isRead)
      .flatMap((chain) => baseChain(chain, others.get(placeOf(chain)) ?? new Map())),
    unread: chains.filter((chain) => isUnread(chain, list)).map(chainText),
  };
}

/** nft 1.0.6 prints its first letter alone. */
function isDormant(flag: string | undefined): boolean {
  return flag === 'dormant' || flag === 'd';
}

/** Chains of bridges, of devices and of ingress, when they have a rule. */
function isUnread(chain: NftChain, list: readonly NftObject[]): boolean {
  const strange =
    chain.family === 'netdev' || chain.family === 'bridge' || chain.hook === 'ingress';
  return (
    strange &&
    chain.hook !== undefined &&
    list.some(({ rule }) => rule?.table === chain.table && rule.chain === chain.name)
  );
}

function chainText({ family, table, name }: NftChain): string {
  return `nft ${family} ${table} ${name}`;
}

function baseChain(chain: NftChain, others: ReadonlyMap<string, FilterChain>): BaseChain[] {
  const hook = HOOKS.find((one) => one === chain.hook) as Hook | undefined;
  if (hook === undefined) return [];
  return [
    {
      name: chainText(chain),
      rules: others.get(chain.name)?.rules ?? [],
      hook,
      priority: chain.prio ?? 0,
      policy: chain.policy === 'drop' ? 'drop' : 'accept',
      translates: chain.type === 'nat',
      routes: chain.type === 'route',
      policyText: `${chainText(chain)}: policy ${chain.policy ?? 'accept'}`,
      others,
    },
  ];
}

/** Elements of the named sets and maps of a table. */
function setReader(list: readonly NftObject[], { family, table }: NftRuleJson): SetReader {
  return (name) => {
    const found = list
      .map(({ set, map }) => set ?? map)
      .find((one) => one?.family === family && one.table === table && one.name === name);
    return found && (found.elem ?? []).map(plainElement);
  };
}

/** A rule; one that chooses by a map becomes a rule for each element. */
function parseRule(rule: NftRuleJson, sets: SetReader): FilterRule[] {
  const statements = rule.expr ?? [];
  const text =
    `nft ${rule.family} ${rule.table} ${rule.chain}: ` +
    `${statements.map(nftText).filter(Boolean).join(' ')}`;
  const remove =
    rule.handle === undefined
      ? undefined
      : `nft delete rule ${rule.family} ${rule.table} ${rule.chain} handle ${rule.handle}`;
  return variants(statements, sets).map((one) => ({ text, remove, ...one }));
}

type Body = Pick<FilterRule, 'conditions' | 'actions'>;

function variants(statements: readonly NftStatement[], sets: SetReader): Body[] {
  let bodies: { conditions: Condition[]; actions: FilterAction[] }[] = [
    { conditions: [], actions: [] },
  ];
  for (const statement of statements) {
    const [kind, content] = kindOf(statement);
    const chosen = kind === 'vmap' ? content : mapOfMark(kind, content);
    const entries =
      chosen === undefined
        ? kind === 'match'
          ? tuplesOf(content, sets)
          : undefined
        : entriesOf(chosen, kind, sets);
    if (entries !== undefined)
      bodies = bodies.flatMap(({ conditions, actions }) =>
        entries.map((entry) => ({
          conditions: [...conditions, ...entry.conditions],
          actions: [...actions, ...entry.actions],
        })),
      );
    else
      for (const body of bodies) {
        if (kind === 'match') body.conditions.push(...matchConditions(content, sets));
        else if (CONDITIONAL.includes(kind))
          body.conditions.push({ kind: 'unknown', text: nftText(statement) });
        else body.actions.push(...nftActions(kind, content));
      }
  }
  return bodies;
}

/** `ip daddr . tcp dport { 192.0.2.1 . 80, … }`: a rule for each element. */
function tuplesOf(content: unknown, sets: SetReader): Body[] | undefined {
  const left = fieldOf(content, 'left');
  const op = fieldOf(content, 'op');
  if (kindOf(left)[0] !== 'concat' || (op !== '==' && op !== 'in')) return undefined;
  const elements = elementsOf(fieldOf(content, 'right'), sets) ?? [];
  if (elements.length < 2 || elements.length > MOST_ENTRIES) return undefined;
  const bodies = elements.map((element) =>
    fieldConditions(left, [plainElement(element)], false, false),
  );
  if (bodies.includes(undefined)) return undefined;
  return bodies.map((conditions) => ({ conditions: conditions ?? [], actions: [] }));
}

/** Statements that let a packet pass or not by what happened before. */
const CONDITIONAL = ['limit', 'quota', 'ct count', 'connlimit', 'xt match'];

/** `meta mark set tcp dport map { 80 : 1 }` */
function mapOfMark(kind: string, content: unknown): unknown {
  if (kind !== 'mangle') return undefined;
  const [field, meta] = kindOf(fieldOf(content, 'key'));
  if (field !== 'meta' || fieldOf(meta, 'key') !== 'mark') return undefined;
  return fieldOf(fieldOf(content, 'value'), 'map');
}

/** What each element of a map asks, and does. */
function entriesOf(chosen: unknown, kind: string, sets: SetReader): Body[] | undefined {
  const key = fieldOf(chosen, 'key');
  const elements = elementsOf(fieldOf(chosen, 'data'), sets);
  if (elements === undefined || elements.length > MOST_ENTRIES) return undefined;
  const bodies = elements.map((element): Body | undefined => {
    const [from, to] = Array.isArray(element) ? element : [];
    const conditions = from === '*' ? [] : fieldConditions(key, [plainElement(from)], false, true);
    const actions: FilterAction[] | undefined =
      kind === 'vmap'
        ? nftActions(...kindOf(to))
        : typeof to === 'number'
          ? [{ kind: 'mark', value: to, mask: 0xffffffff }]
          : undefined;
    return conditions && actions && { conditions, actions };
  });
  return bodies.some((one) => one === undefined) ? undefined : (bodies as Body[]);
}
