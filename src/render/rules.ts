// Rules as the command lines that make them again (`-S`). Nothing of a rule is lost, and `-R` reads
// back every line.
import { formatAddress, formatIpv4 } from '../model/address.js';
import type { Change } from '../model/change.js';
import type { DaemonRequest } from '../model/daemon.js';
import type { Destination } from '../model/destination.js';
import { FORWARDING, knownForwarding, knownTunnel, TUNNELS } from '../model/forwarding.js';
import {
  familyOf,
  fullNetmask,
  knownProtocol,
  PROTOCOLS,
  type Service,
  type ServiceId,
} from '../model/service.js';
import type { Timeouts } from '../model/timeouts.js';
import { renderEndpoint } from './endpoint.js';
import { savedFlags } from './flags.js';
import { checksumOf } from './listing.js';
import { NUMERIC, type ReverseNames } from './names.js';

/**
 * `-A -t 10.0.0.1:80 -s rr -p 300 …` and a newline; undefined when ipvsadm has no option for its
 * protocol, which another program must have set.
 */
export function renderServiceRule(service: Service, names: ReverseNames): string | undefined {
  return line(serviceArguments('-A', service, names));
}

/**
 * `-a -t 10.0.0.1:80 -r 192.168.0.1:80 -m -w 1 …` and a newline; undefined when ipvsadm has no
 * option for its forwarding method or tunnel type.
 */
export function renderDestinationRule(
  id: ServiceId,
  destination: Destination,
  names: ReverseNames,
): string | undefined {
  return line(destinationArguments('-a', id, destination, names));
}

/** What starts a daemon, as `-R` reads it, and a newline. */
export function renderDaemonRule(daemon: DaemonRequest): string {
  return `${daemonArguments(daemon).join(' ')}\n`;
}

/** What sets the timeouts, as `-R` reads it, and a newline. */
export function renderTimeoutsRule({ tcp, tcpFin, udp }: Timeouts): string {
  return `--set ${tcp} ${tcpFin} ${udp}\n`;
}

/**
 * The arguments of `ipvsadm` that make a change, with numbers for names; undefined where it has no
 * option for what the rule sets. They are not quoted: see `shell.ts`.
 */
export function changeArguments(change: Change): readonly string[] | undefined {
  switch (change.kind) {
    case 'add-service':
      return serviceArguments('-A', change.service, NUMERIC);
    case 'edit-service':
      return serviceArguments('-E', change.service, NUMERIC);
    case 'delete-service':
      return ['-D', ...idArguments(change.id, NUMERIC)];
    case 'add-destination':
      return destinationArguments('-a', change.id, change.destination, NUMERIC);
    case 'edit-destination':
      return destinationArguments('-e', change.id, change.destination, NUMERIC);
    case 'delete-destination': {
      const { address, port } = change.destination;
      const server = renderEndpoint(address, port, undefined, NUMERIC);
      return ['-d', ...idArguments(change.id, NUMERIC), '-r', server];
    }
    case 'flush':
      return ['-C'];
    case 'zero':
      return change.id === undefined ? ['-Z'] : ['-Z', ...idArguments(change.id, NUMERIC)];
    case 'set-timeouts':
      return renderTimeoutsRule(change.timeouts).trimEnd().split(' ');
    case 'start-daemon':
      return daemonArguments(change.daemon);
    case 'stop-daemon':
      return ['--stop-daemon', change.role, '--syncid', String(change.syncId)];
    default:
      return change satisfies never;
  }
}

function line(args: readonly string[] | undefined): string | undefined {
  return args && `${args.join(' ')}\n`;
}

function serviceArguments(
  command: '-A' | '-E',
  service: Service,
  names: ReverseNames,
): string[] | undefined {
  const { id, persistence, netmask, engine, onePacket, scheduler, schedulerFlags } = service;
  if (id.kind === 'address' && knownProtocol(id.protocol) === undefined) return undefined;
  const args = [command, ...idArguments(id, names), '-s', scheduler];
  if (persistence) {
    const family = familyOf(id);
    args.push('-p', String(persistence.timeout));
    if (netmask !== fullNetmask(family))
      args.push('-M', family === 'ipv4' ? formatIpv4(netmask) : String(netmask));
  }
  if (engine) args.push('--pe', engine);
  if (onePacket) args.push('-o');
  if (schedulerFlags !== 0) args.push('-b', savedFlags(scheduler, schedulerFlags));
  return args;
}

function destinationArguments(
  command: '-a' | '-e',
  id: ServiceId,
  destination: Destination,
  names: ReverseNames,
): string[] | undefined {
  const protocol = id.kind === 'address' ? id.protocol : undefined;
  const server = renderEndpoint(destination.address, destination.port, protocol, names);
  const known = knownForwarding(destination.forwarding);
  if (
    known === undefined ||
    (known === 'tunnel' && knownTunnel(destination.tunnel.type) === undefined)
  )
    return undefined;
  const { option } = FORWARDING[known];
  const args = [command, ...idArguments(id, names), '-r', server, option];
  args.push('-w', String(destination.weight));
  if (destination.upperThreshold !== 0) args.push('-x', String(destination.upperThreshold));
  if (destination.lowerThreshold !== 0) args.push('-y', String(destination.lowerThreshold));
  return [...args, ...tunnelArguments(destination)];
}

function daemonArguments(daemon: DaemonRequest): string[] {
  const { role, interface: device, syncId, maxLength, group, port, ttl } = daemon;
  const args = ['--start-daemon', role, '--mcast-interface', device, '--syncid', String(syncId)];
  if (maxLength !== undefined) args.push('--sync-maxlen', String(maxLength));
  if (group !== undefined) args.push('--mcast-group', formatAddress(group));
  if (port !== undefined) args.push('--mcast-port', String(port));
  if (ttl !== undefined) args.push('--mcast-ttl', String(ttl));
  return args;
}

function idArguments(id: ServiceId, names: ReverseNames): string[] {
  if (id.kind === 'fwmark') return ['-f', String(id.mark), ...(id.family === 'ipv6' ? ['-6'] : [])];
  const { option } = PROTOCOLS[knownProtocol(id.protocol) ?? 'tcp'];
  return [option, renderEndpoint(id.address, id.port, id.protocol, names)];
}

function tunnelArguments({ forwarding, tunnel }: Destination): string[] {
  const known = knownTunnel(tunnel.type);
  if (forwarding !== 'tunnel' || known === undefined) return [];
  const args = ['--tun-type', known];
  if (TUNNELS[known].port) args.push('--tun-port', String(tunnel.port));
  if (TUNNELS[known].checksum) args.push(checksumOf(tunnel).option);
  return args;
}
