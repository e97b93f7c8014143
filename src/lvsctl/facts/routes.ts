// What `ip -json` prints of routes and of the rules of policy routing.
import type { Family } from '../../model/address.js';
import type { RouteFact, RouteHopFact, RoutingRuleFact } from './types.js';

/** One element of `ip -json -4 route show table all`. */
export interface IpRoute {
  readonly type?: string;
  readonly dst?: string;
  readonly from?: string;
  readonly gateway?: string;
  readonly via?: { readonly host?: string };
  readonly dev?: string;
  readonly table?: string | number;
  readonly metric?: number;
  readonly prefsrc?: string;
  readonly flags?: readonly string[];
  readonly nexthops?: readonly IpHop[];
  readonly tos?: string;
  readonly encap?: string;
  readonly metrics?: readonly { readonly mtu?: number; readonly advmss?: number }[];
}
interface IpHop {
  readonly gateway?: string;
  readonly via?: { readonly host?: string };
  readonly dev?: string;
  readonly flags?: readonly string[];
}

/** Routes of all tables of a family. */
export function routeFacts(list: readonly IpRoute[], family: Family): RouteFact[] {
  return list.flatMap((one): RouteFact[] => {
    const { dst, type = 'unicast', table = 'main', metric = 0, metrics = [] } = one;
    const { prefsrc, from, encap } = one;
    if (dst === undefined) return [];
    const size = (name: 'mtu' | 'advmss') => metrics.find((each) => name in each)?.[name] ?? null;
    return [
      {
        family,
        table: String(table),
        type,
        to: prefixText(PREFIXLESS.includes(encap ?? '') ? 'default' : dst, family),
        from: from === undefined ? null : prefixText(from, family),
        metric,
        source: prefsrc ?? null,
        mtu: size('mtu'),
        advmss: size('advmss'),
        hops: hopsOf(one),
        ...otherOf(one),
      },
    ];
  });
}

/** They print a second `dst`, so that which packets the route is for is not known: for any. */
const PREFIXLESS = ['ip', 'ip6', 'mpls'];

/** What is not followed. */
function otherOf({ tos, encap }: IpRoute): Pick<RouteFact, 'other'> {
  const other = [
    ...(tos === undefined ? [] : [`tos ${tos}`]),
    ...(encap === undefined ? [] : [`encap ${encap}`]),
  ];
  return other.length === 0 ? {} : { other };
}

function hopsOf({ nexthops, ...single }: IpRoute): RouteHopFact[] {
  return (nexthops ?? [single]).flatMap(({ dev, gateway, via, flags = [] }) =>
    dev === undefined
      ? []
      : [{ device: dev, via: gateway ?? via?.host ?? null, dead: flags.includes('dead') }],
  );
}

/** `default` is `0.0.0.0/0`, a single address gets its length. */
function prefixText(text: string, family: Family): string {
  if (text === 'default' || text === 'all') return family === 'ipv4' ? '0.0.0.0/0' : '::/0';
  return text.includes('/') ? text : `${text}/${family === 'ipv4' ? 32 : 128}`;
}

/** One element of `ip -json rule show`. */
export type IpRule = Readonly<Record<string, unknown>>;

/** Selectors and other keys that are understood; any other makes the rule one that is not. */
const UNDERSTOOD = [
  'priority src srclen dst dstlen fwmark fwmask iif oif table not action protocol',
  'iif_detached oif_detached',
].flatMap((line) => line.split(' '));

/** The rules of a family, in the order in which the kernel asks them. */
export function routingRuleFacts(list: readonly IpRule[], family: Family): RoutingRuleFact[] {
  return list
    .map((rule): RoutingRuleFact => {
      const { priority = 0, fwmark, fwmask, iif, oif, table, action } = rule;
      const special = ['unreachable', 'prohibit', 'blackhole'].find((one) => one === action);
      const strange = action !== undefined && special === undefined ? [`action ${action}`] : [];
      return {
        family,
        priority: Number(priority),
        from: selector(rule.src, rule.srclen, family),
        to: selector(rule.dst, rule.dstlen, family),
        mark: fwmark === undefined ? null : Number(fwmark),
        mask: fwmask === undefined ? null : Number(fwmask),
        in_device: typeof iif === 'string' ? iif : null,
        out_device: typeof oif === 'string' ? oif : null,
        table: table === undefined ? null : String(table),
        action: (special as RoutingRuleFact['action'] | undefined) ?? 'table',
        not: 'not' in rule,
        other: [
          ...strange,
          ...Object.keys(rule)
            .filter((key) => !UNDERSTOOD.includes(key))
            .map((key) => `${key} ${rule[key] ?? ''}`.trim()),
        ],
      };
    })
    .sort((a, b) => a.priority - b.priority);
}

function selector(address: unknown, length: unknown, family: Family): string | null {
  if (typeof address !== 'string' || address === 'all') return null;
  return prefixText(length === undefined ? address : `${address}/${length}`, family);
}
