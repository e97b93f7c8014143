// The packet filter as nft prints it: in a network namespace of this user's own, where the machine
// allows one.
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { printCommand } from '../../../src/lvsctl/plan/command.js';
import { FIREWALL, type FirewallRule } from '../../../src/lvsctl/plan/firewall.js';
import { nftMark } from '../../../src/lvsctl/plan/marks.js';
import { parseAddress } from '../../../src/model/address.js';
import { fakeMachine } from '../../support/machine.js';

const v4 = parseAddress('192.0.2.1') ?? expect.fail();
const v6 = parseAddress('2001:db8::1') ?? expect.fail();
// biome-ignore format: a table
const RULES: readonly { readonly rule: FirewallRule; readonly iptables: string }[] = [
  { rule: { kind: 'mark', protocol: 'tcp', address: v4, ports: [80, 443], mark: 7 }, iptables: 'iptables -t mangle -A PREROUTING -d 192.0.2.1 -p tcp -m multiport --dports 80,443 -j MARK --set-mark 7' },
  { rule: { kind: 'mark', protocol: 'udp', address: v6, ports: [53], mark: 4294967295 }, iptables: 'ip6tables -t mangle -A PREROUTING -d 2001:db8::1 -p udp --dport 53 -j MARK --set-mark 4294967295' },
  { rule: { kind: 'mark', protocol: 'tcp', address: v4, ports: [80, '8000-8100'], mark: 7 }, iptables: 'iptables -t mangle -A PREROUTING -d 192.0.2.1 -p tcp -m multiport --dports 80,8000:8100 -j MARK --set-mark 7' },
  { rule: { kind: 'mark', protocol: 'sctp', address: v6, ports: ['1-65535'], mark: 8 }, iptables: 'ip6tables -t mangle -A PREROUTING -d 2001:db8::1 -p sctp --dport 1:65535 -j MARK --set-mark 8' },
  { rule: { kind: 'mark', protocol: 'udp', address: v4, ports: [], mark: 9 }, iptables: 'iptables -t mangle -A PREROUTING -d 192.0.2.1 -p udp -j MARK --set-mark 9' },
  { rule: { kind: 'mark', protocol: 'tcp', address: v6, ports: [], mark: 9 }, iptables: 'ip6tables -t mangle -A PREROUTING -d 2001:db8::1 -p tcp -j MARK --set-mark 9' },
  { rule: { kind: 'mss', address: v4, size: 1440 }, iptables: 'iptables -t mangle -A POSTROUTING -s 192.0.2.1 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1440' },
  { rule: { kind: 'mss', address: v6, size: 1400 }, iptables: 'ip6tables -t mangle -A POSTROUTING -s 2001:db8::1 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400' },
];

describe.each(RULES)('$iptables', ({ rule, iptables }) => {
  test('is what iptables is told', () => {
    expect(FIREWALL.commands({ tool: 'iptables', rule }, false, true).map(printCommand)).toEqual([
      iptables,
    ]);
    expect(FIREWALL.commands({ tool: 'iptables', rule }, true, false).map(printCommand)).toEqual([
      iptables.replace(' -A ', ' -D '),
    ]);
  });
});

const namespaces = spawnSync('/usr/bin/unshare', [
  '-Urn',
  '/usr/sbin/nft',
  '--check',
  'add table ip probe',
]);
const why = namespaces.error ? 'nft or unshare is not installed' : String(namespaces.stderr);

describe.skipIf(namespaces.status !== 0)(
  `nft in a namespace${namespaces.status === 0 ? '' : ` (left out: ${why.trim()})`}`,
  () => {
    test.each(RULES)('$iptables', async ({ rule }) => {
      const resource = { tool: 'nft', rule } as const;
      const [add, , again] = [
        FIREWALL.commands(resource, false, true),
        0,
        FIREWALL.commands(resource, false, true),
      ];
      const [remove] = FIREWALL.commands(resource, true, false);
      const table = wordsOf(remove).replace('delete', 'list');
      const script = [wordsOf(add[0]), 'list ruleset', wordsOf(again[0]), table].map(
        (args) =>
          `/usr/sbin/nft ${JSON.stringify(args).replaceAll('\\"', '"').replace(/^"|"$/g, "'")}`,
      );
      const json = `/usr/sbin/nft -j list ruleset; echo; /usr/sbin/nft '${wordsOf(remove)}'; /usr/sbin/nft list ruleset`;
      const { stdout, stderr } = spawnSync(
        '/usr/bin/unshare',
        ['-Urn', '/bin/sh', '-ec', `${script.join('\n')}\n${json}`],
        {
          encoding: 'utf8',
        },
      );
      expect(stderr).toBe('');
      const [listing = '', rest = ''] = stdout.split('{"nftables"');
      const machine = fakeMachine({}, { nft: () => ({ stdout: listing }) });
      expect(await FIREWALL.read(resource, machine)).toBe(true);
      // adding it again does not make two of it, and after the removal nothing is left
      const rules = (
        JSON.parse(`{"nftables"${rest.trimEnd()}`) as {
          nftables: readonly { rule?: Parameters<typeof nftMark>[0] }[];
        }
      ).nftables.flatMap((one) => one.rule ?? []);
      expect(rules.length).toBe(1);
      if (rule.kind === 'mark') {
        const address = rule.address.family === 'ipv4' ? '192.0.2.1' : '2001:db8::1';
        const source = {
          family: rule.address.family,
          mark: rule.mark,
          address,
          vip: rule.address,
          protocol: rule.protocol,
          ports: rule.ports.length === 0 ? undefined : rule.ports,
        };
        expect(rules.map((one) => nftMark(one))).toEqual([source]);
      }
    });
  },
);

test('rules of several VIPs have tables of their own', () => {
  const names = ['a::b:c', 'a:b::c', '2001:db8::1', '2001:db8::10'].map((text) => {
    const address = parseAddress(text) ?? expect.fail();
    const rule = { kind: 'mark', protocol: 'tcp', address, ports: [80], mark: 1 } as const;
    return /add table (ip6 \S+);/.exec(
      wordsOf(FIREWALL.commands({ tool: 'nft', rule }, false, true)[0]),
    )?.[1];
  });
  expect(new Set(names).size).toBe(4);
  expect(names[2]).toBe('ip6 lvsctl_mark_1_tcp_80_2001_db8__1');
});

function wordsOf(command: ReturnType<typeof FIREWALL.commands>[number] | undefined): string {
  return command?.kind === 'run' ? command.args.join(' ') : expect.fail('no program');
}
