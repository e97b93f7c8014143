// What the entries of an lvsctl file mean together: names and addresses that stand once, VIPs that
// exist. A single service is looked at in consistency-service.ts.

import { formatAddress } from '../../model/address.js';
import { serviceKey } from '../../model/table.js';
import { checkService } from './consistency-service.js';
import { serviceId } from './desired.js';
import { below } from './field.js';
import type { Config, VirtualService } from './file.js';
import { once } from './once.js';
import { fail, type Place } from './place.js';

/** A file, or what could be read of one with errors: undefined stands for what could not. */
export interface Parts {
  readonly vips: readonly (Config['vips'][number] | undefined)[];
  readonly services: readonly (VirtualService | undefined)[];
  readonly sync: readonly (Config['sync'][number] | undefined)[];
  readonly monitor: Pick<Config['monitor'], 'check_netns' | 'hook'> | undefined;
}

/** Reports whatever does not fit together, at its place. */
export function checkConsistency(parts: Parts, root: Place): void {
  const { vips, services, sync, monitor } = parts;
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
  const known = new Set(vips.map((vip) => vip && formatAddress(vip.address)));
  for (const [i, service] of services.entries()) {
    if (!service) continue;
    const vip = formatAddress(service.address);
    if (!known.has(undefined) && !known.has(vip))
      fail(below(at(i), 'address'), `${vip} is not one of vips`);
    checkService(service, at(i), monitor);
  }
  if (monitor?.hook && !monitor.hook[0]?.startsWith('/'))
    fail(below(root, 'monitor', 'hook'), 'the program needs an absolute path');
}
