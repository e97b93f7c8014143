// One check of one server -> the probe that asks it. A row per kind of check.
import { formatAddress } from '../../model/address.js';
import type { Destination } from '../../model/destination.js';
import { type Check, type CheckKind, USUAL_PORT } from '../config/checks.js';
import type { VirtualService } from '../config/file.js';
import { formatServer } from '../plan/diff.js';
import type {
  Environment,
  HttpQuestion,
  Outside,
  Probes,
  RemoteProbes,
  Target,
  Verdict,
} from './outside.js';
import { needsWay, type Way } from './viproutes.js';

export interface Question {
  readonly check: Check;
  readonly service: VirtualService;
  readonly server: Destination;
  /** to the VIP on the server, for checks that ask for it */
  readonly way: Way | undefined;
}

type Of<K extends CheckKind> = Extract<Check, { kind: K }>;
type AskProbes<K extends CheckKind> = K extends 'dns' | 'ping' | 'exec' ? Probes : RemoteProbes;
type Ask<K extends CheckKind> = (
  probes: AskProbes<K>,
  target: Target,
  check: Of<K>,
  question: Question,
) => Promise<Verdict>;

/** Per kind: the probe, and the check in messages. */
// biome-ignore format: a table
const KINDS: { readonly [K in CheckKind]: { readonly ask: Ask<K>; readonly label: (check: Of<K>) => string } } = {
  tcp: { ask: (probes, target) => probes.tcp(target), label: () => 'tcp' },
  http: { ask: (probes, target, check, { service }) => probes.http(target, httpQuestion(check, service)), label: ({ path }) => `http ${path}` },
  https: { ask: (probes, target, check, { service }) => probes.http(target, httpQuestion(check, service)), label: ({ path }) => `https ${path}` },
  dns: { ask: (probes, target, question) => probes.dns(target, question), label: ({ name, type }) => `dns ${type} ${name}` },
  udp: { ask: (probes, target, check) => probes.udp(target, { hex: bytesOf(check), reply: check.reply }), label: () => 'udp' },
  smtp: { ask: (probes, target, { helo }) => probes.smtp(target, helo), label: () => 'smtp' },
  ping: { ask: (probes, target) => probes.ping(target), label: () => 'ping' },
  exec: { ask: (probes, target, { command }, question) => probes.exec(command, environment(question, target), target.timeoutMs), label: ({ command }) => `exec ${command[0]}` },
};

/** Asks the question. Never rejects. */
export function ask(
  { probes, probesIn }: Pick<Outside, 'probes' | 'probesIn'>,
  question: Question,
): Promise<Verdict> {
  const { check, service, server } = question;
  const way = needsWay(check) ? question.way : undefined;
  const target: Target = {
    address: formatAddress(check.target === 'vip' ? service.address : server.address),
    port: portOf(question) ?? 0,
    source: check.source && formatAddress(check.source),
    timeoutMs: Math.round(check.timeout * 1000),
    ...(way ? { ports: way.ports } : {}),
  };
  return KINDS[check.kind].ask(
    (way ? probesIn(way.netns) : probes) as Probes,
    target,
    check as never,
    question,
  );
}

/** `http /health`, `tcp`: the check in messages. */
export function labelOf(check: Check): string {
  return KINDS[check.kind].label(check as never);
}

/** Why this check cannot be carried out on this machine; undefined = it can. */
export function impossible(
  check: Check,
  outside: Pick<Outside, 'isExecutable' | 'whyNoCertificates'>,
): string | undefined {
  if (check.kind === 'https' && check.ca !== undefined) {
    const why = outside.whyNoCertificates(check.ca);
    if (why !== undefined) return `check https: ${check.ca}: ${why}`;
  }
  if (check.kind === 'exec' && !outside.isExecutable(check.command[0] ?? ''))
    return `check exec: ${check.command[0]} cannot be run`;
  if (check.kind === 'ping' && !PING.some((path) => outside.isExecutable(path)))
    return `check ping: there is no ${PING.join(' or ')}`;
  return undefined;
}

const PING = ['/bin/ping', '/usr/bin/ping'];

function portOf({ check, service, server }: Question): number | undefined {
  const usual = USUAL_PORT[check.kind];
  // of a group that port which such a service usually has
  const grouped = service.ports?.find(({ port }) => port === usual) ?? service.ports?.[0];
  return check.port || server.port || service.port || grouped?.port || usual;
}

function bytesOf({ payload, payload_hex: hex }: Of<'udp'>): string {
  return hex ?? Buffer.from(payload ?? '').toString('hex');
}

function httpQuestion(check: Of<'http'> | Of<'https'>, service: VirtualService): HttpQuestion {
  const vip = formatAddress(service.address);
  const usual = USUAL_PORT[check.kind];
  const port = service.port && service.port !== usual ? `:${service.port}` : '';
  const host = check.host ?? `${service.address.family === 'ipv6' ? `[${vip}]` : vip}${port}`;
  const { method, path, headers, status, body, redirects } = check;
  const tls =
    check.kind === 'https'
      ? {
          verify: check.verify,
          ca: check.ca,
          name: check.sni ?? (check.host ? hostName(check.host) : vip),
        }
      : undefined;
  return { tls, method, path, host, headers, status, body, redirects };
}

/** A Host header without its port and brackets. */
function hostName(host: string): string {
  return /^\[(.*)\]/.exec(host)?.[1] ?? host.replace(/:\d+$/, '');
}

/** What an exec check finds in its environment, beside PATH. */
function environment({ service, server }: Question, target: Target): Environment {
  return {
    LVS_SERVICE: service.name,
    LVS_PROTOCOL: service.protocol,
    LVS_VIP: formatAddress(service.address),
    LVS_VPORT: String(service.port ?? service.ports?.[0]?.port ?? 0),
    LVS_SERVER: formatServer(server),
    LVS_RIP: formatAddress(server.address),
    LVS_RPORT: String(target.port),
    LVS_TARGET: target.address,
    LVS_TIMEOUT: String(target.timeoutMs / 1000),
  };
}
