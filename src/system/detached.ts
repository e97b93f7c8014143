// A process that outlives this one and its terminal: a session of its own, no terminal, SIGHUP
// ignored.
import { spawn } from 'node:child_process';

/** longer than any start of Node on a busy machine */
const READY_MS = 30_000;
const READY = 'ready\n';

/**
 * Runs this program again with other arguments, detached.
 * @param cwd its working directory
 * @returns its pid, when it has called `announceReady`
 * @throws a system error when it ends before, or does not get that far
 */
export function startDetached(args: readonly string[], cwd: string): Promise<number> {
  const self = [...process.execArgv, process.argv[1] ?? ''];
  const child = spawn(process.execPath, [...self, ...args], {
    detached: true,
    cwd,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(Object.assign(new Error(`the guard process: ${why}`), { syscall: 'spawn' }));
    };
    const timer = setTimeout(() => fail('did not start in time'), READY_MS);
    let text = '';
    child.once('error', (error) => fail(error.message));
    child.once('exit', (status) => fail(`ended with ${status}`));
    child.stdout?.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      if (!text.includes(READY) || child.pid === undefined) return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      child.stdout?.destroy();
      child.unref();
      resolve(child.pid);
    });
  });
}

/** From the process that `startDetached` started: it is running, and stays when its parent ends. */
export function announceReady(): void {
  process.on('SIGHUP', () => {});
  process.stdout.on('error', () => {}); // the parent has ended
  process.stdout.write(READY);
}
