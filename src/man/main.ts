// Writes the manual: `node dist/man.mjs DIRECTORY`, part of the build.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { wholeProgram } from '../lvsctl/program.js';
import { commandTree } from '../lvsctl/tree.js';
import { VERSION } from '../render/version.js';
import { manualFiles } from './manual.js';

const [directory = 'dist/man'] = process.argv.slice(2);
const files = manualFiles({
  tree: commandTree(await wholeProgram()),
  read: (path) => readFileSync(path, 'utf8'),
  version: VERSION,
});
for (const { path, text } of files) {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
