// docs/reference/cli.md has the help text of every command, as an 80-column terminal shows it; the
// same command with -u writes it anew.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MANUAL } from '../../src/lvsctl/manual.js';
import { lvsctl } from '../support/lvsctl.js';
import { partsOf, withParts } from './page.js';

const PAGE = 'docs/reference/cli.md';
const page = readFileSync(PAGE, 'utf8');
const partOf = (name: string) => `help ${name}`.trim();

test('every command is on the page', () => {
  const commands = Object.keys(MANUAL).map(partOf);
  expect(partsOf(page).sort()).toEqual(commands.sort());
});

test('the help texts are those of the program', async () => {
  const parts = new Map<string, string>();
  for (const name of Object.keys(MANUAL)) {
    const args = name === '' ? [] : name.split(' ');
    const { stdout } = await lvsctl([...args, '--help'], {}, { docs: 'docs' });
    parts.set(
      partOf(name),
      `\`\`\`console\n$ ${['lvsctl', ...args].join(' ')} --help\n${stdout}\`\`\``,
    );
  }
  await expect(withParts(page, parts)).toMatchFileSnapshot(`../../${PAGE}`);
});
