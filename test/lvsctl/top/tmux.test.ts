// `lvsctl top` as people see it, in a terminal of tmux (Debian's package tmux), where it is
// installed. LVS_TEST_FULL=1 ends, stops and resizes it too.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runChild } from '../../support/child.js';
import { FULL } from '../../support/full.js';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const RULES = `-A -t 192.0.2.1:80 -s wrr
-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3
-a -t 192.0.2.1:80 -r 10.0.0.2:8080 -m -w 1
-A -t 192.0.2.2:443 -s rr
`;

describe.skipIf(!hasTmux)('in tmux', () => {
  let directory = '';
  let env: Record<string, string> = {};
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-S', join(directory, 'tmux'), ...args], { encoding: 'utf8' });
  const screen = () => tmux('capture-pane', '-p', '-t', 'top');
  const keys = (...names: string[]) => tmux('send-keys', '-t', 'top', ...names);

  async function until(found: (text: string) => boolean): Promise<string> {
    for (let attempt = 0; attempt < 150; attempt++) {
      const text = screen();
      if (found(text)) return text;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`it does not come:\n${screen()}`);
  }
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'top-'));
    env = { LVS_BACKEND: `file:${join(directory, 'table')}` };
    await runChild('ipvsadm', ['-R'], { env, stdin: RULES });
    const shell = `env LVS_BACKEND=${env.LVS_BACKEND} LC_ALL=C.UTF-8 PS1='$ ' sh`;
    tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'top', '-x', '80', '-y', '24', shell);
    await until((text) => text.includes('$'));
    keys('echo before', 'Enter');
    await until((text) => /^before$/m.test(text));
    keys(`${process.execPath} bin/lvsctl top --socket ${directory}/none`, 'Enter');
    await until((text) => text.includes('10.0.0.2:8080'));
  });
  afterEach(() => {
    spawnSync('tmux', ['-S', join(directory, 'tmux'), 'kill-server']);
    rmSync(directory, { recursive: true, force: true });
  });
  /** The shell is back with what was on its screen, the cursor and the echo of keys. */
  async function isWhole(): Promise<void> {
    // what is typed before the shell is back would be lost
    await until((text) => text.trimEnd().endsWith('\n$'));
    keys("echo a''fter", 'Enter');
    const text = await until((text) => /^after$/m.test(text));
    expect(text).toMatch(/^before$/m);
    expect(text).not.toContain('SERVICE / SERVER');
    expect(text).toContain('echo a');
    expect(tmux('display', '-p', '-t', 'top', '#{cursor_flag} #{alternate_on}')).toBe('1 0\n');
  }
  const pid = () =>
    execFileSync('pgrep', ['-f', `lvsctl top --socket ${directory}/none`], {
      encoding: 'utf8',
    }).trim();

  test('shows the table, takes keys, drains after y, ends with q', async () => {
    const lines = (await until((text) => text.includes('no monitor'))).split('\n');
    expect(lines[2]).toMatch(/^SERVICE \/ SERVER +STATE +W +ACT +CONN\/S +IN B\/S OUT B\/S 2 MIN/);
    keys('Down', 'd');
    await until((text) => text.includes('? y/n'));
    keys('y');
    await until((text) => text.includes('has weight 0'));
    await until((text) => text.includes('weight 0') && /10\.0\.0\.\d:8080 +weight 0/.test(text));
    expect((await runChild('ipvsadm', ['-Sn'], { env })).stdout).toContain(' -w 0');
    keys('/', '443', 'Enter');
    await until((text) => !text.includes('192.0.2.1:80'));
    keys('q');
    await isWhole();
  });

  // a second or two each, of which most is waiting
  const long = test.skipIf(!FULL);
  long.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)('%s', async (signal) => {
    process.kill(Number(pid()), signal);
    await isWhole();
  });

  long('a stop and going on', async () => {
    keys('C-z');
    await until((text) => text.trimEnd().endsWith('\n$'));
    keys('fg', 'Enter');
    await until((text) => text.includes('SERVICE / SERVER'));
    process.kill(Number(pid()), 'SIGTSTP');
    await until((text) => text.trimEnd().endsWith('\n$'));
    keys('fg', 'Enter');
    await until((text) => text.includes('SERVICE / SERVER'));
    keys('q');
    await isWhole();
  });

  long('another size of the terminal', async () => {
    tmux('resize-window', '-t', 'top', '-x', '60', '-y', '10');
    const text = await until(
      (text) => text.split('\n')[0]?.length !== 80 && text.includes('? help'),
    );
    expect(text.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(10);
    keys('q');
    await isWhole();
  });

  long('a closed terminal ends it', async () => {
    const id = Number(pid());
    tmux('kill-window', '-t', 'top');
    for (let attempt = 0; attempt < 50 && isAlive(id); attempt++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isAlive(id)).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
