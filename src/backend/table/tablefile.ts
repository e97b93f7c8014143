// The table file: TableState <-> JSON text, one service or real server a line. What is read is
// checked field by field, since the file may come from anywhere. What is written is checked by the
// same limits, so that no table replaces another that could not be read back.
import { formatAddress } from '../../model/address.js';
import { DAEMON_ROLES, type Daemon, type DaemonRole } from '../../model/daemon.js';
import type { Destination } from '../../model/destination.js';
import { FORWARDING, type Forwarding, TUNNELS, type TunnelType } from '../../model/forwarding.js';
import { PROTOCOLS, type Protocol, type Service, type ServiceId } from '../../model/service.js';
import type { VirtualServer } from '../../model/table.js';
import type { Timeouts } from '../../model/timeouts.js';
import { destinationKey, lookupKey } from '../../simulator/keys.js';
import type { ModelHost } from '../memory/host.js';
import type { TableState } from '../memory/state.js';
import {
  address,
  check,
  distinct,
  FieldError,
  type Fields,
  flag,
  LIMITS,
  list,
  named,
  object,
  oneOf,
  text,
  U16,
  whole,
} from './fields.js';
import { checkTraffic, encodeTraffic, trafficIn } from './trafficfile.js';

const FORMAT = 'lvs table';
const VERSION = 1;

/** What is wrong with a table file, and where: `services[2].destinations[0].weight: …` */
export class TableFileError extends Error {
  override readonly name = 'TableFileError';
}

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
    return (
      `\n    {"service": ${JSON.stringify(serviceOut(service))}, ` +
      `"destinations": [${rows.join(',')}${rows.length > 0 ? '\n    ' : ''}]}`
    );
  });
  const traffic = state.traffic ? `,\n  "traffic": ${encodeTraffic(state.traffic)}` : '';
  return (
    `{\n${lines.join('')}  "services": ` +
    `[${services.join(',')}${services.length > 0 ? '\n  ' : ''}]${traffic}\n}\n`
  );
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
    services: distinct(list(file.services, 'services', tableServiceIn), 'services', ({ service }) =>
      lookupKey(service.id),
    ),
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

function tableServiceIn(value: unknown, at: string): VirtualServer {
  const fields = object(value, at);
  return {
    service: serviceIn(fields.service, `${at}.service`),
    destinations: distinct(
      list(fields.destinations, `${at}.destinations`, destinationIn),
      `${at}.destinations`,
      destinationKey,
    ),
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

function machineIn(value: unknown): ModelHost {
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
