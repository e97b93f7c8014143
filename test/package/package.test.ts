// The licences of what is bundled, and where the version stands.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { generated } from '../../src/fast/build/plugin.mjs';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly version: string;
};

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
