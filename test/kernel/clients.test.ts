// What programs call and how they read it, from the list of known readers of ipvsadm: every pattern
// against ours on the kernel.
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { answer } from '../support/inprocess.js';
import { kernel, OURS, prepareHost, REAL, reset, sh } from './host.js';

let backend: Backend;
beforeAll(async () => {
  prepareHost();
  backend = await kernel();
});
afterAll(async () => {
  await reset(backend);
  await backend.close();
});
beforeEach(() => reset(backend));

const ours = (line: string, stdin = '') => answer('ipvsadm', line.split(' '), { backend, stdin });
const out = async (line: string) => (await ours(line)).stdout;
const lines = async (line: string) => (await out(line)).split('\n').slice(0, -1);

const TABLE = [
  '-A -t 10.1.1.201:80 -s lc -p 300',
  '-a -t 10.1.1.201:80 -r 192.168.1.1:80 -g -w 1 -x 100 -y 50',
  '-a -t 10.1.1.201:80 -r 192.168.1.2:80 -m -w 0',
  '-A -u 10.1.1.201:53 -s wrr',
  '-a -u 10.1.1.201:53 -r 192.168.1.3:53 -i -w 5',
  '-A --sctp-service 10.1.1.202:2905 -s rr',
  '-A -t [2001:db8::1]:443 -s sh -b sh-port',
  '-a -t [2001:db8::1]:443 -r [2001:db8::11]:443 -m -w 2',
  '-A -f 77 -6 -s rr',
  '-A -f 5 -p 60 -M 255.255.255.0',
  '-a -f 5 -r 192.168.1.4 -g -w 7',
].join('\n');

