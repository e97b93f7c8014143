// `check` warns of NAT with one-packet scheduling, whose answers no client takes.
import { expect, test } from 'vitest';
import { lvsctl } from '../../support/lvsctl.js';

const file = (mode: string, more = '', server = '') => `
vips: [{address: 192.0.2.10, interface: eth0}]
services: [{name: a, address: 192.0.2.10, port: 53, protocol: udp, mode: ${mode}, scheduler: rr${more}, servers: [{address: 192.0.2.11${server}}]}]
`;
const GATEWAY = ', gateway: 192.0.2.1';
const SIP = ', persistence: {timeout: 60, engine: sip}';

test.each([
  ['nat', `${GATEWAY}, one_packet: true`, '', true],
  ['nat', GATEWAY, '', false],
  ['dr', ', one_packet: true', '', false],
  ['dr', ', one_packet: true', ', mode: nat', true],
  // sip finds the connection again
  ['nat', `${GATEWAY}, one_packet: true${SIP}`, '', false],
])('mode %s%s, server%s', async (mode, more, server, isWarned) => {
  const { stderr, status } = await lvsctl(['check', 'f'], { f: file(mode, more, server) });
  expect(status).toBe(0);
  expect(/mode nat with one_packet: answers keep the address/.test(stderr)).toBe(isWarned);
});
