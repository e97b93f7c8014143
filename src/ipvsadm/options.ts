// The grammar: every argument that may begin with a dash, how it is read, and what it sets. The
// scanner, the parser, the help text and commander all read these rows.
import { parseDottedQuad, parseIpv6 } from '../model/address.js';
import { CHECKSUMS, type KnownTunnel, TUNNELS } from '../model/forwarding.js';
import { SCHEDULER_NAMES, SCHEDULERS } from '../model/scheduler.js';
import type { KnownProtocol } from '../model/service.js';
import type { Draft } from './draft.js';
import { LONGEST_SCHEDULER, LONGEST_TIMEOUT, MOST } from './limits.js';
import { refuse } from './usage.js';
import { integer, parseEndpoint, parseMask, parsePrefixLength } from './values.js';

const SCHEDULER_LIST = SCHEDULER_NAMES.filter((name) => !SCHEDULERS[name].absent).join('|');

/** The commands, by the names that diagnostics use. */
export type CommandName =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'flush'
  | 'list'
  | 'add-server'
  | 'delete-server'
  | 'edit-server'
  | 'set'
  | 'start-daemon'
  | 'stop-daemon'
  | 'restore'
  | 'save'
  | 'zero'
  | 'help'
  | 'version';

/**
 * The slots of the legality tables, by the names that diagnostics use, in the order in which they
 * are checked.
 */
// biome-ignore format: a table
export const SLOTS = [
  'numeric', 'connection', 'service-address', 'scheduler', 'persistent', 'netmask', 'real-server', 'forwarding-method', 'weight',
  'u-threshold', 'l-threshold', 'mcast-interface', 'timeout', 'daemon', 'stats', 'rate', 'thresholds', 'persistent-conn', 'nosort',
  'syncid', 'exact', 'ops', 'pe', 'sched-flags', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen', 'tun-info', 'tun-type',
  'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum',
] as const;
export type Slot = (typeof SLOTS)[number];

export interface OptionRow {
  readonly long: string;
  /** letters, any of which stands for the option; empty = only the long name */
  readonly short: string;
  readonly value: 'none' | 'required' | 'optional';
  /** what `--help` calls the value */
  readonly metavar?: string;
  readonly help: string;
  /**
   * rows with a command begin a command line; rows with neither may be repeated and are legal
   * everywhere
   */
  readonly command?: CommandName;
  readonly slot?: Slot;
  /** sets what the option stands for; `text` is '' for an option without a value */
  readonly apply?: (draft: Draft, text: string) => void;
  /** what the option sets when its optional value is absent */
  readonly bare?: (draft: Draft) => void;
}

const DEFAULT_PERSISTENCE = 360;

// biome-ignore format: a table
export const COMMANDS: readonly OptionRow[] = [
  { long: 'add-service', short: 'A', value: 'none', command: 'add-service', help: 'add a virtual service' },
  { long: 'edit-service', short: 'E', value: 'none', command: 'edit-service', help: 'replace all settings of a virtual service' },
  { long: 'delete-service', short: 'D', value: 'none', command: 'delete-service', help: 'delete a virtual service and its servers' },
  { long: 'clear', short: 'C', value: 'none', command: 'flush', help: 'delete all virtual services' },
  { long: 'restore', short: 'R', value: 'none', command: 'restore', help: 'carry out the command lines read from stdin' },
  { long: 'save', short: 'S', value: 'none', command: 'save', help: 'print the rules as command lines for --restore' },
  { long: 'add-server', short: 'a', value: 'none', command: 'add-server', help: 'add a real server to a service' },
  { long: 'edit-server', short: 'e', value: 'none', command: 'edit-server', help: 'replace all settings of a real server' },
  { long: 'delete-server', short: 'd', value: 'none', command: 'delete-server', help: 'remove a real server from a service' },
  { long: 'list', short: 'Ll', value: 'none', command: 'list', help: 'print the table, or what an option names instead' },
  { long: 'zero', short: 'Z', value: 'none', command: 'zero', help: 'set counters to zero, of one service or of all' },
  { long: 'set', short: '', value: 'none', command: 'set', help: 'set the timeouts of TCP, TCP after a FIN, and UDP; 0 keeps one' },
  { long: 'start-daemon', short: '', value: 'required', metavar: 'master|backup', command: 'start-daemon', help: 'start connection synchronisation', apply: (d, t) => { d.daemon = role(t, 'illegal start-daemon parameter specified'); } },
  { long: 'stop-daemon', short: '', value: 'required', metavar: 'master|backup', command: 'stop-daemon', help: 'stop connection synchronisation', apply: (d, t) => { d.daemon = role(t, 'illegal start_daemon specified'); } },
  { long: 'help', short: 'h', value: 'none', command: 'help', help: 'print this text' },
  { long: 'version', short: 'v', value: 'none', command: 'version', help: 'print the version' },
];

