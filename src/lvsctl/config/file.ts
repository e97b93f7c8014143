// The lvsctl file as a table: every key with its reader, default and sentence. Types and JSON
// Schema follow from it.
import { parseAddress, parseDottedQuad } from '../../model/address.js';
import { FLAG_NAMES, SCHEDULER_NAMES } from '../../model/scheduler.js';
import { TIMES } from '../checks/row.js';
import { userName } from '../checks/values.js';
import { address, endpointAddress, vipAddress } from './address.js';
import { check } from './checks.js';
import { anyMap, list, textOrTexts } from './collections.js';
import { asDefaults } from './defaults.js';
import { device } from './device.js';
import {
  object,
  optional,
  required,
  requiredHereOrInDefaults,
  requiredUnless,
  type Value,
} from './field.js';
import { groupPort } from './groupport.js';
import { HA } from './ha.js';
import { boolean, integer, number, oneOf, parsed, text, YEAR } from './scalar.js';

export type Mode = 'nat' | 'dr' | 'tun';

const WEIGHT_MAX = 2 ** 31 - 1;
const THRESHOLD_MAX = 2 ** 32 - 1;
const MARK_MAX = 2 ** 32 - 1;

// biome-ignore-start format: a table
const port = integer(0, 65535);
/** expand.ts makes one entry of each port */
const portOrList = {
  read: port.read,
  schema: { ...port.schema, type: ['integer', 'array'], items: port.schema },
};
const identifier = parsed(
  'a name of letters, digits, dots, dashes and underscores',
  (value) => (/^[\w.-]+$/.test(value) ? value : undefined),
  {
    type: 'string',
    pattern: '^[\\w.-]+$',
  },
);
/**
 * A mask's bits as a dotted quad, or a prefix length; `toNetmask` in desired.ts makes the model's
 * number of it.
 */
const netmask = parsed(
  'a mask like 255.255.255.0 or a prefix length like 24',
  (value) =>
    parseDottedQuad(value)?.value !== undefined
      ? { bits: parseDottedQuad(value)?.value ?? 0 }
      : /^[1-9]\d{0,2}$/.test(value) && Number(value) <= 128
        ? { length: Number(value) }
        : undefined,
  { type: ['string', 'integer'] },
  (value) => (/^\/\d+$/.test(value) ? 'write it without /' : undefined),
);
const mode = oneOf(['nat', 'dr', 'tun']);

