import { expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { schedulerModules } from '../../../src/lvsctl/plan/director.js';

const config = (service: string) =>
  readConfig(
    `vips: [{address: 192.0.2.1, interface: eth0}]
services: [{name: ftp, address: 192.0.2.1, servers: [{address: 10.0.0.1}], ${service}}]
`,
    'lvs.yaml',
  );

test.each([
  ['port: 21, mode: nat', true],
  ['port: 21, mode: dr', false],
  ['port: 21, protocol: udp, mode: nat', false],
  ['port: 80, mode: nat', false],
  ['ports: [20, 21], mark: 1, mode: nat', true],
])('ip_vs_ftp for %s: %s', (service, expected) => {
  expect(schedulerModules(config(service)).includes('ip_vs_ftp')).toBe(expected);
});
