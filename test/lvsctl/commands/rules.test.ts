import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory.js';
import { assignments, bootSettings } from '../../../src/lvsctl/config/defaults.js';
import { answer } from '../../support/inprocess.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';

const RULES = '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1\n';

function scene(files: Readonly<Record<string, string>>) {
  const backend = new MemoryBackend();
  const written = new Map<string, string>();
  const world = {
    machine: fakeMachine(files, {}, backend),
    writeText: (path: string, text: string) => void written.set(path, text),
  };
  return {
    written,
    rules: (...words: string[]) => lvsctl(['rules', ...words], files, world),
    ipvsadm: (stdin: string) => answer('ipvsadm', ['-R'], { backend, stdin }),
    saved: async () => (await answer('ipvsadm', ['-S', '-n'], { backend })).stdout,
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
        'ipvsadm -E -t 10.0.0.1:80 -s rr\nipvsadm -a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1\nipvsadm -D -t 10.0.0.9:1\n',
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
      stderr: expect.stringMatching(/^lvsctl: \/etc\/ipvsadm\.rules:3:1: /),
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
    expect((await on.rules('unload')).status).toBe(0);
    expect(await on.daemons()).toBe('');
    expect(await on.saved()).toBe('');
    expect(on.written.size).toBe(0);
    const off = scene({ '/etc/ipvsadm.rules': RULES, '/etc/default/ipvsadm': 'AUTO="false"\n' });
    expect(await off.rules('load')).toMatchObject({
      status: 0,
      stderr: 'lvsctl: /etc/default/ipvsadm says AUTO is not true: nothing loaded\n',
    });
    expect(await off.saved()).toBe('');
  });

  test('Red Hat saves on stop where it is told to', async () => {
    const { rules, ipvsadm, written } = scene({
      '/etc/sysconfig/ipvsadm': '',
      '/etc/sysconfig/ipvsadm-config': 'IPVS_SAVE_ON_STOP="yes"\n',
    });
    await ipvsadm(RULES);
    expect((await rules('unload')).status).toBe(0);
    expect(written.get('/etc/sysconfig/ipvsadm')).toBe(RULES);
  });

  test('a machine without these files is told which', async () => {
    expect(await scene({}).rules('load')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^lvsctl: none of \/etc\/ipvsadm\.rules, .* is there\n$/),
    });
  });
});

test('assignments are read as a shell would, without expansion', () => {
  expect([
    ...assignments('# x\nA=1 # one\n export B="two words"\nC=\'$(id)\'\nD=\nbroken line\n'),
  ]).toEqual([
    ['A', '1'],
    ['B', 'two words'],
    ['C', '$(id)'],
    ['D', ''],
  ]);
  expect(bootSettings('debian', '')).toEqual({
    load: false,
    saveOnStop: false,
    numeric: true,
    daemons: [],
  });
});

const UNITS = new URL('../../../share/systemd/', import.meta.url).pathname;
const units = readdirSync(UNITS).filter((name) => name.endsWith('.service'));

test.each(units)(
  '%s: lvsctl understands every command, and the unit may do no more than it needs',
  async (name) => {
    const text = readFileSync(`${UNITS}${name}`, 'utf8');
    const lines = [
      ...text.matchAll(/^Exec(?:Start|Reload|Stop)=\/usr\/bin\/env lvsctl (.*)$/gm),
    ].map(([, words = '']) => words.split(' '));
    expect(lines.length).toBeGreaterThanOrEqual(1);
    for (const words of lines) {
      const { stderr } = await lvsctl([...words.slice(0, 2), '--help']);
      expect(stderr).toBe('');
      expect((await lvsctl(words)).stderr).not.toMatch(/unknown|argument/);
    }
    expect(text).toMatch(/^CapabilityBoundingSet=CAP_NET_ADMIN$/m);
    expect(text).toMatch(/^ConditionPathExists=/m);
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