const damping = object({
  downs: optional(integer(2, 100), 3, 'this often down'),
  within: optional(number(1, YEAR), 60, 'in so many seconds, and it flaps'),
  hold: optional(number(1, YEAR), 60, 'seconds without a failure until it is back'),
});
const healthKeys = {
  combine: optional(oneOf(['all', 'any']), 'all', 'whether all checks must pass, or one'),
  failed: optional(
    oneOf(['remove', 'quiesce']),
    'remove',
    'a server that is out is removed, or gets weight 0',
  ),
  slow_start: optional(
    number(0, YEAR),
    0,
    'seconds over which a returned server ramps up to its weight',
  ),
  min_up: optional(number(0, 1), 0, 'share of the servers that is never taken out'),
  quorum: optional(
    integer(1, WEIGHT_MAX),
    1,
    'sum of the weights of servers that are up, below which the service is down',
  ),
  hysteresis: optional(
    integer(0, WEIGHT_MAX),
    0,
    'down below quorum - hysteresis, up again at quorum + hysteresis',
  ),
  damping: optional(damping, undefined, 'a server that flaps stays out for a time'),
};
const health = object(healthKeys);
const serverName = parsed(
  'a name of letters, digits, dots, dashes and underscores, and no address',
  (value) => (/^[\w.-]+$/.test(value) && !parseAddress(value) ? value : undefined),
  { type: 'string', pattern: '^[\\w.-]+$' },
);
const tunnel = object({
  type: optional(oneOf(['ipip', 'gue', 'gre']), 'ipip', 'tunnel type'),
  port: optional(integer(1, 65535), undefined, 'UDP port of gue'),
  checksum: optional(oneOf(['none', 'checksum', 'remote']), 'none', 'checksum of gue and gre'),
});
const server = object({
  address: required(endpointAddress, 'address of the real server, or a range: a server each'),
  port: optional(port, undefined, 'its port (nat only); that of the service when absent'),
  weight: optional(integer(0, WEIGHT_MAX), 1, 'its weight, 0 takes no new connections'),
  upper: optional(
    integer(0, THRESHOLD_MAX),
    0,
    'connections at which it counts as overloaded, 0 = never',
  ),
  lower: optional(integer(0, THRESHOLD_MAX), 0, 'connections below which it is taken back'),
  mode: optional(mode, undefined, 'its mode; that of the service when absent'),
  tunnel: optional(tunnel, undefined, 'its tunnel options; those of the service when absent'),
  name: optional(
    serverName,
    undefined,
    'its name in commands (drain rs2): one machine, in any number of services',
  ),
  checks: optional(list(check), undefined, 'its health checks; those of the service when absent'),
});
export const SERVICE = object({
  name: required(identifier, 'name in messages, unique in the file'),
  protocol: optional(oneOf(['tcp', 'udp', 'sctp']), 'tcp', 'protocol'),
  address: requiredUnless(
    'addresses',
    endpointAddress,
    'the VIP, one of vips, or a range: a service each',
  ),
  addresses: optional(
    list(endpointAddress, 1),
    undefined,
    'several VIPs and ranges: a service each; with a mark one service for all of them',
  ),
  port: optional(
    portOrList,
    undefined,
    'the port, or a list: a service each; 0 = all ports, which needs persistence',
  ),
  ports: optional(
    list(groupPort, 1),
    undefined,
    'ports as one group, by firewall mark: 80, 8000-8100, 53/udp; 0 = all ports',
  ),
  mark: optional(integer(1, MARK_MAX), undefined, 'the firewall mark of the group'),
  mode: requiredHereOrInDefaults(
    mode,
    'nat (masquerading), dr (direct routing) or tun (tunnelling)',
  ),
  tunnel: optional(tunnel, undefined, 'tunnel options, with mode tun'),
  gateway: optional(
    address,
    undefined,
    "the director's address on the servers' network (nat): their default route",
  ),
  scheduler: optional(oneOf(SCHEDULER_NAMES), 'wlc', 'scheduler'),
  flags: optional(list(oneOf(FLAG_NAMES.map(({ name }) => name))), [], 'scheduler flags'),
  one_packet: optional(boolean, false, 'one-packet scheduling (udp)'),
  persistence: optional(
    object({
      timeout: optional(integer(1, YEAR), 300, 'seconds a client stays with its server'),
      netmask: optional(
        netmask,
        undefined,
        'clients that count as one: a mask like 255.255.255.0, or a prefix length like 24',
      ),
      engine: optional(oneOf(['sip']), undefined, 'persistence engine'),
    }),
    undefined,
    'persistence',
  ),
  servers: required(list(server), 'real servers'),
  sorry: optional(
    object({
      address: required(endpointAddress, 'its address'),
      port: optional(port, undefined, 'its port (nat only)'),
      mode: optional(mode, undefined, 'its mode; that of the service when absent'),
    }),
    undefined,
    'the sorry server, in the table while no other is',
  ),
  checks: optional(list(check), [], 'health checks of each server'),
  check_defaults: optional(
    object(asDefaults(TIMES)),
    undefined,
    'defaults of the checks of this service',
  ),
  health: optional(
    health,
    {
      combine: 'all' as const,
      failed: 'remove' as const,
      slow_start: 0,
      min_up: 0,
      quorum: 1,
      hysteresis: 0,
      damping: undefined,
    },
    'what the checks lead to',
  ),
});

