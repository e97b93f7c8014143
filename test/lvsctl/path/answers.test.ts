// Which port a NAT server gets, and what becomes of its answer, by kinds of services.
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { inspect } from '../../../src/lvsctl/doctor/inspection.js';
import { lostPackets } from '../../../src/lvsctl/doctor/lostpackets.js';
import { pathFindings } from '../../../src/lvsctl/doctor/pathfindings.js';
import { hostOf } from '../../../src/lvsctl/path/host.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import { trace } from '../../../src/lvsctl/path/trace.js';
import type { ShownService } from '../../../src/lvsctl/show/table.js';
import { parseAddress } from '../../../src/model/address.js';

const FILE = `
vips: [{address: 192.0.2.10, interface: eth0}]
services:
  - {name: dns, address: 192.0.2.10, port: 53, protocol: udp, mode: nat, gateway: 192.0.2.1, scheduler: rr, servers: [{address: 192.0.2.12, port: 5353, name: rs}]}
  - {name: mark, address: 192.0.2.10, ports: [90], mark: 7, mode: nat, gateway: 192.0.2.1, scheduler: rr, servers: [{address: 192.0.2.12}]}
`;
const PERSISTENCE = { timeout: 60, netmask: null, engine: null };

/** The director's services, changed; its server has a port of its own. */
function machines(change: Partial<ShownService>) {
  return intendedFacts(readConfig(FILE, 'f')).map((facts) => ({
    ...facts,
    services: (facts.services ?? []).map((one) => ({
      ...one,
      ...change,
      servers: one.servers.map((server) => ({ ...server, port: 5353, server: '192.0.2.12:5353' })),
    })),
  }));
}

function follow(protocol: 'tcp' | 'udp', port: number, change: Partial<ShownService>) {
  return trace(
    machines(change),
    {
      ...{ protocol, clientPort: 40_000, virtualPort: port },
      client: parseAddress('203.0.113.9') ?? expect.fail(),
      virtual: parseAddress('192.0.2.10') ?? expect.fail(),
    },
    'facts',
  );
}

test.each<readonly [string, 'tcp' | 'udp', number, Partial<ShownService>, number]>([
  ['a service of an address', 'udp', 53, {}, 5353],
  ['persistent', 'udp', 53, { persistence: PERSISTENCE }, 5353],
  ['of a mark', 'tcp', 90, {}, 5353],
  ['of a mark, persistent: as the client has it', 'tcp', 90, { persistence: PERSISTENCE }, 90],
])('the port of the server: %s', (_, protocol, port, change, expected) => {
  const { hops } = follow(protocol, port, change);
  const forwarded = hops.find(({ stage }) => stage === 'forward');
  expect(forwarded?.packet.destination_port).toBe(expected);
});

test('one-packet scheduling: answers of nat keep the address of their server', () => {
  const found = follow('udp', 53, { one_packet: true });
  expect([found.outcome, found.at?.machine, found.at?.cause]).toEqual([
    'lost',
    'director',
    'one-packet',
  ]);
  const engine = { ...PERSISTENCE, engine: 'sip' };
  expect(follow('udp', 53, { one_packet: true, persistence: engine }).outcome).not.toBe('lost');

  const [director, ...others] = machines({ one_packet: true });
  const inspection = inspect(undefined, 'director', {
    facts: director ?? expect.fail(),
    others: others.map(hostOf),
  });
  const findings = pathFindings(
    lostPackets(inspection).filter(({ service }) => service.protocol === 'udp'),
    inspection,
  );
  expect(findings.map(({ id, what, repair }) => [id, what, repair])).toEqual([
    [
      'one-packet',
      'udp 192.0.2.10:53: one-packet scheduling with nat: answers keep the address of their server',
      ['ipvsadm -E -u 192.0.2.10:53 -s rr'],
    ],
  ]);
});
