// What the entries of an lvsctl file mean together: names and addresses that stand once, VIPs that
// exist. A single service is checked in consistency-service.ts.

import { formatAddress } from '../../model/address.js';
import { serviceKey } from '../../model/table.js';
import { checkService } from './consistency-service.js';
import { serviceId, vipsOf } from './desired.js';
import { below } from './field.js';
import type { Config, VirtualService } from './file.js';
import { lineOf, once } from './once.js';
import { fail, type Place } from './place.js';

/** A file, or what could be read of one with errors: undefined stands for what could not. */
export interface Parts {
  readonly vips: readonly (Config['vips'][number] | undefined)[];
  readonly services: readonly (VirtualService | undefined)[];
  readonly sync: readonly (Config['sync'][number] | undefined)[];
  readonly monitor: Pick<Config['monitor'], 'check_netns' | 'hook' | 'hook_user'> | undefined;
}

/** Reports what does not fit together, at its place. */
export function checkConsistency(parts: Parts, root: Place): void {
  const { vips, services, monitor } = parts;
  const at = (i: number) => below(root, 'services', i);
  checkOnce(parts, root);
  checkServerNames(services, at);
  const known = new Set(vips.map((vip) => vip && formatAddress(vip.address)));
  for (const [i, service] of services.entries()) {
    if (!service) continue;
    checkVips(service, at(i), known);
    checkService(service, at(i), monitor);
  }
  if (monitor?.hook && !monitor.hook[0]?.startsWith('/'))
    fail(below(root, 'monitor', 'hook'), 'the program needs an absolute path');
  if (monitor?.hook_user !== undefined && monitor.hook === undefined)
    fail(below(root, 'monitor', 'hook_user'), "`hook_user' needs `hook'");
}

/** What a file may have once. */
function checkOnce({ vips, services, sync }: Parts, root: Place): void {
  const at = (i: number) => below(root, 'services', i);
  once(
    vips,
    (vip) => formatAddress(vip.address),
    'VIP',
    (i) => below(root, 'vips', i),
  );
  once(
    sync,
    (daemon) => daemon.role,
    'sync daemon',
    (i) => below(root, 'sync', i),
  );
  once(
    services,
    ({ name }) => name,
    'service',
    (i) => below(at(i), 'name'),
  );
  once(
    services,
    ({ mark }) => (mark === undefined ? undefined : String(mark)),
    'mark',
    (i) => below(at(i), 'mark'),
  );
  once(
    services,
    (service) => (service.port === undefined ? undefined : serviceKey(serviceId(service))),
    'service',
    at,
  );
}

/** Addresses of a service are VIPs, of its family. `known` has undefined for a VIP not read. */
function checkVips(
  service: VirtualService,
  place: Place,
  known: ReadonlySet<string | undefined>,
): void {
  for (const [n, address] of vipsOf(service).entries()) {
    const vip = formatAddress(address);
    const at = service.addresses ? below(place, 'addresses', n) : below(place, 'address');
    if (!known.has(undefined) && !known.has(vip)) fail(at, `${vip} is not one of vips`);
    if (address.family !== service.address.family)
      fail(at, 'a mark is for IPv4 or for IPv6; give each family a service of its own');
  }
}

/** A name is that of one machine, in any number of services. */
function checkServerNames(
  services: readonly (VirtualService | undefined)[],
  at: (i: number) => Place,
): void {
  const owners = new Map<string, { readonly host: string; readonly place: Place }>();
  for (const [i, service] of services.entries()) {
    for (const [n, { name, address }] of (service?.servers ?? []).entries()) {
      if (name === undefined) continue;
      const place = below(at(i), 'servers', n, 'name');
      const host = formatAddress(address);
      const owner = owners.get(name);
      if (owner === undefined) owners.set(name, { host, place });
      else if (owner.host !== host)
        fail(
          place,
          `server name ${name} is that of ${owner.host} already${lineOf(owner.place, place)}`,
        );
    }
  }
}
