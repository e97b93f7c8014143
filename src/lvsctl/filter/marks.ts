// The rules that give packets their mark, with all that they ask of a packet: for `import`, which
// writes them into a file, and for the doctor. A rule that asks more than can be stated plainly is
// kept with the reason.
import type { Family } from '../../model/address.js';
import type {
  AddressRange,
  BaseChain,
  Condition,
  FilterChain,
  FilterRule,
  Hook,
  NumberRange,
  RuleSet,
} from './types.js';

export interface MarkRule {
  readonly family: Family;
  /** the mark becomes (mark & ~mask) ^ value */
  readonly value: number;
  readonly mask: number;
  /** marks set after `input` come too late for IPVS */
  readonly hook: Hook;
  readonly rule: FilterRule;
  /** what a packet must be, when that is all a file can state; undefined with `because` */
  readonly plain: PlainMatch | undefined;
  /** what cannot be stated plainly: `! --dport 22` */
  readonly because: string | undefined;
}

/** undefined = any */
export interface PlainMatch {
  readonly address: AddressRange | undefined;
  readonly protocol: string | undefined;
  readonly ports: readonly NumberRange[] | undefined;
}

/** Hooks that a packet passes before IPVS asks for its mark. */
export const BEFORE_IPVS: readonly Hook[] = ['prerouting', 'input'];

const DEEPEST = 16;

/** All rules of a family that set a mark, in the order in which they are asked. */
export function markRules({ hooks }: RuleSet, family: Family): MarkRule[] {
  return Object.values(hooks)
    .flat()
    .flatMap((chain) => ofChain(chain, chain, [], family, 0));
}

function ofChain(
  chain: FilterChain,
  base: BaseChain,
  outer: readonly Condition[],
  family: Family,
  depth: number,
): MarkRule[] {
  return chain.rules.flatMap((rule) => {
    const conditions = [...outer, ...rule.conditions];
    return rule.actions.flatMap((action): MarkRule[] => {
      if (action.kind === 'mark') return [markRule(rule, action, base.hook, conditions, family)];
      if (action.kind === 'unknown' && /mark/i.test(action.text))
        return [unknownMark(rule, base.hook, action.text, family)];
      if (action.kind !== 'jump' && action.kind !== 'goto') return [];
      const next = depth < DEEPEST ? base.others.get(action.chain) : undefined;
      return next ? ofChain(next, base, conditions, family, depth + 1) : [];
    });
  });
}

function markRule(
  rule: FilterRule,
  { value, mask }: { readonly value: number; readonly mask: number },
  hook: Hook,
  conditions: readonly Condition[],
  family: Family,
): MarkRule {
  const { plain, because } = plainMatch(conditions, family);
  const isPart = mask !== 0xffffffff ? 'only some bits of the mark are set' : undefined;
  const reason = because ?? isPart;
  return {
    family,
    value,
    mask,
    hook,
    rule,
    plain: reason === undefined ? plain : undefined,
    because: reason,
  };
}

/** A rule whose mark depends on something that is not read. */
function unknownMark(rule: FilterRule, hook: Hook, because: string, family: Family): MarkRule {
  return { family, value: 0, mask: 0, hook, rule, plain: undefined, because };
}

/** What conditions ask, when it is one destination, one protocol and its ports. */
export function plainMatch(
  conditions: readonly Condition[],
  family: Family,
): { readonly plain: PlainMatch | undefined; readonly because: string | undefined } {
  let address: AddressRange | undefined;
  let protocol: string | undefined;
  let ports: readonly NumberRange[] | undefined;
  const no = (because: string) => ({ plain: undefined, because });
  for (const one of conditions) {
    if (one.kind === 'any') continue;
    if (one.kind === 'family' && !one.not && one.family === family) continue;
    if (one.kind === 'unknown') return no(one.text);
    if (one.not) return no(`not: ${describe(one)}`);
    if (one.kind === 'address' && one.side === 'destination' && one.ranges.length === 1)
      address = address === undefined ? one.ranges[0] : undefined;
    else if (one.kind === 'protocol' && one.names.length === 1 && fits(protocol, one.names[0]))
      protocol = one.names[0];
    else if (one.kind === 'port' && one.side === 'destination' && ports === undefined)
      ports = one.ranges;
    else return no(describe(one));
    if (one.kind === 'address' && address === undefined) return no('two destinations');
  }
  return { plain: { address, protocol, ports }, because: undefined };
}

function fits(known: string | undefined, name: string | undefined): boolean {
  return known === undefined || known === name;
}

function describe(condition: Exclude<Condition, { kind: 'any' | 'unknown' }>): string {
  const side = 'side' in condition ? `${condition.side} ` : '';
  return `${side}${condition.kind}`;
}
