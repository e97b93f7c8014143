// docs/reference/library.md: its declarations are those of src/library/api.d.ts (-u writes them),
// and its examples run with what is shipped.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { withParts } from '../docs/page.js';

const PAGE = 'docs/reference/library.md';
const API = readFileSync('src/library/api.d.ts', 'utf8');

/** stands where the output of a module ends */
const END = '-- end --';
const NAMES = "import * as all from 'lvs-cli'; console.log(Object.keys(all).sort().join(' '))";
const EXAMPLES = [
  ...readFileSync(PAGE, 'utf8').matchAll(
    /^### (.*)\n\n```js\n([\s\S]*?)```\n\n```\n([\s\S]*?)```$/gm,
  ),
];
/** what was printed by the names, then by each example */
let outputs: readonly string[] = [];
beforeAll(() => {
  outputs = run([NAMES, ...EXAMPLES.map(([, , code = '']) => code)]);
});

/** Each declaration of the file: its name, its comment, its code. */
function declarations() {
  return API.split(/\n(?=\/\*\*|export )/)
    .filter((part) => part.includes('\nexport ') || part.startsWith('export '))
    .map((part) => {
      const [, comment = '', code = ''] =
        /^(?:(\/\*\*[\s\S]*?\*\/)\n)?(export [\s\S]*)$/.exec(part.trim()) ?? [];
      const name =
        /^export (?:declare )?(?:type|interface|class|function) (\w+)/.exec(code)?.[1] ?? '';
      return { name, comment, code };
    });
}

/** The text of a doc comment; `@param` and `@throws` become lines of a list. */
function prose(comment: string): string {
  const text = comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .join('\n')
    .trim();
  const [body = '', ...tags] = text.split(/\n@|^@/);
  const items = tags.map((tag) => `- ${tag.replace(/\n/g, '\n  ').replace(/^(\w+)/, '*$1*')}`);
  return [body.trim(), items.join('\n')].filter(Boolean).join('\n\n');
}

test('the declarations on the page are those of the file', async () => {
  const text = declarations()
    .map(({ name, comment, code }) =>
      [`### ${name}`, prose(comment), `\`\`\`ts\n${code}\n\`\`\``].filter(Boolean).join('\n\n'),
    )
    .join('\n\n');
  const page = withParts(readFileSync(PAGE, 'utf8'), new Map([['library', text]]));
  await expect(page).toMatchFileSnapshot(`../../${PAGE}`);
});

test('what is shipped has what is declared, and nothing else', () => {
  const declared = [...API.matchAll(/^export declare (?:function|class) (\w+)/gm)].map(
    ([, name]) => name,
  );
  expect(outputs[0]?.trim()).toBe(declared.toSorted().join(' '));
  expect(readFileSync('dist/library.d.mts', 'utf8')).toBe(API);
});

describe('examples', () => {
  test('are five', () => expect(EXAMPLES.length).toBe(5));
  test.each(EXAMPLES.map(([, name = '', , output = ''], i) => ({ name, output, i })))(
    '$name',
    ({ output, i }) => expect(outputs[i + 1]?.replace(/ +$/gm, '')).toBe(output),
  );
});

/** Runs ES modules that find this package by its name: one process, a directory for each. */
function run(codes: readonly string[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'library-'));
  // a package finds itself by its name from within
  const files = codes.map((_, i) => resolve(`dist/test-library-${process.pid}-${i}.mjs`));
  try {
    // the seconds that an example waits
    for (const [i, file] of files.entries())
      writeFileSync(file, (codes[i] ?? '').replace('seconds * 1000', 'seconds'));
    const script = files.map((file, i) => {
      const own = join(directory, `${i}`);
      mkdirSync(own);
      return `process.chdir('${own}'); await import('${file}'); console.log('${END}');`;
    });
    const args = ['--input-type=module', '--eval', script.join('\n')];
    const text = execFileSync(process.execPath, args, { encoding: 'utf8' });
    return text.split(`${END}\n`);
  } finally {
    for (const file of files) rmSync(file, { force: true });
    rmSync(directory, { recursive: true });
  }
}
