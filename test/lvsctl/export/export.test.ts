// `lvsctl export`: what is written, what is reported, and that the import reads it again.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { filesMatching } from '../../../src/system/glob.js';
import { lvsctl } from '../../support/lvsctl.js';

const FIXTURES = new URL('../../fixtures/import/', import.meta.url).pathname;
const MARKS = ['7=192.0.2.120:80,443', '8=192.0.2.121:80'].flatMap((mark) => ['--mark', mark]);
const world = { readText: (path: string) => readFileSync(path, 'utf8'), filesMatching };

const service = (more: string, check = '') => `vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: dr
    scheduler: rr
    servers: [{address: 10.0.0.1}]
${more}${check === '' ? '' : `    checks: [${check}]\n`}`;

describe('keepalived', () => {
  test.each(readdirSync(FIXTURES).filter((name) => name.endsWith('.conf')))(
    '%s: imported, exported and imported again it is the same',
    async (name) => {
      const first = await lvsctl(
        ['import', FIXTURES + name, '--config-id', 'main', ...MARKS],
        {},
        world,
      );
      expect(first.status, first.stderr).toBe(0);
      const made = await lvsctl(['export', 'keepalived', 'lvs'], { lvs: first.stdout });
      expect(made.status, made.stderr).toBe(0);
      const again = await lvsctl(['import', 'f', ...MARKS], { f: made.stdout });
      expect(again.status, again.stderr + made.stdout).toBe(0);
      expect(again.stderr).not.toContain('warning');
      const [before, after] = [first.stdout, again.stdout].map((text) => normalized(text));
      expect(after).toEqual(before);
    },
  );

  test('the whole of an everyday file', async () => {
    const { stdout, stderr } = await lvsctl(['export', 'keepalived', 'f'], {
      f: service(
        '    persistence: {timeout: 60, netmask: 255.255.255.0}\n    sorry: {address: 10.0.0.9}\n',
        '{kind: http, path: "/a b", status: "200,204-206", body: \'x"\\.y\', interval: 5, timeout: 2, rise: 1, fall: 3, fast_interval: 1}'.replace(
          'a b',
          'a',
        ),
      ),
    });
    expect(stdout).toBe(`virtual_server 192.0.2.1 80 {
    lvs_sched rr
    lvs_method DR
    protocol TCP
    persistence_timeout 60
    persistence_granularity 255.255.255.0
    alpha
    sorry_server 10.0.0.9 80
    real_server 10.0.0.1 80 {
        weight 1
        HTTP_GET {
            url {
                path "/a"
                status_code 200 204-206
                regex "x\\"\\\\.y"
            }
            connect_timeout 2
            retry 2
            delay_before_retry 1
            delay_loop 5
        }
    }
}
`);
    expect(stderr).toBe(
      'f: warning: vips: keepalived adds addresses by a vrrp_instance, which is not made here\n',
    );
  });

  test.each([
    [
      '    health: {combine: any}\n',
      '',
      'web: health.combine any: with keepalived all checks must pass',
    ],
    [
      '    health: {slow_start: 9}\n',
      '',
      'web: health.slow_start: a returned server has its whole weight at once',
    ],
    ['    health: {min_up: 0.5}\n', '', 'web: health.min_up: all servers can be taken out'],
    ['monitor: {hook: [/bin/x]}\n', '', 'monitor.hook: keepalived has notify_up'],
    [
      'sync: [{role: master, interface: eth0}]\n',
      '',
      'sync: lvs_sync_daemon needs a vrrp_instance',
    ],
    ['', '{kind: tcp}', 'web 10.0.0.1 tcp: rise 2: keepalived takes a server back after one pass'],
    [
      '',
      '{kind: send_expect, rise: 1, steps: [{expect: a}]}',
      'web 10.0.0.1 send_expect: keepalived has no such check; left out',
    ],
    [
      '',
      '{kind: https, rise: 1}',
      'web 10.0.0.1 https: verify: keepalived verifies no certificates',
    ],
    [
      '',
      '{kind: http, rise: 1, method: HEAD}',
      'web 10.0.0.1 http: method HEAD: keepalived sends GET',
    ],
    [
      '',
      '{kind: http, rise: 1, headers: {A: b}}',
      'web 10.0.0.1 http: headers: keepalived sends its own',
    ],
    [
      '',
      '{kind: http, rise: 1, redirects: 2}',
      'web 10.0.0.1 http: redirects: keepalived follows none',
    ],
    [
      '',
      '{kind: http, rise: 1, body: a, not_body: b}',
      'web 10.0.0.1 http: not_body: one url has one pattern',
    ],
    [
      '',
      '{kind: dns, rise: 1, name: a.b, type: SRV}',
      'web 10.0.0.1 dns: keepalived has no such check; left out',
    ],
    [
      '',
      '{kind: dns, rise: 1, name: a.b, expected: [192.0.2.9]}',
      'web 10.0.0.1 dns: expected: keepalived takes any answer',
    ],
    [
      '',
      '{kind: smtp, rise: 1, starttls: true}',
      'web 10.0.0.1 smtp: starttls: keepalived does not try it',
    ],
    [
      '',
      '{kind: udp, rise: 1, reply: true, expect: a}',
      'web 10.0.0.1 udp: expect: keepalived compares bytes alone',
    ],
  ])('%j %j is reported', async (more, check, expected) => {
    const { stderr } = await lvsctl(['export', 'keepalived', 'f'], { f: service(more, check) });
    expect(stderr).toContain(`f: warning: ${expected}`);
  });
});

