// The version, which is defined in package.json alone: `define` puts it into bundles and tests.
import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** for esbuild and vitest */
export const define = { LVS_CLI_VERSION: JSON.stringify(version) };
