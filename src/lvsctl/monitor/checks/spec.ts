// A check of the file, for one server -> the probe that makes it. A row per kind of check.
import { formatAddress } from '../../../model/address.js';
import type { Destination } from '../../../model/destination.js';
import { serverKey } from '../../../model/table.js';
import type { ProbeTarget } from '../../../system/probe/outcome.js';
import type { ProbeSpec } from '../../../system/probe/spec.js';
import { type Check, type CheckKind, DEFAULT_PORT } from '../../config/checks.js';
import type { VirtualService } from '../../config/file.js';
import type { Runtime } from '../runtime.js';
import { needsRoute, type VipRoute } from './viproutes.js';

/** A check of one server, and how it reaches the VIP there. */
export interface CheckOfServer {
  readonly check: Check;
  readonly service: VirtualService;
  readonly server: Destination;
  /** to the VIP on the server, for checks of it */
  readonly route: VipRoute | undefined;
}

type Of<K extends CheckKind> = Extract<Check, { kind: K }>;

interface CheckRow<K extends CheckKind> {
  /** the check in messages: `http /health` */
  readonly label: (check: Of<K>) => string;
  readonly toSpec: (check: Of<K>, of: CheckOfServer, target: ProbeTarget) => ProbeSpec;
}

// biome-ignore format: a table
const KINDS: { readonly [K in CheckKind]: CheckRow<K> } = {
  tcp: { label: () => 'tcp', toSpec: () => ({ kind: 'tcp' }) },
  http: { label: ({ path }) => `http ${path}`, toSpec: (check, { service }) => httpSpec(check, service) },
  https: { label: ({ path }) => `https ${path}`, toSpec: (check, { service }) => httpSpec(check, service) },
  dns: { label: ({ name, type }) => `dns ${type} ${name}`, toSpec: ({ name, type, expected }) => ({ kind: 'dns', name, type, expected }) },
  udp: { label: () => 'udp', toSpec: (check) => ({ kind: 'udp', hex: bytesOf(check), reply: check.reply }) },
  smtp: { label: () => 'smtp', toSpec: ({ helo }) => ({ kind: 'smtp', helo }) },
  ping: { label: () => 'ping', toSpec: () => ({ kind: 'ping' }) },
  exec: { label: ({ command }) => `exec ${command[0]}`, toSpec: ({ command }, of, target) => ({ kind: 'exec', command, environment: environment(of, target) }) },
};

/** What is probed, and where. */
export function probeOf(of: CheckOfServer): {
  readonly spec: ProbeSpec;
  readonly target: ProbeTarget;
} {
  const { check, service, server } = of;
  const route = needsRoute(check) ? of.route : undefined;
  const target: ProbeTarget = {
    address: formatAddress(check.target === 'vip' ? service.address : server.address),
    port: portOf(of) ?? 0,
    timeoutMs: Math.round(check.timeout * 1000),
    ...(check.source ? { source: formatAddress(check.source) } : {}),
    ...(route ? { netns: route.netns, ports: route.ports } : {}),
  };
  return { spec: KINDS[check.kind].toSpec(check as never, of, target), target };
}

/** `http /health`, `tcp`: the check in messages. */
export function labelOf(check: Check): string {
  return KINDS[check.kind].label(check as never);
}

/** What this check needs and this machine does not have; undefined = nothing. */
export function missingPrerequisite(
  check: Check,
  runtime: Pick<Runtime, 'isExecutable' | 'certificateError'>,
): string | undefined {
  if (check.kind === 'https' && check.ca !== undefined) {
    const error = runtime.certificateError(check.ca);
    if (error !== undefined) return `check https: ${check.ca}: ${error}`;
  }
  if (check.kind === 'exec' && !runtime.isExecutable(check.command[0] ?? ''))
    return `check exec: ${check.command[0]} cannot be run`;
  if (check.kind === 'ping' && !PING.some((path) => runtime.isExecutable(path)))
    return `check ping: there is no ${PING.join(' or ')}`;
  return undefined;
}

const PING = ['/bin/ping', '/usr/bin/ping'];

function portOf({ check, service, server }: CheckOfServer): number | undefined {
  const usual = DEFAULT_PORT[check.kind];
  // of a group that port which such a service usually has
  const grouped = service.ports?.find(({ port }) => port === usual) ?? service.ports?.[0];
  return check.port || server.port || service.port || grouped?.port || usual;
}

function bytesOf({ payload, payload_hex: hex }: Of<'udp'>): string {
  return hex ?? Buffer.from(payload ?? '').toString('hex');
}

function httpSpec(check: Of<'http'> | Of<'https'>, service: VirtualService): ProbeSpec {
  const vip = formatAddress(service.address);
  const usual = DEFAULT_PORT[check.kind];
  const asked = check.port ?? service.port;
  const port = asked && asked !== usual ? `:${asked}` : '';
  const host = check.host ?? `${service.address.family === 'ipv6' ? `[${vip}]` : vip}${port}`;
  const { method, path, headers, status, body, redirects } = check;
  const request = { kind: 'http' as const, method, path, host, headers, status, redirects };
  const withBody = body === undefined ? request : { ...request, body: body.source };
  if (check.kind === 'http') return withBody;
  const name = check.sni ?? (check.host ? hostName(check.host) : vip);
  const { verify, ca } = check;
  return { ...withBody, tls: ca === undefined ? { verify, name } : { verify, name, ca } };
}

/** A Host header without its port and brackets. */
function hostName(host: string): string {
  return /^\[(.*)\]/.exec(host)?.[1] ?? host.replace(/:\d+$/, '');
}

/** What an exec check finds in its environment, beside PATH. */
function environment(
  { service, server }: CheckOfServer,
  target: ProbeTarget,
): Readonly<Record<string, string>> {
  return {
    LVS_SERVICE: service.name,
    LVS_PROTOCOL: service.protocol,
    LVS_VIP: formatAddress(service.address),
    LVS_VPORT: String(service.port ?? service.ports?.[0]?.port ?? 0),
    LVS_SERVER: serverKey(server),
    LVS_RIP: formatAddress(server.address),
    LVS_RPORT: String(target.port),
    LVS_TARGET: target.address,
    LVS_TIMEOUT: String(target.timeoutMs / 1000),
  };
}
