import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { ipv4 } from '../../../src/model/address.js';
import { IPIP } from '../../../src/model/forwarding.js';
import { answer } from '../../support/inprocess.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';
import { simulatedRuntime } from '../../support/simulated.js';

const RULES = '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1\n';

function scene(files: Readonly<Record<string, string>>) {
  const backend = new MemoryBackend();
  const written = new Map<string, string>();
  const world = {
    machine: fakeMachine(files, {}, backend),
    runtime: async () => ({
      ...simulatedRuntime({ probe: () => ({ outcome: { outcome: 'pass' }, tookMs: 1 }) }),
      // no monitor is running
      ask: async () => {
        throw Object.assign(new Error('connect ENOENT'), { code: 'ENOENT', syscall: 'connect' });
      },
    }),
    writeText: (path: string, text: string) => void written.set(path, text),
  };
  return {
    backend,
    written,
    rules: (...args: string[]) => lvsctl(['rules', ...args], files, world),
    ipvsadm: (stdin: string) => answer('ipvsadm', ['-R'], { backend, stdin }),
    saved: async () => (await answer('ipvsadm', ['-S', '-n'], { backend })).stdout,
    timeouts: async () => (await answer('ipvsadm', ['-L', '--timeout'], { backend })).stdout,
    daemons: async () => (await answer('ipvsadm', ['-L', '--daemon', '-n'], { backend })).stdout,
  };
}

describe('lvsctl rules', () => {
  test('load makes the table that of the file; what was there and is not in it goes', async () => {
    const { rules, ipvsadm, saved } = scene({ '/etc/ipvsadm.rules': RULES });
    await ipvsadm('-A -t 10.0.0.9:1 -s rr\n-A -t 10.0.0.1:80 -s wrr\n');
    expect(await rules('load', '--dry-run')).toEqual({
      status: 0,
      stdout:
        'ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1\nipvsadm -E -t 10.0.0.1:80 -s rr\nipvsadm -D -t 10.0.0.9:1\n',
      stderr: '',
    });
    expect(await saved()).toContain('10.0.0.9');
    expect(await rules('load')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await saved()).toBe(RULES);
    expect((await rules('load', '--dry-run')).stdout).toBe('');
  });

  test('a bad line changes nothing', async () => {
    const { rules, saved, ipvsadm } = scene({
      '/etc/ipvsadm.rules': `${RULES}-A -t nonsense -q\n`,
    });
    await ipvsadm('-A -t 10.0.0.9:1 -s rr\n');
    expect(await rules('load')).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^lvsctl: \/etc\/ipvsadm\.rules:3:7: /),
    });
    expect(await saved()).toBe('-A -t 10.0.0.9:1 -s rr\n');
  });

  test("Debian's settings start the sync daemons, and AUTO decides", async () => {
    const on = scene({
      '/etc/ipvsadm.rules': RULES,
      '/etc/default/ipvsadm': 'AUTO="true"\nDAEMON="both"\nIFACE="eth0"\nSYNCID="7"\n',
    });
    expect(await on.rules('load')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await on.daemons()).toMatch(/master.*syncid=7[\s\S]*backup.*syncid=7/);
    expect((await on.rules('unload', '--dry-run')).stdout).toBe(
      'ipvsadm --stop-daemon master --syncid 7\n' +
        'ipvsadm --stop-daemon backup --syncid 7\n' +
        'ipvsadm -D -t 10.0.0.1:80\n',
    );
    expect((await on.rules('unload')).status).toBe(0);
    expect(await on.daemons()).toBe('');
    expect(await on.saved()).toBe('');
    expect(on.written.size).toBe(0);
    const off = scene({ '/etc/ipvsadm.rules': RULES, '/etc/default/ipvsadm': 'AUTO="false"\n' });
    expect(await off.rules('load')).toMatchObject({
      status: 0,
      stderr: 'lvsctl: /etc/default/ipvsadm does not set AUTO=true: nothing loaded\n',
    });
    expect(await off.saved()).toBe('');
  });

  test('Red Hat saves on stop where the settings say so', async () => {
    const { rules, ipvsadm, written } = scene({
      '/etc/sysconfig/ipvsadm': '',
      '/etc/sysconfig/ipvsadm-config': 'IPVS_SAVE_ON_STOP="yes"\n',
    });
    await ipvsadm(RULES);
    expect((await rules('unload')).status).toBe(0);
    expect(written.get('/etc/sysconfig/ipvsadm')).toBe(`--set 900 120 300\n${RULES}`);
  });

  test.each(['load', 'save', 'unload'])(
    '%s without these files says what makes them',
    async (verb) => {
      expect(await scene({}).rules(verb)).toEqual({
        status: 2,
        stdout: '',
        stderr:
          'lvsctl: this machine has none of /etc/ipvsadm.rules, /etc/default/ipvsadm, /etc/sysconfig/ipvsadm, /etc/sysconfig/ipvsadm-config\n' +
          "hint: `lvsctl rules save' makes the first file with --convention debian for /etc/ipvsadm.rules, --convention redhat for /etc/sysconfig/ipvsadm\n",
      });
    },
  );

  test('save makes the file of a convention', async () => {
    const { rules, ipvsadm, written } = scene({});
    await ipvsadm(RULES);
    expect(await rules('save', '--convention', 'redhat')).toMatchObject({ status: 0, stderr: '' });
    expect([...written]).toEqual([['/etc/sysconfig/ipvsadm', `--set 900 120 300\n${RULES}`]]);
  });

  test('a setting that cannot be read is refused by every command, and nothing changes', async () => {
    const one = scene({
      '/etc/ipvsadm.rules': RULES,
      '/etc/default/ipvsadm': 'AUTO=true\nSYNCID=abc\n',
    });
    await one.ipvsadm('-A -t 10.0.0.9:1 -s rr\n');
    for (const verb of ['load', 'save', 'unload'])
      expect(await one.rules(verb)).toEqual({
        status: 2,
        stdout: '',
        stderr: 'lvsctl: /etc/default/ipvsadm:2:1: SYNCID: "abc" is not a number from 0 to 255\n',
      });
    expect(await one.saved()).toBe('-A -t 10.0.0.9:1 -s rr\n');
    expect(one.written.size).toBe(0);
  });
});