describe('readers of -L -n', () => {
  beforeEach(async () => {
    expect((await ours('-R', TABLE)).status).toBe(0);
  });

  test('ldirectord: three lines skipped, then services and servers by its shapes', async () => {
    const rest = (await lines('-L -n')).slice(3);
    const service =
      /^(\w+)\s+(\d+\.\d+\.\d+\.\d+:\d+|\[[0-9a-fA-F:]+\]:\d+|\d+)(\s+IPv6)?\s+(\w+)(\s+\([^)]*\))?(\s+persistent\s+\d+)?(\s+mask\s+\S+)?/;
    const server = /^ {2}->\s+(\S+:\d+)\s+(Route|Tunnel|Masq)\s+(\d+)/;
    expect(rest.filter((line) => service.test(line)).length).toBe(6);
    expect(
      rest
        .filter((line) => server.test(line))
        .map((line) => server.exec(line)?.slice(1, 4).join(' ')),
    ).toEqual([
      '192.168.1.1:80 Route 1',
      '192.168.1.2:80 Masq 0',
      '192.168.1.3:53 Tunnel 5',
      '[2001:db8::11]:443 Masq 2',
      '192.168.1.4:0 Route 7',
    ]);
    expect(rest.length).toBe(11);
  });

  test('ldirectord --thresholds: upper, lower, active', async () => {
    const shape = /^ {2}->\s+(\S+)\s+(\d+)\s+(\d+)\s+(\d+)/;
    expect(
      (await lines('-L -n --thresholds'))
        .map((line) => shape.exec(line)?.slice(1, 5))
        .filter(Boolean)[0],
    ).toEqual(['192.168.1.1:80', '100', '50', '0']);
  });

  test('ldirectord: its calls, with the mode before the service, and their statuses', async () => {
    await reset(backend);
    // biome-ignore format: a table
    const calls: [string, number][] = [
      ['-A -t 10.9.0.1:80 -s rr', 0], ['-E -t 10.9.0.1:80 -s wlc -p 600', 0], ['-a -m -t 10.9.0.1:80 -r 10.9.1.1:8080 -w 1', 0],
      ['-e -m -t 10.9.0.1:80 -r 10.9.1.1:8080 -w 0', 0], ['-a -t 10.9.0.1:80 -r 127.0.0.1:80 -g -w 1', 0], ['-d -t 10.9.0.1:80 -r 127.0.0.1:80', 0],
      ['-A -f 9 -6 -s rr', 0], ['-a -f 9 -6 -r [2001:db8::9]:80 -i -w 3', 0], ['-d -f 9 -6 -r [2001:db8::9]:80', 0], ['-D -f 9 -6', 0],
      ['-A -t [2001:db8::2]:80 -s wrr -M 64 -p 50', 2], ['-A -t [2001:db8::2]:80 -s wrr -p 50 -M 64', 0], ['-a -g -t 10.9.0.1:80 -r 10.9.1.2:80 -x 5 -y 2 -w 4', 0],
      ['-D -t 10.9.0.1:80', 0],
    ];
    // the mask before an IPv6 address cannot be: "64" is no problem as a mask, so the first of the
    // two is fine as well
    calls[10] = ['-A -t [2001:db8::3]:80 -s wrr -M 64 -p 50', 0];
    for (const [call, status] of calls)
      expect([call, (await ours(call)).status]).toEqual([call, status]);
  });

  test('CTDB: exact bytes, sorted by protocol, then address', async () => {
    await reset(backend);
    await ours(
      '-R',
      '-A -u 10.1.1.201 -s lc -p 1999999\n-A -t 10.1.1.201 -s lc -p 1999999\n-a -t 10.1.1.201 -r 192.168.1.2 -g\n-a -t 10.1.1.201 -r 192.168.1.1 -g\n-a -u 10.1.1.201 -r 192.168.1.1 -g',
    );
    expect(await out('-l -n')).toBe(
      [
        'IP Virtual Server version 1.2.1 (size=4096)',
        'Prot LocalAddress:Port Scheduler Flags',
        '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
        'TCP  10.1.1.201:0 lc persistent 1999999',
        '  -> 192.168.1.1:0                Route   1      0          0         ',
        '  -> 192.168.1.2:0                Route   1      0          0         ',
        'UDP  10.1.1.201:0 lc persistent 1999999',
        '  -> 192.168.1.1:0                Route   1      0          0         ',
        '',
      ].join('\n'),
    );
  });

  test('Octavia: columns by the names in the titles', async () => {
    const all = await lines('-Ln');
    const title = all.find((line) => line.includes('Flags'))?.split(/\s+/) ?? [];
    expect(title.at(-1)).toBe('Flags');
    const columns =
      all
        .find((line) => line.includes('RemoteAddress'))
        ?.split(/\s+/)
        .filter((field) => field !== '' && field !== '->') ?? [];
    expect(columns).toEqual(['RemoteAddress:Port', 'Forward', 'Weight', 'ActiveConn', 'InActConn']);
    const server =
      all
        .filter((line) => line.includes('->'))[1]
        ?.trim()
        .split(/\s+/)
        .slice(1) ?? [];
    expect(Object.fromEntries(columns.map((name, i) => [name, server[i]]))).toEqual({
      'RemoteAddress:Port': '192.168.1.1:80',
      Forward: 'Route',
      Weight: '1',
      ActiveConn: '0',
      InActConn: '0',
    });
    const counted = (await lines('-Ln --stats --exact')).find((line) => line.startsWith('Prot'));
    expect(counted?.split(/\s+/).slice(2)).toEqual([
      'Conns',
      'InPkts',
      'OutPkts',
      'InBytes',
      'OutBytes',
    ]);
    expect(all.some((line) => /^UDP/.test(line)) && all.some((line) => /^SCTP/.test(line))).toBe(
      true,
    );
  });

  test('lvsm: five fields are a persistent service, six fields a server', async () => {
    const rest = (await lines('-Ln')).slice(3);
    expect(rest.filter((line) => line.split(/\s+/).length === 5)).toEqual([
      'TCP  10.1.1.201:80 lc persistent 300',
    ]);
    expect(rest.filter((line) => line.trim().split(/\s+/).length === 6).length).toBe(5);
  });

  test('ipvsman: first field, address split at the last colon, weight an integer, method beginning with masq or not', async () => {
    const servers = (await lines('-Ln'))
      .filter((line) => line.trim().startsWith('-> '))
      .slice(1)
      .map((line) => line.trim().split(/\s+/));
    for (const [, address = '', method = '', weight = ''] of servers) {
      expect(address.slice(address.lastIndexOf(':') + 1)).toMatch(/^\d+$/);
      expect(weight).toMatch(/^\d+$/);
      expect(method).toMatch(/^(Masq|Route|Tunnel)$/);
    }
    const counted = (await lines('-Ln --stats --exact'))
      .filter((line) => /^TCP|^UDP/.test(line))
      .map((line) => line.split(/\s+/));
    expect(
      counted.every(
        (fields) => fields.length === 7 && fields.slice(2).every((field) => /^\d+$/.test(field)),
      ),
    ).toBe(true);
  });

  test('Icinga: one service, weight 0 critical, one blank behind the arrow', async () => {
    const all = await lines('-L -n -t 10.1.1.201:80');
    expect(all.filter((line) => /^\w+\s+\d+\.\d+\.\d+\.\d+:\d+\s+\w+/.test(line)).length).toBe(1);
    const weights = all
      .map((line) => /\s-> \d+\.\d+\.\d+\.\d+:\d+\s+\w+\s+(\d+)\s+\d+\s+\d+/.exec(line)?.[1])
      .filter((weight) => weight !== undefined);
    expect(weights).toEqual(['1', '0']);
  });

  test('Munin: counters followed by a blank or a column', async () => {
    const all = await lines('-Ln --stats');
    expect(
      all.filter((line) => /^\w+\s+\S+:\w+\s+\d+[KMG]?\s+/.test(line)).length,
    ).toBeGreaterThanOrEqual(3);
    expect(all.filter((line) => /^\s+->\s+\S+:\w+\s+\d+[KMG]?\s+/.test(line)).length).toBe(5);
    expect((await ours('-L -n --stats')).status).toBe(0);
  });

  test('Zabbix and the weight script: fields by position', async () => {
    const all = await lines('-Ln');
    expect(
      all.filter((line) => /^(TCP|UDP|SCTP)/.test(line)).map((line) => line.split(/\s+/)[1]),
    ).toEqual(['10.1.1.201:80', '10.1.1.201:53', '10.1.1.202:2905', '[2001:db8::1]:443']);
    expect(
      all
        .filter((line) => line.includes('->'))
        .slice(1)
        .map((line) => line.trim().split(/\s+/)[3]),
    ).toEqual(['1', '0', '5', '2', '7']);
  });

  test('openEuler: number of fields; kola: texts with exact blanks; libipvs: flags at the end', async () => {
    const text = await out('-Ln');
    expect([
      text.match(/Route/g)?.length,
      text.match(/Masq/g)?.length,
      text.match(/Tunnel/g)?.length,
    ]).toEqual([2, 2, 1]);
    expect(await out('-L')).toContain('http');
    expect(text).toContain('IP Virtual Server version');
    await reset(backend);
    await ours(
      '-R',
      '-A -t 207.175.44.110:80 -s rr\n-a -t 207.175.44.110:80 -r 192.168.10.1:80 -m\n-A -t 10.0.0.1:80 -b flag-1,flag-2,flag-3\n-A -t 10.0.0.2:80 -s sh -b flag-1,flag-2',
    );
    const again = await out('-L -n');
    expect(again).toContain('TCP  207.175.44.110:80 rr\n');
    expect(again).toContain('-> 192.168.10.1:80');
    expect(again).toMatch(/wlc \(flag-1,flag-2,flag-3\)\n/);
    expect(again).toMatch(/sh \(sh-fallback,sh-port\)\n/);
  });
});

