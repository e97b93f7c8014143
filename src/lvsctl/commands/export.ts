// lvsctl export FORMAT FILE: an lvsctl file in the form of another program, on stdout.
import { Argument } from 'commander';
import type { Config } from '../config/file.js';
import { readConfig } from '../config/read.js';
import { LvsctlError } from '../errors.js';
import { type Exported, renderOmissions } from '../export/exported.js';
import type { Subcommand } from '../subcommand.js';
import type { World } from '../world.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';

interface Options extends VariableOptions {
  readonly strict?: boolean;
}

/** What makes each format, loaded when it is asked for. */
const FORMATS: Readonly<Record<string, () => Promise<(config: Config) => Exported>>> = {
  keepalived: async () => (await import('../export/keepalived.js')).toKeepalived,
  rules: async () => (await import('../export/rules.js')).toRules,
  nft: async () => (await import('../export/nft.js')).toNft,
};

export const configure: Subcommand['configure'] = (program, finish) => {
  addVariables(
    program
      .addArgument(
        new Argument(
          '<format>',
          'keepalived.conf, saved rules of ipvsadm, or the firewall marks as a file for nft -f',
        ).choices(Object.keys(FORMATS)),
      )
      .argument('<file>', 'the lvsctl file, - for stdin'),
  )
    .option('--strict', 'write nothing when something of the file is left out')
    .action((format: string, file: string, options: Options) =>
      finish((world) => exportFile(format, file, options, world)),
    );
};

async function exportFile(
  format: string,
  file: string,
  options: Options,
  world: World,
): Promise<number> {
  const config = readConfig(world.readText(file), file, fileContext(options, world));
  const make = await FORMATS[format]?.();
  if (make === undefined) throw new LvsctlError('BAD_USAGE', `${format}: no such format`);
  const { text, omissions } = make(config);
  const report = renderOmissions(file, omissions);
  if (options.strict && omissions.length > 0)
    throw new LvsctlError(
      'UNSUPPORTED_RULE',
      `${report}${file}: ${omissions.length} left out, and --strict: nothing is written`,
    );
  world.err(report);
  world.out(text);
  return 0;
}
