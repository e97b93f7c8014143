// The files by which distributions load rules at boot: where they are, and what their settings
// mean.
import type { DaemonRole } from '../../model/daemon.js';

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
  /** addresses and ports are saved as numbers */
  readonly numeric: boolean;
  readonly daemons: readonly {
    readonly role: DaemonRole;
    readonly interface: string;
    readonly syncId: number;
  }[];
}

/**
 * What the assignments of a settings file say; what is not there has the distribution's default.
 */
export function bootSettings(convention: Convention['name'], text: string): BootSettings {
  const values = assignments(text);
  if (convention === 'redhat') {
    return {
      load: true,
      saveOnStop: values.get('IPVS_SAVE_ON_STOP') === 'yes',
      numeric: values.get('IPVS_STATUS_NUMERIC') !== 'no',
      daemons: [],
    };
  }
  const kind = values.get('DAEMON') ?? 'none';
  const roles = (['master', 'backup'] as const).filter((role) => kind === role || kind === 'both');
  const daemon = {
    interface: values.get('IFACE') || 'eth0',
    syncId: Number(values.get('SYNCID') || 0),
  };
  return {
    load: values.get('AUTO') === 'true',
    saveOnStop: false,
    numeric: true,
    daemons: roles.map((role) => ({ role, ...daemon })),
  };
}

/** `NAME=value`, `NAME="value"`, comments; nothing is expanded. */
export function assignments(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, double, single, bare] =
      /^\s*(?:export\s+)?(\w+)=(?:"([^"]*)"|'([^']*)'|([^\s#]*))\s*(?:#.*)?$/.exec(line) ?? [];
    if (name !== undefined) found.set(name, double ?? single ?? bare ?? '');
  }
  return found;
}
