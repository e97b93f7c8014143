// Where lvsctl is put together: the only file of it that touches the process and the machine.
import { readFileSync } from 'node:fs';
import { openBackend } from '../backend/open.js';
import { BackendError, IpvsError } from '../model/errors.js';
import { messageFor } from '../render/messages.js';
import { loadModule, mayOpenRawSockets } from '../system/exec.js';
import { run } from './program.js';
import type { World } from './world.js';

const FAILED = 2;

/** `lvsctl` */
export async function main(): Promise<void> {
  const world: World = {
    openBackend: () => openBackend(process.env.LVS_BACKEND, { loadModule: () => loadModule('ip_vs'), mayOpenRawSockets }),
    readText: (path) => readFileSync(path, 'utf8'),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    colour: process.stdout.isTTY === true && !process.env.NO_COLOR,
    width: process.stdout.columns ?? 80,
    env: process.env,
  };
  // A reader that went away (`| head`) ends the output quietly.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  try {
    process.exitCode = await run(process.argv.slice(2), world);
  } catch (error) {
    if (error instanceof BackendError) world.err(`lvsctl: ${error.message}\n`);
    else if (error instanceof IpvsError) world.err(`lvsctl: ${messageFor(error)}\n`);
    else throw error;
    process.exitCode = FAILED;
  }
}
