// npm run deb [-- --arch ARCHITECTURE] [--output DIRECTORY] [--compression xz] [--tarball FILE]
// Makes the Debian package from what `npm pack` ships, or has made already. Needs dpkg-deb and a
// build (`npm run build`).
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

/** names of Debian -> of Node, for which `netlink` has a binding */
const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64', armhf: 'arm', i386: 'ia32' };
const HOME = 'usr/lib/lvs-cli';
const DOC = 'usr/share/doc/lvs-cli';
const { DEBFULLNAME = 'lvs-cli authors', DEBEMAIL = 'lvs-cli@users.noreply.github.com' } =
  process.env;
const MAINTAINER = `${DEBFULLNAME} <${DEBEMAIL}>`;

/** a file of the package where npm has it -> where Debian wants it */
const MOVED = [
  ['docs', `${DOC}/docs`],
  ['README.md', `${DOC}/README.md`],
  ['share/systemd', 'usr/lib/systemd/system'],
  ['dist/man', 'usr/share/man'],
];
const COMPLETION = [
  ['lvsctl.bash', 'usr/share/bash-completion/completions/lvsctl', ['ipvsadm']],
  ['_lvsctl', 'usr/share/zsh/vendor-completions/_lvsctl', []],
  ['lvsctl.fish', 'usr/share/fish/vendor_completions.d/lvsctl.fish', ['ipvsadm.fish']],
];
/** dpkg keeps what an administrator has made of them, also of those of Debian's ipvsadm */
const CONFFILES = [
  ['init', 'etc/init.d/ipvsadm', 0o755, '"$suffix"'],
  ['default', 'etc/default/ipvsadm', 0o644, 'lvs-cli-kept'],
  ['rules', 'etc/ipvsadm.rules', 0o644, 'lvs-cli-kept'],
];

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: run('dpkg', '--print-architecture').trim() },
    output: { type: 'string', default: 'dist' },
    compression: { type: 'string', default: 'xz' },
    tarball: { type: 'string' },
  },
});
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const source = (name) => readFileSync(new URL(`deb/${name}`, import.meta.url), 'utf8');
const work = mkdtempSync(join(tmpdir(), 'lvs-deb-'));
const root = join(work, 'root');
try {
  unpack();
  addBinding(values.arch);
  moveFiles();
  addPrograms();
  addSettings();
  addDocumentation();
  addControl(values.arch);
  finish(root);
  const file = resolve(values.output, `lvs-cli_${version}_${values.arch}.deb`);
  process.env.SOURCE_DATE_EPOCH = String(builtAt());
  run('dpkg-deb', '--root-owner-group', `-Z${values.compression}`, '--build', root, file);
  process.stdout.write(`${file}\n`);
} finally {
  rmSync(work, { recursive: true });
}

function run(program, ...args) {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function at(path) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  return file;
}

/** What npm would install. */
function unpack() {
  const tarball = values.tarball ?? pack();
  run('tar', '-xzf', resolve(tarball), '-C', work);
  renameSync(join(work, 'package'), at(HOME));
}

/** @returns the path of npm's tarball */
function pack() {
  const name = run('npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', work);
  return join(work, name.trim());
}

/** The native part of netlink, for one architecture; the rest of it is bundled. */
function addBinding(architecture) {
  const name = ARCHITECTURES[architecture];
  if (name === undefined) throw new Error(`no binding of netlink for ${architecture}`);
  const binding = `prebuilds/linux-${name}/node.napi.node`;
  const target = at(`${HOME}/node_modules/netlink/${binding}`);
  cpSync(join('node_modules/netlink', binding), target);
  if (architecture === run('dpkg', '--print-architecture').trim())
    run('strip', '--strip-unneeded', '--remove-section=.comment', target);
  chmodSync(target, 0o644);
  const {
    name: title,
    version: own,
    license,
  } = JSON.parse(readFileSync('node_modules/netlink/package.json', 'utf8'));
  const manifest = { name: title, version: own, license };
  writeFileSync(at(`${HOME}/node_modules/netlink/package.json`), `${JSON.stringify(manifest)}\n`);
}

