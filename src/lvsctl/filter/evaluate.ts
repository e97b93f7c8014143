// What the chains of a hook do with a packet: a pure function. A condition holds, does not hold, or
// is not known; where both outcomes of an unknown one lead to the same, the answer is known.
import { type Address, sameAddress } from '../../model/address.js';
import { holds, type Local } from './conditions.js';
import type { BaseChain, FilterAction, FilterChain, FilterPacket, FilterRule } from './types.js';

export interface Passage {
  readonly outcome: 'pass' | 'drop' | 'reject' | 'unknown';
  /** the rule or policy that decided, or that is not understood; undefined when all let it pass */
  readonly by: Decider | undefined;
  /** the packet as it leaves the hook */
  readonly packet: FilterPacket;
  /** rules that changed it, in order */
  readonly changes: readonly AppliedRule[];
}
export interface Decider {
  readonly text: string;
  readonly remove: string | undefined;
  /** of a policy */
  readonly isPolicy: boolean;
}
export interface AppliedRule {
  readonly rule: FilterRule;
  readonly action: FilterAction;
  /** it gave a packet of the machine itself another mark, which chooses its route again */
  readonly isRouted: boolean;
}

/** rules that are tried as holding and as not holding, before the answer is unknown */
const MOST_FORKS = 8;
const DEEPEST = 64;

/**
 * Sends a packet through chains, one after the other.
 * @param local whether an address is one of the machine
 */
export function traverse(
  chains: readonly BaseChain[],
  packet: FilterPacket,
  local: Local,
): Passage {
  return fork(chains, packet, local, new Map());
}

function fork(
  chains: readonly BaseChain[],
  packet: FilterPacket,
  local: Local,
  assumed: ReadonlyMap<FilterRule, boolean>,
): Passage {
  const run = new Run(packet, local, assumed);
  const passage = run.through(chains);
  const { doubt } = run;
  if (doubt === undefined) return passage;
  const unknown: Passage = {
    outcome: 'unknown',
    by: { text: doubt.text, remove: doubt.remove, isPolicy: false },
    packet: passage.packet,
    changes: passage.changes,
  };
  if (assumed.size >= MOST_FORKS || run.isStuck) return unknown;
  const without = fork(chains, packet, local, new Map(assumed).set(doubt, false));
  const withIt = fork(chains, packet, local, new Map(assumed).set(doubt, true));
  return sameEnd(without, withIt) ? without : unknown;
}

function sameEnd(a: Passage, b: Passage): boolean {
  if (a.outcome !== b.outcome || a.outcome === 'unknown') return false;
  const { packet: one } = a;
  const { packet: other } = b;
  if (a.outcome !== 'pass') return true;
  return (
    one.mark === other.mark &&
    one.state === other.state &&
    one.destinationPort === other.destinationPort &&
    sameOrAbsent(one.destination, other.destination) &&
    sameOrAbsent(one.source, other.source)
  );
}

function sameOrAbsent(a: Address | undefined, b: Address | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameAddress(a, b);
}

type Step = 'continue' | 'accept' | 'return' | { readonly end: 'drop' | 'reject' | 'unknown' };

/** One evaluation with some conditions assumed. */
class Run {
  /** the first rule of which it is not known whether it holds */
  doubt: FilterRule | undefined;
  /** the rule is known to hold, and what it does is not */
  isStuck = false;
  #packet: FilterPacket;
  #changes: AppliedRule[] = [];
  #decider: Decider | undefined;
  /** a mark that changes in the chain that is asked chooses the route again */
  #routes = false;

  constructor(
    packet: FilterPacket,
    readonly local: Local,
    readonly assumed: ReadonlyMap<FilterRule, boolean>,
  ) {
    this.#packet = packet;
  }

