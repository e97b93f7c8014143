// The file of the code beside the bundles: without the right one, the general printers do all.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CompiledListing } from '../../src/fast/code.js';
import { VERSION } from '../../src/fast/generated.js';

const ROOT = new URL('../..', import.meta.url).pathname;
const CONNECTIONS = `Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899
`;
/** a module that has a memory of one page, and nothing else */
const OTHER_MODULE = Buffer.from(
  '\0asm\x01\0\0\0\x05\x03\x01\0\x01\x07\x0a\x01\x06memory\x02\0',
  'latin1',
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lvs-code-'));
  for (const name of ['bin', 'dist', 'net']) mkdirSync(join(folder, name));
  for (const name of ['bin/ipvsadm', 'bin/package.json', 'dist/start.cjs', 'dist/local.cjs'])
    copyFileSync(join(ROOT, name), join(folder, name));
  writeFileSync(join(folder, 'net/ip_vs_conn'), CONNECTIONS);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lists the connections. @param file `listing.wasm`; undefined = there is none */
function listedWith(file: Buffer | undefined, ...options: string[]) {
  const path = join(folder, 'dist/listing.wasm');
  rmSync(path, { force: true });
  if (file !== undefined) writeFileSync(path, file);
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...options, join(folder, 'bin/ipvsadm'), '-Lcn'],
    { env: { LVS_BACKEND: 'memory', LVS_PROCFS: folder }, encoding: 'utf8' },
  );
  return { stdout, stderr, status };
}

test('without its file, with a damaged one or that of another version, rows are the same', () => {
  const code = readFileSync(join(ROOT, 'dist/listing.wasm'));
  const rows = listedWith(code);
  expect(rows).toMatchObject({ stderr: '', status: 0 });
  expect(rows.stdout).toContain('14:59  ESTABLISHED 192.168.0.1:33333');
  for (const file of [undefined, Buffer.alloc(0), code.subarray(0, 5000), OTHER_MODULE])
    expect(listedWith(file)).toEqual(rows);
  expect(listedWith(code, '--jitless').stdout).toBe(rows.stdout);
});

test('the code has the number of its build', () => {
  expect(CompiledListing.open()?.code.VERSION.value).toBe(VERSION);
});

test('a table for which there is no memory is an error with a text', () => {
  const most = 2 ** 32;
  expect(() => CompiledListing.open()?.reserve(2 * most)).toThrow(
    'not enough memory for the table',
  );
});
