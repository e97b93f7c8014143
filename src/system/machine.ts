// The machine for plans: programs by absolute path, files below /proc and /sys.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Where programs for administrators are; PATH is not trusted. */
const DIRECTORIES = ['/usr/sbin', '/sbin', '/usr/bin', '/bin', '/usr/local/sbin'];
const NOT_INSTALLED = 127;
/** a program that takes longer is stuck */
const LIMIT_MS = 60_000;

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The absolute path of a program, undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  return DIRECTORIES.map((directory) => `${directory}/${name}`).find((path) => existsSync(path));
}

/**
 * Runs a program to its end.
 * @param input what it reads
 * @param held a descriptor that it inherits, by which it can be found when this process has ended
 * @returns status 127 when it is not installed, 128 + signal number is never made up: a signal is
 *   status 126
 */
export function runProgram(
  name: string,
  args: readonly string[],
  { input = '', held }: { readonly input?: string; readonly held?: number } = {},
): Ran {
  const path = findProgram(name);
  if (path === undefined) return notInstalled(name);
  const { status, signal, stdout, stderr, error } = spawnSync(path, args, {
    encoding: 'utf8',
    input,
    stdio: ['pipe', 'pipe', 'pipe', ...(held === undefined ? [] : [held])],
    timeout: LIMIT_MS,
    maxBuffer: 256 * 1024 * 1024,
    env: { PATH: DIRECTORIES.join(':'), LC_ALL: 'C' },
  });
  if (status !== null) return { status, stdout, stderr };
  return {
    status: 126,
    stdout: stdout ?? '',
    stderr: error?.message ?? `${name} was ended by ${signal}`,
  };
}

const AT_ONCE = 50;

/** Runs a program with each of several argument lists, some at once. @returns as `runProgram` */
export async function runPrograms(
  name: string,
  lists: readonly (readonly string[])[],
): Promise<readonly Ran[]> {
  const path = findProgram(name);
  const results: Ran[] = [];
  for (let i = 0; i < lists.length; i += AT_ONCE) {
    const some = lists.slice(i, i + AT_ONCE);
    results.push(
      ...(await Promise.all(
        some.map((args) => (path === undefined ? notInstalled(name) : runAsync(path, args))),
      )),
    );
  }
  return results;
}

function runAsync(path: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(path, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
      env: { PATH: DIRECTORIES.join(':'), LC_ALL: 'C' },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child
      .once('error', (error) => resolve({ status: 126, stdout, stderr: error.message }))
      .once('close', (status) => resolve({ status: status ?? 126, stdout, stderr }));
  });
}

function notInstalled(name: string): Ran {
  return { status: NOT_INSTALLED, stdout: '', stderr: `${name} is not installed` };
}

/** The text of a file, undefined when it cannot be read. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // absent, or not for this user: callers ask for what there is
  }
}

/** Writes a file below /proc, which takes the text in one piece. @throws a system error */
export function writeProc(path: string, text: string): void {
  writeFileSync(path, text);
}

/** The names in a directory, sorted; none when it cannot be read. */
export function namesIn(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return []; // absent, as for readIfThere
  }
}
