// What another program's file states -> the entries of an lvsctl file.
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import { isRange, rangeOf } from '../config/range.js';
import { groupOf, type MarkSource } from '../plan/marks.js';
import { adapt } from './adapt.js';
import { checksOfService, type EntryChecks } from './composechecks.js';
import type { ImportDraft, MethodDraft, ServerDraft, ServiceDraft, VipDraft } from './draft.js';
import type { Remarks, SourcePlace } from './remark.js';

/** What the file does not state. */
export interface ComposeContext {
  /** VIP and ports of marks */
  readonly marks: readonly MarkSource[];
  interfaceOf(vip: Address): string;
}

/** The values of an lvsctl file, ready to be written, and where its services come from. */
export interface Composed {
  readonly file: Readonly<Record<string, unknown>>;
  /** of `services[i]` */
  readonly places: readonly (SourcePlace & { readonly subject: string })[];
  /** marks of which VIP and ports are not known; their services are not in the file */
  readonly unknownMarks: readonly (SourcePlace & { readonly mark: number })[];
  readonly counts: { readonly services: number; readonly servers: number; readonly checks: number };
}

export function compose(draft: ImportDraft, context: ComposeContext): Composed {
  const { remarks } = draft;
  const known: { readonly service: ServiceDraft; readonly place: Placed }[] = [];
  const unknownMarks: (SourcePlace & { mark: number })[] = [];
  for (const service of merged(draft.services, remarks)) {
    const place = placedBy(service, context.marks);
    if (place === undefined)
      unknownMarks.push({ file: service.file, line: service.line, mark: markOf(service) });
    else known.push({ service: adapt(service, place.family, remarks), place });
  }
  const names = new Set<string>();
  const entries = known.map(({ service, place }) => ({
    ...toEntry(service, place, names),
    place: { file: service.file, line: service.line, subject: describe(service) },
  }));
  const { timeouts, sync } = draft;
  const monitor = { ...draft.monitor, ...standbyOf(draft) };
  return {
    file: {
      vips: vipsOf(
        draft.vips,
        known.flatMap(({ place }) => place.addresses),
        context,
      ),
      services: entries.map(({ entry }) => entry),
      ...(timeouts && Object.keys(timeouts).length > 0 ? { timeouts } : {}),
      ...(sync.length > 0 ? { sync } : {}),
      ...(Object.keys(monitor).length > 0 ? { monitor } : {}),
    },
    places: entries.map(({ place }) => place),
    unknownMarks,
    counts: {
      services: known.length,
      servers: known.reduce((sum, { service }) => sum + service.servers.length, 0),
      checks: known.reduce((sum, { service }) => sum + countChecks(service), 0),
    },
  };
}

/** One answer for the whole file: only where all services have it. */
function standbyOf({ services, remarks }: ImportDraft): { readonly pause_on_standby?: true } {
  const suspended = services.filter(({ suspend }) => suspend);
  if (suspended.length > 0 && suspended.length === services.length)
    return { pause_on_standby: true };
  for (const service of suspended)
    remarks.warn(service, 'ha_suspend', 'only some services have it: checks of all go on');
  return {};
}

function countChecks({ servers }: ServiceDraft): number {
  return servers.reduce((sum, { checks }) => sum + checks.length, 0);
}

/** Two blocks of one service are one, with the servers of both. */
function merged(services: readonly ServiceDraft[], remarks: Remarks): readonly ServiceDraft[] {
  const all = new Map<string, ServiceDraft>();
  for (const service of services) {
    const key = JSON.stringify(service.where);
    const first = all.get(key);
    if (first === undefined) {
      all.set(key, service);
      continue;
    }
    remarks.warn(
      service,
      describe(service),
      `a second time after line ${first.line}: its servers are added to the first, its other ` +
        'keywords do not count',
    );
    all.set(key, { ...first, servers: [...first.servers, ...service.servers] });
  }
  return [...all.values()];
}

interface Placed {
  readonly family: Address['family'];
  readonly addresses: readonly string[];
  readonly keys: Readonly<Record<string, unknown>>;
}

function placedBy(
  { where, onePacket }: ServiceDraft,
  marks: readonly MarkSource[],
): Placed | undefined {
  if (where.kind === 'address') {
    const { protocol, addresses, port } = where;
    const [only = ''] = addresses;
    return {
      family: only.includes(':') ? 'ipv6' : 'ipv4',
      addresses,
      keys: {
        ...(protocol === 'tcp' ? {} : { protocol }),
        ...(addresses.length === 1 ? { address: only } : { addresses }),
        port,
      },
    };
  }
  const group = groupOf(
    marks
      .filter(({ mark, vip }) => mark === where.mark && vip !== undefined)
      .map((one) => ({ ...one, protocol: one.protocol ?? 'tcp' })),
  );
  const [vip] = group?.vips ?? [];
  if (group === undefined || vip === undefined) return undefined;
  const addresses = group.vips.map(formatAddress);
  const udp = onePacket && group.protocol === 'udp';
  return {
    family: vip.family,
    addresses,
    keys: {
      ...(udp ? { protocol: 'udp' } : {}),
      ...(addresses.length === 1 ? { address: addresses[0] } : { addresses }),
      ports: group.ports,
      mark: where.mark,
    },
  };
}

