// A shell inside a machine that stays: starting a process in the lab costs 30 ms and more, and a shell
// starts its own cheaper than Node does.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const END = '@@end';

/** A part of a script: a command, and what it reads. */
export interface Part {
  readonly command: string;
  readonly input?: string;
}
export interface Said {
  readonly status: number;
  readonly text: string;
}

export class Console {
  readonly #child: ChildProcess;
  #lines: string[] = [];
  #said: Said[] = [];
  #done: ((said: readonly Said[] | Error) => void) | undefined;
  #left = 0;

  constructor(readonly machine: string) {
    this.#child = spawn('/sbin/ip', ['netns', 'exec', machine, '/bin/bash', '--norc'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.once('exit', () => this.#done?.(new Error(`the shell of ${machine} ended`)));
    createInterface({ input: this.#child.stdout as Readable }).on('line', (line) =>
      this.#heard(line),
    );
  }

  /** Runs commands one after the other. @returns status and output (stdout and stderr) of each */
  run(parts: readonly Part[]): Promise<readonly Said[]> {
    if (parts.length === 0) return Promise.resolve([]);
    this.#left = parts.length;
    this.#said = [];
    const script = parts.map(
      ({ command, input = '' }) =>
        `{ ${command}\n} 2>&1 <<'@@in'\n${input}\n@@in\necho "${END} $?"\n`,
    );
    return new Promise((done, fail) => {
      this.#done = (said) => (said instanceof Error ? fail(said) : done(said));
      this.#child.stdin?.write(script.join(''));
    });
  }

  /** As `run`. @throws when a command fails */
  async must(parts: readonly Part[]): Promise<readonly Said[]> {
    const said = await this.run(parts);
    const at = said.findIndex(({ status }) => status !== 0);
    if (at >= 0)
      throw new Error(
        `${this.machine}: ${parts[at]?.command} <<< ${parts[at]?.input}: ${said[at]?.text}`,
      );
    return said;
  }

  end(): void {
    this.#child.stdin?.end();
  }

  #heard(line: string): void {
    // the last line of a program may have no newline
    const at = line.lastIndexOf(END);
    if (at < 0) {
      this.#lines.push(line);
      return;
    }
    if (at > 0) this.#lines.push(line.slice(0, at));
    this.#said.push({ status: Number(line.slice(at + END.length)), text: this.#lines.join('\n') });
    this.#lines = [];
    if (--this.#left === 0) this.#done?.(this.#said);
  }
}
