// Firewall marks that other programs set, read from iptables-save and nft.
import { describe, expect, test } from 'vitest';
import { iptablesMark, markSources, nftMark } from '../../../src/lvsctl/plan/marks.js';
import { at } from '../../support/address.js';
import { fakeMachine } from '../../support/machine.js';

describe('marks of other programs', () => {
  const any = { address: undefined, vip: undefined, protocol: undefined, ports: undefined };
  // biome-ignore format: a table
  test.each([
    ['-A PREROUTING -d 192.0.2.1/32 -p tcp -m multiport --dports 80,443 -j MARK --set-xmark 0x1/0xffffffff', 'ipv4',
      { mark: 1, address: '192.0.2.1', vip: at('192.0.2.1'), protocol: 'tcp', ports: [80, 443] }],
    ['-A PREROUTING -d 192.0.2.1 -p udp -m udp --dport 53 -j MARK --set-mark 10', 'ipv4',
      { mark: 10, address: '192.0.2.1', vip: at('192.0.2.1'), protocol: 'udp', ports: [53] }],
    ['-A X -d 192.0.2.0/24 -p tcp --dport 8000:8100 -j MARK --set-xmark 0xff', 'ipv4',
      { mark: 255, address: '192.0.2.0', vip: undefined, protocol: 'tcp', ports: ['8000-8100'] }],
    ['-A X -d 2001:db8::1/128 -j MARK --set-xmark 0x7', 'ipv6', { ...any, mark: 7, address: '2001:db8::1', vip: at('2001:db8::1') }],
    ['-A X -d 2001:db8::/32 -j MARK --set-xmark 0x7', 'ipv6', { ...any, mark: 7, address: '2001:db8::' }],
    ['-A X ! -d 192.0.2.1/32 -j MARK --set-xmark 0x7', 'ipv4', { ...any, mark: 7 }],
    ['-A X -j MARK --set-mark 3', 'ipv4', { ...any, mark: 3 }],
    ['-A X -p tcp --dports 80 -j MARK --set-mark 3', 'ipv4', { ...any, mark: 3, protocol: 'tcp', ports: [80] }],
  ] as const)('%s', (line, family, source) => {
    expect(iptablesMark(line, family)).toEqual({ family, ...source });
  });
  test.each([
    '-N X',
    '-A X -j ACCEPT',
    '-A X -j MARK --or-mark 3',
    ':X - --set-mark 3',
    'x-A X --set-mark 3',
  ])('%s sets none', (line) => expect(iptablesMark(line, 'ipv4')).toBeUndefined());

  const mangle = { mangle: { key: { meta: { key: 'mark' } }, value: 9 } };
  const match = (protocol: string, field: string, right: unknown) => ({
    match: { left: { payload: { protocol, field } }, right },
  });
  // biome-ignore format: a table
  test.each([
    ['no expressions', undefined, undefined],
    ['another key', [{ mangle: { key: { meta: { key: 'priority' } }, value: 9 } }], undefined],
    ['a mark that is computed', [{ mangle: { key: { meta: { key: 'mark' } }, value: { '|': [1, 2] } } }], undefined],
    ['all packets', [mangle], { ...any, family: 'ipv4', mark: 9 }],
    ['an address and a port', [match('ip', 'daddr', '192.0.2.1'), match('tcp', 'dport', 80), mangle],
      { family: 'ipv4', mark: 9, address: '192.0.2.1', vip: at('192.0.2.1'), protocol: 'tcp', ports: [80] }],
    ['IPv6, a set with a range', [match('ip6', 'daddr', '2001:db8::1'), match('udp', 'dport', { set: [53, { range: [60, 70] }, 'x', { range: [1, 'y'] }, null] }), mangle],
      { family: 'ipv6', mark: 9, address: '2001:db8::1', vip: at('2001:db8::1'), protocol: 'udp', ports: [53, '60-70'] }],
    ['a network', [match('ip', 'daddr', { prefix: { addr: '192.0.2.0', len: 24 } }), mangle], { ...any, family: 'ipv4', mark: 9 }],
    ['a protocol alone', [{ match: { left: { meta: { key: 'l4proto' } }, right: 'sctp' } }, mangle], { ...any, family: 'ipv4', mark: 9, protocol: 'sctp' }],
    ['protocols in a set', [{ match: { left: { meta: { key: 'l4proto' } }, right: { set: ['tcp'] } } }, mangle], { ...any, family: 'ipv4', mark: 9 }],
    ['matches of other things', [{ match: {} }, { match: { left: {} } }, { match: { left: { payload: {} } } }, { match: { left: { meta: {} } } }, { counter: null }, mangle], { ...any, family: 'ipv4', mark: 9 }],
    ['another field', [match('ip', 'saddr', '192.0.2.1'), match('tcp', 'sport', 80), mangle], { ...any, family: 'ipv4', mark: 9 }],
  ])('nft: %s', (_, expr, source) => {
    expect(nftMark(expr === undefined ? {} : { expr })).toEqual(source);
  });

  test('of iptables, its old form and nft; a line that both have counts once', () => {
    const line = (mark: number) => `-A X -j MARK --set-mark ${mark}`;
    const programs = {
      'iptables-save': () => ({ stdout: `${line(1)}\n${line(2)}\n` }),
      'iptables-legacy-save': () => ({ stdout: `${line(1)}\n` }),
      'ip6tables-save': () => ({ stdout: `${line(3)}\n` }),
      'ip6tables-legacy-save': () => ({ stdout: `${line(4)}\n` }),
      nft: () => ({
        stdout: JSON.stringify({
          nftables: [{ metainfo: {} }, { rule: { expr: [mangle] } }, { rule: {} }],
        }),
      }),
    };
    const machine = fakeMachine({}, programs);
    expect(markSources(machine).map(({ family, mark }) => `${family} ${mark}`)).toEqual([
      'ipv4 1',
      'ipv4 2',
      'ipv6 4',
      'ipv6 3',
      'ipv4 9',
    ]);
    expect(machine.ran).toEqual([
      'iptables-legacy-save -t mangle',
      'iptables-save -t mangle',
      'ip6tables-legacy-save -t mangle',
      'ip6tables-save -t mangle',
      'nft -j list ruleset',
    ]);
    expect(markSources(fakeMachine({}, { nft: () => ({ stdout: '' }) }))).toEqual([]);
    expect(markSources(fakeMachine({}, { nft: () => ({ status: 1, stdout: 'no' }) }))).toEqual([]);
  });
});
