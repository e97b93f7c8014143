// The second line at a terminal when the command could not start.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hints } from '../../src/ipvsadm/hints.js';

const BIN = new URL('../../bin/ipvsadm', import.meta.url).pathname;
const FILE = 'without IPVS, LVS_BACKEND=file:PATH keeps the rules in a file\n';

test.each([
  ['ENOPROTOOPT', false, `hint: this kernel has no IPVS (module ip_vs); ${FILE}`],
  [
    'EPERM',
    false,
    `hint: IPVS needs root (try sudo), and the kernel module ip_vs, which is not loaded; ${FILE}`,
  ],
  ['EPERM', true, 'hint: IPVS needs root; try sudo\n'],
  ['ENOMEM', false, ''],
  [undefined, false, ''],
])('%s, IPVS in the kernel: %s', (failure, loaded, hint) => {
  expect(hints(['-Ln'], failure, loaded)).toBe(hint);
});

test.runIf(!existsSync('/proc/net/ip_vs') && process.getuid?.() === 0)(
  'at a terminal, without root, on a machine without IPVS',
  () => {
    // the capability is what tells root apart, so that the checkout may be unreadable for others
    const { stdout } = spawnSync(
      '/usr/bin/script',
      [
        '-qec',
        `/usr/bin/setpriv --bounding-set=-all --inh-caps=-all ${process.execPath} ${BIN} -Ln`,
        '/dev/null',
      ],
      { env: { PATH: '/bin:/usr/bin' }, encoding: 'utf8' },
    );
    expect(stdout.replaceAll('\r', '')).toContain(
      `hint: IPVS needs root (try sudo), and the kernel module ip_vs, which is not loaded; ${FILE}`,
    );
  },
);
