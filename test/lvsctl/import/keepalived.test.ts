// Words of keepalived.conf: what each becomes, and what is said about it. The effects are those
// that `keepalived -d` of Debian 12 showed in the lab.
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fromKeepalived } from '../../../src/lvsctl/import/keepalived/convert.js';
import { lvsctl } from '../../support/lvsctl.js';
import { resultOf } from './support.js';

function imported(text: string, machine?: string, files: Readonly<Record<string, string>> = {}) {
  const draft = fromKeepalived(text, 'f', {
    files: {
      readText: (path) => files[path] ?? '',
      filesMatching: (pattern) =>
        Object.keys(files).filter((name) =>
          new RegExp(`^${pattern.replace('*', '[^/]*')}$`).test(name),
        ),
    },
    configId: { name: machine, given: machine !== undefined },
    interface: 'eth0',
  });
  return resultOf(draft);
}

const server = '  real_server 10.0.0.1 80 { weight 3 }\n';
const around = (words: string, servers = server) =>
  `virtual_server 192.0.2.1 80 {\n  protocol TCP\n  lvs_sched rr\n${words}\n${servers}}\n`;
const checker = (block: string, words = 'delay_loop 10') =>
  around(words, `  real_server 10.0.0.1 80 {\n${block}\n  }\n`);

