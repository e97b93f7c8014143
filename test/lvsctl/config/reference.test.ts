import { expect, test } from 'vitest';
import { renderReference, renderSchema } from '../../../src/lvsctl/config/reference.js';

// `npx vitest run --config test/vitest.config.ts test/lvsctl/config/reference.test.ts -u` writes
// both anew.
test('the schema for editors is that of the table', async () => {
  await expect(renderSchema()).toMatchFileSnapshot('../../../share/lvsctl.schema.json');
});

test('the reference page is that of the table', async () => {
  await expect(renderReference()).toMatchFileSnapshot('../../../docs/lvsctl-file.md');
  expect(renderReference()).toContain('| `services[].checks[](https).verify` | boolean | `true` |');
});
