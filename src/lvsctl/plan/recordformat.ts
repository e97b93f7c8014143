// What a line of a record may hold. Only what lvsctl itself writes is accepted, field by field, so
// that no record can have `down` write to another path or run another command.
import { parseAddress } from '../../model/address.js';
import { DAEMON_ROLES } from '../../model/daemon.js';
import { FORWARDING, TUNNELS } from '../../model/forwarding.js';
import { isInterfaceName } from '../../model/interface.js';
import { PROTOCOLS } from '../../model/service.js';
import { isAddressArgs } from './addressargs.js';
import { isDummyOf } from './dummy.js';
import type { ResourceKind } from './resources.js';
import { isRoute } from './route.js';
import { isSysctlKey, sideEffectOf } from './sysctl.js';
import { isLinkOf } from './tunneldevice.js';

/** @returns what is wrong, beginning with the path of the field; undefined when nothing is */
type FieldCheck = (value: unknown, path: string) => string | undefined;

/** @returns what is wrong with a header, undefined when nothing is */
export function checkHeader(value: unknown): string | undefined {
  return HEADER(value, 'header');
}

/** @returns what is wrong with an entry, undefined when nothing is */
export function checkEntry(value: unknown): string | undefined {
  const wrong = ENTRY(value, 'entry');
  if (wrong !== undefined) return wrong;
  const { resource, previous, set } = value as Readonly<Record<string, unknown>>;
  const { kind, ...fields } = resource as { readonly kind?: unknown };
  if (typeof kind !== 'string' || !Object.hasOwn(RESOURCE_TYPES, kind))
    return `resource.kind: ${JSON.stringify(kind)} is unknown`;
  const row = RESOURCE_TYPES[kind as ResourceKind];
  return (
    row.resource(fields, 'resource') ??
    row.state(fields as never)(previous, 'previous') ??
    row.state(fields as never)(set, 'set')
  );
}

function test(what: string, accepts: (value: unknown) => boolean): FieldCheck {
  return (value, path) => (accepts(value) ? undefined : `${path}: not ${what}`);
}
const matching = (what: string, pattern: RegExp) =>
  test(what, (value) => typeof value === 'string' && pattern.test(value));
const integer = (min: number, max: number) =>
  test(`an integer ${min}..${max}`, (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max);
const oneOf = (...choices: readonly string[]) =>
  test(`one of ${choices.join(', ')}`, (value) => choices.includes(value as string));
const text = (what: string, accepts: (value: string) => boolean) =>
  test(what, (value) => typeof value === 'string' && accepts(value));
const flag = test('true or false', (value) => typeof value === 'boolean');
const orNull =
  (check: FieldCheck): FieldCheck =>
  (value, path) =>
    value === null ? undefined : check(value, path);
const either =
  (what: string, ...checks: readonly FieldCheck[]): FieldCheck =>
  (value, path) =>
    checks.some((check) => check(value, path) === undefined) ? undefined : `${path}: not ${what}`;

function list(check: FieldCheck, min: number, max: number): FieldCheck {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < min || value.length > max)
      return `${path}: not a list of ${min} to ${max}`;
    return first(value.map((one, i) => () => check(one, `${path}[${i}]`)));
  };
}

/** Exactly these keys, the optional ones as they like. */
function shape(
  required: Readonly<Record<string, FieldCheck>>,
  optional: Readonly<Record<string, FieldCheck>> = {},
): FieldCheck {
  const all = { ...required, ...optional };
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return `${path}: not an object`;
    const unknown = Object.keys(value).find((key) => !Object.hasOwn(all, key));
    if (unknown !== undefined) return `${path}: unknown key ${JSON.stringify(unknown)}`;
    const missing = Object.keys(required).find((key) => !Object.hasOwn(value, key));
    if (missing !== undefined) return `${path}: ${missing} is missing`;
    return first(
      Object.entries(value).map(
        ([key, one]) =>
          () =>
            all[key]?.(one, `${path}.${key}`),
      ),
    );
  };
}

/** A table whose keys are checked too. */
function record(key: (key: string) => boolean, check: FieldCheck): FieldCheck {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return `${path}: not an object`;
    const unknown = Object.keys(value).find((one) => !key(one));
    if (unknown !== undefined) return `${path}: unknown key ${JSON.stringify(unknown)}`;
    return first(
      Object.entries(value).map(
        ([one, x]) =>
          () =>
            check(x, `${path}.${one}`),
      ),
    );
  };
}

