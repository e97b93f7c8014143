// Writes what is made from the tables: `node dist/generate.mjs`, part of the build.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ipvsadmSpots } from './completion/ipvsadm.js';
import { lvsctlSpots } from './completion/lvsctl.js';
import { completionScript, type Shell } from './completion/scripts.js';
import { wholeProgram } from './lvsctl/program.js';
import { commandTree } from './lvsctl/tree.js';
import { manualFiles } from './man/manual.js';
import { VERSION } from './render/version.js';

const DIST = 'dist';
/** as packages of distributions call the scripts */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: 'completion/lvsctl.bash',
  zsh: 'completion/_lvsctl',
  fish: 'completion/lvsctl.fish',
};

const read = (path: string) => readFileSync(path, 'utf8');
const tree = commandTree(await wholeProgram());
for (const { path, text } of manualFiles({ tree, read, version: VERSION }))
  write(join('man', path), text);

const [sh, bash, zsh, fish] = ['sh', 'bash', 'zsh', 'fish'].map((name) =>
  read(`src/completion/engine.${name}`),
) as [string, string, string, string];
for (const [shell, path] of Object.entries(SCRIPTS))
  write(
    path,
    completionScript(shell as Shell, [lvsctlSpots(tree), ipvsadmSpots()], { sh, bash, zsh, fish }),
  );

function write(path: string, text: string): void {
  const file = join(DIST, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
