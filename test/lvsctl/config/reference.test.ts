import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import type { ConfigError } from '../../../src/lvsctl/config/problem.js';
import { inspectConfig } from '../../../src/lvsctl/config/read.js';
import { renderReference, renderSchema } from '../../../src/lvsctl/config/reference.js';
import { lvsctl } from '../../support/lvsctl.js';

const ROOT = new URL('../../../', import.meta.url).pathname;
const read = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8');

// `npx vitest run --config test/vitest.config.ts test/lvsctl/config/reference.test.ts -u` writes
// both anew.
test('the schema for editors is that of the table', async () => {
  await expect(renderSchema()).toMatchFileSnapshot('../../../share/lvsctl.schema.json');
});

test('the tables of the reference page are those of the table', async () => {
  const page = renderReference(read('docs/reference/file.md'));
  await expect(page).toMatchFileSnapshot('../../../docs/reference/file.md');
  expect(page).toContain('| `verify` (https, smtp, send_expect) | boolean | `true` |');
  expect(page.match(/^\| `interval` /gm)?.length).toBe(1);
  expect(page).toMatch(/`services\[\]\.flags` \| list of flag-1, .*mh-port/);
});

test('the example is right without a warning, and has every key above the checks', () => {
  const text = read('share/examples/lvs.yaml');
  expect(inspectConfig(text, 'lvs.yaml').warnings).toEqual([]);
  const schema = JSON.parse(renderSchema());
  const services = parseDocument(text).toJS().services as Record<string, unknown>[];
  const used = new Set(services.flatMap((service) => Object.keys(service)));
  expect(
    Object.keys(schema.properties.services.items.anyOf[0].properties).filter(
      (key) => !used.has(key),
    ),
  ).toEqual([]);
  expect(Object.keys(schema.properties)).toEqual(Object.keys(parseDocument(text).toJS()));
});

test('the file on the reference page is right', () => {
  const [example = ''] = read('docs/reference/file.md').match(/(?<=```yaml\n)[^`]*/) ?? [];
  expect(inspectConfig(example, 'lvs.yaml').warnings).toEqual([]);
});

test('the variables on the reference page are checked for both hosts as it shows', async () => {
  const page = read('docs/reference/file.md');
  const [text = ''] = page.match(/(?<=```yaml\n)vars:[^`]*/) ?? [];
  const good = await lvsctl(['check', 'lvs.yaml'], { 'lvs.yaml': text });
  expect(good.stdout).toContain('good for lb2');
  expect(page).toContain(`$ lvsctl check lvs.yaml\n${good.stdout}`);
  const args = ['check', 'lvs.yaml', '--set', 'sync_role=slave'];
  const wrong = await lvsctl(args, { 'lvs.yaml': text });
  expect(page).toContain(`$ lvsctl ${args.join(' ')}\n${wrong.stderr}\`\`\``);
});

test('the errors on the reference page are those of such a file', () => {
  const text = `vips:
  - {address: 192.0.2.10/24, interface: eth0}
services:
  - name: web
    address: 192.0.2.10
    port: 80
    mode: NAT
    sheduler: rr
    servers: [{address: 192.0.2.11:8080, weight: "2"}]
`;
  let report = '';
  try {
    inspectConfig(text, 'lvs.yaml');
  } catch (error) {
    report = (error as ConfigError).report;
  }
  expect(report).toContain('5 errors');
  expect(read('docs/reference/file.md')).toContain(`$ lvsctl check lvs.yaml\nlvsctl: ${report}\n`);
});

// biome-ignore format: a table
test.each([
  '', 'a page', '<!-- keys: file -->\nno end\n', '<!-- end -->\n', '<!-- keys: file --><!-- end -->\n', '<!-- end -->\n<!-- keys: file -->\n', '<!-- keys: others -->\nx\n<!-- end -->\n',
])('a page without a place for a table stays as it is: %j', (page) => {
  expect(renderReference(page)).toBe(page);
});

test('a table is between its two lines, the text around it stays', () => {
  const page = 'before\n<!-- keys: checks -->\nold\n<!-- end -->\nafter <!-- end -->\n';
  const lines = renderReference(page).split('\n');
  const head = [
    'before',
    '<!-- keys: checks -->',
    '',
    '| key | type | default | meaning |',
    '|---|---|---|---|',
  ];
  expect(lines.slice(0, 5)).toEqual(head);
  expect(lines[5]).toMatch(/^\| `kind` \| tcp, http, .* \| required \| the kind \|$/);
  expect(lines.slice(-4)).toEqual(['', '<!-- end -->', 'after <!-- end -->', '']);
});
