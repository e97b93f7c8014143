// The file of a monitor: read, and whether this machine can do what it asks for.

import type { FileContext } from '../../config/context.js';
import { serverChecks } from '../../config/desired.js';
import type { Config } from '../../config/file.js';
import { readConfig } from '../../config/read.js';
import { LvsctlError } from '../../errors.js';
import { missingPrerequisite } from '../checks/spec.js';
import { vipRoutesOf } from '../checks/viproutes.js';
import type { Runtime } from '../runtime.js';

/**
 * A file that this machine can monitor, read now with all that it includes.
 * @throws BAD_FILE, WRONG_MACHINE or a system error
 */
export function loadConfig(file: string, around: FileContext, runtime: Runtime): Config {
  const config = readConfig(around.readText(file), file, around);
  const [hook] = config.monitor.hook ?? [];
  if (hook !== undefined && !runtime.isExecutable(hook))
    throw new LvsctlError('WRONG_MACHINE', `${file}: monitor.hook: ${hook} cannot be run`);
  const { hook_user: user } = config.monitor;
  const reason = user === undefined ? undefined : runtime.userError(user);
  if (reason !== undefined)
    throw new LvsctlError('WRONG_MACHINE', `${file}: monitor.hook_user: ${reason}`);
  for (const service of config.services) {
    const checks = new Set(service.servers.flatMap((server) => serverChecks(service, server)));
    const [problem] = [...service.checks, ...checks].flatMap(
      (check) => missingPrerequisite(check, runtime) ?? [],
    );
    if (problem !== undefined)
      throw new LvsctlError('WRONG_MACHINE', `${file}: service ${service.name}: ${problem}`);
  }
  try {
    vipRoutesOf(config);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new LvsctlError('WRONG_MACHINE', `${file}: ${error.message}`);
  }
  return config;
}
