// What the doctor inspects: the facts of a machine, and the services that it is for, from a file or
// from the live table.
import { type Address, formatAddress } from '../../model/address.js';
import type { Destination } from '../../model/destination.js';
import type { Service } from '../../model/service.js';
import { desiredServices, vipsOf } from '../config/desired.js';
import type { Config } from '../config/file.js';
import { toDestination, toService } from '../facts/rules.js';
import type { DaemonFact, MachineFacts } from '../facts/types.js';
import { BEFORE_IPVS, type MarkRule, markRules } from '../filter/marks.js';
import { type HostAddress, hostOf, type PathHost } from '../path/host.js';
import type { Facts } from '../plan/facts.js';
import type { Machine } from '../plan/machine.js';
import { partsOf } from '../plan/realserver.js';
import { planFacts } from './planfacts.js';

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
  /** where programs can be run; undefined when only the facts of the machine are there */
  readonly machine: Machine | undefined;
  readonly host: PathHost;
  /** other machines whose facts are there */
  readonly others: readonly PathHost[];
  readonly facts: Facts;
  readonly config: Config | undefined;
  readonly roles: ReadonlySet<InspectedRole>;
  /** the role was named */
  readonly hasRole: boolean;
  /** undefined when the rules cannot be read */
  readonly live: readonly InspectedService[] | undefined;
  /** from the file, else from the live table */
  readonly expected: readonly ExpectedService[];
  /** of both families, those that IPVS sees */
  readonly marks: readonly MarkRule[];
  /** sync daemons */
  readonly running: readonly DaemonFact[];
  /** value of a sysctl, undefined when there is none */
  sysctl(key: string): string | undefined;
}

export interface InspectedMachine {
  readonly facts: MachineFacts;
  readonly machine?: Machine | undefined;
  readonly others?: readonly PathHost[];
}

/** Prepares what the checks ask. */
export function inspect(
  config: Config | undefined,
  role: InspectedRole | undefined,
  { facts, machine, others = [] }: InspectedMachine,
): Inspection {
  const host = hostOf(facts);
  const plan = planFacts(facts, machine);
  const live = facts.services === null ? undefined : liveServices(facts);
  const marks = (['ipv4', 'ipv6'] as const)
    .flatMap((family) => markRules(host.rules(family), family))
    .filter(({ hook }) => BEFORE_IPVS.includes(hook));
  return {
    machine,
    host,
    others,
    facts: plan,
    config,
    hasRole: role !== undefined,
    roles: role ? new Set([role]) : rolesOf(config, live, plan, host),
    live,
    expected: config
      ? expectedByFile(config)
      : (live ?? []).map((one) => ({ ...one, vips: vipsMarked(one.service, marks) })),
    marks,
    running: facts.daemons,
    sysctl: (key) => facts.sysctls[key]?.trim(),
  };
}

/** Addresses where no neighbour asks for them: on lo, dummy and tunnel devices. */
export function quietAddresses(host: PathHost): HostAddress[] {
  return host.addresses.filter(({ device, address }) => {
    const link = host.link(device);
    const quiet = device === 'lo' || link?.kind === 'dummy' || isTunnelDevice(host, device);
    return quiet && !isLoopback(address) && !isLinkLocal(address);
  });
}

/** Whether a device is the exit of a tunnel, by its kind, or by its name where no kind is known. */
export function isTunnelDevice(host: PathHost, device: string): boolean {
  const link = host.link(device);
  return link?.tunnel != null || (link?.kind == null && TUNNEL.test(device));
}

function isLoopback(address: Address): boolean {
  const text = formatAddress(address);
  return text.startsWith('127.') || text === '::1';
}

function isLinkLocal(address: Address): boolean {
  return /^(?:fe80:|169\.254\.)/.test(formatAddress(address));
}

/** devices of tutorials and of `lvsctl realserver` */
const TUNNEL = /^(?:tunl\d|gre\d|sit\d|ip6tnl\d|lvs-(?:ipip|gre|grec|sit|ip6tnl|ip6gre|ip6grec)$)/;

function rolesOf(
  config: Config | undefined,
  live: readonly InspectedService[] | undefined,
  facts: Facts,
  host: PathHost,
): Set<InspectedRole> {
  const serves = config ? partsOf(config, facts).length > 0 : quietVips(host, live).length > 0;
  const directs = (live ?? []).length > 0 || !serves;
  return new Set([
    ...(directs ? ['director' as const] : []),
    ...(serves ? ['realserver' as const] : []),
  ]);
}

/** Quiet addresses that are no VIP of this machine's own table. */
export function quietVips(
  host: PathHost,
  live: readonly InspectedService[] | undefined = [],
): HostAddress[] {
  const own = new Set(
    live.flatMap(({ service: { id } }) =>
      id.kind === 'address' ? [formatAddress(id.address)] : [],
    ),
  );
  return quietAddresses(host).filter(
    ({ address, device }) =>
      !own.has(formatAddress(address)) &&
      // a director has dummy devices for other things
      (live.length === 0 || host.link(device)?.kind !== 'dummy'),
  );
}

function liveServices({ services }: MachineFacts): InspectedService[] {
  return (services ?? []).flatMap((shown) => {
    const service = toService(shown);
    if (service === undefined) return [];
    const destinations = shown.servers.flatMap((one) => toDestination(one) ?? []);
    const connections = shown.servers.reduce((sum, one) => sum + one.active + one.inactive, 0);
    return [{ service, destinations, connections }];
  });
}

function expectedByFile(config: Config): ExpectedService[] {
  return desiredServices(config).map(({ service, destinations, source }) => ({
    service,
    destinations,
    vips: vipsOf(source),
  }));
}

function vipsMarked({ id }: Service, marks: readonly MarkRule[]): readonly Address[] {
  if (id.kind === 'address') return [id.address];
  return marks
    .filter((one) => one.value === id.mark && one.family === id.family)
    .flatMap((one) => hostOfRule(one) ?? []);
}

/** The destination of a rule, when it is one host. */
export function hostOfRule({ plain }: MarkRule): Address | undefined {
  const range = plain?.address;
  if (range?.kind !== 'network') return undefined;
  const full = range.address.family === 'ipv4' ? 32 : 128;
  return range.length === full ? range.address : undefined;
}

/** Whether the kernel takes packets to an address as its own. */
export function isLocal(address: Address, { host }: Pick<Inspection, 'host'>): boolean {
  return host.isLocal(address) !== false;
}
