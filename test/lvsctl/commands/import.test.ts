// What `lvsctl import` and `lvsctl check` say on stdout and stderr.
import { describe, expect, test } from 'vitest';
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
