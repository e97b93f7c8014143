// The file of a monitor: read, and whether this machine can do what it asks for.
import type { Config } from '../config/file.js';
import { readConfig } from '../config/read.js';
import { LvsctlError } from '../errors.js';
import type { Outside } from './outside.js';
import { impossible } from './question.js';
import { waysOf } from './viproutes.js';

/**
 * A file that can be watched on this machine.
 * @param file its name, for errors
 * @throws BAD_FILE or WRONG_MACHINE
 */
export function load(text: string, file: string, outside: Outside): Config {
  const config = readConfig(text, file);
  const [hook] = config.monitor.hook ?? [];
  if (hook !== undefined && !outside.isExecutable(hook))
    throw new LvsctlError('WRONG_MACHINE', `${file}: monitor.hook: ${hook} cannot be run`);
  for (const { name, checks } of config.services) {
    const [why] = checks.flatMap((check) => impossible(check, outside) ?? []);
    if (why !== undefined)
      throw new LvsctlError('WRONG_MACHINE', `${file}: service ${name}: ${why}`);
  }
  try {
    waysOf(config);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new LvsctlError('WRONG_MACHINE', `${file}: ${error.message}`);
  }
  return config;
}
