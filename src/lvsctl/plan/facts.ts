// What of a machine decides which settings it needs.
import { type Address, type Family, formatAddress, parseAddress } from '../../model/address.js';
import { fullPrefix, samePrefix } from '../../model/prefix.js';
import { type FirewallTool, firewallTool } from './firewall.js';
import type { Machine } from './machine.js';
import {
  defaultRoute,
  type LinkState,
  type LocalAddress,
  links,
  localAddresses,
} from './network.js';

export interface Facts {
  readonly addresses: readonly LocalAddress[];
  readonly links: readonly LinkState[];
  /** found out when first asked for, because that runs programs */
  routes(family: Family): string | null;
  firewallTool(): FirewallTool;
  /** value of a key below /proc/sys, undefined when there is none */
  sysctl(key: string): number | undefined;
  readonly ownsModules: boolean;
}

/** @throws CommandError when `ip` fails */
export function gatherFacts(machine: Machine): Facts {
  const routes = new Map<Family, string | null>();
  let tool: FirewallTool | undefined;
  return {
    addresses: localAddresses(machine),
    links: links(machine),
    routes(family) {
      const found = routes.get(family) ?? defaultRoute(family, machine);
      routes.set(family, found);
      return found;
    },
    firewallTool() {
      tool ??= firewallTool(machine);
      return tool;
    },
    sysctl(key) {
      const text = machine.read(`/proc/sys/${key}`)?.trim();
      return text === undefined || text === '' ? undefined : Number(text);
    },
    ownsModules: machine.ownsModules && machine.hasKernelRules,
  };
}

/** The interfaces that have exactly this address. */
export function holdersOf(
  address: Address,
  { addresses }: Pick<Facts, 'addresses'>,
): readonly LocalAddress[] {
  const held = HELD.get(addresses) ?? byText(addresses);
  HELD.set(addresses, held);
  return held.get(formatAddress(address)) ?? [];
}

/** What was made ready of lists of addresses, which never change: they may have thousands. */
const HELD = new WeakMap<readonly LocalAddress[], ReadonlyMap<string, readonly LocalAddress[]>>();

function byText(addresses: readonly LocalAddress[]): Map<string, LocalAddress[]> {
  const held = new Map<string, LocalAddress[]>();
  for (const one of addresses) {
    const own = parseAddress(one.address);
    const text = own ? formatAddress(own) : one.address;
    const list = held.get(text);
    if (list) list.push(one);
    else held.set(text, [one]);
  }
  return held;
}

/** The interfaces, lo aside, that are connected to the network of an address. */
export function connectedTo(
  address: Address,
  { addresses }: Pick<Facts, 'addresses'>,
): LocalAddress[] {
  const full = fullPrefix(address.family);
  return addresses.filter(
    (one) => one.device !== 'lo' && one.prefix < full && contains(one, address),
  );
}

/** Whether an address lies in the network of a local one. */
function contains(
  { address: text, prefix }: Pick<LocalAddress, 'address' | 'prefix'>,
  desired: Address,
): boolean {
  const own = parseAddress(text);
  return own !== undefined && samePrefix(own, desired, prefix);
}
