// What `lvsctl import` and `lvsctl check` say on stdout and stderr.

import { describe, expect, test } from 'vitest';
import { vipsOf } from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { formatAddress } from '../../../src/model/address.js';
import { lvsctl } from '../../support/lvsctl.js';

describe('lvsctl import', () => {
  const imported = (rules: string, ...more: string[]) =>
    lvsctl(['import', 'rules', ...more], { rules });

  test('a rule that a file cannot hold is named with its line in the rules', async () => {
    const rules =
      '# saved\n-A -t 192.0.2.1:80 -s rr\n-A -t 192.0.2.2:80 -s rr\n-a -t 192.0.2.2:80 -r 10.0.0.1 -g -x 5 -y 9\n';
    expect(await imported(rules)).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'lvsctl: rules:3:1: tcp 192.0.2.2:80: the lower threshold is above the upper one\n    3 | -A -t 192.0.2.2:80 -s rr\n      | ^^^^^^^^^^^^^^^^^^^^^^^^\n',
    });
  });

  test('a prefix length typed as a mask is a warning, and the mask is written', async () => {
    const { status, stdout, stderr } = await imported('-A -t 192.0.2.1:80 -s rr -p 600 -M 24\n');
    expect(status).toBe(0);
    expect(stdout).toContain('netmask: 0.0.0.24\n');
    expect(stderr).toMatch(
      /^rules:1:1: warning: tcp 192\.0\.2\.1:80: the netmask 0\.0\.0\.24 has holes/,
    );
  });

  test('the port of a direct routing server in a group means nothing', async () => {
    const rules = '-A -f 3\n-a -f 3 -r 10.0.88.214:443 -g\n';
    const { status, stdout, stderr } = await imported(rules, '--mark', '3=10.0.88.254:443');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('servers:\n      - address: 10.0.88.214\n        weight: 1\n');
  });

  test('VIPs with the same ports, ranges and all ports become a group', async () => {
    const rules = '-A -f 3\n-a -f 3 -r 10.0.88.214 -g\n-A -f 4 -p\n-a -f 4 -r 10.0.88.214 -g\n';
    const marks = [
      '3=192.0.2.1:80,8000-8100,53/udp',
      '3=192.0.2.2:53/udp,8000-8100,80',
      '4=192.0.2.3:0',
    ];
    const args = marks.flatMap((mark) => ['--mark', mark]);
    const { status, stdout, stderr } = await imported(rules, ...args);
    expect([status, stderr]).toEqual([0, '']);
    const { services, vips } = readConfig(stdout, 'f');
    expect(vips.length).toBe(3);
    expect(services.map((one) => [one.mark, vipsOf(one).map(formatAddress), one.ports])).toEqual([
      [
        3,
        ['192.0.2.1', '192.0.2.2'],
        [
          { port: 80, last: 80, protocol: undefined },
          { port: 8000, last: 8100, protocol: undefined },
          { port: 53, last: 53, protocol: 'udp' },
        ],
      ],
      [4, ['192.0.2.3'], [{ port: 0, last: 65535, protocol: undefined }]],
    ]);
  });

  test('VIPs with other ports under one mark are no group', async () => {
    const rules = '-A -f 3\n-a -f 3 -r 10.0.88.214 -g\n';
    const marks = ['--mark', '3=192.0.2.1:80', '--mark', '3=192.0.2.2:81'];
    const { status, stdout, stderr } = await imported(rules, ...marks);
    expect(stdout).toBe('');
    expect([status, stderr]).toEqual([2, expect.stringContaining('rules:1:1: fwmark 3')]);
  });

  test.each([
    '3=192.0.2.1:',
    '3=192.0.2.1:9-8',
    '0=192.0.2.1:80',
    '3=192.0.2:80',
    '3=192.0.2.1:80/icmp',
  ])('--mark %s is refused', async (mark) => {
    const { status, stderr } = await imported('-A -f 3\n', '--mark', mark);
    expect([status, stderr]).toEqual([2, expect.stringContaining('expected a mark like 7=')]);
  });

  test.each([
    ['global_defs {\n}\n', /^lvsctl: rules: no virtual services\n$/],
    [
      '#!/bin/sh\nVIP=192.0.2.1\nipvsadm -A -t $VIP:80\n',
      /^lvsctl: rules:1:1: this is a shell script/,
    ],
    ['vips: []\nservices: []\n', /^lvsctl: rules:1:1: this is an lvsctl file, not saved rules/],
    ['hello world\n', /^lvsctl: rules:1:1: not an ipvsadm rule: it begins with `hello'/],
  ])('%j is no rule file', async (rules, message) => {
    const { status, stderr } = await imported(rules);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('a script of plain commands is read as rules', async () => {
    const { status } = await imported('#!/bin/sh\nipvsadm -C\nipvsadm -A -t 192.0.2.1:80 -s rr\n');
    expect(status).toBe(0);
  });
});

test('warnings of check are on stderr, and the status stays 0', async () => {
  const file =
    'vips: [{address: 192.0.2.1, interface: eth0}]\nservices:\n  - name: web\n    address: 192.0.2.1\n    port: 80\n    mode: nat\n    servers: [{address: 10.0.0.1}]\n';
  expect(await lvsctl(['check', 'f'], { f: file })).toEqual({
    status: 0,
    stdout: 'f: good; VIPs 1, services 1, servers 1, warnings 1\n',
    stderr:
      "f:6:11: warning: services[0].mode: mode nat without `gateway': lvsctl realserver up gives these servers no route back through the director\n    6 |     mode: nat\n      |           ^^^\n",
  });
});

test('other commands name what reads a file of keepalived', async () => {
  const { status, stderr } = await lvsctl(['check', 'f'], { f: 'global_defs {\n}\n' });
  expect(status).toBe(2);
  expect(stderr).toMatch(/this is a keepalived configuration; .*lvsctl import FILE > lvs.yaml/);
});
