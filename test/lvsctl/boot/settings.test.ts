// Settings files of distributions: what a shell would read is read, all else is refused with its
// place.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignments } from '../../../src/lvsctl/boot/assignments.js';
import { bootSettings, CONVENTIONS } from '../../../src/lvsctl/boot/settings.js';

const [DEBIAN, REDHAT] = CONVENTIONS as [
  (typeof CONVENTIONS)[number],
  (typeof CONVENTIONS)[number],
];
const values = (text: string) =>
  [...assignments(text, 'f')].map(([name, { value, line }]) => [name, value, line]);

describe('assignments', () => {
  test('are read as a shell would, without expansion', () => {
    const text =
      '\uFEFF# x\n\nA=1 # one\r\n  export B="two words"\nC=\'$(id)\'\nD=\nE=a"b c"\'d\'\\ e\nF="\\$x \\n"\nA=2\n';
    expect(values(text)).toEqual([
      ['A', '2', 9],
      ['B', 'two words', 4],
      ['C', '$(id)', 5],
      ['D', '', 6],
      ['E', 'ab cd e', 7],
      ['F', '$x \\n', 8],
    ]);
  });

  test.each([
    ['A="1', 'f:1:1: the quoting does not end on this line: "1'],
    ["A='1\nB=2'", "f:1:1: the quoting does not end on this line: '1"],
    ['A=1\\', 'f:1:1: the quoting does not end on this line: \\'],
    ['A=1\nB=1; C=2', 'f:2:4: more than one assignment: "; C=2" follows'],
    ['A=1 B=2', 'f:1:4: more than one assignment: "B=2" follows'],
    ['A=(1 2)', 'f:1:3: more than one assignment: "(1 2)" follows'],
    ['[ -r x ] && . x', 'f:1:1: not NAME=VALUE, and no shell is run'],
    ['A =1', 'f:1:1: not NAME=VALUE, and no shell is run'],
    ['A+=1', 'f:1:1: not NAME=VALUE, and no shell is run'],
    ['1A=1', 'f:1:1: not NAME=VALUE, and no shell is run'],
  ])('%j is refused', (text, message) => {
    expect(() => values(text)).toThrow(message);
  });

  test('what is read without expansion is what /bin/sh reads', () => {
    const parts = fc.constantFrom(
      'a',
      'b c',
      '"',
      "'",
      '\\',
      '$',
      '#',
      ' ',
      '',
      '1',
      '"x y"',
      "'z'",
    );
    const lines = fc.sample(fc.array(parts, { maxLength: 6 }), { numRuns: 300, seed: 5 });
    const readable = lines.flatMap((one) => {
      const line = `A=${one.join('')}`;
      try {
        const found = assignments(line, 'f').get('A');
        return found && !found.expansion ? [{ line, value: found.value }] : [];
      } catch {
        return []; // refused
      }
    });
    expect(readable.length).toBeGreaterThan(50);
    const folder = mkdtempSync(join(tmpdir(), 'settings-'));
    try {
      const script = readable.map(({ line }) => `${line}\nprintf '%s\\0' "$A"\n`).join('');
      writeFileSync(join(folder, 's'), script);
      const shell = execFileSync('/bin/sh', [join(folder, 's')], { encoding: 'utf8' });
      expect(readable.map(({ value }) => value)).toEqual(shell.split('\0').slice(0, -1));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("Debian's settings", () => {
  const both = 'AUTO="true"\nDAEMON=both\nIFACE=eth1\nSYNCID=255\n';
  test('name the daemons', () => {
    expect(bootSettings(DEBIAN, both)).toEqual({
      load: true,
      saveOnStop: false,
      daemons: [
        { role: 'master', interface: 'eth1', syncId: 255 },
        { role: 'backup', interface: 'eth1', syncId: 255 },
      ],
    });
    expect(bootSettings(DEBIAN, 'AUTO=\nDAEMON=""\n')).toEqual({
      load: false,
      saveOnStop: false,
      daemons: [],
    });
  });

  const FILE = '/etc/default/ipvsadm';
  test.each([
    ['SYNCID=abc', 'SYNCID: "abc" is not a number from 0 to 255'],
    ['SYNCID=-1', 'SYNCID: "-1" is not a number from 0 to 255'],
    ['SYNCID=256', 'SYNCID: "256" is not a number from 0 to 255'],
    ['SYNCID=999', 'SYNCID: "999" is not a number from 0 to 255'],
    ['SYNCID=1e9', 'SYNCID: "1e9" is not a number from 0 to 255'],
    ['SYNCID=0x10', 'SYNCID: "0x10" is not a number from 0 to 255'],
    ['SYNCID=" 1"', 'SYNCID: " 1" is not a number from 0 to 255'],
    ['DAEMON=garbage', 'DAEMON: "garbage" is not none or master or backup or both'],
    ['AUTO=yes', 'AUTO: "yes" is not true or false'],
    ['IFACE=a/b', 'IFACE: "a/b" is not an interface name'],
    ['IFACE=sixteen-letters-', 'IFACE: "sixteen-letters-" is not an interface name'],
    ['IFACE=$DEV', 'IFACE: the value needs a shell to expand it, and none is run: write it out'],
    ['IFACE="`id`"', 'IFACE: the value needs a shell to expand it, and none is run: write it out'],
    ['IFACE="eth0', 'the quoting does not end on this line: "eth0'],
  ])('%s is refused with file and line', (line, message) => {
    expect(() => bootSettings(DEBIAN, `# settings\nAUTO=true\n${line}\n`)).toThrow(
      `${FILE}:3:1: ${message}`,
    );
  });
});

test("Red Hat's settings are yes or no", () => {
  expect(bootSettings(REDHAT, 'IPVS_SAVE_ON_STOP="yes"\n')).toEqual({
    load: true,
    saveOnStop: true,
    daemons: [],
  });
  expect(() => bootSettings(REDHAT, 'OTHER=$X\nIPVS_SAVE_ON_STOP=true\n')).toThrow(
    '/etc/sysconfig/ipvsadm-config:2:1: IPVS_SAVE_ON_STOP: "true" is not yes or no',
  );
});
