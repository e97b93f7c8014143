// Rules of the packet filter: the marks that make several ports one service, and the segment size
// that leaves room for a tunnel.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address.js';
import type { KnownProtocol } from '../../model/service.js';
import type { PlanCommand } from './command.js';
import type { Machine } from './machine.js';
import type { ResourceType } from './resourcetype.js';

/** A port, or a range: `8000-8100`. */
export type PortSpec = number | `${number}-${number}`;

export type FirewallRule =
  | {
      readonly kind: 'mark';
      readonly protocol: KnownProtocol;
      readonly address: Address;
      /** as many as iptables takes in one rule; none = all ports */
      readonly ports: readonly PortSpec[];
      readonly mark: number;
    }
  /** largest TCP segment offered in connections of a VIP, bytes */
  | { readonly kind: 'mss'; readonly address: Address; readonly size: number };

export type FirewallTool = 'nft' | 'iptables' | 'iptables-legacy';
export interface FirewallResource {
  readonly tool: FirewallTool;
  readonly rule: FirewallRule;
}

/** State: whether the rule is there. */
export const FIREWALL: ResourceType<FirewallResource, boolean> = {
  shared: false,
  title: ({ rule }) => `firewall ${describeRule(rule)}`,
  show: (state) => (state ? 'there' : 'missing'),
  async read({ tool, rule }, machine) {
    if (tool === 'nft') return nftHas(rule, machine);
    return machine.run(program(tool, rule), iptablesArgs('-C', rule)).status === 0;
  },
  same: (actual, desired) => actual === desired,
  commands({ tool, rule }, from, to) {
    if (from === to) return [];
    if (tool === 'nft') return nftCommands(rule, to);
    return [
      { kind: 'run', program: program(tool, rule), args: iptablesArgs(to ? '-A' : '-D', rule) },
    ];
  },
};

/** `mark 1 on tcp 192.0.2.1 ports 80,443` */
export function describeRule(rule: FirewallRule): string {
  const address = formatAddress(rule.address);
  if (rule.kind === 'mss') return `segments of ${address} up to ${rule.size} bytes`;
  const ports = rule.ports.length === 0 ? 'all ports' : `port ${rule.ports.join(',')}`;
  return `mark ${rule.mark} on ${rule.protocol} ${address} ${ports}`;
}

/**
 * The packet filter of this machine: nft where the kernel takes it, else iptables; iptables-legacy
 * where the kernel has no nf_tables for IP, which the iptables of many distributions is built on.
 */
export function firewallTool(machine: Machine): FirewallTool {
  if (machine.run('nft', ['--check', 'add table ip lvsctl_probe']).status === 0) return 'nft';
  return machine.run('iptables-legacy', ['-t', 'mangle', '-S', 'PREROUTING']).status === 0
    ? 'iptables-legacy'
    : 'iptables';
}

function program(tool: Exclude<FirewallTool, 'nft'>, { address }: FirewallRule): string {
  return address.family === 'ipv6' ? tool.replace(/^ip/, 'ip6') : tool;
}

function iptablesArgs(action: '-A' | '-C' | '-D', rule: FirewallRule): string[] {
  const address = formatAddress(rule.address);
  if (rule.kind === 'mss') {
    const syn = ['-p', 'tcp', '--tcp-flags', 'SYN,RST', 'SYN'];
    return [
      '-t',
      'mangle',
      action,
      'POSTROUTING',
      '-s',
      address,
      ...syn,
      '-j',
      'TCPMSS',
      '--set-mss',
      String(rule.size),
    ];
  }
  return [
    '-t',
    'mangle',
    action,
    'PREROUTING',
    '-d',
    address,
    '-p',
    rule.protocol,
    ...iptablesPorts(rule.ports),
    '-j',
    'MARK',
    '--set-mark',
    String(rule.mark),
  ];
}

function iptablesPorts(ports: readonly PortSpec[]): readonly string[] {
  const text = ports.map((port) => String(port).replace('-', ':')).join(',');
  if (ports.length === 0) return [];
  return ports.length === 1 ? ['--dport', text] : ['-m', 'multiport', '--dports', text];
}

/** Each rule has a table of its own, so that it can be removed alone. */
function nftTable(rule: FirewallRule): {
  readonly family: 'ip' | 'ip6';
  readonly name: string;
  readonly chain: string;
  readonly text: string;
} {
  const family = rule.address.family === 'ipv6' ? 'ip6' : 'ip';
  const address = formatAddress(rule.address);
  // one for one: a::b:c is not a:b::c
  const suffix = address.replace(/[.:]/g, '_');
  if (rule.kind === 'mss') {
    return {
      family,
      name: `lvsctl_mss_${suffix}`,
      chain: 'postrouting { type filter hook postrouting priority mangle; }',
      text:
        `postrouting ${family} saddr ${address} tcp flags & (syn | rst) == syn tcp option ` +
        `maxseg size set ${rule.size}`,
    };
  }
  return {
    family,
    name: `lvsctl_mark_${rule.mark}_${rule.protocol}_${String(rule.ports[0] ?? 'all').replace('-', '_')}_${suffix}`,
    chain: 'prerouting { type filter hook prerouting priority mangle; }',
    text: `prerouting ${family} daddr ${address} ${nftPorts(rule)} meta mark set ${rule.mark}`,
  };
}

/** What a rule matches beside the address, as nft has it. */
export function nftPorts({ protocol, ports }: Extract<FirewallRule, { kind: 'mark' }>): string {
  return ports.length === 0
    ? `meta l4proto ${protocol}`
    : `${protocol} dport { ${ports.join(', ')} }`;
}

function nftCommands(rule: FirewallRule, to: boolean): PlanCommand[] {
  const { family, name, chain, text } = nftTable(rule);
  const table = `${family} ${name}`;
  // one command is one transaction
  const add =
    `add table ${table}; flush table ${table}; add chain ${table} ` +
    `${chain}; add rule ${table} ${text} comment "${describeRule(rule)}"`;
  return [{ kind: 'run', program: 'nft', args: [to ? add : `delete table ${table}`] }];
}

function nftHas(rule: FirewallRule, machine: Machine): boolean {
  const { family, name } = nftTable(rule);
  const { status, stdout } = machine.run('nft', ['list', 'table', family, name]);
  return status === 0 && stdout.includes(`comment "${describeRule(rule)}"`);
}
