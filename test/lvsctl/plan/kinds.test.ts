// Kinds of settings one by one: what status calls them, what they take to change, what a lasting
// reading forgets.
import { describe, expect, test } from 'vitest';
import { describeRule, type FirewallRule } from '../../../src/lvsctl/plan/firewall.js';
import { nftMark } from '../../../src/lvsctl/plan/marks.js';
import { checkEntry } from '../../../src/lvsctl/plan/recordformat.js';
import {
  type Resource,
  type ResourceState,
  resourceWith,
} from '../../../src/lvsctl/plan/resources.js';
import { once, snapshot } from '../../../src/lvsctl/plan/snapshot.js';
import {
  interfaceOf,
  isSysctlKey,
  MODULE,
  SYSCTL,
  sideEffectOf,
} from '../../../src/lvsctl/plan/sysctl.js';
import { isLinkOf } from '../../../src/lvsctl/plan/tunneldevice.js';
import { type Address, parseAddress } from '../../../src/model/address.js';
import { fakeMachine } from '../../support/machine.js';

const KEY = 'net/ipv4/ip_forward';
const VIP = parseAddress('192.0.2.1') as Address;

describe('sysctl', () => {
  test('what status shows', () => {
    expect(SYSCTL.show(null)).toBe('no such key');
    expect(SYSCTL.show({ [KEY]: '1' })).toBe('1');
  });

  test.each([
    [KEY, 'net/ipv4/conf/eth0/forwarding', '1', '1'],
    [KEY, 'net/ipv4/conf/all/accept_redirects', '1', '0'],
    [KEY, 'net/ipv4/conf/all/accept_redirects', '0', '1'],
    ['net/ipv6/conf/all/forwarding', 'net/ipv6/conf/eth0/forwarding', '1', '1'],
  ])('%s sets %s too: %s gives %s', (key, other, value, result) => {
    expect(sideEffectOf(key, other)?.(value)).toBe(result);
  });

  test.each([
    [KEY, 'net/ipv4/conf/eth0/accept_redirects'],
    [KEY, 'net/ipv4/conf/../forwarding'],
    [KEY, 'net/ipv6/conf/eth0/forwarding'],
    ['net/ipv4/conf/all/arp_ignore', 'net/ipv4/conf/eth0/arp_ignore'],
  ])('%s leaves %s alone', (key, other) => expect(sideEffectOf(key, other)).toBeUndefined());

  test.each([
    ['net/ipv4/conf/eth0/arp_ignore', 'eth0'],
    ['x/net/ipv4/conf/eth0/arp_ignore', undefined],
    ['net/ipv4/conf/eth0/arp_ignore/x', undefined],
    ['net/ipv4/conf/a/b/arp_ignore', undefined],
  ])('the interface of %s: %s', (key, device) => expect(interfaceOf(key)).toBe(device));

  test.each([
    ['net/ipv4/vs/sloppy_tcp', true],
    ['net/ipv4/vs/expire_nodest_conn', true],
    ['net/ipv4/vs/am_droprate', false],
    ['net/ipv4/conf/eth0/rp_filter', true],
    ['net/ipv6/conf/eth0/rp_filter', false],
    ['kernel/sysrq', false],
  ])('%s may be recorded: %s', (key, expected) => expect(isSysctlKey(key)).toBe(expected));

  test.each([
    ['1', undefined],
    ['-12', undefined],
    ['1x', 'previous.net/ipv4/ip_forward: not a number'],
    ['x1', 'previous.net/ipv4/ip_forward: not a number'],
    ['12345678901', 'previous.net/ipv4/ip_forward: not a number'],
  ])('a record with the value %s: %s', (value, problem) => {
    const state = { [KEY]: value };
    const found = checkEntry({
      resource: { kind: 'sysctl', key: KEY },
      previous: state,
      set: { [KEY]: '1' },
    });
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain('a number');
  });
});

test('a module is loaded by modprobe; a scheduler is unloaded alone; nothing when it is so', () => {
  const lines = (name: string, from: boolean, to: boolean) =>
    MODULE.commands({ name }, from, to).map((one) => {
      if (one.kind !== 'run') return one.kind;
      // what is in use stays, which is no failure
      expect(one.ignoreFailure).toBe(to ? undefined : true);
      return [one.program, ...one.args].join(' ');
    });
  expect(lines('ip_vs', false, true)).toEqual(['modprobe ip_vs']);
  expect(lines('ip_vs', true, false)).toEqual(['modprobe -r ip_vs']);
  expect(lines('ip_vs_wrr', true, false)).toEqual(['rmmod ip_vs_wrr']);
  expect(lines('ip_vs', true, true)).toEqual([]);
  expect(lines('ip_vs', false, false)).toEqual([]);
});

