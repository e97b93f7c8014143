// lvsctl check FILE: is the file right? Needs no root and no kernel.
import { ConfigError } from '../config/field.js';
import { readConfig } from '../config/read.js';
import type { Subcommand } from '../program.js';
import type { World } from '../world.js';

export const configure: Subcommand['configure'] = (program, finish) => {
  program.argument('<file>', 'the lvsctl file').action((file: string) => finish((world) => check(file, world)));
};

const BAD_FILE = 2;

/** Exit status 0 with a summary, or 2 with the first slip on stderr. */
async function check(file: string, { readText, out, err }: World): Promise<number> {
  try {
    const config = readConfig(readText(file), file);
    const servers = config.services.reduce((count, service) => count + service.servers.length, 0);
    out(`${file}: good; VIPs ${config.vips.length}, services ${config.services.length}, servers ${servers}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError) && !isSystemError(error)) throw error;
    err(`lvsctl: ${error.message}\n`);
    return BAD_FILE;
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
