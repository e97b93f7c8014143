// A program that gets this process's terminal and streams.
import { spawn } from 'node:child_process';

/**
 * Runs a program until it ends; what is typed and the signals of the terminal are its own.
 * @param env added to this process's
 * @returns its exit status, 128 when a signal ended it
 * @throws a system error when it cannot be started
 */
export function runAttached(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const child = spawn(program, [...args], { stdio: 'inherit', env: { ...process.env, ...env } });
  // the terminal sends ^C to both
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', (status) => resolve(status ?? 128));
  });
}
