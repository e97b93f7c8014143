// The built commands as processes of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer } from './transcript.js';

const bin = (program: string) => fileURLToPath(new URL(`../../bin/${program}`, import.meta.url));

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/**
 * Starts a built command; its stdin is a pipe. Only PATH and what is given is in its environment.
 */
export function start(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, [bin(program), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: 'pipe',
  });
}

/** Runs a built command to its end. */
export function runChild(
  program: string,
  args: readonly string[],
  { env = {}, stdin = '' }: ChildOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = start(program, args, env);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('latin1').on('data', (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding('latin1').on('data', (text) => {
      stderr += text;
    });
    child.stdin?.on('error', () => {}); // it may end without reading all
    child.stdin?.end(Buffer.from(stdin, 'latin1'));
    child
      .on('error', reject)
      .on('close', (status) => resolve({ stdout, stderr, status: status ?? -1 }));
  });
}
