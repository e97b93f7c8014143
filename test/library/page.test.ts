// docs/reference/library.md: its declarations are those of src/library/api.d.ts (-u writes them),
// and its examples run with what is shipped.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withParts } from '../docs/page.js';

const PAGE = 'docs/reference/library.md';
const API = readFileSync('src/library/api.d.ts', 'utf8');

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
  const script = "import * as all from 'lvs-cli'; console.log(Object.keys(all).sort().join(' '))";
  expect(run(script).trim()).toBe(declared.toSorted().join(' '));
  expect(readFileSync('dist/library.d.mts', 'utf8')).toBe(API);
});

describe('examples', () => {
  const text = readFileSync(PAGE, 'utf8');
  const examples = [...text.matchAll(/^### (.*)\n\n```js\n([\s\S]*?)```\n\n```\n([\s\S]*?)```$/gm)];
  test('are five', () => expect(examples.length).toBe(5));
  test.each(examples.map(([, name = '', code = '', output = '']) => ({ name, code, output })))(
    '$name',
    ({ code, output }) => expect(run(code).replace(/ +$/gm, '')).toBe(output),
  );
});

/** Runs an ES module that finds this package by its name, in a directory of its own. */
function run(code: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'library-'));
  // a package finds itself by its name from within
  const file = resolve(`dist/test-library-${process.pid}.mjs`);
  try {
    // the seconds that an example waits
    writeFileSync(file, code.replace('seconds * 1000', 'seconds'));
    return execFileSync(process.execPath, [file], { cwd: directory, encoding: 'utf8' });
  } finally {
    rmSync(file, { force: true });
    rmSync(directory, { recursive: true });
  }
}
