// The built ipvsadm and its wrappers, with descriptors, environment and status of their own, but
// one after another in one process. For what is not about a start, an end, pipes or signals.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChildOptions } from './child.js';
import type { Answer } from './transcript.js';

export interface OneProcess {
  /** Runs a command to its end; the one before has ended. */
  run(program: string, args: readonly string[], options?: Options): Promise<Answer>;
  /** Ends the process. */
  close(): Promise<void>;
}

interface Options extends ChildOptions {
  /** what is opened as its stdin, in place of a text */
  readonly from?: string;
  /** what is opened as its stdout, and with which flags */
  readonly to?: readonly [path: string, flags: string];
}

/** Starts a process for many commands. */
export function oneProcess(): OneProcess {
  const folder = mkdtempSync(join(tmpdir(), 'lvs-oneprocess-'));
  const [input, output, errors] = [join(folder, 'in'), join(folder, 'out'), join(folder, 'err')];
  const child = fork(fileURLToPath(new URL('carryout.cjs', import.meta.url)), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return {
    run(program, args, { env, stdin = '', from = input, to = [output, 'w'] } = {}) {
      writeFileSync(input, stdin, 'latin1');
      writeFileSync(output, '');
      const files = [[from, 'r'], to, [errors, 'w']];
      return new Promise((resolve, reject) => {
        const died = () => reject(new Error(`it ended: ${readFileSync(errors, 'latin1')}`));
        child.once('exit', died).once('message', (status: number) => {
          child.off('exit', died);
          const [stdout, stderr] = [readFileSync(output, 'latin1'), readFileSync(errors, 'latin1')];
          resolve({ stdout, stderr, status });
        });
        child.send({ program, args, env: { PATH: process.env.PATH, ...env }, files });
      });
    },
    async close() {
      child.disconnect();
      await once(child, 'exit');
      rmSync(folder, { recursive: true });
    },
  };
}
