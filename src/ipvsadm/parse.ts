// Tokens -> a command, or the first refusal in ipvsadm's order.
import { type Address, isUnspecified } from '../model/address.js';
import type { Change } from '../model/change.js';
import type { Destination } from '../model/destination.js';
import { fullNetmask, type Service, type ServiceId } from '../model/service.js';
import type { ListingView } from '../render/listing.js';
import { type Draft, emptyDraft } from './draft.js';
import { checkCommand, checkTunnel } from './legality.js';
import { DEFAULT_SCHEDULER } from './limits.js';
import { type CommandName, type Slot, seconds } from './options.js';
import type { Token } from './scan.js';
import { refuse, refuseFirst } from './usage.js';
import { endpointLookups, type Names, parseSchedulerFlags } from './values.js';

export interface View extends ListingView {
  readonly numeric: boolean;
  readonly sorted: boolean;
}

export type Command =
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'list-table'; readonly view: View }
  | { readonly kind: 'list-service'; readonly id: ServiceId; readonly view: View }
  | { readonly kind: 'list-connections'; readonly numeric: boolean; readonly engine: boolean }
  | { readonly kind: 'list-timeouts' }
  | { readonly kind: 'list-daemons' }
  | { readonly kind: 'save'; readonly numeric: boolean }
  | { readonly kind: 'restore' }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' };

/** What `parse` needs to have been looked up. */
export interface Lookups {
  readonly hosts: ReadonlySet<string>;
  readonly services: boolean;
}

/** What a command line without arguments does. */
export const DEFAULT_COMMAND: Command = {
  kind: 'list-table',
  view: { layout: 'plain', numeric: false, exact: false, sorted: true },
};

/** The names among the arguments, which are looked up before `parse`. */
export function lookupsOf(tokens: readonly Token[]): Lookups | undefined {
  let lookups: { hosts: Set<string>; services: boolean } | undefined;
  for (const token of tokens) {
    if (token.kind !== 'option' || token.value === undefined) continue;
    const { slot } = token.row;
    if (
      slot === 'netmask' ||
      slot === 'real-server' ||
      (slot === 'service-address' && token.row.short !== 'f')
    ) {
      const { host, service } = endpointLookups(token.value);
      const name = slot === 'netmask' ? token.value : host;
      if (name === undefined && !service) continue;
      lookups ??= { hosts: new Set(), services: false };
      if (name !== undefined) lookups.hosts.add(name);
      lookups.services ||= service;
    }
  }
  return lookups;
}

/**
 * Folds the tokens from left to right and checks the whole.
 *
 * @param argv0 the program's name in the advice printed for a first argument that is no command
 * @throws UsageError the first problem in ipvsadm's order: argument by argument, then positionals,
 *   scheduler flags, legality, combinations
 */
export function parse(tokens: readonly Token[], argv0: string, names: Names): Command {
  const firstAt = tokens.findIndex((token) => token.kind !== 'positional');
  const first = tokens[firstAt];
  const command = first?.kind === 'option' ? first.row.command : undefined;
  if (first?.kind !== 'option' || command === undefined) refuseFirst(argv0);
  if (command === 'help' || command === 'version') return { kind: command };

  const draft = emptyDraft(names);
  first.row.apply?.(draft, first.value ?? '');
  const given = foldOptions(tokens, firstAt + 1, draft);
  const positionals = positionalsOf(tokens);
  const timeouts = command === 'set' ? takeTimeouts(positionals) : NO_TIMEOUTS;
  const unexpected = positionals[0];
  if (unexpected !== undefined) refuse(`unexpected argument ${unexpected}`);
  const flags = given.has('sched-flags')
    ? parseSchedulerFlags(draft.schedulerFlags, draft.scheduler || DEFAULT_SCHEDULER, refuse)
    : 0;
  checkCommand(command, given);
  if (command === 'set') return { kind: 'change', change: { kind: 'set-timeouts', timeouts } };
  return finish(command, draft, given, flags);
}

const NO_TIMEOUTS = { tcp: 0, tcpFin: 0, udp: 0 } as const;

function positionalsOf(tokens: readonly Token[]): string[] {
  const texts: string[] = [];
  for (const token of tokens) if (token.kind === 'positional') texts.push(token.text);
  return texts;
}

const DEFAULT_INTERFACE = 'eth0';

function foldOptions(tokens: readonly Token[], from: number, draft: Draft): Set<Slot> {
  const given = new Set<Slot>();
  for (let i = from; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.kind === 'positional') continue;
    if (token.kind === 'bad') refuse(`${token.element}: ${token.reason}`, 'parser');
    const { row, value } = token;
    if (row.command !== undefined) refuse(`invalid option \`${token.element}'`);
    if (row.slot !== undefined) {
      if (given.has(row.slot)) refuse(`multiple '${row.slot}' options specified`);
      given.add(row.slot);
    }
    if (value === undefined && row.bare) row.bare(draft);
    else row.apply?.(draft, value ?? '');
  }
  return given;
}

/** Takes the values of `--set` from the front of the positionals. */
function takeTimeouts(positionals: string[]): { tcp: number; tcpFin: number; udp: number } {
  const [tcp, tcpFin, udp] = positionals.splice(0, 3);
  if (tcp === undefined || tcpFin === undefined || udp === undefined)
    refuse('--set option requires 3 timeout values');
  return { tcp: seconds(tcp, 0), tcpFin: seconds(tcpFin, 0), udp: seconds(udp, 0) };
}