// biome-ignore format: a table
test.each<readonly [Resource, readonly (readonly [ResourceState, string])[]]>([
  [{ kind: 'module', name: 'ip_vs' }, [[true, 'loaded'], [false, 'not loaded']]],
  [{ kind: 'address', device: 'lo', address: '192.0.2.1/32' }, [[true, 'there'], [false, 'missing']]],
  [{ kind: 'link', name: 'lvs-ipip', args: [] }, [['up', 'up'], ['down', 'down'], [null, 'missing']]],
  [{ kind: 'fou', port: 5555, family: 'ipv4' }, [[true, 'open'], [false, 'missing']]],
  [{ kind: 'route', family: 'ipv4' }, [['via 192.0.2.1', 'via 192.0.2.1'], [null, 'none']]],
  [{ kind: 'firewall', tool: 'nft', rule: { kind: 'mss', address: VIP, size: 1 } }, [[true, 'there'], [false, 'missing']]],
])('what status shows of %j', (resource, states) => {
  const bound = resourceWith(resource);
  expect(states.map(([state]) => bound.show(state))).toEqual(states.map(([, text]) => text));
});

const address = parseAddress('192.0.2.1');
if (address === undefined) throw new Error('no address');
test.each<[FirewallRule, string]>([
  [{ kind: 'mss', address, size: 1440 }, 'segments of 192.0.2.1 up to 1440 bytes'],
  [
    { kind: 'mark', protocol: 'tcp', address, ports: [80, 443], mark: 7 },
    'mark 7 on tcp 192.0.2.1 port 80,443',
  ],
  [
    { kind: 'mark', protocol: 'udp', address, ports: [], mark: 7 },
    'mark 7 on udp 192.0.2.1 all ports',
  ],
])('%j', (rule, text) => expect(describeRule(rule)).toBe(text));

describe('a rule of nft that sets a mark', () => {
  const setMark = (value: unknown) => ({ mangle: { key: { meta: { key: 'mark' } }, value } });
  const match = (protocol: string, field: string, right: unknown) => ({
    match: { left: { payload: { protocol, field } }, right },
  });

  test('address, protocol and ports', () => {
    expect(
      nftMark({ expr: [match('ip', 'daddr', '192.0.2.1'), match('tcp', 'dport', 80), setMark(7)] }),
    ).toMatchObject({
      family: 'ipv4',
      mark: 7,
      address: '192.0.2.1',
      vip: address,
      protocol: 'tcp',
      ports: [80],
    });
    expect(nftMark({ expr: [match('ip6', 'daddr', '2001:db8::1'), setMark(1)] })).toMatchObject({
      family: 'ipv6',
      mark: 1,
      address: '2001:db8::1',
    });
  });

  test('without an address, or with one that is no text', () => {
    expect(nftMark({ expr: [setMark(7)] })).toMatchObject({
      family: 'ipv4',
      mark: 7,
      address: undefined,
      vip: undefined,
      protocol: undefined,
      ports: undefined,
    });
    expect(
      nftMark({
        expr: [{ match: { left: {}, right: 1 } }, match('ip', 'daddr', { prefix: {} }), setMark(7)],
      })?.address,
    ).toBeUndefined();
  });

  test.each([
    [[]],
    [[setMark('x')]],
    [[setMark({ '|': [1, 2] })]],
    [[{ mangle: { key: { meta: { key: 'priority' } }, value: 1 } }]],
  ])('none: %j', (expr) => expect(nftMark({ expr })).toBeUndefined());
});

test.each([
  ['lvs-ipip', 'type ipip local 192.0.2.1', true],
  ['lvs-ipip', 'type ipip local 2001:db8::1', false],
  ['lvs-ipip', 'type ipip local', false],
  ['lvs-ip6tnl', 'type ip6tnl mode any local 2001:db8::1', true],
  ['lvs-grec', 'type gre local 192.0.2.1 csum', true],
  ['lvs-gre', 'type gre local 192.0.2.1 csum', false],
  ['eth0', 'type ipip local 192.0.2.1', false],
  ['toString', '', false],
])('%s %s is a tunnel of lvsctl: %s', (name, args, expected) => {
  expect(isLinkOf(name, args.split(' '))).toBe(expected);
});

test('a snapshot reads a list once, and again after what changes it', () => {
  const machine = snapshot(
    fakeMachine({}, { ip: () => ({}), modprobe: () => ({}), sysctl: () => ({}) }),
  );
  let readings = 0;
  const read = () => once(machine, 'list', () => ++readings);
  expect([read(), read()]).toEqual([1, 1]);
  for (const [program, args, after] of [
    ['ip', ['addr', 'add', '192.0.2.1/32'], 1],
    ['sysctl', ['-w', 'x=1'], 1],
    ['ip', ['link', 'del', 'x'], 2],
    ['ip', ['fou', 'add'], 3],
    ['modprobe', ['ipip'], 4],
  ] as const) {
    machine.run(program, args);
    expect(read()).toBe(after);
  }
  machine.refresh();
  expect(read()).toBe(5);
  expect(once(fakeMachine({}), 'list', () => ++readings)).toBe(6);
});