// biome-ignore format: a table
export const SERVICE_OPTIONS: readonly OptionRow[] = [
  { long: 'tcp-service', short: 't', value: 'required', metavar: 'host[:port]', slot: 'service-address', help: 'TCP service', apply: (d, t) => service(d, t, 'tcp') },
  { long: 'udp-service', short: 'u', value: 'required', metavar: 'host[:port]', slot: 'service-address', help: 'UDP service', apply: (d, t) => service(d, t, 'udp') },
  { long: 'sctp-service', short: '', value: 'required', metavar: 'host[:port]', slot: 'service-address', help: 'SCTP service', apply: (d, t) => service(d, t, 'sctp') },
  { long: 'fwmark-service', short: 'f', value: 'required', metavar: 'mark', slot: 'service-address', help: 'service of all packets with a firewall mark', apply: (d, t) => {
    d.mark = integer(t, 1, 4294967295) ?? refuse(`invalid fwmark value \`${t}' specified`);
    d.protocol = 'tcp';
  } },
];

// biome-ignore format: a table
export const OTHER_OPTIONS: readonly OptionRow[] = [
  { long: 'ipv6', short: '6', value: 'none', help: 'the firewall mark (-f) is for IPv6', apply: (d) => {
    if (d.mark === undefined) refuse('-6 used before -f\n');
    d.family = 'ipv6';
    d.netmask = undefined;
  } },
  { long: 'scheduler', short: 's', value: 'required', metavar: 'scheduler', slot: 'scheduler', help: `one of ${SCHEDULER_LIST}, default wlc`, apply: (d, t) => { d.scheduler = t.slice(0, LONGEST_SCHEDULER); } },
  { long: 'pe', short: '', value: 'required', metavar: 'engine', slot: 'pe', help: 'persistence engine, only sip', apply: (d, t) => { d.engine = t.slice(0, 16); } },
  { long: 'persistent', short: 'p', value: 'optional', metavar: 'seconds', slot: 'persistent', help: 'persistent service, default 360', bare: (d) => { d.persistence = DEFAULT_PERSISTENCE; }, apply: (d, t) => { d.persistence = seconds(t, 1); } },
  { long: 'netmask', short: 'M', value: 'required', metavar: 'mask', slot: 'netmask', help: 'clients that persist together: mask or IPv6 prefix length', apply: (d, t) => {
    d.netmask = d.family === 'ipv6'
      ? parsePrefixLength(t) ?? refuse('illegal ipv6 netmask specified')
      : parseMask(t, d.names) ?? refuse('illegal virtual server persistent mask specified');
  } },
  { long: 'real-server', short: 'r', value: 'required', metavar: 'host[:port]', slot: 'real-server', help: 'real server, default port that of the service', apply: (d, t) => {
    const server = parseEndpoint(t, d.protocol, d.names) ?? refuse('illegal real server address[:port] specified');
    d.server = server.address;
    d.serverPort = server.port ?? d.port;
  } },
  { long: 'gatewaying', short: 'g', value: 'none', slot: 'forwarding-method', help: 'direct routing (default)', apply: (d) => { d.forwarding = 'direct'; } },
  { long: 'ipip', short: 'i', value: 'none', slot: 'forwarding-method', help: 'tunnelling', apply: (d) => { d.forwarding = 'tunnel'; } },
  { long: 'masquerading', short: 'm', value: 'none', slot: 'forwarding-method', help: 'masquerading (NAT)', apply: (d) => { d.forwarding = 'masquerade'; } },
  { long: 'tun-type', short: '', value: 'required', metavar: 'type', slot: 'tun-type', help: 'tunnel type: ipip|gue|gre, default ipip', apply: (d, t) => {
    d.tunnelType = Object.hasOwn(TUNNELS, t) ? (t as KnownTunnel) : refuse('illegal tunnel type specified');
  } },
  { long: 'tun-port', short: '', value: 'required', metavar: 'port', slot: 'tun-port', help: 'UDP port of a gue tunnel', apply: (d, t) => { d.tunnelPort = integer(t, 1, 65535) ?? refuse('illegal tunnel port specified'); } },
  { long: 'tun-nocsum', short: '', value: 'none', slot: 'tun-nocsum', help: 'tunnel without checksums', apply: (d) => { d.tunnelFlags |= CHECKSUMS.none.kernel; } },
  { long: 'tun-csum', short: '', value: 'none', slot: 'tun-csum', help: 'tunnel with checksums', apply: (d) => { d.tunnelFlags |= CHECKSUMS.checksum.kernel; } },
  { long: 'tun-remcsum', short: '', value: 'none', slot: 'tun-remcsum', help: 'tunnel with remote checksum offload', apply: (d) => { d.tunnelFlags |= CHECKSUMS.remote.kernel; } },
  { long: 'weight', short: 'w', value: 'required', metavar: 'weight', slot: 'weight', help: 'capacity of the server, 0 to 2147483647, default 1', apply: (d, t) => { d.weight = integer(t, 0, MOST) ?? refuse('illegal weight specified'); } },
  { long: 'u-threshold', short: 'x', value: 'required', metavar: 'connections', slot: 'u-threshold', help: 'no new connections from this many on, 0 = no limit', apply: (d, t) => { d.upperThreshold = integer(t, 0, MOST) ?? refuse('illegal u_threshold specified'); } },
  { long: 'l-threshold', short: 'y', value: 'required', metavar: 'connections', slot: 'l-threshold', help: 'new connections again below this many', apply: (d, t) => { d.lowerThreshold = integer(t, 0, MOST) ?? refuse('illegal l_threshold specified'); } },
  { long: 'mcast-interface', short: '', value: 'required', metavar: 'interface', slot: 'mcast-interface', help: 'interface of the sync daemon, default eth0', apply: (d, t) => { d.interface = t.slice(0, 15); } },
  { long: 'syncid', short: '', value: 'required', metavar: 'id', slot: 'syncid', help: 'number of the sync group, 0 to 255, default 0', apply: (d, t) => { d.syncId = integer(t, 0, 255) ?? refuse('illegal syncid specified'); } },
  { long: 'connection', short: 'c', value: 'none', slot: 'connection', help: 'list the connections' },
  { long: 'timeout', short: '', value: 'none', slot: 'timeout', help: 'list the timeouts (tcp tcpfin udp)' },
  { long: 'daemon', short: '', value: 'none', slot: 'daemon', help: 'list the sync daemons' },
  { long: 'stats', short: '', value: 'none', slot: 'stats', help: 'list with counters' },
  { long: 'rate', short: '', value: 'none', slot: 'rate', help: 'list with rates per second' },
  { long: 'exact', short: 'X', value: 'none', slot: 'exact', help: 'numbers in full' },
  { long: 'thresholds', short: '', value: 'none', slot: 'thresholds', help: 'list with the thresholds of the servers' },
  { long: 'persistent-conn', short: '', value: 'none', slot: 'persistent-conn', help: 'list with persistent connections' },
  { long: 'tun-info', short: '', value: 'none', slot: 'tun-info', help: 'list with the tunnels of the servers' },
  { long: 'nosort', short: '', value: 'none', slot: 'nosort', help: 'list in the order of the kernel' },
  { long: 'sort', short: '', value: 'none', help: 'list sorted (the default)' },
  { long: 'ops', short: 'o', value: 'none', slot: 'ops', help: 'one-packet scheduling, UDP only', apply: (d) => { d.onePacket = true; } },
  { long: 'numeric', short: 'n', value: 'none', slot: 'numeric', help: 'addresses and ports as numbers' },
  { long: 'sched-flags', short: 'b', value: 'required', metavar: 'flags', slot: 'sched-flags', help: 'flags of the scheduler, separated by commas', apply: (d, t) => { d.schedulerFlags = t; } },
];

