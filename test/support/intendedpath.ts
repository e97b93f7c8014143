// Machines as a file has them, what is changed on one of them, and where a packet ends then.
import { expect } from 'vitest';
import { readConfig } from '../../src/lvsctl/config/read.js';
import type { MachineFacts, RouteFact } from '../../src/lvsctl/facts/types.js';
import { intendedFacts } from '../../src/lvsctl/path/intended.js';
import { type Trace, trace } from '../../src/lvsctl/path/trace.js';
import { parseAddress } from '../../src/model/address.js';

const FILE = `
vips: [{address: 192.0.2.10, interface: eth0}, {address: 2001:db8::10, interface: eth0}]
services:
  - {name: dr, address: 192.0.2.10, port: 80, mode: dr, scheduler: rr, servers: [{address: 192.0.2.11, name: rs}]}
  - {name: nat, address: 192.0.2.10, port: 81, mode: nat, gateway: 192.0.2.1, scheduler: rr, servers: [{address: 192.0.2.12, port: 8080, name: rs2}]}
  - {name: ipip, address: 192.0.2.10, port: 82, mode: tun, scheduler: rr, servers: [{address: 192.0.2.13, name: rs3}]}
  - {name: gue, address: 192.0.2.10, port: 83, mode: tun, tunnel: {type: gue, port: 6080}, scheduler: rr, servers: [{address: 192.0.2.14, name: rs4}]}
  - {name: gre6, address: 2001:db8::10, port: 84, mode: tun, tunnel: {type: gre}, scheduler: rr, servers: [{address: 2001:db8::15, name: rs5}]}
  - {name: ip6, address: 2001:db8::10, port: 86, mode: tun, scheduler: rr, servers: [{address: 2001:db8::16, name: rs6}]}
  - {name: dr6, address: 2001:db8::10, port: 87, mode: dr, scheduler: rr, servers: [{address: 2001:db8::18, name: rs8}]}
  - {name: mark, address: 192.0.2.10, ports: [90, 91], mark: 7, mode: dr, scheduler: rr, servers: [{address: 192.0.2.11}]}
`;
export const MACHINES = intendedFacts(readConfig(FILE, 'f'));
export type Change = (facts: MachineFacts) => Partial<MachineFacts>;

export function follow(port: number, changes: Readonly<Record<string, Change>> = {}): Trace {
  const virtual =
    parseAddress([84, 86, 87].includes(port) ? '2001:db8::10' : '192.0.2.10') ?? expect.fail();
  const client =
    parseAddress([84, 86, 87].includes(port) ? '2001:db8:9::9' : '203.0.113.9') ?? expect.fail();
  const facts = MACHINES.map((one) => ({ ...one, ...changes[one.machine]?.(one) }));
  return trace(
    facts,
    { protocol: 'tcp', client, clientPort: 40_000, virtual, virtualPort: port },
    'facts',
  );
}
export const end = ({ outcome, at }: Trace) =>
  at === null ? outcome : `${outcome}: ${at.machine} ${at.stage} ${at.cause}`;

export const sysctl =
  (key: string, value: string): Change =>
  ({ sysctls }) => ({ sysctls: { ...sysctls, [key]: value } });
export const iptables =
  (...lines: string[]): Change =>
  () => {
    const tables = new Map<string, string[]>();
    for (const line of lines) {
      const [, table = 'filter', rule = line] = /^-t (\S+) (.*)$/.exec(line) ?? [];
      tables.set(table, [...(tables.get(table) ?? []), rule]);
    }
    const text = [...tables]
      .map(([table, rules]) =>
        [
          `*${table}`,
          ...rules.map((rule) => rule.replace(/^-P (\S+) (\S+)/, ':$1 $2 [0:0]')),
          'COMMIT',
        ].join('\n'),
      )
      .join('\n');
    return {
      packet_filter: {
        iptables: (['ipv4', 'ipv6'] as const).map((family) => ({
          ...{ family, variant: 'x_tables' as const, text },
        })),
        nft: [],
      },
    };
  };
export const route =
  (to: string, more: Partial<RouteFact> = {}): Change =>
  ({ routes }) => ({
    routes: [
      {
        family: 'ipv4',
        table: 'main',
        type: 'unicast',
        to,
        from: null,
        metric: 0,
        source: null,
        mtu: null,
        advmss: null,
        hops: [{ device: 'eth0', via: null, dead: false }],
        ...more,
      },
      ...routes,
    ],
  });
export const via = (address: string) => ({ hops: [{ device: 'eth0', via: address, dead: false }] });
export const without =
  (address: string): Change =>
  ({ addresses, routes }) => ({
    addresses: addresses.filter((one) => one.address !== address),
    routes: routes.filter(({ to }) => !to.startsWith(`${address}/`)),
  });
export const down =
  (device: string): Change =>
  ({ links }) => ({
    links: links.map((one) => (one.name === device ? { ...one, up: false } : one)),
  });
export const both =
  (...all: Change[]): Change =>
  (facts) => {
    let now = facts;
    for (const one of all) now = { ...now, ...one(now) };
    return now;
  };