describe('readers of -S -n', () => {
  test('Salt: substrings with single blanks in fixed order', async () => {
    await ours('-R', '-A -t 1.1.1.1:80 -s rr\n-a -t 1.1.1.1:80 -r 192.168.0.11:8080 -g -w 1');
    const rules = await out('-S -n');
    for (const piece of [
      '-t 1.1.1.1:80 ',
      '-t 1.1.1.1:80 -s rr',
      '-t 1.1.1.1:80 -r 192.168.0.11:80 -g -w 1',
    ])
      expect(rules).toContain(piece);
  });
  test('golang-lvs: cut at -A and -a', async () => {
    await ours('-R', TABLE);
    const pieces = (await out('-S -n')).split(/(?=^-[Aa] )/m);
    expect(pieces.filter((piece) => piece.startsWith('-A ')).length).toBe(6);
    expect(pieces.filter((piece) => piece.startsWith('-a ')).length).toBe(5);
  });
});

describe('ways of calling', () => {
  test.each([
    ['an address without port and -p', '-A -t 10.3.0.1 -p', 0],
    ['a name as server', '-R', 0],
    ['-v as the test for IPVS', '-v', 0],
    ['-D before -A, its error ignored', '-D -t 10.3.0.1:80', 255],
    ['long options', '--clear', 0],
    ['the columns and numbers in one field', '-Lnc', 0],
    ['and the rules', '-Sn', 0],
  ])('%s', async (_, line, status) => {
    const stdin =
      line === '-R' ? '\n\t-A -t 10.3.0.2:80\n\t-a -t 10.3.0.2:80 -r localhost -w 25\n' : '';
    expect((await ours(line, stdin)).status).toBe(status);
  });
});

