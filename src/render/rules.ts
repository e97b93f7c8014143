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
import { renderEndpoint } from './endpoint.js';
import { savedFlags } from './flags.js';
import { checksumOf } from './listing.js';
import { NUMERIC, type ReverseNames } from './names.js';

/**
 * `-A -t 10.0.0.1:80 -s rr -p 300 …`; undefined when ipvsadm has no option for its protocol, which
 * another program must have set.
 */
export function renderServiceRule(service: Service, names: ReverseNames): string | undefined {
  if (service.id.kind === 'address' && knownProtocol(service.id.protocol) === undefined)
    return undefined;
  let line = `-A ${renderId(service.id, names)} -s ${service.scheduler}`;
  if (service.persistence) {
    const family = familyOf(service.id);
    line += ` -p ${service.persistence.timeout}`;
    if (service.netmask !== fullNetmask(family))
      line += ` -M ${family === 'ipv4' ? formatIpv4(service.netmask) : service.netmask}`;
  }
  if (service.engine) line += ` --pe ${service.engine}`;
  if (service.onePacket) line += ' -o';
  if (service.schedulerFlags !== 0)
    line += ` -b ${savedFlags(service.scheduler, service.schedulerFlags)}`;
  return `${line}\n`;
}

/**
 * `-a -t 10.0.0.1:80 -r 192.168.0.1:80 -m -w 1 …`; undefined when ipvsadm has no option for its
 * forwarding method or tunnel type.
 */
export function renderDestinationRule(
  id: ServiceId,
  destination: Destination,
  names: ReverseNames,
): string | undefined {
  const protocol = id.kind === 'address' ? id.protocol : undefined;
  const server = renderEndpoint(destination.address, destination.port, protocol, names);
  const known = knownForwarding(destination.forwarding);
  if (
    known === undefined ||
    (known === 'tunnel' && knownTunnel(destination.tunnel.type) === undefined)
  )
    return undefined;
  let line = `-a ${renderId(id, names)} -r ${server} ${FORWARDING[known].option} -w ${destination.weight}`;
  if (destination.upperThreshold !== 0) line += ` -x ${destination.upperThreshold}`;
  if (destination.lowerThreshold !== 0) line += ` -y ${destination.lowerThreshold}`;
  return `${line}${renderTunnel(destination)}\n`;
}

/**
 * Any change as the words behind `ipvsadm`, with numbers for names; undefined where the line of a
 * rule is.
 */
export function renderChange(change: Change): string | undefined {
  switch (change.kind) {
    case 'add-service':
      return renderServiceRule(change.service, NUMERIC)?.trimEnd();
    case 'edit-service':
      return renderServiceRule(change.service, NUMERIC)?.trimEnd().replace(/^-A/, '-E');
    case 'delete-service':
      return `-D ${renderId(change.id, NUMERIC)}`;
    case 'add-destination':
      return renderDestinationRule(change.id, change.destination, NUMERIC)?.trimEnd();
    case 'edit-destination':
      return renderDestinationRule(change.id, change.destination, NUMERIC)
        ?.trimEnd()
        .replace(/^-a/, '-e');
    case 'delete-destination':
      return `-d ${renderId(change.id, NUMERIC)} -r ${renderEndpoint(change.destination.address, change.destination.port, undefined, NUMERIC)}`;
    case 'flush':
      return '-C';
    case 'zero':
      return change.id === undefined ? '-Z' : `-Z ${renderId(change.id, NUMERIC)}`;
    case 'set-timeouts':
      return `--set ${change.timeouts.tcp} ${change.timeouts.tcpFin} ${change.timeouts.udp}`;
    case 'start-daemon':
      return renderDaemon(change.daemon);
    case 'stop-daemon':
      return `--stop-daemon ${change.role} --syncid ${change.syncId}`;
    default:
      return change satisfies never;
  }
}

function renderDaemon({
  role,
  interface: device,
  syncId,
  maxLength,
  group,
  port,
  ttl,
}: DaemonRequest): string {
  let line = `--start-daemon ${role} --mcast-interface ${device} --syncid ${syncId}`;
  if (maxLength !== undefined) line += ` --sync-maxlen ${maxLength}`;
  if (group !== undefined) line += ` --mcast-group ${formatAddress(group)}`;
  if (port !== undefined) line += ` --mcast-port ${port}`;
  if (ttl !== undefined) line += ` --mcast-ttl ${ttl}`;
  return line;
}

function renderId(id: ServiceId, names: ReverseNames): string {
  if (id.kind === 'fwmark') return `-f ${id.mark}${id.family === 'ipv6' ? ' -6' : ''}`;
  const option = PROTOCOLS[knownProtocol(id.protocol) ?? 'tcp'].option;
  return `${option} ${renderEndpoint(id.address, id.port, id.protocol, names)}`;
}

function renderTunnel({ forwarding, tunnel }: Destination): string {
  const known = knownTunnel(tunnel.type);
  if (forwarding !== 'tunnel' || known === undefined) return '';
  let text = ` --tun-type ${known}`;
  if (TUNNELS[known].port) text += ` --tun-port ${tunnel.port}`;
  if (TUNNELS[known].checksum) text += ` ${checksumOf(tunnel).option}`;
  return text;
}