function markOf({ where }: ServiceDraft): number {
  return where.kind === 'mark' ? where.mark : 0;
}

function toEntry(
  service: ServiceDraft,
  place: Placed,
  names: Set<string>,
): { readonly entry: Readonly<Record<string, unknown>> } {
  const { persistence, quorum, hysteresis, quiesce, method, sorry } = service;
  const checks = checksOfService(service.servers);
  const health = {
    ...(quiesce ? { failed: 'quiesce' } : {}),
    ...(quorum === 1 ? {} : { quorum }),
    ...(hysteresis === 0 ? {} : { hysteresis }),
  };
  return {
    entry: {
      name: uniqueName(service, names),
      ...place.keys,
      mode: method.mode,
      ...(method.tunnel ? { tunnel: method.tunnel } : {}),
      scheduler: service.scheduler,
      ...(service.flags.length === 0 ? {} : { flags: service.flags }),
      ...(service.onePacket ? { one_packet: true } : {}),
      ...(persistence ? { persistence } : {}),
      servers: service.servers.map((server, i) => toServer(server, method, checks, i)),
      ...(sorry
        ? {
            sorry: {
              address: sorry.address,
              ...(sorry.port === 0 ? {} : { port: sorry.port }),
              ...(sorry.method && sorry.method.mode !== method.mode
                ? { mode: sorry.method.mode }
                : {}),
            },
          }
        : {}),
      ...(checks.defaults === undefined ? {} : { check_defaults: checks.defaults }),
      ...(checks.shared.length === 0 ? {} : { checks: checks.shared }),
      ...(Object.keys(health).length === 0 ? {} : { health }),
    },
  };
}

function toServer(
  server: ServerDraft,
  ofService: MethodDraft,
  checks: EntryChecks,
  index: number,
): object {
  const { address, port, weight, upper, lower, method } = server;
  const own = method !== undefined && JSON.stringify(method) !== JSON.stringify(ofService);
  const mine = checks.own[index];
  return {
    address,
    ...(port === 0 ? {} : { port }),
    ...(weight === 1 ? {} : { weight }),
    ...(upper === 0 ? {} : { upper }),
    ...(lower === 0 ? {} : { lower }),
    ...(own && method.mode !== ofService.mode ? { mode: method.mode } : {}),
    ...(own && method.tunnel
      ? { tunnel: method.tunnel }
      : own && method.mode === 'tun' && ofService.tunnel
        ? { tunnel: { type: 'ipip' } }
        : {}),
    ...(mine === undefined ? {} : { checks: mine }),
  };
}

/** The name of the file, or protocol, address and port; a number behind it when it is taken. */
function uniqueName(service: ServiceDraft, names: Set<string>): string {
  const base = (service.name ?? describe(service)).replace(/[^\w.-]+/g, '-').replace(/^-|-$/g, '');
  let name = base || 'service';
  for (let n = 2; names.has(name); n++) name = `${base}-${n}`;
  names.add(name);
  return name;
}

function describe({ where }: ServiceDraft): string {
  if (where.kind === 'mark') return `fwmark ${where.mark}`;
  const [first = ''] = where.addresses;
  return `${where.protocol} ${first} ${where.port}`;
}

/** Those of the file, then those of services that it does not have; neighbours as a range. */
function vipsOf(
  given: readonly VipDraft[],
  used: readonly string[],
  { interfaceOf }: ComposeContext,
): readonly object[] {
  const seen = new Set<string>();
  const fresh = (text: string) => !seen.has(text) && seen.size < seen.add(text).size;
  const own = given.flatMap((vip) => {
    const address = parseAddress(vip.address);
    return address && fresh(formatAddress(address))
      ? [{ address: formatAddress(address), interface: vip.interface, managed: vip.managed }]
      : [];
  });
  const others = used.flatMap((text) => {
    if (!isRange(text)) return single(text, fresh, interfaceOf);
    const range = rangeOf(text);
    const inside = 'reason' in range ? [] : range;
    // a range of which nothing else is a VIP is written as it is
    if (inside.every((one) => !seen.has(one))) {
      for (const one of inside) seen.add(one);
      const first = parseAddress(inside[0] ?? '');
      return first ? [{ address: text, interface: interfaceOf(first) }] : [];
    }
    return inside.flatMap((one) => single(one, fresh, interfaceOf));
  });
  return [...own.map(({ managed, ...vip }) => (managed ? vip : { ...vip, managed })), ...others];
}

function single(
  text: string,
  fresh: (text: string) => boolean,
  interfaceOf: ComposeContext['interfaceOf'],
): readonly object[] {
  const address = parseAddress(text);
  if (address === undefined || !fresh(formatAddress(address))) return [];
  return [{ address: formatAddress(address), interface: interfaceOf(address) }];
}
