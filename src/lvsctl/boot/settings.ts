// The files by which distributions load rules at boot: where they are, and what their settings
// mean.
import type { DaemonRole } from '../../model/daemon.js';
import { isInterfaceName } from '../../model/interface.js';
import { ConfigError, lineProblem } from '../config/problem.js';
import { type Assignment, assignments } from './assignments.js';

export interface Convention {
  readonly name: 'debian' | 'redhat';
  /** the saved rules */
  readonly rules: string;
  /** shell assignments */
  readonly settings: string;
}

/** Debian: `AUTO DAEMON IFACE SYNCID`; Red Hat: `IPVS_SAVE_ON_STOP` and others. */
export const CONVENTIONS: readonly Convention[] = [
  { name: 'debian', rules: '/etc/ipvsadm.rules', settings: '/etc/default/ipvsadm' },
  { name: 'redhat', rules: '/etc/sysconfig/ipvsadm', settings: '/etc/sysconfig/ipvsadm-config' },
];

export interface BootSettings {
  /** rules are loaded at boot */
  readonly load: boolean;
  readonly saveOnStop: boolean;
  readonly daemons: readonly {
    readonly role: DaemonRole;
    readonly interface: string;
    readonly syncId: number;
  }[];
}

/**
 * The settings of a settings file; an absent or empty one has the distribution's
 * default.
 * @throws ConfigError a line that only a shell could read, or a value that its variable cannot have
 */
export function bootSettings({ name, settings }: Convention, text: string): BootSettings {
  const given = assignments(text, settings);
  return name === 'redhat' ? redhatSettings(given, settings) : debianSettings(given, settings);
}

type Given = ReadonlyMap<string, Assignment>;

function debianSettings(given: Given, file: string): BootSettings {
  const one = <T extends string>(name: string, choices: readonly T[], fallback: T): T =>
    choice(given, name, choices, fallback, file);
  const kind = one('DAEMON', ['none', 'master', 'backup', 'both'], 'none');
  const device = setting(given, 'IFACE', 'eth0', file, 'an interface name', (text) =>
    isInterfaceName(text) ? text : undefined,
  );
  const syncId = setting(given, 'SYNCID', '0', file, 'a number from 0 to 255', (text) =>
    /^[0-9]{1,3}$/.test(text) && Number(text) <= 255 ? Number(text) : undefined,
  );
  const roles = (['master', 'backup'] as const).filter((role) => kind === role || kind === 'both');
  return {
    load: one('AUTO', ['true', 'false'], 'false') === 'true',
    saveOnStop: false,
    daemons: roles.map((role) => ({ role, interface: device, syncId })),
  };
}

function redhatSettings(given: Given, file: string): BootSettings {
  const isYes = (name: string, fallback: 'yes' | 'no') =>
    choice(given, name, ['yes', 'no'], fallback, file) === 'yes';
  // they are the init script's own; an error in them is reported all the same
  isYes('IPVS_SAVE_ON_RESTART', 'no');
  isYes('IPVS_STATUS_NUMERIC', 'yes');
  return { load: true, saveOnStop: isYes('IPVS_SAVE_ON_STOP', 'no'), daemons: [] };
}

function choice<T extends string>(
  given: Given,
  name: string,
  choices: readonly T[],
  fallback: T,
  file: string,
): T {
  return setting(given, name, fallback, file, choices.join(' or '), (text) =>
    choices.find((one) => one === text),
  );
}

/** @param expected the noun for the message */
function setting<T>(
  given: Given,
  name: string,
  fallback: string,
  file: string,
  expected: string,
  read: (text: string) => T | undefined,
): T {
  const { value = '', line = 1, expansion = false } = given.get(name) ?? {};
  const fail = (message: string): never => {
    throw new ConfigError([{ ...lineProblem(file, line, message), path: name }]);
  };
  if (expansion) return fail('the value needs a shell to expand it, and none is run: write it out');
  const found = read(value === '' ? fallback : value);
  return found ?? fail(`${JSON.stringify(value)} is not ${expected}`);
}