describe('timeouts and sync daemons', () => {
  const HEAD =
    '--set 300 60 61\n--start-daemon backup --mcast-interface eth0 --syncid 9 --sync-maxlen 1400 --mcast-group 224.0.0.90 --mcast-port 8849 --mcast-ttl 3\n';

  test('save and load keep them, and plain ipvsadm -R reads the file', async () => {
    const one = scene({ '/etc/ipvsadm.rules': RULES });
    await one.ipvsadm(HEAD + RULES);
    expect(await one.rules('save')).toEqual({ status: 0, stdout: '', stderr: '' });
    const text = one.written.get('/etc/ipvsadm.rules') ?? '';
    expect(text).toBe(HEAD + RULES);

    const real = new MemoryBackend();
    const read = await answer('ipvsadm', ['-R'], { backend: real, stdin: text });
    expect(read).toEqual({ status: 0, stdout: '', stderr: '' });
    const two = scene({ '/etc/ipvsadm.rules': text });
    expect(await two.rules('load')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await two.timeouts()).toContain(': 300 60 61');
    expect(await two.daemons()).toBe(await one.daemons());
    expect((await two.rules('load', '--dry-run')).stdout).toBe('');
    expect((await two.rules('save', '--dry-run')).stdout).toBe(text);
  });

  test('a daemon that the settings start is not in the rules too, another one is', async () => {
    const settings = { '/etc/default/ipvsadm': 'AUTO=true\nDAEMON=master\nIFACE=eth0\nSYNCID=7\n' };
    const one = scene({ ...settings, '/etc/ipvsadm.rules': RULES });
    await one.rules('load');
    await one.rules('save');
    expect(one.written.get('/etc/ipvsadm.rules')).toBe(`--set 900 120 300\n${RULES}`);
    const two = scene({
      ...settings,
      '/etc/ipvsadm.rules': HEAD.replace('backup', 'master') + RULES,
    });
    await two.rules('load');
    expect(await two.daemons()).toMatch(/^master sync daemon.*syncid=9/);
    await two.rules('save');
    expect(two.written.get('/etc/ipvsadm.rules')).toContain('--start-daemon master');
  });

  test('a running daemon with other values is started anew, one that nobody names is left', async () => {
    const one = scene({
      '/etc/ipvsadm.rules': '--start-daemon master --mcast-interface eth0 --syncid 2\n',
    });
    await one.ipvsadm(
      '--start-daemon master --mcast-interface eth0 --syncid 1\n--start-daemon backup --mcast-interface eth0 --syncid 3\n',
    );
    expect((await one.rules('load', '-n')).stdout).toBe(
      'ipvsadm --stop-daemon master --syncid 1\nipvsadm --start-daemon master --mcast-interface eth0 --syncid 2\n',
    );
    await one.rules('load');
    expect(await one.daemons()).toMatch(/master.*syncid=2[\s\S]*backup.*syncid=3/);
  });

  test('a role that is there twice is an error of the file', async () => {
    const line = '--start-daemon master --mcast-interface eth0\n';
    const { stderr, status } = await scene({ '/etc/ipvsadm.rules': line + line }).rules('load');
    expect([stderr, status]).toEqual([
      'lvsctl: /etc/ipvsadm.rules:2:1: sync daemon master is there twice\n    2 | --start-daemon master --mcast-interface eth0\n      | ^^^^^^^^^^^^^^\n',
      2,
    ]);
  });
});

