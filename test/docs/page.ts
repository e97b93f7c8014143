// The pages, and parts of them that are made from the program: `<!-- NAME -->` begins one,
// `<!-- end -->` ends it. The text around them is written by hand.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The paths of all pages. */
export function pages(): string[] {
  return [
    'README.md',
    ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name))
      .sort(),
  ];
}

/** The names of the parts of a page, in order. */
export function partsOf(page: string): string[] {
  return [...page.matchAll(/^<!-- (.*) -->\n/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'end');
}

/** The page with the parts made anew. @param parts text by name, without a newline at its end */
export function withParts(page: string, parts: ReadonlyMap<string, string>): string {
  return page.replace(
    /^<!-- (.*) -->\n[\s\S]*?^<!-- end -->$/gm,
    (old: string, name: string): string => {
      const text = parts.get(name);
      return text === undefined ? old : `<!-- ${name} -->\n\n${text}\n\n<!-- end -->`;
    },
  );
}