/** What a file sets once for all its services; filled in by defaults.ts before it is read. */
const defaults = object(
  asDefaults({
    mode: required(mode, 'mode of services'),
    scheduler: required(oneOf(SCHEDULER_NAMES), 'scheduler of services'),
    health: required(object(asDefaults(healthKeys)), 'health of services, key by key'),
    checks: required(object(asDefaults(TIMES)), 'times and counts of checks, key by key'),
  }),
);
export const DEFAULT_KEYS = {
  service: ['mode', 'scheduler'],
  health: Object.keys(healthKeys),
  checks: Object.keys(TIMES),
};

export const VIP = object({
  address: required(vipAddress, 'virtual address, or a range like 192.0.2.1-10 or 192.0.2.0/29'),
  interface: required(device, "the director's interface that gets it, as /32 or /128"),
  managed: optional(
    boolean,
    true,
    'false: another program (VRRP) adds and removes it, and director up leaves it alone',
  ),
});
export const DAEMON = object({
  role: required(oneOf(['master', 'backup']), 'role'),
  interface: required(device, 'multicast interface'),
  syncid: optional(integer(0, 255), 0, 'sync id'),
  max_length: optional(integer(1, 65535), undefined, 'bytes of one message'),
  group: optional(endpointAddress, undefined, 'multicast group'),
  port: optional(integer(1, 65535), undefined, 'UDP port'),
  ttl: optional(integer(1, 255), undefined, 'multicast TTL'),
});
const log = object({
  format: optional(oneOf(['text', 'json']), 'text', 'log lines as text or JSON'),
  file: optional(text, undefined, 'a file beside stderr'),
});
export const MONITOR = object({
  check_netns: optional(
    identifier,
    undefined,
    'network namespace from which checks with target vip go out; the monitor sets its routes',
  ),
  drift: optional(
    oneOf(['correct', 'ignore']),
    'correct',
    'what the monitor does when the IPVS table differs from the desired state',
  ),
  pause_on_standby: optional(
    boolean,
    false,
    'no checks of a service while its VIP is not on this machine',
  ),
  reload_on_change: optional(
    boolean,
    false,
    'read the file again when it, or a file that it includes, has changed',
  ),
  hook: optional(list(text, 1), undefined, 'program and arguments run at each change; no shell'),
  hook_user: optional(
    userName,
    undefined,
    'user that the hook runs as, with the groups of this user; that of the monitor when absent',
  ),
  log: optional(log, { format: 'text' as const, file: undefined }, 'log'),
});

/** The whole file. */
export const FILE = object({
  include: optional(
    textOrTexts,
    [],
    'files that are read with this one, relative to it; * ? [ ] match names',
  ),
  vars: optional(anyMap, undefined, 'variables: $name is replaced by the value'),
  hosts: optional(
    anyMap,
    undefined,
    'maps of variables by the name of the host, which win over vars',
  ),
  defaults: optional(defaults, undefined, 'defaults of services and checks'),
  vips: required(list(VIP, 1), 'virtual addresses'),
  services: required(list(SERVICE), 'virtual services'),
  timeouts: optional(
    object({
      tcp: optional(integer(1, YEAR), 900, 'seconds, established TCP'),
      tcp_fin: optional(integer(1, YEAR), 120, 'seconds, closing TCP'),
      udp: optional(integer(1, YEAR), 300, 'seconds, UDP'),
    }),
    undefined,
    "idle timeouts; the machine's own when absent",
  ),
  sync: optional(list(DAEMON), [], 'sync daemons, one of each role at most'),
  ha: optional(HA, undefined, 'several directors that share the VIPs'),
  monitor: optional(
    MONITOR,
    {
      check_netns: undefined,
      drift: 'correct' as const,
      pause_on_standby: false,
      reload_on_change: false,
      hook: undefined,
      hook_user: undefined,
      log: { format: 'text' as const, file: undefined },
    },
    'settings of lvsctl monitor',
  ),
});
// biome-ignore-end format: a table

export type Config = Value<typeof FILE>;
export type VirtualService = Value<typeof SERVICE>;
export type RealServer = Value<typeof server>;
export type TunnelOptions = Value<typeof tunnel>;
export type Health = Value<typeof health>;
export type Netmask = Value<typeof netmask>;
