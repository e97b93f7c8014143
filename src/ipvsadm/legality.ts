// Legality: which options go with which command, and with which tunnel type. One engine walks both
// tables.
import type { KnownTunnel } from '../model/forwarding.js';
import { type CommandName, SLOTS, type Slot } from './options.js';
import { refuse } from './usage.js';

export interface LegalityRow {
  readonly required: readonly Slot[];
  readonly allowed: readonly Slot[];
  /** at most one of these may be given */
  readonly oneOf: readonly Slot[];
}

const row = (
  required: readonly Slot[],
  allowed: readonly Slot[],
  oneOf: readonly Slot[] = [],
): LegalityRow => ({
  required,
  allowed,
  oneOf,
});

const SERVICE_SETTINGS: readonly Slot[] = [
  'scheduler',
  'persistent',
  'netmask',
  'ops',
  'pe',
  'sched-flags',
];
// biome-ignore format: a table
const SERVER_SETTINGS: readonly Slot[] = [
  'forwarding-method', 'weight', 'u-threshold', 'l-threshold', 'tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum',
];

// biome-ignore format: a table
export const COMMAND_LEGALITY: Readonly<Record<Exclude<CommandName, 'help' | 'version'>, LegalityRow>> = {
  'add-service':    row(['service-address'], SERVICE_SETTINGS),
  'edit-service':   row(['service-address'], SERVICE_SETTINGS),
  'delete-service': row(['service-address'], []),
  flush:            row([], []),
  list:             row([], ['numeric', 'stats', 'rate', 'thresholds', 'persistent-conn', 'nosort', 'syncid', 'exact', 'tun-info'],
                            ['connection', 'service-address', 'timeout', 'daemon']),
  'add-server':     row(['service-address', 'real-server'], SERVER_SETTINGS),
  'delete-server':  row(['service-address', 'real-server'], []),
  'edit-server':    row(['service-address', 'real-server'], SERVER_SETTINGS),
  set:              row([], []),
  'start-daemon':   row([], ['mcast-interface', 'syncid', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen']),
  'stop-daemon':    row([], ['syncid']),
  restore:          row([], []),
  save:             row([], ['numeric']),
  zero:             row([], ['service-address']),
};

const TUNNEL_SLOTS: readonly Slot[] = ['tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'];

// biome-ignore format: a table
const TUNNEL_LEGALITY: Readonly<Record<KnownTunnel, LegalityRow>> = {
  ipip: row([], []),
  gue:  row(['tun-port'], [], ['tun-nocsum', 'tun-csum', 'tun-remcsum']),
  gre:  row([], [], ['tun-nocsum', 'tun-csum']),
};

/**
 * Refuses the first slot, in the order of SLOTS, that is missing, illegal or in conflict with an
 * earlier one.
 */
export function checkCommand(
  command: keyof typeof COMMAND_LEGALITY,
  given: ReadonlySet<Slot>,
): void {
  check(COMMAND_LEGALITY[command], SLOTS, given, `the '${command}' command`);
}

/** The same for the options of a tunnel type. */
export function checkTunnel(type: KnownTunnel, given: ReadonlySet<Slot>): void {
  check(TUNNEL_LEGALITY[type], TUNNEL_SLOTS, given, `the '${type}' tunnel type`);
}

function check(
  legality: LegalityRow,
  slots: readonly Slot[],
  given: ReadonlySet<Slot>,
  subject: string,
): void {
  let earlier: Slot | undefined;
  for (const slot of slots) {
    if (!given.has(slot)) {
      if (legality.required.includes(slot))
        refuse(`You need to supply the '${slot}' option for ${subject}`);
      continue;
    }
    if (legality.oneOf.includes(slot)) {
      if (earlier !== undefined)
        refuse(`The option '${slot}' conflicts with the '${earlier}' option in ${subject}`);
      earlier = slot;
    } else if (!legality.required.includes(slot) && !legality.allowed.includes(slot)) {
      refuse(`Illegal '${slot}' option with ${subject}`);
    }
  }
}