  through(chains: readonly BaseChain[]): Passage {
    let outcome: Passage['outcome'] = 'pass';
    for (const chain of chains) {
      this.#routes = chain.routes ?? false;
      const step = chain.translates
        ? this.#translation(chain)
        : this.#chain(chain, chain.others, 0);
      if (step === undefined) continue;
      if (typeof step === 'object') outcome = step.end;
      else if (step !== 'accept' && chain.policy === 'drop') {
        outcome = 'drop';
        this.#decider = { text: chain.policyText, remove: undefined, isPolicy: true };
      }
      if (outcome !== 'pass' || this.doubt) break;
    }
    return { outcome, by: this.#decider, packet: this.#packet, changes: this.#changes };
  }

  /** The first packet decides for its connection. @returns undefined: the chain is not asked */
  #translation(chain: BaseChain): Step | undefined {
    const { state, flags, isBound = false, protocol } = this.#packet;
    if (state === 'new') return this.#chain(chain, chain.others, 0);
    if (state !== 'established' || !isBound) return undefined;
    const first = protocol === 'tcp' ? ['syn'] : [];
    this.#packet = { ...this.#packet, state: 'new', flags: first };
    const step = this.#chain(chain, chain.others, 0);
    this.#packet = { ...this.#packet, state, flags };
    return step;
  }

  #chain(chain: FilterChain, others: ReadonlyMap<string, FilterChain>, depth: number): Step {
    for (const rule of chain.rules) {
      const matches = this.assumed.get(rule) ?? this.#matches(rule);
      if (matches === undefined) {
        if (rule.actions.every(({ kind }) => kind === 'continue')) continue;
        this.doubt = rule;
        return { end: 'unknown' };
      }
      if (!matches) continue;
      const step = this.#act(rule, others, depth);
      if (step !== 'continue') return step;
    }
    return 'continue';
  }

  #matches(rule: FilterRule): boolean | undefined {
    let known: boolean | undefined = true;
    for (const condition of rule.conditions) {
      const one = holds(condition, this.#packet, this.local);
      if (one === false) return false;
      if (one === undefined) known = undefined;
    }
    return known;
  }

  #act(rule: FilterRule, others: ReadonlyMap<string, FilterChain>, depth: number): Step {
    for (const action of rule.actions) {
      const step = this.#one(action, rule, others, depth);
      if (step !== 'continue') return step;
    }
    return 'continue';
  }

  #one(
    action: FilterAction,
    rule: FilterRule,
    others: ReadonlyMap<string, FilterChain>,
    depth: number,
  ): Step {
    switch (action.kind) {
      case 'continue':
        return 'continue';
      case 'accept':
      case 'return':
        return action.kind;
      case 'drop':
      case 'reject':
        this.#decider = { text: rule.text, remove: rule.remove, isPolicy: false };
        return { end: action.kind };
      case 'jump':
      case 'goto': {
        const chain = others.get(action.chain);
        if (chain === undefined || depth > DEEPEST) return this.#stuck(rule);
        const step = this.#chain(chain, others, depth + 1);
        if (step === 'return' || step === 'continue')
          return action.kind === 'jump' ? 'continue' : 'return';
        return step;
      }
      case 'unknown':
        return this.#stuck(rule);
      default:
        this.#change(rule, action);
        return TRANSLATIONS.includes(action.kind) ? 'accept' : 'continue';
    }
  }

  #change(rule: FilterRule, action: FilterAction): void {
    const { mark } = this.#packet;
    this.#packet = changed(this.#packet, action);
    const isRouted = this.#routes && this.#packet.mark !== mark;
    this.#changes.push({ rule, action, isRouted });
  }

  #stuck(rule: FilterRule): Step {
    this.doubt = rule;
    this.isStuck = true;
    return { end: 'unknown' };
  }
}

/** They end the chain, as accept does. */
const TRANSLATIONS: readonly FilterAction['kind'][] = ['dnat', 'snat', 'masquerade', 'redirect'];

function changed(packet: FilterPacket, action: FilterAction): FilterPacket {
  switch (action.kind) {
    case 'mark':
      return { ...packet, mark: ((packet.mark & ~action.mask) ^ action.value) >>> 0 };
    case 'untracked':
      return { ...packet, state: 'untracked' };
    case 'dnat':
      return {
        ...packet,
        destination: action.address ?? packet.destination,
        destinationPort: action.port ?? packet.destinationPort,
      };
    case 'redirect':
      return { ...packet, destinationPort: action.port ?? packet.destinationPort };
    case 'snat':
      return { ...packet, source: action.address ?? packet.source };
    default:
      return packet;
  }
}
