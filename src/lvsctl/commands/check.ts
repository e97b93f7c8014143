// lvsctl check FILE: validates a file, for each of its hosts. Needs no root and no kernel.
import { printable } from '../../render/printable.js';
import type { FileContext } from '../config/context.js';
import { ConfigError, type Problem, renderWarnings } from '../config/problem.js';
import {
  hostNames,
  type Inspected,
  inspectOpened,
  type OpenedConfig,
  openConfig,
} from '../config/read.js';
import type { Subcommand } from '../subcommand.js';
import type { World } from '../world.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';

export const configure: Subcommand['configure'] = (program, finish) => {
  addVariables(program.argument('<file>', 'the lvsctl file, - for stdin')).action(
    (file: string, options: VariableOptions) => finish((world) => check(file, options, world)),
  );
};

/**
 * Exit status 0 with a summary on stdout and warnings on stderr.
 * @throws ConfigError all errors
 */
async function check(file: string, options: VariableOptions, world: World): Promise<number> {
  const text = world.readText(file);
  const around = fileContext(options, world);
  const opened = openConfig(text, file, around);
  const hosts = options.host === undefined ? hostNames(opened) : [options.host];
  const found = inspectFor(hosts, opened, around);
  const { out, err } = world;
  err(renderWarnings(found.warnings));
  for (const { host, config } of found.configs) {
    const servers = config.services.reduce((count, service) => count + service.servers.length, 0);
    const { vips, services } = config;
    const counts = `VIPs ${vips.length}, services ${services.length}, servers ${servers}`;
    const warnings = found.warnings.length > 0 ? `, warnings ${found.warnings.length}` : '';
    const where = host === undefined ? '' : ` for ${printable(host)}`;
    out(`${printable(file)}: good${where}; ${counts}${warnings}\n`);
  }
  return 0;
}

interface InspectedFor {
  readonly configs: readonly (Pick<Inspected, 'config'> & { readonly host: string | undefined })[];
  readonly warnings: readonly Problem[];
}

/** Of what not all hosts have the host is named. @throws ConfigError the errors of all hosts */
function inspectFor(
  hosts: readonly string[],
  opened: OpenedConfig,
  around: FileContext,
): InspectedFor {
  if (hosts.length === 0) {
    const { config, warnings } = inspectOpened(opened, around);
    return { configs: [{ host: undefined, config }], warnings };
  }
  const { text, file } = opened;
  const results = hosts.map((host, i) => {
    // reading it for a host changes it
    const own = i === 0 ? opened : openConfig(text, file, around);
    return { host, ...tried(own, { ...around, host }) };
  });
  const errors = results.map(({ host, errors: problems }) => ({ host, problems }));
  if (errors.some(({ problems }) => problems.length > 0)) throw new ConfigError(together(errors));
  return {
    configs: results.flatMap(({ host, config }) => (config ? [{ host, config }] : [])),
    warnings: together(results.map(({ host, warnings }) => ({ host, problems: warnings }))),
  };
}

interface Tried extends Pick<Inspected, 'warnings'> {
  readonly config: Inspected['config'] | undefined;
  readonly errors: readonly Problem[];
}

function tried(opened: OpenedConfig, around: FileContext): Tried {
  try {
    return { ...inspectOpened(opened, around), errors: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { config: undefined, warnings: [], errors: error.problems };
  }
}

/** Problems of several hosts: the same one of all of them is one. */
function together(
  lists: readonly { readonly host: string; readonly problems: readonly Problem[] }[],
): readonly Problem[] {
  const keyOf = (one: Problem) => `${one.file}:${one.line}:${one.column}:${one.message}`;
  const counts = new Map<string, number>();
  for (const { problems } of lists)
    for (const key of new Set(problems.map(keyOf))) counts.set(key, (counts.get(key) ?? 0) + 1);
  return lists.flatMap(({ host, problems }) =>
    problems.map((one) =>
      counts.get(keyOf(one)) === lists.length
        ? one
        : { ...one, message: `${one.message} (host ${host})` },
    ),
  );
}
