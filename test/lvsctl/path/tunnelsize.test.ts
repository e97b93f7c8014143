// Packets of every tunnel that a file can have, with the segments that lvsctl itself sets, fit.
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import { trace } from '../../../src/lvsctl/path/trace.js';
import { parseAddress } from '../../../src/model/address.js';

const at = (text: string) => parseAddress(text) ?? expect.fail(text);

test.each([
  '{type: ipip}',
  '{type: gue, port: 6080}',
  '{type: gue, port: 6080, checksum: checksum}',
  '{type: gue, port: 6080, checksum: remote}',
  '{type: gre}',
  '{type: gre, checksum: checksum}',
])('%s', (tunnel) => {
  const file = `vips: [{address: 192.0.2.10, interface: eth0}]
services: [{name: a, address: 192.0.2.10, port: 80, mode: tun, tunnel: ${tunnel}, servers: [{address: 192.0.2.11}]}]
`;
  const question = {
    protocol: 'tcp',
    client: at('203.0.113.9'),
    clientPort: 40000,
    virtual: at('192.0.2.10'),
    virtualPort: 80,
  } as const;
  const found = trace(intendedFacts(readConfig(file, 'f')), question, 'file');
  expect(found.outcome, JSON.stringify(found.hops.at(-1))).toBe('pass');
});
