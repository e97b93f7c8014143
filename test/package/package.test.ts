// What `npm pack` ships, and the licences of what is bundled.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { generated } from '../../src/fast/build/plugin.mjs';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly version: string;
  readonly man: readonly string[];
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

describe('the tarball', () => {
  let files: readonly string[] = [];
  beforeAll(() => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const answer = JSON.parse(
      execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    ) as [{ readonly files: readonly { readonly path: string }[] }];
    files = answer[0].files.map(({ path }) => path).sort();
  }, 60_000);

  test('holds the programs, and nothing built for one Node or for tests', () => {
    const programs = files.filter((path) => /^(?:bin|dist)\/(?!man\/)/.test(path));
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
    const rest = files.filter((path) => !/^(?:bin|dist)\//.test(path));
    const strange = rest.filter(
      (path) =>
        !/^docs\/.*\.(?:md|rules|events|yaml)$|^share\/(?:.*\/)?[\w.-]+$/.test(path) &&
        !['LICENSE', 'README.md', 'package.json'].includes(path),
    );
    expect(strange).toEqual([]);
    for (const unit of readdirSync('share/systemd'))
      expect(files).toContain(`share/systemd/${unit}`);
    expect(files).toContain('share/lvsctl.schema.json');
    expect(files).toContain('docs/guide/director.md');
  });

  test('holds the manual', () => {
    expect(files).toEqual(expect.arrayContaining([...manifest.man]));
    const manual = files.filter((path) => path.startsWith('dist/man/'));
    const others = manual.filter((path) => !manifest.man.includes(path));
    expect(others).toEqual(['dist/man/zh_CN/man8/lvsctl.8']); // which npm cannot place
  });

  test('holds each program of `bin`, and one that npx finds by the name of the package', () => {
    expect(files).toEqual(expect.arrayContaining(Object.values(manifest.bin)));
    expect(manifest.bin['lvs-cli']).toBe(manifest.bin.lvsctl);
  });

  test('needs netlink alone when it is installed', () => {
    expect(manifest.dependencies).toEqual({ netlink: '0.3.0' });
  });
});

test('the notices hold the licence of every package in a bundle', { timeout: 60_000 }, async () => {
  const { metafile } = await build({
    entryPoints: ['src/lvsctl/main.ts', 'src/ipvsadm/main.ts', 'src/ipvsadm/program.ts'],
    outdir: 'unused',
    bundle: true,
    platform: 'node',
    write: false,
    metafile: true,
    logLevel: 'silent',
    external: ['node-gyp-build', 'netlink/package.json'],
    plugins: [generated],
  });
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap(
      (path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
    ),
  );
  expect(packages.size).toBeGreaterThan(5);
  const notices = readFileSync('dist/THIRD-PARTY-NOTICES', 'utf8');
  for (const folder of packages) {
    const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    expect(notices).toContain(`\n${name} ${version} (`);
    const licence = readdirSync(folder).find((one) => one.toLowerCase().startsWith('licen'));
    expect(notices).toContain(readFileSync(`${folder}/${licence}`, 'utf8').trim());
  }
});

test('the version stands in package.json alone', () => {
  const of = (program: string, option: string) =>
    execFileSync(`bin/${program}`, [option], {
      encoding: 'utf8',
      env: { ...process.env, LVS_BACKEND: 'memory' },
    });
  expect(of('lvsctl', '--version')).toBe(`lvsctl ${manifest.version}\n`);
  expect(of('ipvsadm', '-v')).toContain(`(lvs-cli ${manifest.version}, `);
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(?:c?ts|mjs|cjs)$/.test(name),
  );
  const quoted = new RegExp(`['"\` ]${manifest.version.replaceAll('.', '\\.')}['"\`, ]`);
  expect(sources.filter((name) => quoted.test(readFileSync(`src/${name}`, 'utf8')))).toEqual([]);
});
