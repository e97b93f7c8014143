// What of a machine decides which settings it needs.
import { type Address, type Family, parseAddress } from '../../model/address.js';
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
): LocalAddress[] {
  return addresses.filter((one) =>
    contains({ ...one, prefix: fullPrefix(address.family) }, address),
  );
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
