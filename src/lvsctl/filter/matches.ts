// The matches of iptables: one row an option, with what it asks of a packet. Facts: iptables(8) and
// iptables-extensions(8).

import type { RuleOption } from './arguments.js';
import { protocolName } from './protocols.js';
import type { Condition, Side } from './types.js';
import { parseAddressRange, parseMark, parseNetwork, parsePortRange } from './values.js';

type Reader = (option: RuleOption) => Condition | undefined;

const address =
  (side: Side): Reader =>
  ({ values, not }) =>
    ranged((values[0] ?? '').split(','), parseNetwork, (ranges) => ({
      kind: 'address',
      side,
      ranges,
      not,
    }));
const addressRange =
  (side: Side): Reader =>
  ({ values, not }) =>
    ranged(values.slice(0, 1), parseAddressRange, (ranges) => ({
      kind: 'address',
      side,
      ranges,
      not,
    }));
const port =
  (side: Side | 'either'): Reader =>
  ({ values, not }) =>
    ranged((values[0] ?? '').split(','), parsePortRange, (ranges) => ({
      kind: 'port',
      side,
      ranges,
      not,
    }));
const device =
  (side: 'in' | 'out'): Reader =>
  ({ values, not }) => ({ kind: 'device', side, names: values, not });
const type =
  (side: Side): Reader =>
  ({ values: [name = ''], not }) => ({ kind: 'type', side, type: name.toLowerCase(), not });
const state: Reader = ({ values, not }) => ({
  kind: 'state',
  states: (values[0] ?? '').toLowerCase().split(','),
  not,
});
const ANY: Condition = { kind: 'any' };

/** Options by name. */
const MATCHES: Readonly<Record<string, Reader>> = {
  '-s': address('source'),
  '-d': address('destination'),
  '--src-range': addressRange('source'),
  '--dst-range': addressRange('destination'),
  '-i': device('in'),
  '-o': device('out'),
  '-p': ({ values: [name = ''], not }) =>
    name === 'all' ? ANY : { kind: 'protocol', names: [protocolName(name)], not },
  '--dport': port('destination'),
  '--dports': port('destination'),
  '--sport': port('source'),
  '--sports': port('source'),
  '--ports': port('either'),
  '--ctstate': state,
  '--state': state,
  '--dst-type': type('destination'),
  '--src-type': type('source'),
  '--mac-source': ({ values: [mac = ''], not }) => ({
    kind: 'mac',
    macs: [mac.toLowerCase()],
    not,
  }),
  '--comment': () => ANY,
  '--mark': ({ values: [text = ''], not }) => {
    const mark = parseMark(text);
    return (
      mark && {
        kind: 'mark',
        ranges: [{ from: mark.value, to: mark.value }],
        mask: mark.mask,
        not,
      }
    );
  },
  '--syn': ({ not }) => ({ kind: 'flags', mask: SYN_MASK, set: ['syn'], not }),
  '--tcp-flags': ({ values: [mask = '', set = ''], not }) => ({
    kind: 'flags',
    mask: flagNames(mask),
    set: flagNames(set),
    not,
  }),
};
const SYN_MASK = ['syn', 'rst', 'ack', 'fin'];
const ALL_FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg'];

function flagNames(text: string): string[] {
  if (text === 'ALL') return ALL_FLAGS;
  return text === 'NONE' ? [] : text.toLowerCase().split(',');
}

/** Modules whose options are all in the table above; `--mark` of connmark is another one. */
const MODULES = [
  ...['tcp', 'udp', 'sctp', 'multiport', 'conntrack', 'state', 'addrtype', 'mac', 'comment'],
  ...['mark', 'iprange'],
];

function ranged<T>(
  texts: readonly string[],
  parse: (text: string) => T | undefined,
  make: (ranges: readonly T[]) => Condition,
): Condition | undefined {
  const ranges = texts.map((text) => parse(text));
  return ranges.some((one) => one === undefined) ? undefined : make(ranges as T[]);
}

/**
 * The conditions of a rule's options, the target aside. An option of a module that is not in the
 * table, or a value that cannot be read, becomes a condition that is unknown.
 */
export function conditionsOf(options: readonly RuleOption[]): Condition[] {
  let unknownModule: string | undefined;
  return options.flatMap((option): Condition[] => {
    const { name, values, not } = option;
    const text = [...(not ? ['!'] : []), name, ...values].join(' ');
    if (name === '-m') {
      unknownModule = MODULES.includes(values[0] ?? '') ? undefined : values[0];
      return unknownModule === undefined ? [] : [{ kind: 'unknown', text }];
    }
    if (unknownModule !== undefined && name.startsWith('--')) return [{ kind: 'unknown', text }];
    const read = Object.hasOwn(MATCHES, name) ? MATCHES[name] : undefined;
    return [read?.(option) ?? { kind: 'unknown', text }];
  });
}
