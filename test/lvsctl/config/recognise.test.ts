// Which kind of file a text is, by a small example of each.
import { describe, expect, test } from 'vitest';
import { isRuleText, otherKind, programOf } from '../../../src/lvsctl/config/recognise.js';

const IMPORT = 'make an lvsctl file of it: lvsctl import FILE > lvs.yaml';
const KEEPALIVED = `this is a keepalived configuration; ${IMPORT}`;
const LDIRECTORD = `this is a configuration of ldirectord; ${IMPORT}`;
const LISTING = 'this is a listing (ipvsadm -L); save the rules with ipvsadm -Sn';
const FILTER = 'these are rules of the packet filter (iptables-save), not of IPVS';
const HAPROXY = 'this is a configuration of HAProxy, which lvsctl does not read';
const UNIT = 'this is a unit of systemd';
const SHELL =
  'this is a shell script; run it, then make an lvsctl file of the live table: lvsctl import > lvs.yaml';
const OURS = 'this is an lvsctl file, not saved rules; lvsctl check reads it';
const RULES =
  'these are saved rules of ipvsadm; make an lvsctl file of them: lvsctl import FILE > lvs.yaml';

// biome-ignore format: a table
const TEXTS: readonly (readonly [string, string | undefined])[] = [
  ['virtual_server 192.0.2.1 80 {\n}\n', KEEPALIVED],
  ['! comment\n  virtual_server_group g {\n', KEEPALIVED],
  ['vrrp_instance VI_1 {\n', KEEPALIVED],
  ['vrrp_script check {\n', KEEPALIVED],
  ['global_defs {\n', KEEPALIVED],
  ['@lb1 virtual_server fwmark 1 {\n', KEEPALIVED],
  ['include /etc/keepalived/conf.d/*.conf\n', KEEPALIVED],
  ['includer x\n', KEEPALIVED],
  ['$VIP= \\\n', KEEPALIVED],
  ['virtual_serverx 1\n', undefined],
  ['global_defsx {\n', undefined],
  ['checktimeout=3\nvirtual=192.0.2.1:80\n\treal=10.0.0.1 masq\n', LDIRECTORD],
  ['virtual6 = [2001:db8::1]:80\n', LDIRECTORD],
  ['  virtual = 1\n', LDIRECTORD],
  ['IP Virtual Server version 1.2.1 (size=4096)\n', LISTING],
  ['Prot LocalAddress:Port Scheduler Flags\n', LISTING],
  ['*nat\n:PREROUTING ACCEPT\nCOMMIT\n', FILTER],
  ['*filter \nCOMMIT\n', FILTER],
  ['*nat\n', undefined],
  ['frontend web\n  bind :80\n', HAPROXY],
  ['backend b\n  server s1 10.0.0.1\n', HAPROXY],
  ['listen l\n\tbind :80\n', HAPROXY],
  ['backend b\n', undefined],
  ['[Unit]\nDescription=x\n', UNIT],
  ['  [Service] \n', UNIT],
  ['#!/bin/sh\nipvsadm -C\n', SHELL],
  ['#!/usr/bin/env bash\nipvsadm -C\n', SHELL],
  ['VIP=192.0.2.1\nipvsadm -A -t $VIP:80\n', SHELL],
  ['for i in 1 2; do\n/sbin/ipvsadm -a -t $VIP -r 10.0.0.$i\ndone\n', SHELL],
  ['sudo ipvsadm -A -t $(vip):80\n', SHELL],
  ['#!/bin/sh\necho\n', undefined],
  ['services:\n  - name: web\n', OURS],
  ['vips: []\n', OURS],
  ['{"services": []}\n', OURS],
  ["{ 'vips' : []}\n", OURS],
  ['my_services: []\n', undefined],
  ['-A -t 192.0.2.1:80 -s rr\n', RULES],
  ['ipvsadm -a -f 7 -r 10.0.0.1\n', RULES],
  ['--add-service --tcp-service 192.0.2.1:80\n', RULES],
  ['-E -u 192.0.2.1:53\n', RULES],
  ['-e -6 x\n', RULES],
  ['-A -x 1\n', undefined],
  ['', undefined],
  ['hello\n', undefined],
];

describe.each(['keepalived', 'ldirectord', 'lvsctl file', 'saved rules'] as const)(
  'where %s is expected',
  (expected) => {
    const own = {
      keepalived: KEEPALIVED,
      ldirectord: LDIRECTORD,
      'lvsctl file': OURS,
      'saved rules': RULES,
    }[expected];
    test.each(TEXTS)('%j', (text, message) => {
      expect(otherKind(text, expected)).toBe(message === own ? undefined : message);
    });
  },
);

test('the first row that fits counts, but for an lvsctl file where one is expected', () => {
  const both = 'virtual = x\nservices: []\n';
  expect(otherKind(both, 'saved rules')).toBe(LDIRECTORD);
  expect(otherKind(both, 'lvsctl file')).toBeUndefined();
  expect(otherKind('IP Virtual Server version 1\n-A -t x\n', 'saved rules')).toBe(LISTING);
});

test('of a long text the beginning is read', () => {
  expect(otherKind(`${'#\n'.repeat(99_995)}vips: []\n`, 'saved rules')).toBe(OURS);
  expect(otherKind(`${'#\n'.repeat(100_000)}vips: []\n`, 'saved rules')).toBeUndefined();
  expect(programOf(`${'#\n'.repeat(100_000)}virtual = x\n`)).toBeUndefined();
});

test.each(TEXTS)('the program of %j', (text, message) => {
  const program =
    message === KEEPALIVED ? 'keepalived' : message === LDIRECTORD ? 'ldirectord' : undefined;
  expect(programOf(text)).toBe(program);
});

// biome-ignore format: a table
test.each([
  ['-A -t 192.0.2.1:80\n', true], ['# comment\n\n  -A -t x\n', true], ['ipvsadm -A -t x\n', true], ['  ipvsadm  --add-service\n', true], ['--add-service\n', true], ['\r\n-C\n', true],
  ['- name: web\n', false], ['---\nvips: []\n', false], ['--- \n', false], ['vips: []\n', false], ['', false], ['# -A\n', false], ['x -A\n', false], ['-1\n', false], ['ipvsadm\n', false], ['#-A\nvips:\n', false],
])('%j is saved rules: %s', (text, is) => expect(isRuleText(text)).toBe(is));
