// Services of a mark that no rule of the packet filter sets, or sets too late for IPVS.
import { formatAddress } from '../../model/address.js';
import type { ServiceId } from '../../model/service.js';
import { serviceKey } from '../../model/table.js';
import { BEFORE_IPVS, type MarkRule, markRules } from '../filter/marks.js';
import { printCommand } from '../plan/command.js';
import { describeRule, FIREWALL, type PortSpec } from '../plan/firewall.js';
import { markRules as desiredRules } from '../plan/markrules.js';
import { type MarkSource, unmarked } from '../plan/marks.js';
import type { Found } from './finding.js';
import { hostOfRule, type Inspection } from './inspection.js';

type Mark = Extract<ServiceId, { readonly kind: 'fwmark' }>;

/** By the file the rules that are missing; else a rule that sets the mark too late is moved. */
export function unsetMarks(inspection: Inspection): Found[] {
  const { expected, marks, config, facts } = inspection;
  return expected.flatMap(({ service: { id } }) => {
    if (id.kind !== 'fwmark') return [];
    const setting = marks.filter((rule) => rule.family === id.family && maySet(rule, id.mark));
    const source = config?.services.find(({ mark }) => mark === id.mark);
    const missing = source ? unmarked(desiredRules(source), setting.map(markSource)) : [];
    if (setting.length > 0 && missing.length === 0) return [];
    const rules = missing.flatMap((rule) =>
      FIREWALL.commands({ tool: facts.firewallTool(), rule }, false, true),
    );
    const some = missing.map(describeRule).join('; ');
    const what = `${serviceKey(id)}: no rule sets this mark${setting.length > 0 ? `: ${some}` : ''}`;
    return [
      rules.length > 0 ? { what, repair: rules.map(printCommand) } : tooLate(id, what, inspection),
    ];
  });
}

/** A rule of another hook is removed, and added where packets are before IPVS. */
function tooLate(id: Mark, what: string, { host }: Inspection): Found {
  const { family, mark } = id;
  const late = markRules(host.rules(family), family).find(
    (one) => one.value === mark && one.plain !== undefined && !BEFORE_IPVS.includes(one.hook),
  );
  const { text = '', remove } = late?.rule ?? {};
  const [, start, rest] = /^(ip6?tables\S* -t mangle -A) \S+( .*)$/.exec(text) ?? [];
  if (late === undefined || remove === undefined || start === undefined)
    return { what, repair: [], advice: example(id) };
  const now = `${what} before IPVS: ${late.hook} comes after it, where ${text} is`;
  return { what: now, repair: [remove, `${start} PREROUTING${rest}`] };
}

/** Its VIP and port are not known here. */
function example({ family, mark }: Mark): string {
  const program = family === 'ipv6' ? 'ip6tables' : 'iptables';
  return `add a rule that sets it, such as ${program} -t mangle -A PREROUTING -d VIP -p tcp --dport PORT -j MARK --set-mark ${mark}`;
}

/** A rule that may give packets this mark; of some bits, or of a value that is not read, it may. */
function maySet({ value, mask }: MarkRule, mark: number): boolean {
  return ((mark ^ value) & mask) >>> 0 === 0;
}

/** A rule as plans compare it; one that is not plain counts for all ports of all VIPs. */
function markSource(rule: MarkRule): MarkSource {
  const { family, value: mark, plain } = rule;
  const vip = hostOfRule(rule);
  return {
    family,
    mark,
    address: vip && formatAddress(vip),
    vip,
    protocol: plain?.protocol,
    ports: plain?.ports?.map(({ from, to }): PortSpec => (from === to ? from : `${from}-${to}`)),
  };
}
