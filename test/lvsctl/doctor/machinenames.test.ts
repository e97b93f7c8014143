// A machine has one name in all findings, so that a command is printed once for it.
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import type { Finding } from '../../../src/lvsctl/doctor/finding.js';
import { withMachineNames } from '../../../src/lvsctl/doctor/machinenames.js';
import type { MachineFacts } from '../../../src/lvsctl/facts/types.js';
import { hostOf } from '../../../src/lvsctl/path/host.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import { addressed } from '../../support/hostfacts.js';

const [FACTS] = intendedFacts(
  readConfig('vips: [{address: 192.0.2.10, interface: eth0}]\nservices: []\n', 'f'),
) as [MachineFacts];
const machine = (name: string, ...texts: readonly string[]) =>
  hostOf({ ...FACTS, machine: name, ...addressed(...texts) });
const hosts = () => [
  machine('rs1', 'eth0 192.0.2.11/24', 'lo 192.0.2.10/32'),
  machine('rs2', 'eth0 192.0.2.12/24', 'eth0 2001:db8::12/64', 'lo 192.0.2.10/32'),
];
const finding: Finding = { id: 'a', what: 'b', why: 'c', repair: ['d'] };

test.each([
  ['an address', '192.0.2.11', 'rs1'],
  ['one of IPv6', '2001:db8:0::12', 'rs2'],
  ['one that nobody has', '192.0.2.13', '192.0.2.13'],
  ['one that several have', '192.0.2.10', '192.0.2.10'],
  ['a name', 'rs2', 'rs2'],
])('%s', (_, on, name) => {
  const [one] = withMachineNames([{ ...finding, on }], hosts());
  expect(one).toStrictEqual({ ...finding, on: name });
  const afterwards = { repair: ['e'], on };
  const [then] = withMachineNames([{ ...finding, afterwards }], hosts());
  expect(then).toStrictEqual({ ...finding, afterwards: { repair: ['e'], on: name } });
});

test('what is to be done here has no name', () => {
  const here = [finding, { ...finding, afterwards: { repair: ['e'] } }];
  expect(withMachineNames(here, hosts())).toStrictEqual(here);
});
