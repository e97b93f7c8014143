// Directives of ldirectord.cf: what each becomes, and what is reported. The effects are those that
// ldirectord 4.12 showed in the lab.
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fromLdirectord } from '../../../src/lvsctl/import/ldirectord/convert.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fixtureNames } from '../../support/names.js';
import { resultOf } from './support.js';

const imported = async (text: string) => resultOf(await fromLdirectord(text, 'f', fixtureNames()));
const service = (lines: string, virtual = '192.0.2.1:80') =>
  `virtual=${virtual}\n${lines
    .split('\n')
    .map((line) => `\t${line}\n`)
    .join('')}`;
const REAL = 'real=10.0.0.1:80 masq\nquiescent=no\n';

test('the whole of an everyday file, with blanks and with tabs', async () => {
  const text = `# everyday
checktimeout = 3
checkinterval=5
fallback=127.0.0.1:80
quiescent=no

virtual = 192.0.2.1:80
    real = 10.0.0.1:80 gate 2
    real = 10.0.0.2->10.0.0.3:80 gate
    real = 10.0.0.4:80 gate 1 "own.html", "fine" # a page of its own
    service = http
    request = "health.html"
    receive = "ok"
    virtualhost = "www.example.com"
    scheduler = wlc
    persistent = 600
    netmask = 255.255.255.0
    protocol = tcp
    failurecount = 2
`;
  const { file, remarks } = await imported(text);
  expect(remarks).toEqual([]);
  expect(file).toEqual({
    vips: [{ address: '192.0.2.1', interface: 'eth0' }],
    services: [
      {
        name: 'tcp-192.0.2.1-80',
        address: '192.0.2.1',
        port: 80,
        mode: 'dr',
        scheduler: 'wlc',
        persistence: { timeout: 600, netmask: '255.255.255.0' },
        servers: [
          { address: '10.0.0.1', weight: 2 },
          { address: '10.0.0.2' },
          { address: '10.0.0.3' },
          {
            address: '10.0.0.4',
            checks: [
              {
                kind: 'http',
                path: '/own.html',
                host: 'www.example.com',
                body: 'fine',
                redirects: 7,
              },
            ],
          },
        ],
        sorry: { address: '127.0.0.1' },
        check_defaults: { interval: 5, timeout: 3, rise: 1, fall: 2 },
        checks: [
          { kind: 'http', path: '/health.html', host: 'www.example.com', body: 'ok', redirects: 7 },
        ],
      },
    ],
  });
  expect((await imported(text.replace(/^ {4}/gm, '\t'))).file).toEqual(file);
});

describe('a service', () => {
  test.each([
    ['', { scheduler: 'wrr', mode: 'nat' }],
    ['scheduler=mh', { scheduler: 'mh' }],
    ['protocol=udp\nops=yes', { protocol: 'udp', one_packet: true }],
    ['persistent=60', { persistence: { timeout: 60 } }],
    ['quiescent=yes', { health: { failed: 'quiesce' } }],
    ['servicename=Web Site', { name: 'Web-Site' }],
    ['fallback=10.0.0.9:8080 masq', { sorry: { address: '10.0.0.9', port: 8080 } }],
    ['fallback=10.0.0.9:80', { sorry: { address: '10.0.0.9', mode: 'dr' } }],
    [
      'real=10.0.0.2:81 ipip 0',
      { servers: [{ address: '10.0.0.1' }, { address: '10.0.0.2', weight: 0, mode: 'tun' }] },
    ],
    [
      'real=10.0.0.2:80 masq 1 "<u:20>" "<l:10>"',
      { servers: [{ address: '10.0.0.1' }, { address: '10.0.0.2', upper: 20, lower: 10 }] },
    ],
  ])('%j', async (lines, expected) => {
    const { file } = await imported(service(`checktype=on\n${REAL}${lines}`));
    expect(file.services[0]).toMatchObject(expected);
  });

  test('names of hosts and services are those of this machine now', async () => {
    const { file, remarks } = await imported(
      service('real=web2:www masq\ncheckport=81', 'web1:http'),
    );
    expect(file.services[0]).toMatchObject({ address: '192.0.2.10', port: 80 });
    expect(file.services[0]?.servers).toEqual([{ address: '192.0.2.11' }]);
    expect(remarks).toContain('f:1: note: web1: is 192.0.2.10 now; an lvsctl file has addresses');
  });

  test('port 53 is UDP, port and protocol decide the service', async () => {
    const { file } = await imported(
      service('real=10.0.0.1:53 masq\nrequest="a.example"', '192.0.2.1:53'),
    );
    expect(file.services[0]).toMatchObject({
      protocol: 'udp',
      checks: [{ kind: 'dns', name: 'a.example' }],
    });
  });

  test('IPv6', async () => {
    const { file } = await imported(
      'virtual6=[2001:db8::1]:80\n    real6=[2001:db8::2]:80 masq\n    fallback6=[2001:db8::3]:80 masq\n    netmask=64\n    persistent=30\n    checktype=connect\n',
    );
    expect(file.services[0]).toMatchObject({
      address: '2001:db8::1',
      persistence: { timeout: 30, netmask: 64 },
      servers: [{ address: '2001:db8::2' }],
      sorry: { address: '2001:db8::3' },
    });
  });

  test('a mark needs its VIP and ports', async () => {
    const f = service('real=10.0.0.1 gate\nchecktype=ping', '7');
    const { stdout } = await lvsctl(['import', 'f', '--mark', '7=192.0.2.7:80,443'], { f });
    expect(parse(stdout).services[0]).toMatchObject({
      mark: 7,
      ports: [80, 443],
      checks: [{ kind: 'ping' }],
    });
    expect((await lvsctl(['import', 'f'], { f })).stderr).toContain(
      'f:1:1: fwmark 7: which packets get the mark',
    );
  });

  test('only NAT changes the port; the check asks where the file states', async () => {
    const { file } = await imported(service('real=10.0.0.1:8080 gate\nchecktype=connect'));
    expect(file.services[0]).toMatchObject({
      servers: [{ address: '10.0.0.1' }],
      checks: [{ kind: 'tcp', port: 8080 }],
    });
  });
});

