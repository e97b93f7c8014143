// A script of bash in which the programs of bin/ are carried out in one process: oneshell.cjs.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** To be read by the script. */
export const FUNCTIONS = join(HERE, 'oneshell.sh');

interface Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** what it is started by: a program and its arguments */
  readonly by?: readonly string[];
}

/**
 * Runs bash with some arguments.
 * @returns what was printed, on stdout and stderr
 */
export function oneShell(args: readonly string[], { by = [], ...options }: Options): string {
  const folder = mkdtempSync(join(tmpdir(), 'lvs-oneshell-'));
  const path = join(folder, 'output');
  // a file, since a command opens it anew: Node's pipes are sockets
  const output = openSync(path, 'a');
  try {
    const [program = '', ...words] = [
      ...by,
      process.execPath,
      join(HERE, 'oneshell.cjs'),
      'bash',
      ...args,
    ];
    const stdio = ['ignore', output, output] as const;
    const { status, error } = spawnSync(program, words, { ...options, stdio: [...stdio] });
    const text = readFileSync(path, 'utf8');
    if (status !== 0) throw error ?? new Error(`bash ended with ${status}: ${text}`);
    return text;
  } finally {
    closeSync(output);
    rmSync(folder, { recursive: true });
  }
}
