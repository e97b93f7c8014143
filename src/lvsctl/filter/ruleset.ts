// The packet filter of a machine for one family: every base chain by hook, in the kernel's order.
import type { Family } from '../../model/address.js';
import type { PacketFilterFact } from '../facts/types.js';
import { iptablesTables, parseIptables } from './iptables.js';
import { parseNft } from './nft.js';
import type { NftObject } from './nftjson.js';
import { type BaseChain, HOOKS, type Hook, type RuleSet } from './types.js';

/** Reads all rules; a table that iptables keeps in nf_tables is read once, as iptables prints it. */
export function ruleSetOf({ iptables, nft }: PacketFilterFact, family: Family): RuleSet {
  const own = iptables.filter((one) => one.family === family);
  const name = family === 'ipv4' ? 'ip' : 'ip6';
  const kept = own.filter(({ variant }) => variant === 'nf_tables');
  const skip = new Set(
    kept.flatMap(({ text }) => iptablesTables(text)).map((table) => `${name} ${table}`),
  );
  const { chains, unread } = parseNft(nft as readonly NftObject[], family, skip);
  const all = [...own.flatMap(parseIptables), ...chains];
  const at = (hook: Hook): BaseChain[] =>
    all.filter((chain) => chain.hook === hook).sort((a, b) => a.priority - b.priority);
  return {
    hooks: Object.fromEntries(HOOKS.map((hook) => [hook, at(hook)])) as Record<Hook, BaseChain[]>,
    unread,
  };
}
