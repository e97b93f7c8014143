// On a real server: a gre device drops what has not the checksums that it has, and the reverse.
import { expect, test } from 'vitest';
import { inspect } from '../../../src/lvsctl/doctor/inspection.js';
import { exitDevice, servedVips } from '../../../src/lvsctl/doctor/served.js';
import type { MachineFacts } from '../../../src/lvsctl/facts/types.js';
import { hostOf } from '../../../src/lvsctl/path/host.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import { smallConfig } from '../../support/smallfile.js';

test.each([
  ['none', false, true],
  ['none', true, false],
  ['checksum', true, true],
  ['checksum', false, false],
])('tunnel with checksum %s, device with checksums: %s', (checksum, has, isTaken) => {
  const config = smallConfig({ mode: 'tun', tunnel: `type: gre, checksum: ${checksum}` });
  const [, server] = intendedFacts(config) as [MachineFacts, MachineFacts];
  const links = server.links.map((one) =>
    one.tunnel ? { ...one, name: 'gre7', tunnel: { ...one.tunnel, checksum: has } } : one,
  );
  const facts = { ...server, links };
  const [served] = servedVips(inspect(config, 'realserver', { facts }));
  const device = served && exitDevice(hostOf(facts), served);
  expect(device).toBe(isTaken ? 'gre7' : undefined);
});
