// The table file: TableState <-> JSON text, one service or real server a line. What is read is
// checked field by field, since the file may come from anywhere. What is written is checked by the
// same limits, so that no table replaces another that could not be read back.
import { type Address, formatAddress, parseAddress } from '../model/address.js';
import { DAEMON_ROLES, type Daemon, type DaemonRole } from '../model/daemon.js';
import type { Destination } from '../model/destination.js';
import { FORWARDING, type Forwarding, TUNNELS, type TunnelType } from '../model/forwarding.js';
import {
  type KnownProtocol,
  PROTOCOLS,
  type Protocol,
  type Service,
  type ServiceId,
} from '../model/service.js';
import type { Timeouts } from '../model/timeouts.js';
import type { KeptFlow, KeptTemplate, Snapshot } from '../simulator/snapshot.js';
import type { TrafficState } from '../simulator/traffic.js';
import type { Machine } from './machine.js';
import type { TableService, TableState } from './memory.js';

const FORMAT = 'lvs table';
const VERSION = 1;

/** What is wrong with a table file, and where: `services[2].destinations[0].weight: …` */
export class TableFileError extends Error {
  override readonly name = 'TableFileError';
}

/** a field without the words around it */
class FieldError extends Error {}

type Limits = Readonly<Record<string, number>>;
const U16 = 65535;
const I32 = 2147483647;
const U32 = 4294967295;

/** The largest value of each number; all are whole and not negative. */
// biome-ignore format: a table
const LIMITS = {
  service: { schedulerFlags: 7, netmask: U32 },
  persistence: { timeout: U32 },
  mark: { mark: U32 },
  port: { port: U16 },
  destination: { port: U16, weight: I32, upperThreshold: U32, lowerThreshold: U32 },
  tunnel: { port: U16, flags: U16 },
  serverTraffic: { lastWeight: I32 },
  tuple: { service: U32, server: U32, virtualPort: U16, serverPort: U16 },
  template: { seconds: U32 },
  flow: { clientPort: U16, mark: U32 },
} as const satisfies Readonly<Record<string, Limits>>;

/**
 * The text of a table file.
 * @throws TableFileError when it holds a number that `decodeTable` would refuse
 */
export function encodeTable(state: TableState): string {
  explained('not written', () => checkState(state));
  return textOf(state);
}

