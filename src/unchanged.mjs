// A build of what was built already is left out: it takes three seconds, and `npm test` begins with
// one. What counts is the contents of files, so neither dates nor other branches deceive it.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** npm writes there what is installed */
const INSTALLED = 'node_modules/.package-lock.json';
/**
 * What a build depends on: files and folders. Manual pages are made of docs/ and an example in
 * share/; esbuild reads tsconfig.json.
 */
const SOURCES = ['src', 'docs', 'share/examples', 'package.json', 'tsconfig.json', INSTALLED];
const BUILT = 'dist';
const KEPT = join(BUILT, 'build.json');
/** dates of files may be earlier than the clock, by some milliseconds */
const COARSE_MS = 1000;

/**
 * Whether all sources, and all files that the last build wrote, are as they were after it, for
 * this Node: code caches are for one version alone.
 * @param root the folder with `src` and `dist`
 */
export function isBuilt(root) {
  const kept = keptIn(root);
  if (kept === undefined || !existsSync(join(root, INSTALLED))) return false;
  return kept.hash === hashOf(root, kept.files);
}

function keptIn(root) {
  try {
    return JSON.parse(readFileSync(join(root, KEPT), 'utf8'));
  } catch {
    return undefined; // there was no build, or the disk was full at its end
  }
}

/**
 * To be called before a build. What it returns is called after the build, and keeps what
 * `isBuilt` compares: when sources changed during it, nothing is kept.
 */
export function beginBuild(root) {
  const begun = Date.now() - COARSE_MS;
  const before = hashOf(root, []);
  rmSync(join(root, KEPT), { force: true });
  return () => {
    const isNew = (name) => statSync(join(root, name)).mtimeMs >= begun;
    const files = filesBelow(root, BUILT).filter(isNew);
    if (hashOf(root, []) !== before) return;
    writeFileSync(join(root, KEPT), JSON.stringify({ hash: hashOf(root, files), files }));
  };
}

function hashOf(root, built) {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}`);
  const files = [...SOURCES.flatMap((name) => filesBelow(root, name)), ...built];
  for (const name of files) {
    const path = join(root, name);
    const contents = existsSync(path) ? readFileSync(path) : undefined;
    hash.update(`\n${name} ${contents?.length}\n`).update(contents ?? '');
  }
  return hash.digest('hex');
}

/** @returns the names of files, sorted; a name that is no folder is returned as it is */
function filesBelow(root, name) {
  if (!statSync(join(root, name), { throwIfNoEntry: false })?.isDirectory()) return [name];
  return readdirSync(join(root, name), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}
