// What the doctor inspects: this machine, and the services that it is for, from a file or from the
// live table.
import { type Address, formatAddress } from '../../model/address.js';
import type { Daemon } from '../../model/daemon.js';
import type { Destination } from '../../model/destination.js';
import type { Service } from '../../model/service.js';
import { CAP_NET_ADMIN, isEffective } from '../../system/capability.js';
import { desiredServices, vipsOf } from '../config/desired.js';
import type { Config } from '../config/file.js';
import { type Facts, gatherFacts } from '../plan/facts.js';
import type { Machine } from '../plan/machine.js';
import { type MarkSource, markSources } from '../plan/marks.js';
import { partsOf } from '../plan/realserver.js';
import { hasRules } from '../plan/rules.js';

export const ROLES = ['director', 'realserver'] as const;
export type InspectedRole = (typeof ROLES)[number];

/** A service of the live table. */
export interface InspectedService {
  readonly service: Service;
  readonly destinations: readonly Destination[];
  readonly connections: number;
}

/** A service as it is expected to be. */
export interface ExpectedService {
  readonly service: Service;
  readonly destinations: readonly Destination[];
  /** the addresses that clients use; none for a mark without an address in its rule */
  readonly vips: readonly Address[];
}

export interface Inspection {
  readonly machine: Machine;
  readonly facts: Facts;
  readonly config: Config | undefined;
  readonly roles: ReadonlySet<InspectedRole>;
  /** undefined when the rules cannot be read */
  readonly live: readonly InspectedService[] | undefined;
  /** from the file, else from the live table */
  readonly expected: readonly ExpectedService[];
  readonly marks: readonly MarkSource[];
  /** sync daemons */
  readonly running: readonly Daemon[];
  /** value of a sysctl, undefined when there is none */
  sysctl(key: string): string | undefined;
}

/** Gathers everything once. @throws CommandError when `ip` fails */
export async function inspect(
  config: Config | undefined,
  role: InspectedRole | undefined,
  machine: Machine,
): Promise<Inspection> {
  const facts = gatherFacts(machine);
  const live =
    mayAdminister(machine) || !machine.hasKernelRules ? await liveServices(machine) : undefined;
  const marks = markSources(machine);
  return {
    machine,
    facts,
    config,
    roles: role ? new Set([role]) : rolesOf(config, live, facts),
    live,
    expected: config
      ? expectedByFile(config)
      : (live ?? []).map((one) => ({ ...one, vips: vipsMarked(one.service, marks) })),
    marks,
    running: live && hasRules(machine) ? await (await machine.backend()).daemons() : [],
    sysctl: (key) => machine.read(`/proc/sys/${key}`)?.trim(),
  };
}

/** Whether this process has CAP_NET_ADMIN. */
export function mayAdminister(machine: Machine): boolean {
  return isEffective(CAP_NET_ADMIN, machine.read('/proc/self/status')) ?? false;
}

/** Addresses for one host alone that are not of 127/8: VIPs that ARP does not announce. */
export function quietVips({ addresses }: Pick<Facts, 'addresses'>): Facts['addresses'] {
  return addresses.filter(
    ({ device, address, prefix }) =>
      (device === 'lo' || TUNNEL.test(device)) &&
      prefix === (address.includes(':') ? 128 : 32) &&
      address !== '::1',
  );
}

/** devices of tutorials and of `lvsctl realserver` */
export const TUNNEL =
  /^(?:tunl\d|gre\d|sit\d|ip6tnl\d|lvs-(?:ipip|gre|grec|sit|ip6tnl|ip6gre|ip6grec)$)/;

function rolesOf(
  config: Config | undefined,
  live: readonly InspectedService[] | undefined,
  facts: Facts,
): Set<InspectedRole> {
  const serves = config ? partsOf(config, facts).length > 0 : quietVips(facts).length > 0;
  const directs = (live ?? []).length > 0 || !serves;
  return new Set([
    ...(directs ? ['director' as const] : []),
    ...(serves ? ['realserver' as const] : []),
  ]);
}

async function liveServices(machine: Machine): Promise<InspectedService[]> {
  if (!hasRules(machine)) return [];
  const backend = await machine.backend();
  const found: InspectedService[] = [];
  for (const { service } of await backend.services('rules')) {
    const entries = await backend.destinations(service.id);
    found.push({
      service,
      destinations: entries.map(({ destination }) => destination),
      connections: entries.reduce(
        (sum, entry) => sum + entry.activeConnections + entry.inactiveConnections,
        0,
      ),
    });
  }
  return found;
}

function expectedByFile(config: Config): ExpectedService[] {
  return desiredServices(config).map(({ service, destinations, source }) => ({
    service,
    destinations,
    vips: vipsOf(source),
  }));
}

function vipsMarked({ id }: Service, marks: readonly MarkSource[]): readonly Address[] {
  if (id.kind === 'address') return [id.address];
  return marks.flatMap(({ mark, family, vip }) =>
    mark === id.mark && family === id.family && vip !== undefined ? [vip] : [],
  );
}

/** Whether the kernel takes packets to an address as its own. */
export function isLocal(address: Address, { machine }: Pick<Inspection, 'machine'>): boolean {
  return machine.run('ip', ['route', 'get', formatAddress(address)]).stdout.startsWith('local ');
}
