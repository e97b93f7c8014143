// A service as the kernel and the lvsctl file can hold it: ports, families, flags, thresholds,
// quorum. What does not fit is changed as the other program changes it, with a remark.
import { parseAddress } from '../../model/address.js';
import { flagBits, flagNames, flagRow } from '../../model/scheduler.js';
import type { CheckEntry, MethodDraft, ServerDraft, ServiceDraft } from './draft.js';
import type { Remarks, SourcePlace } from './remark.js';

/** @param family that of the VIPs */
export function adapt(
  service: ServiceDraft,
  family: 'ipv4' | 'ipv6',
  remarks: Remarks,
): ServiceDraft {
  const port = service.where.kind === 'address' ? service.where.port : undefined;
  const inPlace = { service, family, port, remarks };
  const servers = unique(
    service.servers.flatMap((server) => adaptServer(server, inPlace)),
    remarks,
  );
  const { persistence } = service;
  const everyPort = port === 0 && persistence === undefined;
  if (everyPort)
    remarks.note(
      service,
      'persistence',
      'all ports of a VIP need persistence; 360 s, as keepalived has it',
    );
  return {
    ...service,
    servers,
    ...quorumOf(service, servers, remarks),
    flags: flagsOf(service, remarks),
    onePacket: onePacketOf(service, remarks),
    persistence: everyPort ? { timeout: 360 } : persistence,
    sorry: sorryOf(servers, inPlace),
  };
}

interface InPlace {
  readonly service: ServiceDraft;
  readonly family: 'ipv4' | 'ipv6';
  /** of the service; undefined = a mark */
  readonly port: number | undefined;
  readonly remarks: Remarks;
}

function adaptServer(server: ServerDraft, place: InPlace): ServerDraft[] {
  const { service, remarks } = place;
  const method = server.method ?? service.method;
  if (!fits(server.address, method, server, place)) return [];
  const port = portOf(server, method, place);
  const low = server.lower > 0 && server.lower > server.upper;
  if (low)
    remarks.warn(
      server,
      'lower threshold',
      `${server.lower} is above the upper one, ${server.upper}; left out`,
    );
  const checks = server.checks.map((check) =>
    adaptCheck(check, server, port || place.port, remarks),
  );
  return [{ ...server, port, lower: low ? 0 : server.lower, checks }];
}

function fits(
  address: string,
  { mode }: MethodDraft,
  at: SourcePlace,
  { family, remarks }: InPlace,
): boolean {
  const own = parseAddress(address)?.family;
  if (own === family || mode === 'tun') return true;
  remarks.warn(at, address, `an ${own} server of an ${family} service needs tunnelling; left out`);
  return false;
}

/** Only NAT changes the port; 0 = that of the service. */
function portOf(
  { port: given, ...at }: Pick<ServerDraft, 'port' | 'address' | keyof SourcePlace>,
  { mode }: MethodDraft,
  { port, remarks }: InPlace,
): number {
  if (given === 0 || given === port) return 0;
  if (mode === 'nat') return given;
  const text =
    port === undefined
      ? 'that of the packet stays'
      : port === 0
        ? 'all ports stay'
        : `${port} stays`;
  remarks.note(at, `${at.address} ${given}`, `only NAT changes the port: ${text}`);
  return 0;
}

/** @param served the port that the server is asked at when the check names none */
function adaptCheck(
  check: CheckEntry,
  server: ServerDraft,
  served: number | undefined,
  remarks: Remarks,
): CheckEntry {
  const { port, connect_to, source } = check as Readonly<Record<string, unknown>>;
  const to = typeof connect_to === 'string' ? parseAddress(connect_to) : undefined;
  if (connect_to !== undefined && to === undefined)
    remarks.warn(
      server,
      'connect_ip',
      `\`${connect_to}' is no address; the server itself is checked`,
    );
  const family = (to ?? parseAddress(server.address))?.family;
  const from = typeof source === 'string' ? parseAddress(source)?.family : undefined;
  if (source !== undefined && from !== family)
    remarks.warn(server, 'bindto', `\`${source}' is no ${family} address; left out`);
  return {
    ...check,
    port: port === served ? undefined : port,
    connect_to: to === undefined ? undefined : connect_to,
    source: from === family ? source : undefined,
  };
}

function unique(servers: readonly ServerDraft[], remarks: Remarks): readonly ServerDraft[] {
  const seen = new Set<string>();
  return servers.filter((server) => {
    const key = `${server.address} ${server.port}`;
    if (seen.has(key)) remarks.warn(server, server.address, 'a second time; the first one counts');
    return seen.size < seen.add(key).size;
  });
}

/** As keepalived reduces them, so that a service that is down can come back. */
function quorumOf(
  service: ServiceDraft,
  servers: readonly ServerDraft[],
  remarks: Remarks,
): { readonly quorum: number; readonly hysteresis: number } {
  const total = servers.reduce((sum, { weight }) => sum + weight, 0);
  const quorum = Math.max(1, Math.min(service.quorum, total));
  if (quorum < service.quorum)
    remarks.warn(
      service,
      'quorum',
      `the weights are ${total} together; ${service.quorum} becomes ${quorum}`,
    );
  const most = Math.max(0, Math.min(quorum - 1, total - quorum));
  const hysteresis = Math.min(service.hysteresis, most);
  if (hysteresis < service.hysteresis)
    remarks.warn(
      service,
      'hysteresis',
      `${service.hysteresis} becomes ${hysteresis}, or the service could never come back or ` +
        'never be down',
    );
  return { quorum, hysteresis };
}

/** A flag of another scheduler sets the same bit, and is named as that. */
function flagsOf({ flags, scheduler, ...at }: ServiceDraft, remarks: Remarks): readonly string[] {
  for (const name of flags) {
    const owner = flagRow(name)?.scheduler;
    if (owner !== undefined && owner !== scheduler)
      remarks.note(
        at,
        name,
        `a flag of ${owner}; for ${scheduler} it is ${flagNames(scheduler, flagBits([name]))[0]}`,
      );
  }
  return flagNames(scheduler, flagBits(flags));
}

function onePacketOf({ onePacket, where, ...at }: ServiceDraft, remarks: Remarks): boolean {
  if (!onePacket || where.kind === 'mark' || where.protocol === 'udp') return onePacket;
  remarks.warn(at, 'ops', `one-packet scheduling is for UDP, not ${where.protocol}; left out`);
  return false;
}

function sorryOf(servers: readonly ServerDraft[], place: InPlace): ServiceDraft['sorry'] {
  const { service, remarks } = place;
  const { sorry } = service;
  if (sorry === undefined) return undefined;
  const method = sorry.method ?? service.method;
  if (!fits(sorry.address, method, sorry, place)) return undefined;
  const port = portOf(sorry, method, place);
  if (servers.some((one) => one.address === sorry.address && one.port === port)) {
    remarks.warn(
      sorry,
      'sorry_server',
      `${sorry.address} is a server of the service already; left out`,
    );
    return undefined;
  }
  return { ...sorry, port };
}