// biome-ignore format: a table
export const DAEMON_OPTIONS: readonly OptionRow[] = [
  { long: 'sync-maxlen', short: '', value: 'required', metavar: 'bytes', slot: 'sync-maxlen', help: 'longest sync message, default 1472', apply: (d, t) => { d.maxLength = integer(t, 1, 65507) ?? refuse('illegal sync-maxlen specified'); } },
  { long: 'mcast-group', short: '', value: 'required', metavar: 'address', slot: 'mcast-group', help: 'IPv4 or IPv6 group, default 224.0.0.81', apply: (d, t) => { d.group = group(t); } },
  { long: 'mcast-port', short: '', value: 'required', metavar: 'port', slot: 'mcast-port', help: 'UDP port, default 8848', apply: (d, t) => { d.groupPort = integer(t, 1, 65535) ?? refuse('illegal mcast-port specified'); } },
  { long: 'mcast-ttl', short: '', value: 'required', metavar: 'ttl', slot: 'mcast-ttl', help: 'time to live, 1 to 255, default 1', apply: (d, t) => { d.ttl = integer(t, 1, 255) ?? refuse('illegal mcast-ttl specified'); } },
];

export const OPTIONS: readonly OptionRow[] = [
  ...COMMANDS,
  ...SERVICE_OPTIONS,
  ...OTHER_OPTIONS,
  ...DAEMON_OPTIONS,
];