function moveFiles() {
  for (const [from, to] of MOVED) renameSync(join(root, HOME, from), at(to));
  // lvsctl names the directory of the documentation
  symlinkSync('../../share/doc/lvs-cli/docs', at(`${HOME}/docs`));
  rmSync(join(root, HOME, 'LICENSE')); // it is in copyright
  for (const [name, to, aliases] of COMPLETION) {
    cpSync(join('dist/completion', name), at(to));
    for (const alias of aliases) symlinkSync(basename(to), at(join(dirname(to), alias)));
  }
  // `service ipvsadm start` and `systemctl start ipvsadm`, as with Debian's package
  symlinkSync('lvs-rules.service', at('usr/lib/systemd/system/ipvsadm.service'));
}

/** The commands, for the Node of the package nodejs. */
function addPrograms() {
  const bin = join(root, HOME, 'bin');
  for (const name of readdirSync(bin).filter((one) => one !== 'package.json')) {
    const text = readFileSync(join(bin, name), 'utf8');
    writeFileSync(join(bin, name), text.replace('#!/usr/bin/env node', '#!/usr/bin/node'));
    symlinkSync(`../lib/lvs-cli/bin/${name}`, at(`usr/sbin/${name}`));
  }
}

function addSettings() {
  for (const [name, path, mode] of CONFFILES) {
    writeFileSync(at(path), source(name));
    chmodSync(join(root, path), mode);
  }
}

function addDocumentation() {
  const licence = readFileSync('LICENSE', 'utf8').trimEnd().split('\n').slice(2);
  const text = licence.map((line) => (line === '' ? ' .' : ` ${line}`)).join('\n');
  writeFileSync(at(`${DOC}/copyright`), source('copyright').replace('@LICENSE@', text));
  const date = new Date(builtAt() * 1000).toUTCString().replace('GMT', '+0000');
  const entry =
    `lvs-cli (${version}) unstable; urgency=medium\n\n  * See ` +
    `docs/changelog.md.\n\n -- ${MAINTAINER}  ${date}\n`;
  writeFileSync(at(`${DOC}/changelog.gz`), gzipSync(entry, { level: 9 }));
  for (const page of filesBelow(join(root, 'usr/share/man'))) {
    writeFileSync(`${page}.gz`, gzipSync(readFileSync(page), { level: 9 }));
    rmSync(page);
  }
}

function addControl(architecture) {
  const bytes = filesBelow(root).reduce((sum, file) => sum + statSync(file).size, 0);
  const fields = {
    '@VERSION@': version,
    '@ARCHITECTURE@': architecture,
    '@MAINTAINER@': MAINTAINER,
    '@SIZE@': String(Math.ceil(bytes / 1024)),
  };
  const control = source('control').replace(/@[A-Z]+@/g, (field) => fields[field]);
  const sums = filesBelow(root)
    .map((file) => file.slice(root.length + 1))
    .filter((path) => !path.startsWith('etc/'))
    .sort();
  const sumsText = execFileSync('md5sum', ['--', ...sums], { cwd: root, encoding: 'utf8' });
  writeFileSync(at('DEBIAN/control'), control);
  writeFileSync(at('DEBIAN/md5sums'), sumsText);
  writeFileSync(at('DEBIAN/conffiles'), CONFFILES.map(([, path]) => `/${path}\n`).join(''));
  writeFileSync(at('DEBIAN/triggers'), 'interest-noawait /usr/bin/node\n');
  const contents = () =>
    CONFFILES.map(
      ([name, path, , suffix]) =>
        `  prepare /${path} ${suffix} <<'END_OF_${name}'\n${source(name)}END_OF_${name}`,
    ).join('\n');
  for (const script of ['preinst', 'postinst', 'prerm', 'postrm']) {
    writeFileSync(at(`DEBIAN/${script}`), source(script).replace('@CONTENTS@', contents));
    chmodSync(join(root, 'DEBIAN', script), 0o755);
  }
}

/** Regular files. */
function filesBelow(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** seconds since 1970: equal sources give equal packages */
function builtAt() {
  return Number(process.env.SOURCE_DATE_EPOCH ?? run('git', 'log', '-1', '--format=%ct'));
}

/** Modes and times that do not depend on the user and the hour of the build. */
function finish(directory) {
  const time = builtAt();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o111 ? 0o755 : 0o644);
    if (!entry.isSymbolicLink()) utimesSync(path, time, time);
  }
}