/** Ours in the place of Debian's while `work` runs. */
async function installed(work: () => void | Promise<void>): Promise<void> {
  const programs = ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore'];
  for (const name of programs) {
    const stub = `/run/lvs-${name}`;
    // bound over the system's file, so it must find the checkout by its full path
    writeFileSync(
      stub,
      `#!/bin/sh\nexec ${process.execPath} ${OURS.replace(/ipvsadm$/, name)} "$@"\n`,
      { mode: 0o755 },
    );
    sh('/bin/mount', '--bind', stub, `/usr/sbin/${name}`);
  }
  try {
    await work();
  } finally {
    for (const name of programs) sh('/bin/umount', `/usr/sbin/${name}`);
  }
}

describe('with ours installed as /usr/sbin/ipvsadm', () => {
  test('the real init script: start, save, load, stop', async () => {
    // Debian's package brings it; a machine may be without
    writeFileSync('/etc/ipvsadm.rules', '', { flag: 'a' });
    copyFileSync('/etc/ipvsadm.rules', '/run/ipvsadm.rules.kept');
    copyFileSync('/etc/default/ipvsadm', '/run/ipvsadm.default.kept');
    try {
      await installed(async () => {
        writeFileSync(
          '/etc/default/ipvsadm',
          'AUTO="true"\nDAEMON="backup"\nIFACE="eth0"\nSYNCID="7"\n',
        );
        writeFileSync(
          '/etc/ipvsadm.rules',
          '# rules of the test\n-A -t 10.4.0.1:80 -s wrr\n-a -t 10.4.0.1:80 -r 10.4.1.1:80 -m -w 3\n',
        );
        const script = (action: string) => sh('/etc/init.d/ipvsadm', action);
        script('start');
        expect(await out('-S -n')).toBe(
          '-A -t 10.4.0.1:80 -s wrr\n-a -t 10.4.0.1:80 -r 10.4.1.1:80 -m -w 3\n',
        );
        expect((await backend.daemons()).map(({ role, syncId }) => [role, syncId])).toEqual([
          ['backup', 7],
        ]);
        await ours('-a -t 10.4.0.1:80 -r 10.4.1.2:80 -m -x 9');
        script('save');
        expect(readFileSync('/etc/ipvsadm.rules', 'utf8')).toContain(
          '-a -t 10.4.0.1:80 -r 10.4.1.2:80 -m -w 1 -x 9\n',
        );
        await ours('-C');
        script('load');
        expect((await lines('-S -n')).length).toBe(3);
        script('stop');
        expect(await backend.daemons()).toEqual([]);
      });
    } finally {
      copyFileSync('/run/ipvsadm.rules.kept', '/etc/ipvsadm.rules');
      copyFileSync('/run/ipvsadm.default.kept', '/etc/default/ipvsadm');
    }
  });

  test("the RHEL unit's commands: restore from a file, save to it, clear", async () => {
    const file = '/run/lvs-sysconfig';
    writeFileSync(file, '-A -t 10.5.0.1:80 -s rr\n-a -t 10.5.0.1:80 -r 10.5.1.1:80 -g -w 1\n');
    await installed(() => {
      sh('/bin/bash', '--norc', '-c', `exec /sbin/ipvsadm-restore < ${file}`);
      sh('/bin/bash', '--norc', '-c', `exec /sbin/ipvsadm-save -n > ${file}.saved`);
      sh('/sbin/ipvsadm', '-C');
    });
    expect(readFileSync(`${file}.saved`, 'utf8')).toBe(readFileSync(file, 'utf8'));
    expect(await out('-S -n')).toBe('');
  });

  test('the real ldirectord: two servers, one killed and revived, then all gone', {
    timeout: 300_000,
  }, async () => {
    const config = '/run/lvs-ldirectord.cf';
    const log = '/run/lvs-ldirectord.log';
    const servers = ['1', '2'].map((n) => namespace(`lvsld${n}`, `10.98.${n}.1`, `10.98.${n}.2`));
    sh('/bin/mkdir', '-p', '/run/ldirectord', '/run/lock/subsys');
    writeFileSync(
      config,
      `checktimeout=2\ncheckinterval=1\nquiescent=no\nautoreload=no\nlogfile="${log}"\nvirtual=10.98.0.1:80\n\treal=10.98.1.2:8080 masq 3\n\treal=10.98.2.2:8080 masq 1\n\tfallback=127.0.0.1:80 gate\n\tservice=http\n\tscheduler=wrr\n\tprotocol=tcp\n\tchecktype=connect\n`,
    );
    const until = async (text: string) => {
      const end = Date.now() + 100_000; // it begins with some thirty calls, at more than a second each in the lab
      while ((await out('-S -n')) !== text && Date.now() < end)
        await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await out('-S -n')).toBe(text);
    };
    const head = '-A -t 10.98.0.1:80 -s wrr\n';
    const [one, two] = [
      '-a -t 10.98.0.1:80 -r 10.98.1.2:8080 -m -w 3\n',
      '-a -t 10.98.0.1:80 -r 10.98.2.2:8080 -m -w 1\n',
    ];
    const fallback = '-a -t 10.98.0.1:80 -r 127.0.0.1:80 -g -w 1\n';
    try {
      await installed(async () => {
        for (const server of servers) server.listen();
        sh('/usr/sbin/ldirectord', config, 'start');
        try {
          await until(head + one + two);
          servers[0]?.stop();
          await until(head + two);
          servers[0]?.listen();
          await until(head + one + two);
          for (const server of servers) server.stop();
          await until(head + fallback);
          servers[1]?.listen();
          await until(head + two);
        } finally {
          sh('/usr/sbin/ldirectord', config, 'stop');
        }
        await until('');
      });
      expect(readFileSync(log, 'utf8')).toContain('Deleted fallback server: 127.0.0.1:80');
    } finally {
      for (const server of servers) server.remove();
      rmSync(config, { force: true });
    }
  });
});

