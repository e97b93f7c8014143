// What is printed to be typed goes through a real shell and comes out as the arguments it was
// made of.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printCommand } from '../../src/lvsctl/plan/command.js';
import type { Change } from '../../src/model/change.js';
import { isInterfaceName } from '../../src/model/interface.js';
import { changeArguments } from '../../src/render/rules.js';
import { shellLine } from '../../src/render/shell.js';
import { FULL } from '../support/full.js';
import { lvsctl } from '../support/lvsctl.js';
import { fakeMachine } from '../support/machine.js';

const RUNS = FULL ? 2000 : 200;

/** The arguments that a POSIX shell makes of each line. */
function parsed(lines: readonly string[]): string[][] {
  const calls = lines.map((line) => `show ${line}\n`).join('');
  const script = `show() { printf '%s\\0' "$@"; printf '\\1\\0'; }\n${calls}`;
  const args = execFileSync('/bin/sh', ['-eu'], { input: script, encoding: 'utf8' }).split('\0');
  const found: string[][] = [[]];
  for (const arg of args.slice(0, -1)) {
    if (arg === '\u0001') found.push([]);
    else found.at(-1)?.push(arg);
  }
  return found.slice(0, -1);
}

const META = [...' \t\n\'"`$(){}[]<>|&;*?#~!\\=%^,:@-+aZ9/._é'];
const args = fc
  .array(fc.constantFrom(...META), { maxLength: 12 })
  .map((characters) => characters.join(''));
const devices = fc
  .array(fc.constantFrom(...META), { minLength: 1, maxLength: 15 })
  .map((characters) => characters.join(''))
  .filter((name) => isInterfaceName(name));

const sample = <T>(one: fc.Arbitrary<T>): T[] => fc.sample(one, { numRuns: RUNS, seed: 7 });

test('any arguments', () => {
  const lines = sample(fc.array(args, { minLength: 1, maxLength: 4 }));
  expect(parsed(lines.map(shellLine))).toEqual(lines);
});

describe('printCommand', () => {
  test('of a program, and of a sysctl', () => {
    const names = sample(devices);
    expect(
      parsed(
        names.flatMap((name) => [
          printCommand({ kind: 'run', program: 'ip', args: ['link', 'set', name, 'up'] }),
          printCommand({ kind: 'sysctl', key: 'net/ipv4/ip_forward', value: name }),
        ]),
      ),
    ).toEqual(
      names.flatMap((name) => [
        ['ip', 'link', 'set', name, 'up'],
        ['sysctl', '-w', `net.ipv4.ip_forward=${name}`],
      ]),
    );
  });

  test('of a change of rules', () => {
    const group = { family: 'ipv6', words: [0xff020000, 0, 0, 0x81] } as const;
    const none = { maxLength: undefined, port: undefined, ttl: undefined };
    const changes = sample(devices).map(
      (name): Change => ({
        kind: 'start-daemon',
        daemon: { role: 'master', interface: name, syncId: 1, group, ...none },
      }),
    );
    const id = { kind: 'address', protocol: 'tcp', address: group, port: 80 } as const;
    changes.push({ kind: 'delete-service', id });
    expect(parsed(changes.map((change) => printCommand({ kind: 'rule', change })))).toEqual(
      changes.map((change) => ['ipvsadm', ...(changeArguments(change) ?? [])]),
    );
  });
});

/** Every line that holds the name must hold it as one argument. */
function expectWhole(lines: readonly string[], name: string): void {
  expect(lines.length).toBeGreaterThan(0);
  for (const args of parsed(lines))
    expect(args.filter((one) => one === name || one.includes(`.${name}.`))).toHaveLength(1);
}

const hostile = ['e;echo$IFS\\x', '$(id)', '`id`', "a'b", 'x&y|z', '#x', '~', '*', '-6'];
const file = (device: string) =>
  JSON.stringify({
    vips: [{ address: '192.0.2.10', interface: device }],
    sync: [{ role: 'master', interface: device }],
    services: [
      {
        name: 'a',
        address: '192.0.2.10',
        port: 80,
        mode: 'dr',
        scheduler: 'rr',
        servers: [{ address: '192.0.2.11' }],
      },
    ],
  });

describe.each(hostile)('an interface named %s', (device) => {
  const links = JSON.stringify([
    { ifname: 'lo', flags: ['UP', 'LOWER_UP'], addr_info: [{ local: '127.0.0.1', prefixlen: 8 }] },
    {
      ifname: device,
      flags: ['UP', 'LOWER_UP'],
      addr_info: [{ local: '192.0.2.11', prefixlen: 24 }],
    },
  ]);
  const machine = fakeMachine(
    { '/proc/self/status': 'CapEff:\t000001ffffffffff\n' },
    { ip: (args) => ({ stdout: args[0] === '-json' ? links : '' }) },
  );

  test.each(['director', 'realserver'])('lvsctl doctor --role %s', async (role) => {
    const { stdout, stderr } = await lvsctl(
      ['doctor', '--json', '--role', role, 'f'],
      { f: file(device) },
      { machine },
    );
    expect(stderr).toBe('');
    const { findings } = JSON.parse(stdout) as { findings: { id: string; repair: string[] }[] };
    const named = findings.filter(({ id }) =>
      (role === 'director' ? ['vip', 'sync'] : ['arp']).includes(id),
    );
    expectWhole(
      named.flatMap(({ repair }) => repair.filter((line) => !/\.all\./.test(line))),
      device,
    );
  });

  test('lvsctl director up --dry-run', async () => {
    const { stdout } = await lvsctl(
      ['director', 'up', '--dry-run', 'f'],
      { f: file(device) },
      { machine },
    );
    const lines = stdout.split('\n').filter((line) => /^ip addr|--start-daemon/.test(line));
    expect(lines).toHaveLength(2);
    expectWhole(lines, device);
  });
});
