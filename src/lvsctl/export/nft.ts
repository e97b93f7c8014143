// The firewall marks of an lvsctl file as rules for `nft -f`.
import { formatAddress } from '../../model/address.js';
import type { Config } from '../config/file.js';
import { type FirewallRule, nftPorts } from '../plan/firewall.js';
import { markRules } from '../plan/markrules.js';
import type { Exported } from './exported.js';

type MarkingRule = Extract<FirewallRule, { readonly kind: 'mark' }>;

/**
 * One table a family, made anew each time that the file is loaded; '' without marks. What
 * `director up` does has tables of its own: one of both is enough.
 */
export function toNft(config: Config): Exported {
  const rules = config.services.flatMap((service) => markRules(service)).filter(isMark);
  const text = (['ip', 'ip6'] as const)
    .map((family) => {
      const own = rules.filter(({ address }) => (address.family === 'ipv6') === (family === 'ip6'));
      return own.length === 0 ? '' : tableOf(family, own);
    })
    .filter(Boolean)
    .join('\n');
  const omissions = config.services
    .filter(({ mark }) => mark === undefined)
    .map(({ name }) => ({
      subject: name,
      text: 'it has no mark, so no rule of the packet filter',
    }));
  return { text, omissions: rules.length === 0 ? omissions : [] };
}

function isMark(rule: FirewallRule): rule is MarkingRule {
  return rule.kind === 'mark';
}

function tableOf(family: 'ip' | 'ip6', rules: readonly MarkingRule[]): string {
  const lines = rules.map(
    (rule) =>
      `    ${family} daddr ${formatAddress(rule.address)} ${nftPorts(rule)} meta mark set ${rule.mark}`,
  );
  return `table ${family} lvs_marks
delete table ${family} lvs_marks
table ${family} lvs_marks {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
${lines.join('\n')}
  }
}
`;
}
