// Records on real file systems, by processes: full disks, two files at once, unsafe records. Needs
// root, for namespaces of its own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FULL } from '../../support/full.js';
import { FUNCTIONS, oneShell } from '../../support/oneshell.js';

const ROOT = new URL('../../..', import.meta.url).pathname.replace(/\/$/, '');
const SCRIPT = new URL('records.sh', import.meta.url).pathname;
const KILLS = FULL ? 200 : 1;
const allowed =
  process.geteuid?.() === 0 && spawnSync('unshare', ['-n', '-m', 'true']).status === 0;

const directory = mkdtempSync('/tmp/lvs-records-');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const file = (vip: string, port: number) => `vips: [{address: ${vip}, interface: eth0}]
services:
  - name: web
    address: ${vip}
    port: ${port}
    mode: nat
    gateway: 198.51.100.1
    servers: [{address: 198.51.100.11}, {address: 198.51.100.12}]
timeouts: {tcp: 800, tcp_fin: 60, udp: 200}
`;
writeFileSync(join(directory, 'd.yaml'), file('203.0.113.10', 80));
writeFileSync(join(directory, 'two.yaml'), file('203.0.113.20', 81));

/** Sizes of a file, spread over more than the whole record. */
const sizes = (count: number, most: number) =>
  Array.from({ length: count }, (_, i) => Math.round((i * most) / (count - 1)));

// what is killed, and what follows, depends on the number
const firstKill = FULL ? 1 : 1 + Math.floor(Math.random() * 6);
/** Each with its arguments; the last leaves the machine changed. */
const CASES = {
  // the table file has 700 to 1,000 bytes: below that it is in the way
  fsize: FULL ? sizes(60, 2600) : [1300],
  tmpfs: FULL ? sizes(10, 5000) : [5000],
  inodes: [],
  pairs: [FULL ? 200 : 1],
  kills: [firstKill, firstKill + KILLS - 1],
  renamed: [],
  unsafe: [],
};

describe.skipIf(!allowed)('records, as root', { timeout: 600_000 }, () => {
  const printed: Record<string, string> = {};
  beforeAll(() => {
    const cases = Object.entries(CASES).map((words) => words.flat().join(' '));
    const text = oneShell([SCRIPT, FUNCTIONS, directory, ROOT, ...cases], {
      by: ['unshare', '-n', '-m'],
      env: { ...process.env, LVS_BACKEND: `file:${join(directory, 'table.json')}` },
    });
    for (const part of text.split(/^== /m).slice(1)) {
      const [name = ''] = part.split('\n', 1);
      printed[name] = part.slice(name.length + 1);
    }
  }, 600_000);

  test('a limit at any size of the record: all or nothing, and down restores', () => {
    expect(printed.fsize).toBe('');
  });

  test('a full disk: up does all or nothing, and down needs no space', () => {
    expect(printed.tmpfs).toBe('');
  });

  test('a disk without inodes: down needs none', () => {
    expect(printed.inodes).toBe('');
  });

  test('two files going up at once each keep what both need', () => {
    expect(printed.pairs).toBe('');
  });

  test('killed at any instant, the next up and down end in the exact state', () => {
    expect(printed.kills).toBe('');
  });

  test('an interface that was renamed is restored under its new name', () => {
    expect(printed.renamed).toBe(
      'lvsctl: interface eth0 is called lan0 now\n' +
        'ip addr del 203.0.113.10/32 dev lan0\n' +
        'sysctl -w net.ipv4.conf.lan0.send_redirects=1\n',
    );
  });

  test('records that others could have written are refused, in words', () => {
    const lines = (printed.unsafe ?? '').replaceAll(/\/run\/lvsctl\/net-\d+/g, 'DIR');
    const record = 'DIR/director-d.yaml-HASH.journal';
    expect(lines.replaceAll(/-[0-9a-f]{8}\.journal/g, '-HASH.journal').split('\n')).toEqual([
      `lvsctl: ${record}: not a regular file`,
      '2',
      `lvsctl: ${record}: not a regular file`,
      '2',
      `lvsctl: ${record}: a symbolic link, not a regular file`,
      '2',
      `lvsctl: ${record}: belongs to user 65534, not to user 0`,
      '2',
      `lvsctl: ${record}: others may write to it (mode 660)`,
      '2',
      'lvsctl: DIR: others may write to it (mode 777)',
      '2',
      'lvsctl: DIR: belongs to user 65534, not to user 0',
      '2',
      'lvsctl: DIR/lock: Read-only file system',
      'hint: name another place with --state-dir',
      '2',
      '',
    ]);
  });
});