function finish(
  command: Exclude<CommandName, 'help' | 'version' | 'set'>,
  draft: Draft,
  given: ReadonlySet<Slot>,
  flags: number,
): Command {
  switch (command) {
    case 'add-service':
    case 'edit-service':
      return change({ kind: command, service: serviceOf(draft, flags) });
    case 'delete-service':
      return change({ kind: command, id: idOf(draft) });
    case 'add-server':
      return change({
        kind: 'add-destination',
        id: idOf(draft),
        destination: destinationOf(draft, given),
      });
    case 'edit-server':
      return change({
        kind: 'edit-destination',
        id: idOf(draft),
        destination: destinationOf(draft, given),
      });
    case 'delete-server':
      return change({
        kind: 'delete-destination',
        id: idOf(draft),
        destination: { address: serverOf(draft), port: draft.serverPort },
      });
    case 'flush':
      return change({ kind: 'flush' });
    case 'zero':
      return change({
        kind: 'zero',
        id: given.has('service-address') ? zeroedId(idOf(draft)) : undefined,
      });
    case 'start-daemon':
      return change({ kind: command, daemon: daemonOf(draft) });
    case 'stop-daemon':
      return change({ kind: command, role: draft.daemon, syncId: draft.syncId });
    case 'list':
      return listing(draft, given);
    case 'save':
      return { kind: 'save', numeric: given.has('numeric') };
    case 'restore':
      return { kind: 'restore' };
    default:
      return command satisfies never;
  }
}

function change(value: Change): Command {
  return { kind: 'change', change: value };
}

function idOf(draft: Draft): ServiceId {
  if (draft.mark !== undefined) return { kind: 'fwmark', mark: draft.mark, family: draft.family };
  if (draft.address === undefined || draft.protocol === undefined)
    throw new Error('a service was required but is missing');
  return { kind: 'address', protocol: draft.protocol, address: draft.address, port: draft.port };
}

/** A service of address and port zero names no service: everything is zeroed. */
function zeroedId(id: ServiceId): ServiceId | undefined {
  return id.kind === 'address' && id.port === 0 && isUnspecified(id.address) ? undefined : id;
}

function serviceOf(draft: Draft, schedulerFlags: number): Service {
  const id = idOf(draft);
  if (id.kind === 'address') {
    if (id.port === 0 && draft.persistence === undefined)
      refuse('Zero port specified for non-persistent service');
    if (draft.onePacket && id.protocol !== 'udp')
      refuse('One-Packet Scheduling is only for UDP virtual services');
  }
  return {
    id,
    scheduler: draft.scheduler || DEFAULT_SCHEDULER,
    schedulerFlags,
    persistence: draft.persistence === undefined ? undefined : { timeout: draft.persistence },
    netmask: draft.netmask ?? fullNetmask(draft.family),
    engine: draft.engine || undefined,
    onePacket: draft.onePacket,
  };
}

function destinationOf(draft: Draft, given: ReadonlySet<Slot>): Destination {
  const address = serverOf(draft);
  const tunnelled = draft.forwarding === 'tunnel';
  if (address.family !== draft.family && !tunnelled)
    refuse('Different address family is allowed only for tunneling servers');
  if (!tunnelled && TUNNEL_SLOTS.some((slot) => given.has(slot)))
    refuse('Tunnel options conflict with forward method');
  checkTunnel(draft.tunnelType, given);
  return {
    address,
    // Direct routing and tunnels cannot change the port: the server's becomes the service's,
    // silently.
    port:
      draft.mark === undefined && draft.forwarding !== 'masquerade' ? draft.port : draft.serverPort,
    forwarding: draft.forwarding,
    tunnel: { type: draft.tunnelType, port: draft.tunnelPort, flags: draft.tunnelFlags },
    weight: draft.weight,
    upperThreshold: draft.upperThreshold,
    lowerThreshold: draft.lowerThreshold,
  };
}

const TUNNEL_SLOTS: readonly Slot[] = [
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
];

function serverOf(draft: Draft): Address {
  if (draft.server === undefined) throw new Error('a real server was required but is missing');
  return draft.server;
}

function daemonOf(draft: Draft): Extract<Change, { kind: 'start-daemon' }>['daemon'] {
  return {
    role: draft.daemon,
    interface: draft.interface || DEFAULT_INTERFACE,
    syncId: draft.syncId,
    maxLength: draft.maxLength,
    group: draft.group,
    port: draft.groupPort,
    ttl: draft.ttl,
  };
}

/** In the order in which the first given one decides. */
const LAYOUTS = ['stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info'] as const;

function listing(draft: Draft, given: ReadonlySet<Slot>): Command {
  const [connection, timeout, daemon] = [
    given.has('connection'),
    given.has('timeout'),
    given.has('daemon'),
  ];
  const counted = given.has('stats') || given.has('rate') || given.has('thresholds');
  if (
    ((connection || timeout || daemon) && counted) ||
    ((timeout || daemon) && given.has('persistent-conn'))
  ) {
    refuse('options conflicts in the list command');
  }
  const numeric = given.has('numeric');
  if (connection)
    return { kind: 'list-connections', numeric, engine: given.has('persistent-conn') };
  const layout = LAYOUTS.find((slot) => given.has(slot)) ?? 'plain';
  const view: View = { layout, numeric, exact: given.has('exact'), sorted: !given.has('nosort') };
  if (given.has('service-address')) return { kind: 'list-service', id: idOf(draft), view };
  if (timeout) return { kind: 'list-timeouts' };
  if (daemon) return { kind: 'list-daemons' };
  return { kind: 'list-table', view };
}
