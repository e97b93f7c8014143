// Kernel settings: sysctls and modules.
import { isInterfaceName } from '../../model/interface.js';
import type { PlanCommand } from './command.js';
import { sysctlName } from './command.js';
import type { Machine } from './machine.js';
import type { ResourceType } from './resourcetype.js';

/**
 * What else a write changes, by key: the other keys (`*` stands for every interface) and the value
 * that they get. Seen in the lab: a switch of forwarding is written to every interface, and for
 * IPv4 turns the acceptance of redirects round.
 */
const SIDE_EFFECTS: Readonly<
  Record<string, readonly (readonly [string, (value: string) => string])[]>
> = {
  'net/ipv4/ip_forward': [
    ['net/ipv4/conf/*/forwarding', (value) => value],
    ['net/ipv4/conf/all/accept_redirects', (value) => (value === '0' ? '1' : '0')],
  ],
  'net/ipv6/conf/all/forwarding': [['net/ipv6/conf/*/forwarding', (value) => value]],
};

export interface SysctlResource {
  readonly key: string;
}
/**
 * the value and, when a previous one is restored, what changes with it; null = there is no such key
 */
export type SysctlState = Readonly<Record<string, string>> | null;

export const SYSCTL: ResourceType<SysctlResource, SysctlState> = {
  shared: true,
  title: ({ key }) => `sysctl ${sysctlName(key)}`,
  show: (state) => (state === null ? 'no such key' : shown(Object.entries(state))),
  async read({ key }, machine) {
    const value = valueAt(key, machine);
    if (value === undefined) return null;
    const others = sideEffects(key, machine).flatMap(([other]) => {
      const text = valueAt(other, machine);
      return text === undefined ? [] : [[other, text] as const];
    });
    return Object.fromEntries([[key, value], ...others]);
  },
  same: (actual, desired) =>
    desired === null || Object.entries(desired).every(([key, value]) => actual?.[key] === value),
  commands({ key }, from, to) {
    const value = to?.[key];
    if (to === null || value === undefined) return [];
    const written: PlanCommand[] = from?.[key] === value ? [] : [{ kind: 'sysctl', key, value }];
    const afterwards = (other: string) =>
      written.length > 0 ? predicted(key, other, value) : from?.[other];
    const rest = Object.entries(to).filter(
      ([other, text]) => other !== key && afterwards(other) !== text,
    );
    return [
      ...written,
      ...rest.map(([other, text]): PlanCommand => ({ kind: 'sysctl', key: other, value: text })),
    ];
  },
};

/** The value, and the interfaces whose switch differs from it. */
function shown(entries: readonly (readonly [key: string, value: string])[]): string {
  const value = entries[0]?.[1] ?? '';
  const differing = entries.slice(1).flatMap(([key, own]) => {
    const device =
      own === '0' && value !== '0' && key.endsWith('/forwarding') ? interfaceOf(key) : undefined;
    return device === undefined ? [] : [`${device} ${own}`];
  });
  return differing.length === 0 ? value : `${value} (${differing.join(', ')})`;
}

function valueAt(key: string, machine: Machine): string | undefined {
  return machine.read(`/proc/sys/${key}`)?.trim();
}

/** The keys that change along, without those that are the same switch under another name. */
function sideEffects(key: string, machine: Machine): (readonly [string])[] {
  return (SIDE_EFFECTS[key] ?? []).flatMap(([pattern]) => {
    const [before = '', after] = pattern.split('*');
    if (after === undefined) return [[pattern]];
    return machine
      .list(`/proc/sys/${before}`)
      .filter((device) => device !== 'all')
      .map((device) => [`${before}${device}${after}`] as const);
  });
}

function predicted(key: string, other: string, value: string): string | undefined {
  return sideEffectOf(key, other)?.(value);
}

/**
 * What a write to a key makes of another one.
 * @returns undefined where the other key does not change along
 */
export function sideEffectOf(key: string, other: string): ((value: string) => string) | undefined {
  if (!Object.hasOwn(SIDE_EFFECTS, key)) return undefined;
  return SIDE_EFFECTS[key]?.find(([pattern]) => {
    const [before = '', after] = pattern.split('*');
    if (after === undefined) return other === pattern;
    return (
      other.startsWith(before) &&
      other.endsWith(after) &&
      isInterfaceName(other.slice(before.length, other.length - after.length))
    );
  })?.[1];
}

const KEYS = ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'];
const SETTINGS_OF_IPVS = ['expire_nodest_conn', 'expire_quiescent_template', 'sloppy_tcp'];
const SETTINGS_OF_INTERFACES = ['send_redirects', 'arp_ignore', 'arp_announce', 'rp_filter'];

/** Whether `up` sets this key; a record that names another one is not lvsctl's. */
export function isSysctlKey(key: string): boolean {
  if (KEYS.includes(key)) return true;
  const [net, family, folder, ...rest] = key.split('/');
  if (net !== 'net' || family !== 'ipv4') return false;
  const name = rest.at(-1) ?? '';
  if (folder === 'vs') return rest.length === 1 && SETTINGS_OF_IPVS.includes(name);
  const device = interfaceOf(key);
  return (
    folder === 'conf' &&
    rest.length === 2 &&
    SETTINGS_OF_INTERFACES.includes(name) &&
    (device === 'all' || (device !== undefined && isInterfaceName(device)))
  );
}

/** `eth0` of `net/ipv4/conf/eth0/arp_ignore` */
export function interfaceOf(key: string): string | undefined {
  return /^net\/ipv[46]\/conf\/([^/]+)\/\w+$/.exec(key)?.[1];
}

export interface ModuleResource {
  readonly name: string;
}

/** State: whether it is loaded. */
export const MODULE: ResourceType<ModuleResource, boolean> = {
  shared: false,
  title: ({ name }) => `module ${name}`,
  show: (loaded) => (loaded ? 'loaded' : 'not loaded'),
  read: async ({ name }, machine) => isLoaded(name, machine),
  same: (actual, desired) => actual === desired,
  commands({ name }, from, to) {
    if (from === to) return [];
    if (to) return [{ kind: 'run', program: 'modprobe', args: [name] }];
    // what was loaded with the module is unloaded with it; a scheduler is loaded alone, and ip_vs
    // may have been there before. What is in use stays.
    const [program, args] = name.startsWith('ip_vs_')
      ? ['rmmod', [name]]
      : ['modprobe', ['-r', name]];
    return [{ kind: 'run', program, args, ignoreFailure: true }];
  },
};

/** Whether a module is loaded or part of the kernel. */
export function isLoaded(name: string, machine: Machine): boolean {
  if (machine.list(`/sys/module/${name}`).length > 0) return true;
  const release = machine.read('/proc/sys/kernel/osrelease')?.trim() ?? '';
  return machine.read(`/lib/modules/${release}/modules.builtin`)?.includes(`/${name}.ko`) ?? false;
}
