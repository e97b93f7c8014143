// npm run bench:native: the native rows of the bench alone.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableText } from '../rows.js';
import { nativeRows } from './native.js';

const folder = mkdtempSync(join(tmpdir(), 'lvs-native-'));
try {
  process.stdout.write(tableText(nativeRows(folder)));
} finally {
  rmSync(folder, { recursive: true });
}