describe('a service', () => {
  test('the whole of an everyday file', async () => {
    const { file, remarks } = imported(`
! an everyday file
virtual_server 192.0.2.1 80 {
    delay_loop 6
    lb_algo wrr
    lb_kind DR
    persistence_timeout 50
    persistence_granularity 255.255.255.0
    protocol TCP
    sorry_server 10.0.0.9 80
    real_server 10.0.0.1 80 {
        weight 2
        TCP_CHECK {
            connect_timeout 3
            retry 3
            delay_before_retry 2
        }
    }
    real_server 10.0.0.2 80
    {
        uthreshold 20
        lthreshold 10
        TCP_CHECK{
            connect_timeout 3
            nb_get_retry 3
            delay_before_retry 2
            connect_port 80
        }
    }
}
`);
    expect(remarks).toEqual([]);
    expect(file).toEqual({
      vips: [{ address: '192.0.2.1', interface: 'eth0' }],
      services: [
        {
          name: 'tcp-192.0.2.1-80',
          address: '192.0.2.1',
          port: 80,
          mode: 'dr',
          scheduler: 'wrr',
          persistence: { timeout: 50, netmask: '255.255.255.0' },
          servers: [
            { address: '10.0.0.1', weight: 2 },
            { address: '10.0.0.2', upper: 20, lower: 10 },
          ],
          sorry: { address: '10.0.0.9' },
          check_defaults: { interval: 6, timeout: 3, rise: 1, fall: 4, fast_interval: 2 },
          checks: [{ kind: 'tcp' }],
        },
      ],
    });
  });

  test.each([
    ['lvs_method NAT', { mode: 'nat' }],
    ['lvs_method TUN', { mode: 'tun' }],
    [
      'lb_kind TUN type gue port 6080 csum',
      { mode: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'checksum' } },
    ],
    ['lvs_method TUN type gre', { mode: 'tun', tunnel: { type: 'gre' } }],
    ['lvs_sched sh\nsh-port\nsh-fallback', { scheduler: 'sh', flags: ['sh-fallback', 'sh-port'] }],
    ['lvs_sched mh\nflag-2', { scheduler: 'mh', flags: ['mh-port'] }],
    ['protocol UDP\nops', { protocol: 'udp', one_packet: true }],
    ['protocol sctp', { protocol: 'sctp' }],
    ['persistence_timeout', { persistence: { timeout: 360 } }],
    [
      'persistence_timeout 7\npersistence_engine sip',
      { persistence: { timeout: 7, engine: 'sip' } },
    ],
    ['quorum 2\nhysteresis 1', { health: { quorum: 2, hysteresis: 1 } }],
    ['inhibit_on_failure', { health: { failed: 'quiesce' } }],
    ['alpha', {}],
    [
      'sorry_server 10.0.0.9 81\nsorry_server_lvs_method DR',
      { sorry: { address: '10.0.0.9', mode: 'dr' } },
    ],
    ['sorry_server 10.0.0.9 81', { sorry: { address: '10.0.0.9', port: 81 } }],
  ])('%j', async (words, expected) => {
    const { file } = imported(around(words));
    expect(file.services[0]).toMatchObject(expected);
  });

  test.each([
    [
      'lb_algo loadbalance',
      "lb_algo: `loadbalance' is not a scheduler: keepalived ignores it and uses wlc",
    ],
    [
      'lvs_sched sh sh-port',
      "lvs_sched: `sh-port' behind the scheduler is ignored by keepalived; a flag has a line of its own",
    ],
    [
      'lvs_method dr',
      "lvs_method: `dr' is none of NAT, DR, TUN: keepalived ignores it and uses NAT; probably DR is intended",
    ],
    [
      'persistance_timeout 50',
      "persistance_timeout: not a keyword of virtual_server: keepalived ignores it too; did you mean `persistence_timeout'?",
    ],
    [
      'persistence_timeout x',
      "persistence_timeout: `x' is not a number from 1 to 2678400; ignored",
    ],
    [
      'persistence_timeout 0',
      'note: persistence_timeout: 0 is no persistence here; keepalived 2.2 refuses it, to the same effect',
    ],
    [
      'quorum_up "/bin/up x"',
      "quorum_up: `/bin/up x' is not run; monitor.hook is one program for all services, and gets the event `service-up'",
    ],
    ['omega', 'omega: no program is run when the monitor stops; the table stays as it is'],
    ['nat_mask 255.255.255.0', 'note: nat_mask: an obsolete keyword without effect'],
    [
      'sorry_server nowhere 80',
      "sorry_server: `nowhere 80' is not an address and a port: left out, as keepalived does",
    ],
    [
      'sorry_server_inhibit',
      'sorry_server_inhibit: the sorry server is removed, not set to weight 0, when it is not needed',
    ],
    ['ops', 'ops: one-packet scheduling is for UDP, not tcp; left out'],
  ])('%j is remarked on', async (words, remark) => {
    const { remarks } = imported(around(words));
    const place = remark.startsWith('ops') ? 'f:1: ' : 'f:4: ';
    expect(remarks).toEqual([place + remark]);
  });

  test('without protocol, scheduler and method: what keepalived takes', async () => {
    const { file, remarks } = imported(`virtual_server 192.0.2.1 53 {\n${server}}\n`);
    expect(file.services[0]).toMatchObject({ protocol: 'udp', scheduler: 'wlc', mode: 'nat' });
    expect(remarks).toEqual([
      'f:1: virtual_server: it names no protocol: keepalived takes UDP, and so does the import; probably TCP is intended',
      'f:1: note: virtual_server: it names no scheduler: wlc, as keepalived has it',
    ]);
  });

  test('without port: all ports, with persistence', async () => {
    const { file } = imported(
      'virtual_server 192.0.2.1 {\nprotocol TCP\nlvs_sched rr\nreal_server 10.0.0.1 { }\n}\n',
    );
    expect(file.services[0]).toMatchObject({ port: 0, persistence: { timeout: 360 } });
  });

  test('a quorum that cannot be reached is lowered as keepalived lowers it', async () => {
    const { file, remarks } = imported(around('quorum 5\nhysteresis 7'));
    expect(file.services[0]?.health).toEqual({ quorum: 3 });
    expect(remarks.map((line) => line.split(':')[2])).toEqual([' quorum', ' hysteresis']);
  });

  test('ha_suspend of all services pauses the checks of a standby', () => {
    const both = around('ha_suspend') + around('ha_suspend').replace('2.1', '2.2');
    expect(imported(both).file.monitor).toEqual({ pause_on_standby: true });
    const { file, remarks } = imported(around('ha_suspend') + around('').replace('2.1', '2.2'));
    expect(file.monitor).toBeUndefined();
    expect(remarks).toEqual(['f:1: ha_suspend: only some services have it: checks of all go on']);
  });

  test('two blocks of one service are one', async () => {
    const { file, remarks } = imported(around('') + around('', server.replace('0.1', '0.2')));
    expect(file.services.map(({ servers }) => servers.length)).toEqual([2]);
    expect(remarks[0]).toMatch(/^f:7: tcp 192\.0\.2\.1 80: a second time after line 1/);
  });
});