describe('checks', () => {
  const checksOf = async (lines: string, virtual?: string) => {
    const { file, remarks } = await imported(service(REAL + lines, virtual));
    const [one] = file.services;
    const own = (one?.checks ?? []).map((check) => ({ ...one?.check_defaults, ...check }));
    return { own, remarks };
  };

  test.each([
    ['', [{ kind: 'http', path: '/', redirects: 7, interval: 10, timeout: 30, fall: 1, rise: 1 }]],
    ['checktype=connect', [{ kind: 'tcp', interval: 10, timeout: 5, fall: 1 }]],
    [
      'checktype=connect\nchecktimeout=2\nnegotiatetimeout=9\nfailurecount=3',
      [{ kind: 'tcp', timeout: 2, fall: 3 }],
    ],
    ['checktype=connect\nnegotiatetimeout=9', [{ kind: 'tcp', timeout: 9 }]],
    ['checktimeout=2', [{ kind: 'http', timeout: 2 }]],
    ['checktype=ping\ncheckcount=3\nfailurecount=2', [{ kind: 'ping', fall: 6 }]],
    ['checktype=on', []],
    ['checktype=connect\nprotocol=udp', [{ kind: 'ping' }]],
    [
      'checktype=4',
      [
        { kind: 'tcp', interval: 10, timeout: 5 },
        { kind: 'http', interval: 50, timeout: 30 },
      ],
    ],
    [
      'checktype=external\ncheckcommand="/bin/check -v"',
      [{ kind: 'exec', command: ['/bin/check', '-v', '192.0.2.1', '80', '10.0.0.1', '80'] }],
    ],
    ['checkport=8081', [{ kind: 'http', port: 8081 }]],
    ['httpmethod=HEAD', [{ kind: 'http', method: 'HEAD' }]],
    ['service=https\nrequest="/a b"', [{ kind: 'https', path: '/a%20b', verify: false }]],
    ['service=smtp', [{ kind: 'smtp' }]],
    ['service=none', []],
    ['service=nntp', [{ kind: 'send_expect', steps: [{ expect: '^20[01]' }] }]],
    [
      'service=imaps\nlogin="u"\npasswd="p"',
      [
        {
          kind: 'send_expect',
          tls: true,
          steps: [
            { expect: '^\\* OK' },
            { send: 'a1 LOGIN "u" "p"\r\n' },
            { expect: '(?m)^a1 OK' },
          ],
        },
      ],
    ],
    ['service=pop', [{ kind: 'send_expect', steps: [{ expect: '^\\+OK' }] }]],
    [
      'service=simpletcp\nrequest="PING\\n"\nreceive="PONG"',
      [{ kind: 'send_expect', steps: [{ send: 'PING\n' }, { expect: 'PONG' }] }],
    ],
    [
      'service=dns\nrequest="a.example"\nreceive="192\\.0\\.2\\.9"',
      [{ kind: 'dns', name: 'a.example', type: 'A', expected: ['192.0.2.9'] }],
    ],
    [
      'service=dns\nrequest="192.0.2.9"\nreceive="a.example"',
      [{ kind: 'dns', name: '9.2.0.192.in-addr.arpa', type: 'PTR', expected: ['a.example'] }],
    ],
    ['service=sip\nprotocol=udp', [{ kind: 'udp', reply: true, expect: '^SIP/2\\.0 200' }]],
  ])('%j', async (lines, expected) => {
    const { own, remarks } = await checksOf(lines);
    expect(own).toMatchObject(expected);
    expect(remarks).toEqual([]);
  });

  test.each([
    [
      'service=mysql',
      'tcp',
      /service: there is no check that a query has rows; only that the server accepts/,
    ],
    ['service=ldap', 'tcp', /service: there is no check that a directory answers/],
    ['service=bogus', undefined, /service: `bogus' is not known/],
    ['checktype=bogus', undefined, /checktype: `bogus' is not known/],
    [
      'checktype=external\ncheckcommand="check"',
      undefined,
      /checkcommand: check needs an absolute path/,
    ],
    ['receive="(?=a)"', 'http', /receive: not in RE2/],
    ['httpmethod=HEAD\nreceive="a"', 'http', /receive: an answer to HEAD has no body/],
    [
      'service=dns\nreceive="a|b"\nrequest="x.y"',
      'dns',
      /receive: `a\|b' is a pattern; any answer passes/,
    ],
    ['failurecount=x', 'http', /failurecount: `x' is no number from 1/],
    ['fallbackcommand="/bin/x"', 'http', /fallbackcommand: not run; monitor.hook/],
    ['emailalert="a@b"', 'http', /emailalert: no mail is sent/],
    ['monitorfile="/x"', 'http', /monitorfile: there is one log/],
    ['cleanstop=no', 'http', /note: cleanstop: the table stays/],
    [
      'checktpye=on',
      'http',
      /checktpye: not a directive below a virtual: ldirectord refuses the file; did you mean `checktype'\?/,
    ],
    ['autoreload=yes', 'http', /autoreload: not a directive below a virtual/],
    ['scheduler=foo', 'http', /scheduler: `foo' is not a scheduler; wrr is taken/],
    ['netmask=255.255.255.0', 'http', /netmask: without persistent it has no effect/],
    ['fallback=x', 'http', /fallback: `x' is not an address and a port/],
    [
      'real=10.0.0.2:80',
      'http',
      /real: `10.0.0.2:80' is not an address, a port and gate, masq or ipip/,
    ],
    ['real=nosuch:80 gate', 'http', /real: `nosuch:80' is not an address and a port, nor names/],
    ['ops=maybe', 'http', /ops: `maybe' is neither yes nor no/],
    ['hello', 'http', /hello: not `key = value`/],
  ])('%j', async (lines, kind, remark) => {
    const { own, remarks } = await checksOf(lines);
    expect(own[0]?.kind).toBe(kind);
    expect(remarks).toEqual([expect.stringMatching(remark)]);
  });

  test('checktype off: no servers, the fallback alone', async () => {
    const { file, remarks } = await imported(
      service(`${REAL}checktype=off\nfallback=127.0.0.1:80`),
    );
    expect(file.services[0]).toMatchObject({ servers: [], sorry: { address: '127.0.0.1' } });
    expect(remarks).toEqual([
      expect.stringMatching(/checktype: off: ldirectord never adds a server/),
    ]);
  });
});

test.each([
  [
    'autoreload=yes\nlogfile="/x"\nfork=yes\nsupervised=yes\nexecute="o"\ncallback="/x"\nmaintenancedir=/x\n',
    6,
  ],
  ['checktpye=on\n', 1],
  ['  real=10.0.0.1:80 gate\n', 2],
])('%j outside a service is reported', async (global, count) => {
  const { remarks } = await imported(global + service(`${REAL}checktype=on`));
  expect(remarks.length).toBe(count);
});

test('autoreload reads the file again', async () => {
  const { file } = await imported(`autoreload=yes\n${service(REAL)}`);
  expect(file.monitor).toEqual({ reload_on_change: true });
});

test('less indentation than ldirectord takes is reported once', async () => {
  const { remarks } = await imported(
    'virtual=192.0.2.1:80\n  real=10.0.0.1:80 gate\n  checktype=on\n',
  );
  expect(remarks).toEqual([
    'f:2: real: less than four blanks or a tab before it: ldirectord refuses the file',
  ]);
});