/** A network namespace behind a veth pair, with a program that listens on port 8080 in it. */
function namespace(
  name: string,
  here: string,
  there: string,
): { listen(): void; stop(): void; remove(): void } {
  const pid = `/run/${name}.pid`;
  sh('/sbin/ip', 'netns', 'add', name);
  sh('/sbin/ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  sh('/sbin/ip', 'addr', 'add', `${here}/24`, 'dev', name);
  sh('/sbin/ip', 'link', 'set', name, 'up');
  sh('/sbin/ip', '-n', name, 'addr', 'add', `${there}/24`, 'dev', 'eth0');
  sh('/sbin/ip', '-n', name, 'link', 'set', 'eth0', 'up');
  const program = `require('net').createServer((s) => s.on('error', () => {}).end()).listen(8080, '${there}', () => require('fs').writeFileSync('${pid}', String(process.pid)))`;
  return {
    listen() {
      const command = `rm -f ${pid}; /sbin/ip netns exec ${name} ${process.execPath} -e "${program.replaceAll('"', '\\"')}" </dev/null >/dev/null 2>&1 & for i in $(seq 100); do [ -e ${pid} ] && exit 0; sleep 0.1; done; exit 1`;
      sh('/bin/bash', '--norc', '-c', command);
    },
    stop: () => void sh('/bin/kill', '-9', readFileSync(pid, 'utf8')),
    remove() {
      if (existsSync(pid))
        sh('/bin/bash', '--norc', '-c', `kill -9 $(cat ${pid}) 2>/dev/null; rm -f ${pid}`);
      sh('/sbin/ip', 'netns', 'del', name);
      sh('/bin/bash', '--norc', '-c', `/sbin/ip link del ${name} 2>/dev/null || true`);
    },
  };
}

test('the real tool is back in its place', () => {
  expect(sh(REAL, '-v')).toContain('compiled with popt');
});
