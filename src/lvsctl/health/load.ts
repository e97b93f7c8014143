// The file of a monitor: read, and whether this machine can do what it asks for.
import type { Config } from '../config/file.js';
import { readConfig } from '../config/read.js';
import { CommandError } from '../plan/command.js';
import type { Outside } from './outside.js';
import { impossible } from './question.js';
import { waysOf } from './viproutes.js';

/**
 * A file that can be watched on this machine.
 * @param file its name, for errors
 * @throws ConfigError or CommandError
 */
export function load(text: string, file: string, outside: Outside): Config {
  const config = readConfig(text, file);
  const [hook] = config.monitor.hook ?? [];
  if (hook !== undefined && !outside.isExecutable(hook))
    throw new CommandError(`${file}: monitor.hook: ${hook} cannot be run`);
  for (const { name, checks } of config.services) {
    const [why] = checks.flatMap((check) => impossible(check, outside) ?? []);
    if (why !== undefined) throw new CommandError(`${file}: service ${name}: ${why}`);
  }
  try {
    waysOf(config);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandError(`${file}: ${error.message}`);
  }
  return config;
}
