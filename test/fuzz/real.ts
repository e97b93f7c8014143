// The real ipvsadm, through the driver.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Answer } from '../support/transcript.js';

const CRASHED = 256;
const TIMED_OUT = 512;
const LIMIT_SECONDS = 5;

export interface RealTool {
  /**
   * Runs it with these words; `unusable` when it crashed or hung, which is no behaviour to follow.
   */
  run(
    args: readonly string[],
    stdin?: string,
    options?: RunOptions,
  ): Promise<Answer & { readonly unusable: boolean }>;
  close(): void;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** a program beside it, such as ipvsadm-save */
  readonly program?: string;
  /** a program and its words to run instead, which runs the tool with the words that follow */
  readonly through?: readonly string[];
}

/**
 * Compiles and starts the driver.
 * @param program absolute path
 * @param source the driver's source file
 */
export function startReal(program: string, source: string): RealTool {
  const folder = mkdtempSync(join(tmpdir(), 'lvs-driver-'));
  const binary = join(folder, 'driver');
  execFileSync('/usr/bin/gcc', ['-O1', '-o', binary, source]);
  const child: ChildProcess = spawn(binary, [], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C' },
  });
  let held = Buffer.alloc(0);
  let wake: (() => void) | undefined;
  child.stdout?.on('data', (piece: Buffer) => {
    held = Buffer.concat([held, piece]);
    wake?.();
  });
  const take = async (length: number): Promise<Buffer> => {
    while (held.length < length)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    const piece = held.subarray(0, length);
    held = held.subarray(length);
    return piece;
  };
  const number = async () => (await take(4)).readUInt32LE(0);
  const text = async () => (await take(await number())).toString('latin1');
  return {
    async run(args, stdin = '', { env = {}, program: other, through } = {}) {
      const path = other ? join(dirname(program), other) : program;
      const names = Object.entries(env).map(([name, value]) =>
        Buffer.from(`${name}=${value}`, 'latin1'),
      );
      const texts = [
        ...(through ? [through[0] as string, ...through] : [path, other ?? 'ipvsadm']),
        ...args,
      ].map((arg) => Buffer.from(arg, 'latin1'));
      const parts = [
        u32(LIMIT_SECONDS),
        u32(names.length),
        ...names.flatMap((each) => [u32(each.length), each]),
        u32(texts.length),
        ...texts.flatMap((each) => [u32(each.length), each]),
      ];
      const input = Buffer.from(stdin, 'latin1');
      child.stdin?.write(Buffer.concat([...parts, u32(input.length), input]));
      const status = await number();
      const stdout = await text();
      const stderr = await text();
      return { stdout, stderr, status, unusable: status === TIMED_OUT || status > CRASHED };
    },
    close() {
      child.stdin?.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
