// The table of metrics in docs/reference/metrics.md, made from the rows of the program.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METRICS } from '../../src/lvsctl/serve/metrics.js';
import { withParts } from './page.js';

const PAGE = 'docs/reference/metrics.md';

test('the page has all metrics', async () => {
  const rows = METRICS.map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`);
  const table = ['| metric | type | meaning |', '|---|---|---|', ...rows].join('\n');
  const page = withParts(readFileSync(PAGE, 'utf8'), new Map([['metrics', table]]));
  await expect(page).toMatchFileSnapshot(`../../${PAGE}`);
});
