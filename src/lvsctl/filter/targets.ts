// The targets of iptables: what a rule does with a packet. Facts: iptables-extensions(8).
import { parseAddress } from '../../model/address.js';
import type { RuleOption } from './arguments.js';
import type { FilterAction } from './types.js';
import { parseMark } from './values.js';

type Options = ReadonlyMap<string, readonly string[]>;

/** Targets that leave the packet on its path. */
const PASSING = ['LOG', 'NFLOG', 'TRACE', 'DSCP', 'TOS', 'CLASSIFY', 'CHECKSUM', 'TCPOPTSTRIP'];

const TARGETS: Readonly<Record<string, (options: Options) => FilterAction | undefined>> = {
  ACCEPT: () => ({ kind: 'accept' }),
  DROP: () => ({ kind: 'drop' }),
  RETURN: () => ({ kind: 'return' }),
  REJECT: (options) => ({ kind: 'reject', with: options.get('--reject-with')?.[0] ?? 'icmp' }),
  MASQUERADE: () => ({ kind: 'masquerade' }),
  NOTRACK: () => ({ kind: 'untracked' }),
  CT: (options) => (options.has('--notrack') ? { kind: 'untracked' } : { kind: 'continue' }),
  MARK: mark,
  // the mark of a connection is not that of its packets; restored, it becomes that
  CONNMARK: (options) => (options.has('--restore-mark') ? undefined : { kind: 'continue' }),
  TCPMSS: (options) => {
    const size = options.get('--set-mss')?.[0];
    return { kind: 'segment', size: size === undefined ? undefined : Number(size) };
  },
  DNAT: (options) => translation('dnat', options.get('--to-destination')?.[0]),
  SNAT: (options) => translation('snat', options.get('--to-source')?.[0]),
  REDIRECT: (options) => {
    const port = options.get('--to-ports')?.[0];
    return port !== undefined && !/^\d+$/.test(port)
      ? undefined
      : { kind: 'redirect', port: port === undefined ? undefined : Number(port) };
  },
};

/** `--set-xmark 0x1/0xff`: (mark & ~mask) ^ value; the others are written as that. */
function mark(options: Options): FilterAction | undefined {
  for (const [name, [text = '']] of options) {
    const read = parseMark(text);
    if (read === undefined) continue;
    const { value, mask } = read;
    if (name === '--set-xmark') return { kind: 'mark', value, mask };
    if (name === '--set-mark') return { kind: 'mark', value, mask: (mask | value) >>> 0 };
    if (name === '--or-mark') return { kind: 'mark', value, mask: value };
    if (name === '--and-mark') return { kind: 'mark', value: 0, mask: ~value >>> 0 };
    if (name === '--xor-mark') return { kind: 'mark', value, mask: 0 };
  }
  return undefined;
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`, `10.0.0.1`; several addresses are not understood. */
function translation(kind: 'dnat' | 'snat', text = ''): FilterAction | undefined {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([\d.]+))?(?::(\d+))?$/.exec(text) ?? [];
  const plain = parseAddress(text);
  const address = plain ?? parseAddress(v6 ?? v4 ?? '');
  if (address === undefined && port === undefined) return undefined;
  if (kind === 'snat') return { kind, address };
  return { kind, address, port: plain || port === undefined ? undefined : Number(port) };
}

/**
 * What a rule does.
 * @param chains names of the chains of its table, which `-j` may call
 */
export function actionOf(
  options: readonly RuleOption[],
  chains: ReadonlySet<string>,
): FilterAction {
  const at = options.findIndex(({ name }) => name === '-j' || name === '-g');
  const target = options[at];
  if (target === undefined) return { kind: 'continue' };
  const [name = ''] = target.values;
  if (target.name === '-g') return { kind: 'goto', chain: name };
  if (chains.has(name)) return { kind: 'jump', chain: name };
  if (PASSING.includes(name)) return { kind: 'continue' };
  const own = new Map(options.slice(at + 1).map((one) => [one.name, one.values]));
  const read = Object.hasOwn(TARGETS, name) ? TARGETS[name]?.(own) : undefined;
  const text = options.slice(at).flatMap((one) => [one.name, ...one.values]);
  return read ?? { kind: 'unknown', text: text.join(' ') };
}
