// Files with random errors: an import ends with a file that `lvsctl check` takes, or with an error of
// lvsctl that has its place. It never fails in another way, and takes little time.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LvsctlError } from '../../../src/lvsctl/errors.js';
import { fromKeepalived } from '../../../src/lvsctl/import/keepalived/convert.js';
import { fromLdirectord } from '../../../src/lvsctl/import/ldirectord/convert.js';
import { importDraft } from '../../../src/lvsctl/import/run.js';
import { FULL } from '../../support/full.js';
import { fixtureNames } from '../../support/names.js';

const FIXTURES = new URL('../../fixtures/import/', import.meta.url).pathname;
const texts = readdirSync(FIXTURES)
  .filter((name) => /\.(?:conf|cf)$/.test(name))
  .map((name) => ({ name, lines: readFileSync(FIXTURES + name, 'utf8').split('\n') }));

const ODD = [
  '{',
  '}',
  '"',
  "'",
  '\\',
  '$N',
  '$'.concat('{N}'),
  '@x',
  '~SEQ(A, 1, 9)',
  '0',
  '-1',
  '99999999999',
  '',
  '::1',
  '10.0.0.1',
  '\u0000',
  '#',
  '=',
  'real_server',
  'virtual_server group X',
  'TCP_CHECK {',
  '->',
];
const mutation = fc.record({
  file: fc.nat(texts.length - 1),
  changes: fc.array(
    fc.record({
      line: fc.nat(200),
      kind: fc.constantFrom('drop', 'double', 'swap', 'word', 'insert', 'letter'),
      text: fc.constantFrom(...ODD),
      at: fc.nat(40),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

interface Mutation {
  readonly file: number;
  readonly changes: readonly {
    readonly line: number;
    readonly kind: string;
    readonly text: string;
    readonly at: number;
  }[];
}

function mutated({ file, changes }: Mutation): string {
  const lines = [...(texts[file]?.lines ?? [])];
  for (const { line, kind, text, at } of changes) {
    const i = line % lines.length;
    const old = lines[i] ?? '';
    const words = old.split(' ');
    if (kind === 'drop') lines.splice(i, 1);
    else if (kind === 'double') lines.splice(i, 0, old);
    else if (kind === 'swap') lines.splice(i, 2, lines[i + 1] ?? '', old);
    else if (kind === 'insert') lines.splice(i, 0, text);
    else if (kind === 'letter') lines[i] = old.slice(0, at) + text + old.slice(at + 1);
    else lines[i] = words.map((word, n) => (n === at % words.length ? text : word)).join(' ');
    if (lines.length === 0) lines.push('');
  }
  return lines.join('\n');
}

test('random errors', async () => {
  const context = {
    marks: [],
    interfaceOf: () => 'eth0',
    strict: false,
  };
  const none = { readText: () => '', filesMatching: () => [] };
  let imported = 0;
  await fc.assert(
    fc.asyncProperty(mutation, async (one) => {
      const text = mutated(one);
      try {
        const draft = texts[one.file]?.name.endsWith('.cf')
          ? await fromLdirectord(text, 'f', fixtureNames())
          : fromKeepalived(text, 'f', {
              files: none,
              configId: { name: 'main', given: true },
              interface: 'eth0',
            });
        importDraft(draft, 'f', context);
        imported++;
      } catch (error) {
        if (!(error instanceof LvsctlError)) throw error;
        expect(error.message).not.toContain('the file made of it');
      }
    }),
    { numRuns: FULL ? 10_000 : 60 },
  );
  expect(imported).toBeGreaterThan(30);
});
