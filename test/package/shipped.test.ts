// What `npm pack` ships, and the Debian package that is made of it: what it has, and that equal
// sources give an equal one. test/install installs it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FULL } from '../support/full.js';

const hasTools = ['/usr/bin/dpkg-deb', '/usr/bin/strip'].every(existsSync);
const directory = mkdtempSync(join(tmpdir(), 'lvs-deb-test-'));
afterAll(() => rmSync(directory, { recursive: true }));
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8' });

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly man: readonly string[];
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};
let tarball = '';
/** the paths in it, sorted */
let shipped: readonly string[] = [];
beforeAll(() => {
  const answer = run('npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', directory);
  const [{ filename, files }] = JSON.parse(answer) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  tarball = join(directory, filename);
  shipped = files.map(({ path }) => path).sort();
}, 60_000);

describe('the tarball', () => {
  test('holds the programs, and nothing built for one Node or for tests', () => {
    const programs = shipped.filter((path) => /^(?:bin|dist)\/(?!man\/)/.test(path));
    expect(programs).toEqual([
      'bin/ipvsadm',
      'bin/ipvsadm-restore',
      'bin/ipvsadm-save',
      'bin/lvsctl',
      'bin/package.json',
      'dist/THIRD-PARTY-NOTICES',
      'dist/change.cjs',
      'dist/completion/_lvsctl',
      'dist/completion/lvsctl.bash',
      'dist/completion/lvsctl.fish',
      'dist/errno.cjs',
      'dist/help.cjs',
      'dist/hints.cjs',
      'dist/ipvsadm.cjs',
      'dist/library.cjs',
      'dist/library.d.mts',
      'dist/library.mjs',
      'dist/listing.wasm',
      'dist/local.cjs',
      'dist/localchange.cjs',
      'dist/lvsctl.cjs',
      'dist/monitor.cjs',
      'dist/page.html',
      'dist/start.cjs',
      'dist/warm.cjs',
    ]);
  });

  test('holds pages, units and the schema beside them, and nothing else', () => {
    const rest = shipped.filter((path) => !/^(?:bin|dist)\//.test(path));
    const strange = rest.filter(
      (path) =>
        !/^docs\/.*\.(?:md|rules|events|yaml)$|^share\/(?:.*\/)?[\w.-]+$/.test(path) &&
        !['LICENSE', 'README.md', 'package.json'].includes(path),
    );
    expect(strange).toEqual([]);
    for (const unit of readdirSync('share/systemd'))
      expect(shipped).toContain(`share/systemd/${unit}`);
    expect(shipped).toContain('share/lvsctl.schema.json');
    expect(shipped).toContain('docs/guide/director.md');
  });

  test('holds the manual', () => {
    expect(shipped).toEqual(expect.arrayContaining([...manifest.man]));
    const manual = shipped.filter((path) => path.startsWith('dist/man/'));
    const others = manual.filter((path) => !manifest.man.includes(path));
    expect(others).toEqual(['dist/man/zh_CN/man8/lvsctl.8']); // which npm cannot place
  });

  test('holds each program of `bin`, and one that npx finds by the name of the package', () => {
    expect(shipped).toEqual(expect.arrayContaining(Object.values(manifest.bin)));
    expect(manifest.bin['lvs-cli']).toBe(manifest.bin.lvsctl);
  });

  test('needs netlink alone when it is installed', () => {
    expect(manifest.dependencies).toEqual({ netlink: '0.3.0' });
  });
});

const build = (name: string, ...more: readonly string[]): string => {
  const output = join(directory, name);
  execFileSync('mkdir', ['-p', output]);
  // the names and modes are the same without compression, which takes most of the time
  const args = ['--output', output, '--compression', FULL ? 'xz' : 'none'];
  return run('node', 'src/packages/deb.mjs', ...args, ...more).trim();
};

describe.skipIf(!hasTools)('the Debian package (needs dpkg-deb and strip)', () => {
  let deb = '';
  /** path -> mode and owner, with the target of a link */
  const files = new Map<string, string>();
  beforeAll(() => {
    deb = build('one', '--tarball', tarball);
    for (const line of run('dpkg-deb', '-c', deb).trim().split('\n')) {
      const [mode = '', owner = '', , , , path = '', , target] = line.split(/\s+/);
      files.set(path.replace(/^\./, ''), [mode, owner, target].filter(Boolean).join(' '));
    }
  });

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
    const pages = [...manifest.man, 'dist/man/zh_CN/man8/lvsctl.8'].map(
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
