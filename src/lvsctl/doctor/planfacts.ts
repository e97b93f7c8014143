// What plans ask of a machine, answered from its facts.
import type { Family } from '../../model/address.js';
import type { MachineFacts, RouteFact } from '../facts/types.js';
import type { Facts } from '../plan/facts.js';
import { type FirewallTool, firewallTool } from '../plan/firewall.js';
import type { Machine } from '../plan/machine.js';

/** @param machine where programs can be run: a machine that only its facts are known of has none */
export function planFacts(facts: MachineFacts, machine: Machine | undefined): Facts {
  const up = new Set(facts.links.flatMap((link) => (link.up ? [link.name] : [])));
  let tool: FirewallTool | undefined;
  return {
    addresses: facts.addresses.map(({ device, address, prefix }) => ({
      device,
      address,
      prefix,
      up: up.has(device),
      secondary: false,
      args: [],
    })),
    links: facts.links.map((link) => ({
      name: link.name,
      index: link.index,
      up: link.up,
      carrier: link.carrier,
      mtu: link.mtu,
      asked: link.name !== 'lo' && !link.noarp,
      type: link.kind ?? '',
      local: link.tunnel?.local ?? '',
      remote: link.tunnel?.remote ?? '',
    })),
    routes: (family) => defaultRouteOf(facts, family),
    firewallTool() {
      tool ??= machine ? firewallTool(machine) : toolOf(facts);
      return tool;
    },
    sysctl(key) {
      const text = facts.sysctls[key]?.trim();
      return text === undefined || text === '' ? undefined : Number(text);
    },
    ownsModules: facts.owns_modules && facts.kernel_rules,
  };
}

function toolOf({ packet_filter: { iptables, nft } }: MachineFacts): FirewallTool {
  if (iptables.some(({ legacy }) => legacy)) return 'iptables-legacy';
  return nft.length > 1 && iptables.length === 0 ? 'nft' : 'iptables';
}

/** The default route of the lowest metric, as arguments of `ip route add default`. */
function defaultRouteOf({ routes }: MachineFacts, family: Family): string | null {
  const [best] = routes
    .filter((one) => one.family === family && one.table === 'main' && one.type === 'unicast')
    .filter((one) => one.to.endsWith('/0'))
    .sort((a, b) => a.metric - b.metric);
  return best ? routeText(best) : null;
}

function routeText({ hops, metric, advmss, mtu }: RouteFact): string {
  const [hop] = hops;
  return [
    ...(hop?.via ? ['via', hop.via] : []),
    ...(hop ? ['dev', hop.device] : []),
    ...(metric === 0 ? [] : ['metric', metric]),
    ...(mtu === null ? [] : ['mtu', mtu]),
    ...(advmss === null ? [] : ['advmss', advmss]),
  ].join(' ');
}
