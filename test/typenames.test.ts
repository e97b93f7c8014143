// A type's name is used once in the whole tree, so that a reader who meets it knows what it is.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SRC = new URL('../src', import.meta.url).pathname;

/** A type and where it is declared; `exported` ones are met in other files. */
interface Declared {
  readonly name: string;
  readonly exported: boolean;
  readonly file: string;
}

test('an exported type has a name that no other type has', () => {
  // what a user of the library sees has the short names, which the model has too
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.c?ts$/.test(name) && !name.startsWith('library/'),
  );
  const all = files.flatMap((file) => declaredIn(readFileSync(join(SRC, file), 'utf8'), file));
  expect(all.length).toBeGreaterThan(300);
  expect(namedAlike(all)).toEqual([]);
});

test('names are found however the type is declared', () => {
  const one = declaredIn(
    'export interface A<T> {\n}\nexport type B = 1;\nexport abstract class C {}\ntype D = A<B>;\n' +
      '// type E = 1\n  type Inner = 2;\nexport type { F } from "x";\n',
    'one',
  );
  expect(one.map(({ name, exported }) => [name, exported])).toEqual([
    ['A', true],
    ['B', true],
    ['C', true],
    ['D', false],
  ]);
  const other = declaredIn('interface A {}\ntype D = 2;\n', 'other');
  // two that are not exported may be alike: nobody meets both in one file
  expect(namedAlike([...one, ...other])).toEqual(['A: one, other']);
});

function declaredIn(text: string, file: string): Declared[] {
  const pattern = /^(export )?(?:declare )?(?:abstract )?(?:interface|type|class) (\w+)\b/gm;
  return [...text.matchAll(pattern)].map(([, exported, name = '']) => ({
    name,
    exported: exported !== undefined,
    file,
  }));
}

function namedAlike(all: readonly Declared[]): string[] {
  const byName = new Map<string, Declared[]>();
  for (const one of all) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  return [...byName]
    .filter(([, group]) => group.length > 1 && group.some(({ exported }) => exported))
    .map(([name, group]) => `${name}: ${group.map(({ file }) => file).join(', ')}`);
}