function first(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const wrong = check();
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

const UINT32 = 0xffffffff;
const INT32 = 0x7fffffff;
const uint32 = integer(0, UINT32);
const port = integer(0, 65535);
const family = oneOf('ipv4', 'ipv6');
const device = text('a network interface name', isInterfaceName);
const name = matching('a name of the kernel', /^[A-Za-z0-9_-]{1,15}$/);
const numbered = (what: string, known: object) =>
  text(what, (value) => Object.hasOwn(known, value) || /^[a-z]+-\d{1,5}$/.test(value));
const address = either(
  'an address',
  shape({ family: oneOf('ipv4'), value: uint32 }),
  shape({ family: oneOf('ipv6'), words: list(uint32, 4, 4) }),
);
const prefix = text('an address with prefix length', (value) => {
  const [, host = '', length = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(value) ?? [];
  const found = parseAddress(host);
  return found !== undefined && Number(length) <= (found.family === 'ipv4' ? 32 : 128);
});

const serviceId = either(
  'an address service or a firewall mark',
  shape({
    kind: oneOf('address'),
    protocol: numbered('a protocol', PROTOCOLS),
    address,
    port,
  }),
  shape({ kind: oneOf('fwmark'), mark: integer(1, UINT32), family }),
);
const service = shape(
  {
    id: serviceId,
    scheduler: name,
    schedulerFlags: uint32,
    netmask: uint32,
    onePacket: flag,
  },
  { persistence: shape({ timeout: uint32 }), engine: name },
);
const destination = shape({
  address,
  port,
  forwarding: numbered('a forwarding method', FORWARDING),
  tunnel: shape({
    type: numbered('a tunnel type', TUNNELS),
    port,
    flags: port,
  }),
  weight: integer(0, INT32),
  upperThreshold: uint32,
  lowerThreshold: uint32,
});
const rules = shape({ service, destinations: list(destination, 0, 1_000_000), ordered: flag });
const daemon = shape(
  { role: oneOf(...Object.keys(DAEMON_ROLES)), interface: device, syncId: integer(0, 255) },
  { maxLength: port, group: address, port, ttl: integer(0, 255) },
);
const firewallRule = either(
  'a rule of lvsctl',
  shape({
    kind: oneOf('mark'),
    protocol: oneOf(...Object.keys(PROTOCOLS)),
    address,
    ports: list(
      either('a port or a range', integer(0, 65535), matching('a range', /^\d{1,5}-\d{1,5}$/)),
      0,
      15,
    ),
    mark: integer(1, UINT32),
  }),
  shape({ kind: oneOf('mss'), address, size: integer(-1000, 65535) }),
);

const extraAddress = shape({
  args: test('arguments of ip addr add', (value) => Array.isArray(value) && isAddressArgs(value)),
  leads: flag,
});

const HEADER = shape({
  role: oneOf('director', 'realserver'),
  file: text('an absolute path', (value) => value.startsWith('/') && !value.includes('\0')),
  content: matching('a checksum', /^[0-9a-f]{64}$/),
  links: record(isInterfaceName, integer(1, INT32)),
});
const anything: FieldCheck = () => undefined;
const ENTRY = shape({
  resource: test('an object', (value) => typeof value === 'object' && value !== null),
  previous: anything,
  set: anything,
});

interface Row {
  readonly resource: FieldCheck;
  readonly state: (resource: never) => FieldCheck;
}

// biome-ignore format: a table
const RESOURCE_TYPES: { readonly [K in ResourceKind]: Row } = {
  module: { resource: shape({ name: matching('a module of IPVS', /^ip_vs(_[a-z0-9]+)*$/) }), state: () => flag },
  sysctl: { resource: shape({ key: text('a key that lvsctl sets', isSysctlKey) }), state: sysctlState },
  link: { resource: link, state: () => orNull(oneOf('up', 'down')) },
  fou: { resource: shape({ port: integer(1, 65535), family }), state: () => flag },
  address: { resource: shape({ device, address: prefix }), state: () => flag },
  extra_address: { resource: shape({ device, address: prefix }), state: () => orNull(extraAddress) },
  route: { resource: shape({ family }), state: () => orNull(text('a route', isRoute)) },
  firewall: { resource: shape({ tool: oneOf('nft', 'iptables', 'iptables-legacy'), rule: firewallRule }), state: () => flag },
  service: { resource: shape({ id: serviceId }), state: () => orNull(rules) },
  timeouts: { resource: shape({}), state: () => shape({ tcp: uint32, tcpFin: uint32, udp: uint32 }) },
  daemon: { resource: shape({ role: oneOf(...Object.keys(DAEMON_ROLES)) }), state: () => orNull(daemon) },
};

/** The value of the key, and those of the keys that change along with it. */
function sysctlState({ key }: { readonly key: string }): FieldCheck {
  const value = matching('a number', /^-?\d{1,10}$/);
  return orNull((state, path) => {
    const wrong = record((one) => one === key || sideEffectOf(key, one) !== undefined, value)(
      state,
      path,
    );
    return (
      wrong ?? (Object.hasOwn(state as object, key) ? undefined : `${path}: no value of ${key}`)
    );
  });
}

function link(value: unknown, path: string): string | undefined {
  const wrong = shape({
    name: device,
    args: list(matching('an argument', /^[a-z0-9.:]{1,45}$/), 1, 8),
  })(value, path);
  if (wrong !== undefined) return wrong;
  const { name: own, args } = value as {
    readonly name: string;
    readonly args: readonly string[];
  };
  return isLinkOf(own, args) || isDummyOf(own, args)
    ? undefined
    : `${path}: not a device of lvsctl`;
}
