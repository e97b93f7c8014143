// Which distribution's files this machine has.
import { LvsctlError } from '../errors.js';
import type { Machine } from '../plan/machine.js';
import { type BootSettings, bootSettings, CONVENTIONS, type Convention } from './settings.js';

export interface BootFiles {
  readonly convention: Convention;
  readonly settings: BootSettings;
}

/**
 * The files of the named convention, or of the first that has one here.
 * @throws LvsctlError none is there; ConfigError the settings cannot be read
 */
export function bootFiles(name: Convention['name'] | undefined, machine: Machine): BootFiles {
  const convention = CONVENTIONS.find((one) =>
    name === undefined
      ? machine.read(one.rules) !== undefined || machine.read(one.settings) !== undefined
      : one.name === name,
  );
  if (!convention) throw noFiles();
  const text = machine.read(convention.settings) ?? defaultText(convention);
  return { convention, settings: bootSettings(convention, text) };
}

function noFiles(): LvsctlError {
  const files = CONVENTIONS.flatMap((one) => [one.rules, one.settings]).join(', ');
  const options = CONVENTIONS.map((one) => `--convention ${one.name} for ${one.rules}`).join(', ');
  return new LvsctlError(
    'WRONG_MACHINE',
    `this machine has none of ${files}`,
    `\`lvsctl rules save' makes the first file with ${options}`,
  );
}

/** Without Debian's settings the rules that exist are loaded. */
function defaultText({ name }: Convention): string {
  return name === 'debian' ? 'AUTO=true' : '';
}
