// The reverse path filter: packets whose sender is not where they come from are dropped. IPv4 alone.
// Facts: the kernel's ip-sysctl document; seen in the lab.
import type { Address } from '../../model/address.js';
import type { PathHost } from './host.js';
import { lookUp } from './routing.js';

export type SourceAnswer =
  | { readonly kind: 'pass' }
  | { readonly kind: 'unknown'; readonly because: string }
  /** `strict`: by another interface; `address`: the interface has none; `own`: it is this machine's */
  | { readonly kind: 'strict' | 'address' | 'own' };

/** Whether a packet from `source` may come in by a device. */
export function checkSource(
  host: PathHost,
  device: string,
  source: Address,
  destination: Address,
  mark: number,
): SourceAnswer {
  if (source.family === 'ipv6') return { kind: 'pass' };
  const filter = host.conf(device, 'rp_filter') ?? 0;
  const { type, route, because } = lookUp(host.routes.ipv4, {
    to: source,
    from: destination,
    mark: host.conf(device, 'src_valid_mark') === 1 ? mark : 0,
    inDevice: 'lo',
    vrfOf: device,
  });
  if (type === 'unknown') return { kind: 'unknown', because: because ?? '' };
  if (type === 'local')
    return host.conf(device, 'accept_local') === 1 ? { kind: 'pass' } : { kind: 'own' };
  if (filter === 0) return { kind: 'pass' };
  if (type === 'unicast' && route?.hops.some((hop) => hop.device === device))
    return { kind: 'pass' };
  const hasAddress = host.addresses.some(
    (one) => one.device === device && one.address.family === 'ipv4',
  );
  if (type === 'unicast' && !hasAddress) return { kind: 'address' };
  return filter === 1 || type !== 'unicast' ? { kind: 'strict' } : { kind: 'pass' };
}
