// Which servers an argument of an administrator means.
import { describe, expect, test } from 'vitest';
import {
  changing,
  selectServers,
  withRememberedServers,
} from '../../../src/lvsctl/monitor/state/select.js';

const ALL = [
  {
    service: 'tcp 192.0.2.1:80',
    name: 'web',
    servers: ['10.0.0.1:80', '10.0.0.2:80', '[2001:db8::1]:80'],
    serverNames: new Map([['10.0.0.2:80', 'rs2']]),
  },
  {
    service: 'tcp 192.0.2.1:25',
    name: 'mail',
    servers: ['10.0.0.1:25', '10.0.0.2:26', '[2001:db8::1]:25'],
    serverNames: new Map([['10.0.0.2:26', 'rs2']]),
  },
];
const web = (server: string) => ({ service: 'tcp 192.0.2.1:80', name: 'web', server });
const mail = (server: string) => ({ service: 'tcp 192.0.2.1:25', name: 'mail', server });

describe('which servers an argument means', () => {
  test.each([
    ['10.0.0.1', undefined, [web('10.0.0.1:80'), mail('10.0.0.1:25')]],
    ['rs2', undefined, [web('10.0.0.2:80'), mail('10.0.0.2:26')]],
    ['rs2', 'mail', [mail('10.0.0.2:26')]],
    ['10.0.0.1', 'mail', [mail('10.0.0.1:25')]],
    ['10.0.0.1:80', undefined, [web('10.0.0.1:80')]],
    ['10.0.0.1', 'tcp 192.0.2.1:25', [mail('10.0.0.1:25')]],
    ['2001:db8::1', undefined, [web('[2001:db8::1]:80'), mail('[2001:db8::1]:25')]],
    ['2001:DB8:0::1', 'web', [web('[2001:db8::1]:80')]],
    ['[2001:db8::1]', 'web', [web('[2001:db8::1]:80')]],
    ['[2001:db8:0:0::1]:25', undefined, [mail('[2001:db8::1]:25')]],
  ] as const)('%s in %s', (server, service, found) =>
    expect(selectServers(ALL, server, service)).toEqual(found),
  );
  test.each([
    [
      '10.0.0.9',
      undefined,
      'no server 10.0.0.9; there are rs2, 10.0.0.1:80, 10.0.0.2:80, [2001:db8::1]:80, 10.0.0.1:25, 10.0.0.2:26, [2001:db8::1]:25',
    ],
    [
      '10.0.0.1:81',
      'web',
      'no server 10.0.0.1:81; there are rs2, 10.0.0.1:80, 10.0.0.2:80, [2001:db8::1]:80',
    ],
    ['10.0.0.1', 'ftp', 'no service ftp; there are web, mail'],
    [
      'rs3',
      undefined,
      "rs3: not the address of a server, with or without its port, and no name of one; did you mean `rs2'?",
    ],
    ['rs2', 'ftp', 'no service ftp; there are web, mail'],
    ['', undefined, ': not the address of a server, with or without its port'],
    ['10.0.0.1:', undefined, '10.0.0.1:: not the address of a server, with or without its port'],
  ] as const)('%s in %s is refused', (server, service, message) =>
    expect(() => selectServers(ALL, server, service)).toThrow(message),
  );
});

const admin = {
  state: 'disabled',
  reason: 'new disk',
  by: 'alice',
  since: '2026-01-01T00:00:00.000Z',
  until: undefined,
} as const;

test('servers that left the file can still be enabled', () => {
  const states = [
    { ...web('10.0.0.7:80'), admin },
    { ...web('10.0.0.1:80'), admin },
  ];
  const all = withRememberedServers(ALL, states);
  expect(selectServers(all, '10.0.0.7', undefined)).toEqual([web('10.0.0.7:80')]);
  expect(all[0]?.servers).toEqual([...(ALL[0]?.servers ?? []), '10.0.0.7:80']);
  const gone = { service: 'tcp 192.0.2.1:21', name: 'ftp', server: '10.0.0.1:21' };
  expect(
    selectServers(withRememberedServers(ALL, [{ ...gone, admin }]), '10.0.0.1:21', 'ftp'),
  ).toEqual([gone]);
});

test.each([
  ['enabled, and not in the states', undefined, false],
  ['the same state and reason', admin, true],
  ['the same state without a reason', { ...admin, reason: '' }, true],
  ['another reason', { ...admin, reason: 'new fan' }, false],
  ['another state', { ...admin, state: 'drained' as const }, false],
  ['an end', { ...admin, until: '2026-01-02T00:00:00.000Z' }, false],
])('a request changes nothing: %s', (_, wanted, same) => {
  const states = [{ ...web('10.0.0.1:80'), admin }];
  expect(changing([web('10.0.0.1:80')], wanted, states)).toEqual(same ? [] : [web('10.0.0.1:80')]);
  expect(changing([web('10.0.0.2:80')], undefined, states)).toEqual([]);
});
