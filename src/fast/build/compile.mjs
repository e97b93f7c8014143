// Compiles `wasm/` with AssemblyScript. That takes two seconds, so what was compiled is kept in
// node_modules, by the text of everything that it depends on.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';

const SOURCES = new URL('../wasm/', import.meta.url);
const KEPT = new URL('../../../node_modules/.cache/listing/', import.meta.url);
const ENTRY = 'listing.ts';
const OPTIONS = ['--runtime', 'stub', '-O3', '--noAssert', '--outFile', 'code'];

/**
 * The code of `wasm/`, and the number in it by which a bundle knows that it was made for it.
 * @param tables the text of `wasm/tables.ts`, which is no file
 * @throws Error with the compiler's messages
 */
export async function compile(tables) {
  const sources = new Map([['tables.ts', tables]]);
  for (const name of readdirSync(SOURCES).filter((name) => name.endsWith('.ts')))
    sources.set(name, readFileSync(new URL(name, SOURCES), 'utf8'));
  const { version: compiler } = createRequire(import.meta.url)('assemblyscript/package.json');
  const text = JSON.stringify([compiler, OPTIONS, ...[...sources].sort()]);
  const hash = createHash('sha256').update(text).digest();
  const version = hash.readInt32LE();
  sources.set('version.ts', `export const VERSION: i32 = ${version};`);
  const file = new URL(`${hash.toString('hex')}.wasm`, KEPT);
  return { version, code: read(file) ?? keep(file, await compileNow(sources)) };
}

async function compileNow(sources) {
  const { default: asc } = await import('assemblyscript/asc');
  let code;
  const { error, stderr } = await asc.main([ENTRY, ...OPTIONS], {
    // the compiler asks for several names of one file
    readFile: (name) => sources.get(basename(name)) ?? null,
    writeFile: (_, contents) => {
      code = contents;
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message}\n${stderr}`);
  return code;
}

function read(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Through a name of its own: others may compile at the same time. */
function keep(file, code) {
  mkdirSync(KEPT, { recursive: true });
  const own = new URL(`${file}.${process.pid}`);
  writeFileSync(own, code);
  renameSync(own, file);
  return code;
}
