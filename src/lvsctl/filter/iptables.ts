// What iptables-save prints, as chains.
import type { IptablesFact } from '../facts/types.js';
import { optionsOf, splitArguments } from './arguments.js';
import { conditionsOf } from './matches.js';
import { actionOf } from './targets.js';
import type { BaseChain, FilterChain, FilterRule, Hook } from './types.js';

/** Priorities of the tables, by linux/netfilter_ipv4.h; nat has one a hook. */
const PRIORITIES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  filter: 0,
  security: 50,
};
const NAT: Partial<Record<Hook, number>> = {
  prerouting: -100,
  output: -100,
  input: 100,
  postrouting: 100,
};
const BUILT_IN: Readonly<Record<string, Hook>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
};

/** The tables that the text has. */
export function iptablesTables(text: string): string[] {
  return [...text.matchAll(/^\*(\S+)$/gm)].map(([, name = '']) => name);
}

/** The base chains of all tables in the text. A line that is no rule of a chain is ignored. */
export function parseIptables({ text, family, legacy }: IptablesFact): BaseChain[] {
  const program = `${family === 'ipv4' ? 'iptables' : 'ip6tables'}${legacy ? '-legacy' : ''}`;
  const found: BaseChain[] = [];
  for (const part of text.split(/^\*/m).slice(1)) {
    const [table = '', ...lines] = part.split('\n');
    found.push(...tableChains(program, table.trim(), lines));
  }
  return found;
}

function tableChains(base: string, table: string, lines: readonly string[]): BaseChain[] {
  const program = `${base}${table === 'filter' ? '' : ` -t ${table}`}`;
  const policies = new Map<string, string>();
  const rules = new Map<string, FilterRule[]>();
  for (const line of lines) {
    const [, name = '', policy = ''] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (name !== '') policies.set(name, policy);
  }
  const names = new Set(policies.keys());
  for (const line of lines) {
    const [, chain] = /^(?:\[\d+:\d+\] )?-A (\S+)/.exec(line) ?? [];
    if (chain === undefined) continue;
    const list = rules.get(chain) ?? [];
    rules.set(chain, list);
    list.push(parseRule(line.replace(/^\[\d+:\d+\] /, ''), program, names));
    if (!policies.has(chain)) policies.set(chain, chain in BUILT_IN ? 'ACCEPT' : '-');
  }
  const others = new Map<string, FilterChain>(
    [...policies.keys()].map((name) => [name, { name, rules: rules.get(name) ?? [] }]),
  );
  return [...policies].flatMap(([name, policy]): BaseChain[] => {
    const hook = BUILT_IN[name];
    const priority = hook && (table === 'nat' ? NAT[hook] : PRIORITIES[table]);
    if (hook === undefined || priority === undefined) return [];
    return [
      {
        name: `${table} ${name}`,
        rules: rules.get(name) ?? [],
        hook,
        priority,
        policy: policy === 'DROP' ? 'drop' : 'accept',
        translates: table === 'nat',
        routes: table === 'mangle' && hook === 'output',
        policyText: `${program} -P ${name} ${policy}`,
        others,
      },
    ];
  });
}

function parseRule(line: string, program: string, chains: ReadonlySet<string>): FilterRule {
  const options = optionsOf(splitArguments(line).slice(2));
  const target = options.findIndex(({ name }) => name === '-j' || name === '-g');
  return {
    text: `${program} ${line}`,
    conditions: conditionsOf(target < 0 ? options : options.slice(0, target)),
    actions: [actionOf(options, chains)],
    remove: `${program} ${line.replace('-A ', '-D ')}`,
  };
}
