// `lvsctl lab` boots (LVS_TEST_LAB=1: user-mode Linux is needed), and prints what its page shows.
// `LVS_GUIDE_RECORD=1` writes it into the page. With LVS_TEST_FULL=1 all modes, also without root.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FULL } from '../support/full.js';

const PAGE = 'docs/reference/lab.md';
const EXAMPLE = /^\$ (lvsctl lab .*)\n([\s\S]*?)^```$/m;
const LIMIT_MS = 170_000;

function bash(command: string) {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${resolve('bin')}:${process.env.PATH}`, LC_ALL: 'C.UTF-8' },
    timeout: LIMIT_MS,
  });
  return { status, stdout, stderr };
}

describe.skipIf(!process.env.LVS_TEST_LAB)('a real kernel', () => {
  test('the example of the page, by NAT', { timeout: LIMIT_MS }, () => {
    const page = readFileSync(PAGE, 'utf8');
    const [, command = '', answer] = EXAMPLE.exec(page) ?? [];
    // the machine that it runs on stays as it is; the status is that of the commands
    const result = bash(`${command.slice(0, -1)}; touch /usr/lvs-lab-was-here; exit 3'`);
    expect(result).toMatchObject({ status: 3, stderr: '' });
    expect(existsSync('/usr/lvs-lab-was-here')).toBe(false);
    if (process.env.LVS_GUIDE_RECORD)
      writeFileSync(
        PAGE,
        page.replace(EXAMPLE, () => `$ ${command}\n${result.stdout}\`\`\``),
      );
    else expect(result.stdout).toBe(answer);
  });

  const ask = 'for i in 1 2 3 4; do on client curl -sm 5 http://vip/; done';
  test.skipIf(!FULL).each([
    ['dr', 'Route'],
    ['tun', 'Tunnel'],
  ])('%s, set up by hand', { timeout: LIMIT_MS }, (mode, listed) => {
    const byHand = `lvsctl director up -q lvs.yaml; for s in rs1 rs2; do on $s lvsctl realserver up -q lvs.yaml; done; ${ask}; ipvsadm -Ln`;
    const { status, stdout } = bash(`lvsctl lab --mode ${mode} --run '${byHand}'`);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^(?:rs2\nrs1\n){2}/);
    expect(stdout.match(new RegExp(` ${listed} `, 'g'))).toHaveLength(2);
  });

  test.skipIf(!FULL)('without root', { timeout: LIMIT_MS }, () => {
    const lab = `cd /; PATH=${resolve('bin')}:$PATH lvsctl lab --ready --run "${ask}"`;
    const { status, stdout } = bash(`su -s /bin/bash nobody -c '${lab.replaceAll("'", '')}'`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'rs2\nrs1\nrs2\nrs1\n' });
  });

  test.skipIf(!FULL)('a signal ends it, and leaves nothing behind', { timeout: LIMIT_MS }, () => {
    const { stdout } = bash(`export TMPDIR=$(mktemp -d)
lvsctl lab --run 'sleep 100' & lab=$!
sleep 12; pgrep -f "uml_dir=$TMPDIR" > /dev/null && echo runs
kill -TERM $lab; wait $lab; echo "status $?"
sleep 1; pgrep -f "uml_dir=$TMPDIR"; ls "$TMPDIR"; rmdir "$TMPDIR"`);
    expect(stdout).toBe('runs\nstatus 143\n');
  });

  test.skipIf(!FULL)('a shell at a terminal', { timeout: LIMIT_MS }, () => {
    const typed = "(sleep 25; printf 'on rs2 hostname -I\\nexit 4\\n'; sleep 15)";
    const { status, stdout } = bash(`${typed} | script -qec 'lvsctl lab --mode nat' /dev/null`);
    expect(status).toBe(4);
    expect(stdout).toContain('This is the director.');
    expect(stdout).toMatch(/198\.51\.100\.12 \r?\n/);
    expect(stdout).not.toContain('System halted');
  });
});
