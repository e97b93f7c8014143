// What the Debian package has, and that equal sources give an equal one. test/install installs it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FULL } from '../support/full.js';

const hasTools = ['/usr/bin/dpkg-deb', '/usr/bin/strip'].every(existsSync);
const directory = mkdtempSync(join(tmpdir(), 'lvs-deb-test-'));
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8' });
const build = (name: string): string => {
  const output = join(directory, name);
  execFileSync('mkdir', ['-p', output]);
  // the names and modes are the same without compression, which takes most of the time
  const args = ['--output', output, '--compression', FULL ? 'xz' : 'none'];
  return run('node', 'src/packages/deb.mjs', ...args).trim();
};

describe.skipIf(!hasTools)('the Debian package (needs dpkg-deb and strip)', () => {
  let deb = '';
  /** path -> mode and owner, with the target of a link */
  const files = new Map<string, string>();
  beforeAll(() => {
    deb = build('one');
    for (const line of run('dpkg-deb', '-c', deb).trim().split('\n')) {
      const [mode = '', owner = '', , , , path = '', , target] = line.split(/\s+/);
      files.set(path.replace(/^\./, ''), [mode, owner, target].filter(Boolean).join(' '));
    }
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('every file belongs to root, and others cannot write', () => {
    const strange = [...files].filter(
      ([, mode]) => !/^(?:[d-].{4}-..-.|l\S+) root\/root/.test(mode),
    );
    expect(strange).toEqual([]);
  });

  test('nothing is outside of the directories that are its own or shared', () => {
    const allowed =
      /^\/(?:etc\/(?:init\.d\/ipvsadm|default\/ipvsadm|ipvsadm\.rules)|usr\/(?:sbin\/(?:ipvsadm(?:-save|-restore)?|lvsctl)|lib\/(?:lvs-cli\/|systemd\/system\/)|share\/(?:doc\/lvs-cli\/|man\/|bash-completion\/completions\/|zsh\/vendor-completions\/|fish\/vendor_completions\.d\/)))/;
    expect([...files.keys()].filter((path) => !path.endsWith('/') && !allowed.test(path))).toEqual(
      [],
    );
  });

  test('holds each unit, each page of the manual, each script of completion', () => {
    const units = readdirSync('share/systemd').map((name) => `/usr/lib/systemd/system/${name}`);
    const { man } = JSON.parse(readFileSync('package.json', 'utf8')) as { man: readonly string[] };
    const pages = [...man, 'dist/man/zh_CN/man8/lvsctl.8'].map(
      (path) => `${path.replace('dist/man', '/usr/share/man')}.gz`,
    );
    const missing = [
      ...units,
      ...pages,
      '/usr/share/bash-completion/completions/lvsctl',
      '/usr/share/zsh/vendor-completions/_lvsctl',
      '/usr/share/fish/vendor_completions.d/lvsctl.fish',
    ].filter((path) => !files.has(path));
    expect(missing).toEqual([]);
  });

  test('holds nothing made for one Node, and the binding of one architecture', () => {
    const names = [...files.keys()];
    expect(names.filter((path) => path.endsWith('.cache'))).toEqual([]);
    expect(names.filter((path) => path.endsWith('.node')).length).toBe(1);
  });

  test('takes the place of ipvsadm, and keeps settings and rules', () => {
    const field = (name: string) => run('dpkg-deb', '-f', deb, name).trim();
    expect(field('Provides')).toBe('ipvsadm (= 1:1.31-1)');
    expect([field('Conflicts'), field('Replaces')]).toEqual(['ipvsadm', 'ipvsadm']);
    expect(field('Depends')).toMatch(/^nodejs \(>= 20\)/);
    const conffiles = run('dpkg-deb', '--info', deb, 'conffiles').trim().split('\n').sort();
    expect(conffiles).toEqual([
      '/etc/default/ipvsadm',
      '/etc/init.d/ipvsadm',
      '/etc/ipvsadm.rules',
    ]);
    expect(files.get('/usr/lib/systemd/system/ipvsadm.service')).toContain('lvs-rules.service');
  });

  test.runIf(FULL)('equal sources give an equal package', () => {
    expect(readFileSync(build('two')).equals(readFileSync(deb))).toBe(true);
  });
});