test('rules: what the file desires, read by the reader of rule files', async () => {
  const f = `${service('')}timeouts: {tcp: 9, tcp_fin: 8, udp: 7}\nsync: [{role: master, interface: eth0, syncid: 3}]\n`;
  const { stdout } = await lvsctl(['export', 'rules', 'f'], { f });
  expect(stdout).toBe(
    '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1\n--set 9 8 7\n--start-daemon master --mcast-interface eth0 --syncid 3\n',
  );
  const back = await lvsctl(['import', 'rules'], { rules: stdout });
  expect(back.status, back.stderr).toBe(0);
});

test('rules: checks and the sorry server are reported', async () => {
  const f = service('    sorry: {address: 10.0.0.9}\n', '{kind: tcp}');
  const { stderr } = await lvsctl(['export', 'rules', 'f'], { f });
  expect(stderr.split('\n').filter(Boolean)).toEqual([
    'f: warning: web: the sorry server is no rule; left out',
    'f: warning: web: rules have no checks; left out',
  ]);
});

test('nft: the marks of both families', async () => {
  const f = `vips: [{address: 192.0.2.1, interface: eth0}, {address: "2001:db8::1", interface: eth0}]
services:
  - {name: a, address: 192.0.2.1, ports: [80, 443, 53/udp], mark: 7, mode: dr, servers: [{address: 10.0.0.1}]}
  - {name: b, address: "2001:db8::1", ports: [80], mark: 8, mode: dr, servers: [{address: "2001:db8::2"}]}
`;
  const { stdout, stderr } = await lvsctl(['export', 'nft', 'f'], { f });
  expect(stderr).toBe('');
  expect(stdout).toBe(`table ip lvs_marks
delete table ip lvs_marks
table ip lvs_marks {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ip daddr 192.0.2.1 tcp dport { 80, 443 } meta mark set 7
    ip daddr 192.0.2.1 udp dport { 53 } meta mark set 7
  }
}

table ip6 lvs_marks
delete table ip6 lvs_marks
table ip6 lvs_marks {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ip6 daddr 2001:db8::1 tcp dport { 80 } meta mark set 8
  }
}
`);
});

test('--strict writes nothing when something is left out', async () => {
  const { status, stdout, stderr } = await lvsctl(['export', 'keepalived', 'f', '--strict'], {
    f: service(''),
  });
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain('f: 1 left out, and --strict: nothing is written');
});

/** What an import makes of an export: without what is of VRRP, with names by address. */
function normalized(text: string): unknown {
  const { services, timeouts } = parse(text) as {
    readonly services: readonly Record<string, unknown>[];
    readonly timeouts?: unknown;
  };
  return { services: services.flatMap((one) => expanded(one)), timeouts };
}

/** A service with a list of addresses as one each. */
function expanded({ name: _, addresses, address, ...rest }: Record<string, unknown>): unknown[] {
  const ranges: Readonly<Record<string, readonly string[]>> = {
    '192.0.2.110-112': ['192.0.2.110', '192.0.2.111', '192.0.2.112'],
    '192.0.2.116/30': ['192.0.2.116', '192.0.2.117', '192.0.2.118', '192.0.2.119'],
  };
  const all = ((addresses as string[] | undefined) ?? [address as string]).flatMap(
    (one) => ranges[one] ?? [one],
  );
  return all.map((one) => ({ address: one, ...rest }));
}
