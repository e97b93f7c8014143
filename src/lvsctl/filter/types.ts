// The packet filter as data, of any program: chains of rules, each with conditions and
// an action. What is not understood of a rule stays in it as such: it is never taken for absent.
import type { Address, Family } from '../../model/address.js';

export const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;
export type Hook = (typeof HOOKS)[number];

export interface FilterRule {
  /** as its program prints it, with the table: `iptables -t mangle -A PREROUTING …` */
  readonly text: string;
  readonly conditions: readonly Condition[];
  /** done one after the other when all conditions hold */
  readonly actions: readonly FilterAction[];
  /** removes the rule, as it is typed; undefined where that is not known */
  readonly remove: string | undefined;
}

/** Whole numbers from..to, both included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}
/** A network, or a range of addresses. */
export type AddressRange =
  | { readonly kind: 'network'; readonly address: Address; readonly length: number }
  | { readonly kind: 'range'; readonly from: Address; readonly to: Address };

export type Side = 'source' | 'destination';

/** States of connection tracking; `dnat` and `snat` too. */
export type TrackState = 'new' | 'established' | 'related' | 'invalid' | 'untracked';

export type Condition =
  | { readonly kind: 'any' }
  | { readonly kind: 'family'; readonly family: Family; readonly not: boolean }
  /** names as in /etc/protocols: `tcp` */
  | { readonly kind: 'protocol'; readonly names: readonly string[]; readonly not: boolean }
  | {
      readonly kind: 'address';
      readonly side: Side;
      readonly ranges: readonly AddressRange[];
      readonly not: boolean;
    }
  | {
      readonly kind: 'port';
      /** `either`: the condition holds when one of both ports is in */
      readonly side: Side | 'either';
      readonly ranges: readonly NumberRange[];
      readonly not: boolean;
    }
  /** names; a `+` or `*` at the end stands for any rest */
  | {
      readonly kind: 'device';
      readonly side: 'in' | 'out';
      readonly names: readonly string[];
      readonly not: boolean;
    }
  | {
      readonly kind: 'mark';
      readonly ranges: readonly NumberRange[];
      readonly mask: number;
      readonly not: boolean;
    }
  | { readonly kind: 'state'; readonly states: readonly string[]; readonly not: boolean }
  /** of the flags in `mask`, exactly those of `set` are set; names in small letters */
  | {
      readonly kind: 'flags';
      readonly mask: readonly string[];
      readonly set: readonly string[];
      readonly not: boolean;
    }
  /** one of these flags is set */
  | { readonly kind: 'some-flag'; readonly flags: readonly string[]; readonly not: boolean }
  /** the type of an address by the routing table: `local` … */
  | { readonly kind: 'type'; readonly side: Side; readonly type: string; readonly not: boolean }
  /** the hardware address of the sender */
  | { readonly kind: 'mac'; readonly macs: readonly string[]; readonly not: boolean }
  | { readonly kind: 'unknown'; readonly text: string };

export type FilterAction =
  /** goes on with the next rule: a counter, a log line, a segment size */
  | { readonly kind: 'continue' }
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  | { readonly kind: 'return' }
  /** the mark becomes (mark & ~mask) ^ value */
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'untracked' }
  /** the size of segments that is offered; undefined = that of the route */
  | { readonly kind: 'segment'; readonly size: number | undefined }
  | {
      readonly kind: 'dnat';
      readonly address: Address | undefined;
      readonly port: number | undefined;
    }
  | { readonly kind: 'redirect'; readonly port: number | undefined }
  | { readonly kind: 'snat'; readonly address: Address | undefined }
  | { readonly kind: 'masquerade' }
  | { readonly kind: 'unknown'; readonly text: string };

export interface FilterChain {
  readonly name: string;
  readonly rules: readonly FilterRule[];
}

/** A chain that the kernel itself calls. */
export interface BaseChain extends FilterChain {
  readonly hook: Hook;
  readonly priority: number;
  readonly policy: 'accept' | 'drop';
  /** asked for the first packet of a connection only, and for none that is not tracked */
  readonly translates: boolean;
  /** packets of the machine itself whose mark it changes are routed again */
  readonly routes?: boolean;
  /** how the policy is printed: `iptables -P FORWARD DROP` */
  readonly policyText: string;
  /** the chains that its rules may call */
  readonly others: ReadonlyMap<string, FilterChain>;
}

/** All base chains of a family by hook, in the order in which they are asked. */
export interface RuleSet {
  readonly hooks: Readonly<Record<Hook, readonly BaseChain[]>>;
  /** chains that see packets and are not read: those of bridges and of ingress */
  readonly unread: readonly string[];
}

/** A packet as rules see it. undefined = not known, or any. */
export interface FilterPacket {
  readonly family: Family;
  readonly protocol: string;
  readonly source: Address | undefined;
  readonly sourcePort: number | undefined;
  readonly destination: Address | undefined;
  readonly destinationPort: number | undefined;
  readonly mark: number;
  readonly state: TrackState | undefined;
  /** of TCP, in small letters */
  readonly flags: readonly string[];
  readonly inDevice: string | undefined;
  readonly outDevice: string | undefined;
  readonly sourceMac: string | undefined;
  /** where it is: an interface that packets have there, and that is not stated, is not known */
  readonly hook?: Hook;
  /** of a tracked connection that is translated as its first packet was */
  readonly isBound?: boolean;
}