describe('an empty table', () => {
  const kept = (file: string, rules: number) =>
    `lvsctl: the live table has no services: ${file} with its ${rules} rules is left as it is\nhint: --force replaces it\n`;

  test('does not replace saved rules without --force', async () => {
    const one = scene({ '/etc/ipvsadm.rules': `# comment\n--set 1 2 3\n${RULES}` });
    expect(await one.rules('save')).toEqual({
      status: 2,
      stdout: '',
      stderr: kept('/etc/ipvsadm.rules', 2),
    });
    expect(one.written.size).toBe(0);
    expect(await one.rules('save', '--force')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(one.written.get('/etc/ipvsadm.rules')).toBe('--set 900 120 300\n');
  });

  test('replaces what holds no rules', async () => {
    const one = scene({ '/etc/ipvsadm.rules': '# comment\n\n--set 1 2 3\n' });
    expect(await one.rules('save')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(one.written.size).toBe(1);
  });

  test('unload keeps the saved rules, reports it, and goes on', async () => {
    const file = '/etc/sysconfig/ipvsadm';
    const files = { [file]: RULES, '/etc/sysconfig/ipvsadm-config': 'IPVS_SAVE_ON_STOP=yes\n' };
    const one = scene(files);
    await one.ipvsadm('--start-daemon master --mcast-interface eth0\n');
    expect(await one.rules('unload')).toEqual({ status: 0, stdout: '', stderr: kept(file, 2) });
    expect(one.written.size).toBe(0);
    expect(await one.daemons()).toBe('');
    const two = scene(files);
    expect(await two.rules('unload', '--force')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(two.written.get(file)).toBe('--set 900 120 300\n');
  });
});

test('what ipvsadm has no option for is named, and the status says so', async () => {
  const one = scene({ '/etc/ipvsadm.rules': '' });
  const id = { kind: 'address', protocol: 'tcp', address: ipv4(0x0a000001), port: 80 } as const;
  await one.ipvsadm(RULES);
  await one.backend.apply([
    {
      kind: 'add-destination',
      id,
      destination: {
        address: ipv4(0x0a000003),
        port: 80,
        forwarding: 'method-4',
        tunnel: IPIP,
        weight: 1,
        upperThreshold: 0,
        lowerThreshold: 0,
      },
    },
  ]);
  expect(await one.rules('save')).toEqual({
    status: 1,
    stdout: '',
    stderr:
      'lvsctl: tcp 10.0.0.1:80, server 10.0.0.3:80: not saved, ipvsadm has no option for it\n',
  });
  expect(one.written.get('/etc/ipvsadm.rules')).toBe(`--set 900 120 300\n${RULES}`);
});

test('load changes nothing when the kernel would refuse a line', async () => {
  const rules = `${RULES}-A -t 10.0.0.2:80 -s nosuch\n-A -t 10.0.0.3:80 -s rr\n`;
  const one = scene({ '/etc/ipvsadm.rules': rules });
  await one.ipvsadm('-A -t 10.0.0.1:80 -s wrr\n');
  expect(await one.rules('load')).toEqual({
    status: 2,
    stdout: '',
    stderr: 'lvsctl: tcp 10.0.0.2:80: scheduler nosuch is not known\nhint: nothing was changed\n',
  });
  expect(await one.saved()).toBe('-A -t 10.0.0.1:80 -s wrr\n');
});

test('load takes back what it did when a line is refused after all', async () => {
  // only the kernel knows the broadcast addresses of the machine's networks
  const one = scene({
    '/etc/ipvsadm.rules': `${RULES}-A -t 10.0.0.3:80 -s rr\n-a -t 10.0.0.3:80 -r 10.200.0.255:80 -m\n`,
  });
  await one.ipvsadm('-A -t 10.0.0.1:80 -s wrr\n-A -t 10.0.0.9:80 -s wlc\n');
  const before = await one.saved();
  expect(await one.rules('load')).toEqual({
    status: 2,
    stdout: '',
    stderr:
      'lvsctl: ipvsadm -a -t 10.0.0.3:80 -r 10.200.0.255:80 -m -w 1: Invalid operation.  Possibly wrong module version, address not unicast, ...; the table is as before\n',
  });
  expect(await one.saved()).toBe(before);
});

const UNITS = new URL('../../../share/systemd/', import.meta.url).pathname;
const units = readdirSync(UNITS).filter((name) => name.endsWith('.service'));

test.each(units)(
  '%s: lvsctl understands every command, and the unit may do no more than it needs',
  async (name) => {
    const text = readFileSync(`${UNITS}${name}`, 'utf8');
    const lines = [
      ...text.matchAll(/^Exec(?:Start|Reload|Stop)=\/usr\/bin\/env lvsctl (.*)$/gm),
    ].map(([, args = '']) => args.split(' '));
    expect(lines.length).toBeGreaterThanOrEqual(1);
    for (const args of lines) {
      const option = args.findIndex((arg) => arg.startsWith('-'));
      const words = args.slice(0, option < 0 ? 2 : Math.min(option, 2));
      const { stderr } = await lvsctl([...words, '--help']);
      expect(stderr).toBe('');
      // it stays, with the sockets that it gets
      if (args[0] === 'serve') continue;
      expect((await lvsctl(args)).stderr).not.toMatch(/unknown|argument/);
    }
    const more = name === 'lvs-rules.service' ? ' CAP_CHOWN' : '';
    expect(text).toContain(`\nCapabilityBoundingSet=CAP_NET_ADMIN${more}\n`);
    // one that reads no file is started by its socket
    expect(text).toMatch(/^(?:ConditionPathExists|Requires=lvsctl-serve\.socket)/m);
    expect(text).toMatch(/^NoNewPrivileges=yes$/m);
  },
);

const ANALYZE = '/usr/bin/systemd-analyze';
test.skipIf(!existsSync(ANALYZE))(
  `systemd understands every line of the units (needs ${ANALYZE})`,
  () => {
    const { stderr } = spawnSync(
      ANALYZE,
      ['verify', '--man=no', ...units.map((name) => UNITS + name)],
      { encoding: 'utf8' },
    );
    expect(stderr.split('\n').filter((line) => line.includes(UNITS))).toEqual([]);
  },
);
