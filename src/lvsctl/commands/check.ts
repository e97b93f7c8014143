// lvsctl check FILE: validates a file. Needs no root and no kernel.
import { printable } from '../../render/printable.js';
import { renderWarnings } from '../config/problem.js';
import { inspectConfig } from '../config/read.js';
import type { Subcommand } from '../subcommand.js';
import type { World } from '../world.js';

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .argument('<file>', 'the lvsctl file, - for stdin')
    .action((file: string) => finish((world) => check(file, world)));
};

/**
 * Exit status 0 with a summary on stdout and warnings on stderr.
 * @throws ConfigError all errors
 */
async function check(file: string, { readText, out, err }: World): Promise<number> {
  const { config, warnings } = inspectConfig(readText(file), file);
  err(renderWarnings(warnings));
  const servers = config.services.reduce((count, service) => count + service.servers.length, 0);
  const counts = `VIPs ${config.vips.length}, services ${config.services.length}, servers ${servers}`;
  out(
    `${printable(file)}: good; ${counts}${warnings.length > 0 ? `, warnings ${warnings.length}` : ''}\n`,
  );
  return 0;
}