function textOf(state: TableState): string {
  const head = {
    format: FORMAT,
    version: VERSION,
    machine: state.machine,
    timeouts: state.timeouts,
    daemons: state.daemons.map(daemonOut),
  };
  const lines = Object.entries(head).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`,
  );
  const services = state.services.map(({ service, destinations }) => {
    const rows = destinations.map(
      (destination) => `\n      ${JSON.stringify(destinationOut(destination))}`,
    );
    return `\n    {"service": ${JSON.stringify(serviceOut(service))}, "destinations": [${rows.join(',')}${rows.length > 0 ? '\n    ' : ''}]}`;
  });
  const traffic = state.traffic ? `,\n  "traffic": ${encodeTraffic(state.traffic)}` : '';
  return `{\n${lines.join('')}  "services": [${services.join(',')}${services.length > 0 ? '\n  ' : ''}]${traffic}\n}\n`;
}

/** @throws TableFileError when the text is not a table file of a version this program knows */
export function decodeTable(text: string): TableState {
  const file = explained('damaged table file', () => object(parseJson(text), 'the file'));
  if (file.format !== FORMAT) throw new TableFileError('not an LVS table file');
  if (file.version !== VERSION)
    throw new TableFileError(
      `table file of version ${JSON.stringify(file.version)}; this program reads version ${VERSION}`,
    );
  return explained('damaged table file', () => ({
    machine: machineIn(file.machine),
    timeouts: timeoutsIn(file.timeouts),
    daemons: list(file.daemons, 'daemons', daemonIn),
    services: list(file.services, 'services', tableServiceIn),
    traffic: file.traffic === undefined ? undefined : trafficIn(file.traffic),
  }));
}

/** Text and choices are right by their types; numbers are computed, and may be anything. */
function checkState({ machine, timeouts, daemons, services, traffic }: TableState): void {
  machineIn(machine);
  timeoutsIn(timeouts);
  list(daemons.map(daemonOut), 'daemons', daemonIn);
  services.forEach(({ service, destinations }, i) => {
    const at = `services[${i}]`;
    const { id, persistence } = service;
    check(id, `${at}.service`, id.kind === 'fwmark' ? LIMITS.mark : LIMITS.port);
    check(service, `${at}.service`, LIMITS.service);
    if (persistence) check(persistence, `${at}.service.persistence`, LIMITS.persistence);
    destinations.forEach((destination, j) => {
      const place = `${at}.destinations[${j}]`;
      check(destination, place, LIMITS.destination);
      check(destination.tunnel, `${place}.tunnel`, LIMITS.tunnel);
    });
  });
  if (traffic) checkTraffic(traffic);
}

function checkTraffic({ now, services, templates, flows }: Snapshot): void {
  moment(now, 'traffic.now');
  services.forEach(({ traffic, servers }, i) => {
    const at = `traffic.services[${i}]`;
    countersIn(traffic, `${at}.traffic`);
    list(servers, `${at}.servers`, serverTrafficIn);
  });
  templates.forEach((template, i) => {
    const at = `traffic.templates[${i}]`;
    check(template, at, LIMITS.tuple);
    check(template, at, LIMITS.template);
    moment(template.expiresAt, `${at}.expiresAt`);
  });
  flows.forEach((flow, i) => {
    const at = `traffic.flows[${i}]`;
    check(flow, at, LIMITS.tuple);
    check(flow, at, LIMITS.flow);
    moment(flow.expiresAt, `${at}.expiresAt`);
    if (flow.template !== -1) whole(flow.template, `${at}.template`);
  });
}

/** Words for the place are made only where they are needed: tables are large. */
function check<L extends Limits>(
  value: { readonly [K in keyof L]: number },
  at: string,
  limits: L,
): void {
  for (const key in limits)
    if (!isWhole(value[key], limits[key] as number)) whole(value[key], `${at}.${key}`, limits[key]);
}

function explained<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FieldError) throw new TableFileError(`${what}: ${error.message}`);
    throw error;
  }
}

function timeoutsIn(value: unknown): Timeouts {
  const timeouts = object(value, 'timeouts');
  return {
    tcp: whole(timeouts.tcp, 'timeouts.tcp'),
    tcpFin: whole(timeouts.tcpFin, 'timeouts.tcpFin'),
    udp: whole(timeouts.udp, 'timeouts.udp'),
  };
}

/** One connection or template a line. */
function encodeTraffic({ now, services, templates, flows }: Snapshot): string {
  const rows = (items: readonly object[]) =>
    items.map((item) => `\n      ${JSON.stringify(item, addressOut)}`).join(',');
  return `{\n    "now": ${now},\n    "services": [${rows(services)}],\n    "templates": [${rows(templates)}],\n    "flows": [${rows(flows)}]\n  }`;
}

function addressOut(_: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'family' in value
    ? formatAddress(value as Address)
    : value;
}

function trafficIn(value: unknown): Snapshot {
  const fields = object(value, 'traffic');
  return {
    now: moment(fields.now, 'traffic.now'),
    services: list(fields.services, 'traffic.services', (one, at) => {
      const { traffic, servers } = object(one, at);
      return {
        traffic: countersIn(traffic, `${at}.traffic`),
        servers: list(servers, `${at}.servers`, serverTrafficIn),
      };
    }),
    templates: list(fields.templates, 'traffic.templates', templateIn),
    flows: list(fields.flows, 'traffic.flows', flowIn),
  };
}

function serverTrafficIn(
  value: unknown,
  at: string,
): Snapshot['services'][number]['servers'][number] {
  const { traffic, lastWeight, overloaded } = object(value, at);
  return {
    traffic: countersIn(traffic, `${at}.traffic`),
    lastWeight: whole(lastWeight, `${at}.lastWeight`, LIMITS.serverTraffic.lastWeight),
    overloaded: flag(overloaded, `${at}.overloaded`),
  };
}

function countersIn(value: unknown, at: string): TrafficState {
  const fields = object(value, at);
  const numbers = (name: string) =>
    list(fields[name], `${at}.${name}`, (one, place) => whole(one, place, Number.MAX_SAFE_INTEGER));
  return {
    counted: numbers('counted'),
    copied: numbers('copied'),
    zero: numbers('zero'),
    rates: numbers('rates'),
  };
}

function templateIn(value: unknown, at: string): KeptTemplate {
  const fields = object(value, at);
  return {
    ...tupleIn(fields, at),
    protocol: oneOf(fields.protocol, `${at}.protocol`, [...KNOWN, 'ip' as const]),
    callId: fields.callId === undefined ? undefined : text(fields.callId, `${at}.callId`),
    seconds: whole(fields.seconds, `${at}.seconds`, LIMITS.template.seconds),
    assured: flag(fields.assured, `${at}.assured`),
    retired: flag(fields.retired, `${at}.retired`),
  };
}

function flowIn(value: unknown, at: string): KeptFlow {
  const fields = object(value, at);
  return {
    ...tupleIn(fields, at),
    protocol: oneOf(fields.protocol, `${at}.protocol`, KNOWN),
    clientPort: whole(fields.clientPort, `${at}.clientPort`, LIMITS.flow.clientPort),
    mark: whole(fields.mark, `${at}.mark`, LIMITS.flow.mark),
    state: text(fields.state, `${at}.state`),
    bothWays: flag(fields.bothWays, `${at}.bothWays`),
    template: fields.template === -1 ? -1 : whole(fields.template, `${at}.template`),
  };
}

const KNOWN = Object.keys(PROTOCOLS) as KnownProtocol[];

function tupleIn(fields: Fields, at: string) {
  return {
    service: whole(fields.service, `${at}.service`, LIMITS.tuple.service),
    server: whole(fields.server, `${at}.server`, LIMITS.tuple.server),
    client: address(fields.client, `${at}.client`),
    virtual: address(fields.virtual, `${at}.virtual`),
    virtualPort: whole(fields.virtualPort, `${at}.virtualPort`, LIMITS.tuple.virtualPort),
    serverPort: whole(fields.serverPort, `${at}.serverPort`, LIMITS.tuple.serverPort),
    expiresAt: moment(fields.expiresAt, `${at}.expiresAt`),
  };
}

/** Seconds since 1970, with a fraction. */
function moment(value: unknown, at: string): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? value
    : fail(at, 'a time');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new TableFileError('not an LVS table file, or a damaged one');
    throw error;
  }
}

function serviceOut({ id, ...settings }: Service): object {
  const where =
    id.kind === 'fwmark'
      ? { fwmark: id.mark, family: id.family }
      : { protocol: id.protocol, address: formatAddress(id.address), port: id.port };
  return { ...where, ...settings };
}

function destinationOut(destination: Destination): object {
  return { ...destination, address: formatAddress(destination.address) };
}

function daemonOut(daemon: Daemon): object {
  return { ...daemon, group: daemon.group && formatAddress(daemon.group) };
}

type Fields = Readonly<Record<string, unknown>>;

function tableServiceIn(value: unknown, at: string): TableService {
  const fields = object(value, at);
  return {
    service: serviceIn(fields.service, `${at}.service`),
    destinations: list(fields.destinations, `${at}.destinations`, destinationIn),
  };
}

function serviceIn(value: unknown, at: string): Service {
  const fields = object(value, at);
  const persistence =
    fields.persistence === undefined ? undefined : object(fields.persistence, `${at}.persistence`);
  return {
    id: idIn(fields, at),
    scheduler: text(fields.scheduler, `${at}.scheduler`),
    schedulerFlags: whole(
      fields.schedulerFlags,
      `${at}.schedulerFlags`,
      LIMITS.service.schedulerFlags,
    ),
    persistence: persistence && {
      timeout: whole(persistence.timeout, `${at}.persistence.timeout`, LIMITS.persistence.timeout),
    },
    netmask: whole(fields.netmask, `${at}.netmask`, LIMITS.service.netmask),
    engine: fields.engine === undefined ? undefined : text(fields.engine, `${at}.engine`),
    onePacket: flag(fields.onePacket, `${at}.onePacket`),
  };
}

function idIn(fields: Fields, at: string): ServiceId {
  if (fields.fwmark !== undefined) {
    return {
      kind: 'fwmark',
      mark: whole(fields.fwmark, `${at}.fwmark`, LIMITS.mark.mark),
      family: oneOf(fields.family, `${at}.family`, ['ipv4', 'ipv6']),
    };
  }
  return {
    kind: 'address',
    protocol: named<Protocol>(fields.protocol, `${at}.protocol`, PROTOCOLS, 'ip-'),
    address: address(fields.address, `${at}.address`),
    port: whole(fields.port, `${at}.port`, LIMITS.port.port),
  };
}

function destinationIn(value: unknown, at: string): Destination {
  const fields = object(value, at);
  const tunnel = object(fields.tunnel, `${at}.tunnel`);
  return {
    address: address(fields.address, `${at}.address`),
    port: whole(fields.port, `${at}.port`, LIMITS.destination.port),
    forwarding: named<Forwarding>(fields.forwarding, `${at}.forwarding`, FORWARDING, 'method-'),
    tunnel: {
      type: named<TunnelType>(tunnel.type, `${at}.tunnel.type`, TUNNELS, 'type-'),
      port: whole(tunnel.port, `${at}.tunnel.port`, LIMITS.tunnel.port),
      flags: whole(tunnel.flags, `${at}.tunnel.flags`, LIMITS.tunnel.flags),
    },
    weight: whole(fields.weight, `${at}.weight`, LIMITS.destination.weight),
    upperThreshold: whole(
      fields.upperThreshold,
      `${at}.upperThreshold`,
      LIMITS.destination.upperThreshold,
    ),
    lowerThreshold: whole(
      fields.lowerThreshold,
      `${at}.lowerThreshold`,
      LIMITS.destination.lowerThreshold,
    ),
  };
}

function daemonIn(value: unknown, at: string): Daemon {
  const fields = object(value, at);
  return {
    role: oneOf(fields.role, `${at}.role`, Object.keys(DAEMON_ROLES) as DaemonRole[]),
    interface: text(fields.interface, `${at}.interface`),
    syncId: whole(fields.syncId, `${at}.syncId`),
    maxLength: whole(fields.maxLength, `${at}.maxLength`, U16),
    group: fields.group === undefined ? undefined : address(fields.group, `${at}.group`),
    port: whole(fields.port, `${at}.port`, U16),
    ttl: whole(fields.ttl, `${at}.ttl`, 255),
  };
}

function machineIn(value: unknown): Machine {
  const fields = object(value, 'machine');
  const links = Object.entries(object(fields.links, 'machine.links')).map(([name, link]) => {
    const at = `machine.links.${name}`;
    const { up, mtu, addresses } = object(link, at) as Fields & {
      up?: unknown;
      mtu?: unknown;
      addresses?: unknown;
    };
    return [
      name,
      {
        up: flag(up, `${at}.up`),
        mtu: whole(mtu, `${at}.mtu`, 65536),
        addresses: list(addresses, `${at}.addresses`, text),
      },
    ] as const;
  });
  return {
    links: Object.fromEntries(links),
    connectionTableSize: whole(fields.connectionTableSize, 'machine.connectionTableSize'),
  };
}

function fail(at: string, wanted: string): never {
  throw new FieldError(`${at} is not ${wanted}`);
}

function object(value: unknown, at: string): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : fail(at, 'an object');
}

function list<T>(value: unknown, at: string, item: (value: unknown, at: string) => T): T[] {
  return Array.isArray(value)
    ? value.map((element, i) => item(element, `${at}[${i}]`))
    : fail(at, 'a list');
}

function whole(value: unknown, at: string, most = U32): number {
  return isWhole(value, most) ? value : fail(at, `a number from 0 to ${most}`);
}

function isWhole(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function text(value: unknown, at: string): string {
  return typeof value === 'string' ? value : fail(at, 'a text');
}

function flag(value: unknown, at: string): boolean {
  return typeof value === 'boolean' ? value : fail(at, 'true or false');
}

function oneOf<T extends string>(value: unknown, at: string, choices: readonly T[]): T {
  return choices.find((choice) => choice === value) ?? fail(at, `one of ${choices.join(', ')}`);
}

/**
 * A name from a table, or the prefix and a number for what the kernel knows and the table does not.
 */
function named<T extends string>(value: unknown, at: string, table: object, prefix: string): T {
  const name = text(value, at);
  const numbered = name.startsWith(prefix) && /^[0-9]{1,5}$/.test(name.slice(prefix.length));
  return Object.hasOwn(table, name) || numbered
    ? (name as T)
    : fail(at, `one of ${Object.keys(table).join(', ')}`);
}

function address(value: unknown, at: string): Address {
  return parseAddress(text(value, at)) ?? fail(at, 'an IP address');
}