const LONG = new Map(OPTIONS.map((row) => [row.long, row]));
const SHORT = new Map(OPTIONS.flatMap((row) => [...row.short].map((letter) => [letter, row])));

/** The option with this long name; abbreviations do not count. */
export function findLong(name: string): OptionRow | undefined {
  return LONG.get(name);
}

export function findShort(letter: string): OptionRow | undefined {
  return SHORT.get(letter);
}

/** Reads a timeout, of persistence or of `--set`. */
export function seconds(text: string, min: number): number {
  return (
    integer(text, min, LONGEST_TIMEOUT) ?? refuse(`invalid timeout value \`${text}' specified`)
  );
}

function service(draft: Draft, text: string, protocol: KnownProtocol): void {
  const endpoint =
    parseEndpoint(text, protocol, draft.names) ??
    refuse('illegal virtual server address[:port] specified');
  draft.protocol = protocol;
  draft.address = endpoint.address;
  draft.port = endpoint.port ?? 0;
  draft.family = endpoint.address.family;
  // A mask given before an IPv6 address was read as an IPv4 one, and is dropped.
  if (draft.family === 'ipv6') draft.netmask = undefined;
}

function role(text: string, message: string): 'master' | 'backup' {
  return text === 'master' || text === 'backup' ? text : refuse(message);
}

function group(text: string): Draft['group'] {
  if (text.includes(':')) {
    const v6 = parseIpv6(text);
    return v6 && v6.words[0] >>> 24 === 0xff ? v6 : refuse(`invalid IPv6 mcast-group \`${text}'`);
  }
  const v4 = parseDottedQuad(text);
  return v4 && v4.value >>> 28 === 0xe ? v4 : refuse(`invalid IPv4 mcast-group \`${text}'`);
}
