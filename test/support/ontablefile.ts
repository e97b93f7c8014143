// Commands on a table file inside this process, where it is not the process that is tested: the
// start of Node alone takes a tenth of a second of CPU.
import { openFile } from '../../src/backend/table/file.js';
import { systemWorld } from '../../src/lvsctl/main.js';
import { run } from '../../src/lvsctl/program.js';
import { answer } from './inprocess.js';
import type { Answer } from './transcript.js';

/** Carries out rules as `ipvsadm -R` reads them. */
export async function fillTable(path: string, rules: string): Promise<void> {
  const { stderr } = await answer('ipvsadm', ['-R'], { backend: openFile(path), stdin: rules });
  if (stderr !== '') throw new Error(stderr);
}

/** The rules of a table file, as `ipvsadm -S -n` prints them. */
export async function rulesIn(path: string): Promise<string> {
  return (await answer('ipvsadm', ['-S', '-n'], { backend: openFile(path) })).stdout;
}

/** lvsctl with the machine as it is, and the rules of a table file. */
export async function lvsctlOn(path: string, args: readonly string[]): Promise<Answer> {
  let stdout = '';
  let stderr = '';
  const { world, close } = worldOn(path, {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    flushed: async () => {},
    isRead: () => true,
    ignoreOutputErrors: () => {},
  });
  try {
    const status = await run(args, { ...world, isTerminal: false, colour: false, screen: false });
    return { stdout, stderr, status };
  } finally {
    await close();
  }
}

/** The environment is read while the world is made, and by nobody else meanwhile. */
function worldOn(path: string, io: Parameters<typeof systemWorld>[0]) {
  const before = process.env.LVS_BACKEND;
  process.env.LVS_BACKEND = `file:${path}`;
  try {
    return systemWorld(io);
  } finally {
    if (before === undefined) delete process.env.LVS_BACKEND;
    else process.env.LVS_BACKEND = before;
  }
}
