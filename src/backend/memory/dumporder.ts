// The order in which the kernel lists services.
import { protocolNumber, type Service, type ServiceId } from '../../model/service.js';

const BUCKETS = 256;

/**
 * Address services by a hash of protocol, address and port, then marks; newest first in a bucket.
 * @param oldestFirst in the order in which they were added
 */
export function inDumpOrder<S extends { readonly service: Service }>(
  oldestFirst: Iterable<S>,
): S[] {
  const buckets = [...oldestFirst]
    .reverse()
    .map((one) => ({ one, bucket: bucketOf(one.service.id) }));
  return buckets.sort((a, b) => a.bucket - b.bucket).map(({ one }) => one);
}

/** The kernel's per-boot constant is 0 here. */
function bucketOf(id: ServiceId): number {
  if (id.kind === 'fwmark') return BUCKETS + (id.mark & 255);
  const folded =
    id.address.family === 'ipv4' ? id.address.value : id.address.words.reduce((a, b) => a ^ b, 0);
  return (protocolNumber(id.protocol) ^ folded ^ (id.port >> 8) ^ id.port) & 255;
}