describe('servers', () => {
  test('only NAT changes the port; the check asks where the file says', async () => {
    const servers = '  real_server 10.0.0.1 8080 { TCP_CHECK { } }\n';
    const dr = imported(around('lvs_method DR', servers));
    expect(dr.file.services[0]?.servers).toEqual([{ address: '10.0.0.1' }]);
    expect(dr.file.services[0]?.checks).toEqual([{ kind: 'tcp', port: 8080 }]);
    expect(dr.remarks).toEqual(['f:5: note: 10.0.0.1 8080: only NAT changes the port: 80 stays']);
    const nat = imported(around('', servers));
    expect(nat.file.services[0]?.servers).toEqual([{ address: '10.0.0.1', port: 8080 }]);
    expect(nat.file.services[0]?.checks).toEqual([{ kind: 'tcp' }]);
  });

  test('of a number with letters keepalived takes the digits', () => {
    const { file } = imported(
      around('', 'real_server 10.0.0.1 80 { weight x\nTCP_CHECK { connect_port 7a } }\n'),
    );
    expect(file.services[0]).toMatchObject({
      servers: [{ address: '10.0.0.1', weight: 0 }],
      checks: [{ kind: 'tcp', port: 7 }],
    });
  });

  test('words of single servers: method, checks, inhibit', async () => {
    const { file, remarks } = imported(
      around(
        'lvs_method DR',
        `real_server 10.0.0.1 80 { TCP_CHECK { } }
real_server 10.0.0.2 80 {
  lvs_method TUN
  inhibit_on_failure
  TCP_CHECK { }
}
real_server 10.0.0.3 80 { }
`,
      ),
    );
    expect(file.services[0]?.servers).toEqual([
      { address: '10.0.0.1' },
      { address: '10.0.0.2', mode: 'tun' },
      { address: '10.0.0.3', checks: [] },
    ]);
    expect(remarks).toEqual([
      'f:6: inhibit_on_failure: only some servers of the service have it: 10.0.0.2 is removed when it is down',
    ]);
  });

  test.each([
    [
      'real_server 10.0.0.1:80 { }',
      /real_server: `10.0.0.1:80' is not an address and a port: left out/,
    ],
    ['real_server host 80 { }', /real_server: `host 80' is not an address and a port/],
    ['real_server 10.0.0.1 99999 { }', /`10.0.0.1 99999' is not an address and a port/],
    [
      'real_server 2001:db8::1 80 { }',
      /an ipv6 server of an ipv4 service needs tunnelling; left out/,
    ],
    [
      'real_server 10.0.0.1 80 { weigth 4 }',
      /weigth: not a keyword of real_server: keepalived ignores it too; did you mean `weight'\?/,
    ],
    ['real_server 10.0.0.1 80 { notify_down /bin/x }', /notify_down: `\/bin\/x' is not run/],
    ['real_server 10.0.0.1 80 { weight -3 }', /weight: `-3' is not a number from 0/],
    ['real_server 10.0.0.1 80 { weight x }', /weight: `x' is not a number; keepalived takes 0/],
    [`${server}${server}`, /10\.0\.0\.1: a second time; the first one counts/],
    [
      'real_server 10.0.0.1 80 { uthreshold 5\nlthreshold 9 }',
      /lower threshold: 9 is above the upper one, 5; left out/,
    ],
    ['real_server 10.0.0.1 { TCP_CHECK { } }', /keepalived asks port 0, which never answers/],
  ])('%j', async (servers, remark) => {
    const { remarks } = imported(around('', `${servers}\n`));
    expect(remarks).toEqual([expect.stringMatching(remark)]);
  });
});

describe('checkers', () => {
  const times = { interval: 10, timeout: 5, rise: 1 };
  const twice = { ...times, fall: 2 };
  test.each([
    ['TCP_CHECK { }', { kind: 'tcp', ...twice, fast_interval: 1 }],
    ['TCP_CHECK { connect_port 81\nretry 0 }', { kind: 'tcp', ...times, fall: 1, port: 81 }],
    [
      'TCP_CHECK { connect_ip 10.0.9.1\nbindto 10.0.9.9\ndelay_loop 3\nconnect_timeout 0.2 }',
      { kind: 'tcp', connect_to: '10.0.9.1', source: '10.0.9.9', interval: 3, timeout: 0.2 },
    ],
    ['HTTP_GET { url { path /a } }', { kind: 'http', path: '/a', ...twice, fast_interval: 3 }],
    [
      'HTTP_GET { virtualhost b\nurl { path /a\nstatus_code 200 204-206 } }',
      { host: 'b', status: '200,204-206' },
    ],
    ['HTTP_GET { virtualhost b\nurl { virtualhost a } }', { host: 'a', path: '/' }],
    [
      'HTTP_GET { url { digest 640205B7B0FC66C1EA91C463FAC6334D } }',
      { digest: '640205b7b0fc66c1ea91c463fac6334d' },
    ],
    ['HTTP_GET { url { regex "a b"\nregex_options caseless dotall } }', { body: '(?is)a b' }],
    ['HTTP_GET { url { regex down\nregex_no_match } }', { not_body: 'down' }],
    ['HTTP_GET { url { regex a\\.b } }', { body: 'a.b' }],
    ['SSL_GET { url { path / } }', { kind: 'https', verify: false }],
    ['SMTP_CHECK { helo_name mx }', { kind: 'smtp', helo: 'mx', ...twice }],
    ['DNS_CHECK { }', { kind: 'dns', name: '.', type: 'SOA', ...times, fall: 4 }],
    ['DNS_CHECK { name example.com\ntype a }', { kind: 'dns', name: 'example.com', type: 'A' }],
    ['PING_CHECK { }', { kind: 'ping', ...twice }],
    [
      'MISC_CHECK { misc_path "/bin/check \'a b\' c" }',
      { kind: 'exec', command: ['/bin/check', 'a b', 'c'], ...times, timeout: 10, fall: 1 },
    ],
    [
      'MISC_CHECK { misc_path /bin/check\nmisc_timeout 4\nmisc_dynamic\nuser nobody }',
      { command: ['/bin/check'], timeout: 4, weight: true, user: 'nobody' },
    ],
    ['UDP_CHECK { payload Ab12f 3 456 }', { kind: 'udp', payload_hex: 'AB120F034506' }],
    [
      'UDP_CHECK { require_reply ab c\nmin_reply_length 2 }',
      { reply: true, expect_hex: 'AB0C', min_length: 2, max_length: 255 },
    ],
  ])('%j', async (block, expected) => {
    const { file, remarks } = imported(checker(block));
    const [service] = file.services;
    expect({ ...service?.check_defaults, ...service?.checks?.[0] }).toMatchObject(expected);
    expect(remarks).toEqual([]);
  });

  test.each([
    ['BFD_CHECK { name x }', 0, /BFD_CHECK: there is no check by BFD: this check is left out/],
    ['FILE_CHECK { track_file t }', 0, /FILE_CHECK: there is no track_file t before it/],
    ['HTTP_GET { }', 0, /HTTP_GET: it has no url/],
    ['MISC_CHECK { misc_path check }', 0, /MISC_CHECK: check needs an absolute path here/],
    [
      'MISC_CHECK { misc_path /bin/sh -c x }',
      1,
      /misc_path: without quotes keepalived takes the first argument alone/,
    ],
    [
      'TCP_CHECK { connetc_port 3306 }',
      1,
      /connetc_port: not a keyword of TCP_CHECK: keepalived ignores it too; did you mean `connect_port'\?/,
    ],
    ['TCP_CHECK { connect_ip x }', 1, /connect_ip: `x' is no address/],
    ['TCP_CHECK { bindto 2001:db8::1 }', 1, /bindto: `2001:db8::1' is no ipv4 address/],
    ['TCP_CHECK { fwmark 3 }', 1, /fwmark: packets of checks get no mark/],
    ['HTTP_GET { url { path index.html } }', 1, /path: `index.html' is asked for as \/index.html/],
    ['HTTP_GET { url { status_code 200,301 } }', 1, /status_code: `200,301' is no status/],
    ['HTTP_GET { url { regex (?=a)b } }', 1, /regex: not in RE2/],
    [
      'HTTP_GET { url { path / status_code 200 } }',
      1,
      /path: `status_code 200' behind its value is ignored by keepalived/,
    ],
    ['HTTP_GET { url { digest 12 } }', 1, /digest: not an MD5/],
    ['HTTP_GET { http_protocol 1.0\nurl { } }', 1, /note: http_protocol/],
    ['DNS_CHECK { type ANY }', 1, /type: keepalived does not know type ANY/],
    ['UDP_CHECK { require_reply axb }', 1, /require_reply: digits left open/],
  ])('%j', async (block, count, remark) => {
    const { file, remarks } = imported(checker(block));
    expect(file.services[0]?.checks?.length ?? 0).toBe(count);
    expect(remarks).toEqual([expect.stringMatching(remark)]);
  });

  test('a file that keepalived tracks is read by a check, where its number is no weight', async () => {
    const text = (weight: number) =>
      `track_file t { file /run/t\nweight ${weight} }\n${checker('FILE_CHECK { track_file t }')}`;
    const { file } = imported(text(0));
    expect(file.services[0]?.checks).toMatchObject([
      { kind: 'exec', command: expect.arrayContaining(['/run/t']) },
    ]);
    const weighed = imported(text(1));
    expect(weighed.remarks).toEqual([
      expect.stringMatching(/the number in \/run\/t changes the weight/),
    ]);
  });

  test('the nearest time counts', async () => {
    const { file } = imported(
      around(
        'delay_loop 4\nretry 2',
        'real_server 10.0.0.1 80 { retry 5\nTCP_CHECK { }\nPING_CHECK { retry 1 } }\n',
      ),
    );
    expect(file.services[0]?.check_defaults).toEqual({
      interval: 4,
      timeout: 5,
      rise: 1,
      fast_interval: 1,
    });
    expect(file.services[0]?.checks).toEqual([
      { kind: 'tcp', fall: 6 },
      { kind: 'ping', fall: 2 },
    ]);
  });

  test('hosts of an older SMTP_CHECK are checks', async () => {
    const { file } = imported(
      checker('SMTP_CHECK { host { connect_ip 10.0.0.5 } host { connect_port 26 } }'),
    );
    expect(file.services[0]?.checks).toEqual([
      { kind: 'smtp', connect_to: '10.0.0.5' },
      { kind: 'smtp', port: 26 },
    ]);
  });
});

describe('the whole file', () => {
  test('groups: a service for each port, ranges as they are', async () => {
    const { file } = imported(
      `virtual_server_group G {\n192.0.2.40-42 80\n192.0.2.48/30 80\n192.0.2.60 443\n192.0.2.0/28 443\n}\n${around('').replace('192.0.2.1 80', 'group G')}`,
    );
    expect(file.services.map(({ name, addresses, port }) => [name, addresses, port])).toEqual([
      ['G', ['192.0.2.40-42', '192.0.2.48/30'], 80],
      ['G-2', ['192.0.2.60', '192.0.2.0/28'], 443],
    ]);
    expect(file.vips.map(({ address }) => address)).toEqual([
      '192.0.2.40-42',
      '192.0.2.48/30',
      '192.0.2.60',
      '192.0.2.0/28',
    ]);
  });

  test('a mark needs its VIP and ports', async () => {
    const f = around('').replace('192.0.2.1 80', 'fwmark 7');
    const refused = await lvsctl(['import', 'f'], { f });
    expect([refused.status, refused.stdout, refused.stderr]).toEqual([
      2,
      '',
      'lvsctl: f:1:1: fwmark 7: which packets get the mark is not known; add --mark 7=VIP:PORT,…\n',
    ]);
    const { stdout } = await lvsctl(['import', 'f', '--mark', '7=192.0.2.7:80,443'], { f });
    expect(parse(stdout).services[0]).toMatchObject({
      address: '192.0.2.7',
      ports: [80, 443],
      mark: 7,
    });
  });

  test('addresses of VRRP are VIPs that keepalived goes on moving', async () => {
    const { file, remarks } = imported(
      `vrrp_instance V {\n interface eth1\n virtual_router_id 5\n virtual_ipaddress {\n  192.0.2.1/24 dev eth2 label eth2:1\n  192.0.2.3\n }\n}\n${around('')}`,
    );
    expect(file.vips).toEqual([
      { address: '192.0.2.1', interface: 'eth2', managed: false },
      { address: '192.0.2.3', interface: 'eth1', managed: false },
    ]);
    expect(remarks).toEqual([
      'f:1: note: vrrp_instance: stays with keepalived, started with --vrrp; its addresses are in vips with managed: false',
    ]);
  });

  test('timeouts and sync daemons', async () => {
    const { file } = imported(
      `global_defs {\n lvs_timeouts tcp 500 tcpfin 60 udp 70\n lvs_sync_daemon eth1 V id 5 maxlen 1400\n}\n${around('')}`,
    );
    expect(file.timeouts).toEqual({ tcp: 500, tcp_fin: 60, udp: 70 });
    expect(file.sync).toEqual([
      { role: 'master', interface: 'eth1', syncid: 5, max_length: 1400 },
      { role: 'backup', interface: 'eth1', syncid: 5, max_length: 1400 },
    ]);
  });

  test('every word of global_defs without equivalent is named', async () => {
    const words =
      'router_id x\nnotification_email { a@b }\nsmtp_server 1.2.3.4\nvrrp_strict\nenable_snmp_checker\nlvs_flush\nbogus 3';
    const { remarks } = imported(`global_defs {\n${words}\n}\n${around('')}`);
    expect(remarks.map((line) => line.replace('note: ', '').split(': ')[1]).toSorted()).toEqual(
      words
        .split('\n')
        .map((line) => line.split(' ')[0])
        .toSorted(),
    );
  });

  test('included files, with patterns, from where the including one is', async () => {
    const { file, remarks } = imported('include conf.d/*.conf\ninclude none\n', undefined, {
      'conf.d/a.conf': around(''),
      'conf.d/b.conf': `${around('bogus').replace('2.1', '2.2')}include sub\n`,
      'conf.d/sub': around('').replace('2.1', '2.3'),
    });
    expect(file.services.map(({ address }) => address)).toEqual([
      '192.0.2.1',
      '192.0.2.2',
      '192.0.2.3',
    ]);
    expect(remarks).toEqual([
      'f:2: include: there is no file none; keepalived goes on without it too',
      'conf.d/b.conf:4: bogus: not a keyword of virtual_server: keepalived ignores it too',
    ]);
  });

  test('conditional lines are for one machine', async () => {
    const text = around('@main quorum 2\n@^main quorum 3');
    expect(imported(text, 'main').file.services[0]?.health).toEqual({
      quorum: 2,
    });
    expect(imported(text, 'other').file.services[0]?.health).toEqual({
      quorum: 3,
    });
    const { remarks } = imported(text);
    expect(remarks).toEqual([
      'f:4: @main: for some machines only; name the machine: --config-id NAME',
    ]);
  });

  test('parameters, of several lines too, sequences and lists', async () => {
    const { file } = imported(`$RS= \\
  real_server 10.0.0.\${N} $PORT { \\
    weight $N \\
  }
$PORT=80
virtual_server 192.0.2.1 $PORT {
  protocol TCP
  lvs_sched rr
  $N=1
  $RS
  $N=2
  $RS
  ~SEQ(A, 3, 2, 7) real_server 10.0.0.$A 80 { weight 9 }
  ~LST({B, C}, {10, 1}, {11, 2}) real_server 10.0.0.\${B} 80 { weight \${C} }
}
`);
    expect(
      file.services[0]?.servers.map(({ address, weight = 1 }) => `${address} ${weight}`),
    ).toEqual([
      '10.0.0.1 1',
      '10.0.0.2 2',
      '10.0.0.3 9',
      '10.0.0.5 9',
      '10.0.0.7 9',
      '10.0.0.10 1',
      '10.0.0.11 2',
    ]);
  });

  test.each([
    [
      'virtual_server 192.0.2.1 80 {\nprotocol TCP\nlvs_sched rr\n',
      'f:1: virtual_server: its block is not closed before the end of the file',
    ],
    [`${around('')}}\n`, 'f:7: }: no block is open here; ignored'],
    [around('virtualhost "a b'), 'f:4: virtualhost: a quote does not end on its line'],
    [
      `bogus x { y 1 }\n${around('')}`,
      'f:1: bogus: not a keyword of keepalived.conf: keepalived ignores it too',
    ],
  ])('%j', async (text, remark) => {
    expect(imported(text).remarks).toContain(remark);
  });

  test('parameters that name each other without end are an error, and soon', () => {
    expect(() => imported(`$A=\${B}\n$B=\${A}\n\${A}\n${around('')}`)).toThrow(
      'f:3:1: parameters that name each other without end',
    );
  });

  test('--strict writes nothing when something is lost; a note is no loss', async () => {
    const lost = await lvsctl(['import', 'f', '--strict'], { f: around('omega') });
    expect([lost.status, lost.stdout]).toEqual([2, '']);
    expect(lost.stderr).toMatch(
      /^lvsctl: f:4: warning: omega: [\s\S]*f: 1 warning, and --strict: nothing is written\n$/,
    );
    expect((await lvsctl(['import', 'f', '--strict'], { f: around('nat_mask x') })).status).toBe(0);
  });

  test('the counts are on stderr', async () => {
    const { stderr } = await lvsctl(['import', 'f'], { f: checker('TCP_CHECK { }\nomega') });
    expect(stderr.split('\n').at(-2)).toBe('1 service, 1 server, 1 check imported; 1 warning');
  });

  test('a file without virtual_server has nothing to import', async () => {
    const { status, stderr } = await lvsctl(['import', 'f'], { f: 'global_defs {\n}\n' });
    expect([status, stderr]).toEqual([2, 'lvsctl: f: no virtual services\n']);
  });
});
