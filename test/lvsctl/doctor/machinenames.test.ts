// A finding for an address of a machine whose facts are there has that machine's name.
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { withMachineNames } from '../../../src/lvsctl/doctor/machinenames.js';
import { hostOf } from '../../../src/lvsctl/path/host.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';

const FILE = `
vips: [{address: 192.0.2.10, interface: eth0}]
services:
  - {name: dr, address: 192.0.2.10, port: 80, mode: dr, scheduler: rr, servers: [{address: 192.0.2.11, name: rs}]}
`;

test.each([
  ['192.0.2.11', 'rs'],
  ['rs', 'rs'],
  // director and server have it
  ['192.0.2.10', '192.0.2.10'],
  ['192.0.2.99', '192.0.2.99'],
  [undefined, undefined],
])('%s is %s', (on, expected) => {
  const hosts = intendedFacts(readConfig(FILE, 'f')).map(hostOf);
  const finding = { id: 'a', what: 'b', why: 'c', repair: ['d'] };
  const place = on === undefined ? {} : { on };
  const afterwards = { repair: ['e'], ...place };
  const [found] = withMachineNames([{ ...finding, ...place, afterwards }], hosts);
  expect(found?.on).toBe(expected);
  expect(found?.afterwards?.on).toBe(expected);
});
