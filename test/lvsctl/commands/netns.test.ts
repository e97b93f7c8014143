// Processes of lvsctl in other network namespaces. They are real ones, so this test runs where the
// machine allows a user (or root) some of their own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FUNCTIONS, oneShell } from '../../support/oneshell.js';

const LVSCTL = new URL('../../../bin/lvsctl', import.meta.url).pathname;

const UNSHARE = '/usr/bin/unshare';
/** root of namespaces of its own */
const OWN = [...(process.getuid?.() === 0 ? [] : ['-Ur']), '-nmpf', '--mount-proc'];

/** Runs a script as root of namespaces of its own; `/run` is empty. */
function inNamespaces(script: string) {
  const command = [...OWN, '/bin/sh', '-ec', `${SETUP}${script}`];
  return spawnSync(UNSHARE, command, { encoding: 'utf8', timeout: 30_000 });
}
const SETUP = `mount -t tmpfs tmpfs /run; ip link set lo up; ip netns add other
lvsctl() { ${process.execPath} ${LVSCTL} "$@"; }
`;
const tried = inNamespaces('ip netns exec other true');
const why = tried.error ? 'unshare is not installed' : tried.stderr.trim();

/** What happens within the limit; a shell's loop, so that nothing sleeps longer than it must. */
const until = (condition: string) =>
  `i=0; until ${condition}; do i=$((i + 1)); [ $i -lt 500 ] || { echo timeout; exit 9; }; sleep 0.02; done`;

describe.skipIf(tried.status !== 0)(
  `namespaces${tried.status === 0 ? '' : ` (left out: ${why})`}`,
  () => {
    let directory = '';
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'netns-'));
      writeFileSync(
        join(directory, 'm.yaml'),
        'vips: [{address: 127.0.0.9, interface: lo}]\nservices:\n  - {name: web, address: 127.0.0.9, port: 80, mode: nat, servers: [{address: 127.0.0.1}], checks: [{kind: tcp}]}\n',
      );
    });
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    const KEY = 'net.ipv4.conf.all.rp_filter';
    describe('a probe process that is given', () => {
      const INPUTS = {
        nothing: '',
        'an empty line': '\n',
        garbage: 'garbage\n',
        null: 'null\n',
        'another namespace': '{"netns":"4:1"}\n',
        'no name': '{}\n',
        'a question': '{"id":1,"question":{"kind":"tcp"}}\n',
      };
      let answers: readonly string[] = [];
      beforeAll(() => {
        const script = `. ${FUNCTIONS}; key=/proc/sys/${KEY.replaceAll('.', '/')}
for input do
  echo 1 >$key; printf %s "$input" >${directory}/first
  lvsctl --probe-worker <${directory}/first; echo "$? $(<$key)"
done`;
        const by = [UNSHARE, ...OWN];
        const text = oneShell(['-c', script, 'sh', ...Object.values(INPUTS)], { by });
        answers = text.split(/(?<=^\d \d\n)/m);
      });
      test.each(Object.keys(INPUTS))('%s refuses and changes nothing', (name) => {
        const text = answers[Object.keys(INPUTS).indexOf(name)];
        expect(text).toBe('lvsctl: the probe process is started by lvsctl monitor alone\n2 1\n');
      });
    });

    test('it refuses the namespace of its parent', () => {
      const { stdout, stderr } = inNamespaces(
        `sysctl -qw ${KEY}=1; echo "{\\"netns\\":\\"$(stat -Lc %d:%i /proc/self/ns/net)\\"}" >/run/first
s=0; lvsctl --probe-worker </run/first || s=$?; echo $s; sysctl -n ${KEY}`,
      );
      expect(stderr).toBe('lvsctl: the probe process is in the network namespace of its parent\n');
      expect(stdout).toBe('2\n1\n');
    });

    test('it begins in the namespace that it was put into', () => {
      const { stdout } = inNamespaces(
        `ip netns exec other sysctl -qw ${KEY}=1
echo "{\\"netns\\":\\"$(stat -Lc %d:%i /run/netns/other)\\"}" >/run/first
ip netns exec other ${process.execPath} ${LVSCTL} --probe-worker </run/first
ip netns exec other sysctl -n ${KEY}`,
      );
      expect(stdout).toBe('{"id":0,"outcome":{"outcome":"pass"}}\n0\n');
    });

    test.each(['KILL', 'TERM'])('SIG%s of monitor --netns ends the monitor inside', (signal) => {
      const { stdout } = inNamespaces(
        `export LVS_BACKEND=file:/run/table
${process.execPath} ${LVSCTL} --netns other monitor ${directory}/m.yaml --socket /run/s --state /run/state >/run/log 2>&1 &
outer=$!
${until('[ -S /run/s ]')}
inner=$(ip netns pids other)
kill -${signal} $outer
${until('[ ! -d /proc/$inner ]')}
[ -S /run/s ] && echo socket left
sed 's/^[^ ]* //' /run/log`,
      );
      expect(stdout).toMatch(/^started: .*\n(?:.*\n)*stopped: the rules stay\n$/);
    });

    test('a command that ends by itself does not wait for its parent', () => {
      const { stdout, status } = inNamespaces(
        `lvsctl --netns other check ${directory}/m.yaml && echo done`,
      );
      expect([status, stdout.endsWith('done\n')]).toEqual([0, true]);
    });
  },
);
