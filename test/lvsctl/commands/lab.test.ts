// lvsctl lab: what it starts, and what it names when it cannot.
import { existsSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';

const ALL = { 'linux.uml': () => ({}), ip: () => ({}), modprobe: () => ({}), curl: () => ({}) };

async function lab(args: readonly string[], programs = ALL, more: object = {}) {
  const calls: unknown[] = [];
  const attach = async (...call: unknown[]) => {
    calls.push(call);
    return 0;
  };
  const machine = fakeMachine({}, programs);
  const result = await lvsctl(['lab', ...args], {}, { machine, attach, ...more });
  return { ...result, calls };
}

describe('lvsctl lab', () => {
  test('starts the kernel with the commands', async () => {
    const { status, calls } = await lab(['--mode', 'tun', '--ready', '--run', 'ipvsadm -Ln']);
    expect(status).toBe(0);
    expect(calls).toEqual([
      [
        'bash',
        ['/share/lab/boot', 'tun', '-c', 'ipvsadm -Ln'],
        { LAB_BIN: '/usr/sbin', LAB_NODE: '/usr/bin/node', LAB_READY: '1' },
      ],
    ]);
  });

  test('without commands a shell, at a terminal', async () => {
    const { calls } = await lab([], ALL, { isTerminal: true });
    expect(calls).toEqual([['bash', ['/share/lab/boot', 'nat'], expect.anything()]]);
  });

  test.each([
    [[], ALL, {}, /a shell needs a terminal\nhint: name commands: --run/],
    [['--mode', 'fullnat'], ALL, {}, /Allowed choices are nat, dr, tun/],
    [
      ['--run', 'true'],
      { ip: ALL.ip, modprobe: ALL.modprobe },
      {},
      /not installed: linux\.uml, curl\nhint: .*apt-get install user-mode-linux curl\n/,
    ],
    [
      ['--run', 'true'],
      ALL,
      { machine: fakeMachine({ '/proc/cpuinfo': 'flags : fpu amx_tile amx_int8\n' }, ALL) },
      /not installed: gcc\nhint: .*apt-get install gcc libc6-dev\n/,
    ],
    [['--run', 'true'], ALL, { attach: async () => 125 }, /^$/],
  ])('%j is refused: %#', async (args, programs, more, message) => {
    const result = await lab(args, programs as typeof ALL, more);
    expect(result).toMatchObject({ status: 2, stdout: '', calls: [] });
    expect(result.stderr).toMatch(message);
  });

  test('the status of the commands is its own', async () => {
    expect((await lab(['--run', 'exit 7'], ALL, { attach: async () => 7 })).status).toBe(7);
  });

  test('its files are in the package', () => {
    for (const name of ['boot', 'init', 'network', 'on', 'welcome', 'xstate.c'])
      expect(existsSync(`share/lab/${name}`)).toBe(true);
    expect(statSync('share/lab/on').mode & 0o111).not.toBe(0);
  });
});
