// lvsctl check FILE: is the file right? Needs no root and no kernel.
import { readConfig } from '../config/read.js';
import type { Subcommand } from '../program.js';
import type { World } from '../world.js';

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .argument('<file>', 'the lvsctl file')
    .action((file: string) => finish((world) => check(file, world)));
};

/** Exit status 0 with a summary. @throws ConfigError the first slip */
async function check(file: string, { readText, out }: World): Promise<number> {
  const config = readConfig(readText(file), file);
  const servers = config.services.reduce((count, service) => count + service.servers.length, 0);
  out(
    `${file}: good; VIPs ${config.vips.length}, services ${config.services.length}, servers ${servers}\n`,
  );
  return 0;
}
