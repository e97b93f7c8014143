// The bytes that a tunnel of IPVS puts around a packet. Seen in the lab (test/kernel/trace.test.ts).
import type { Family } from './address.js';

const HEADER: Readonly<Record<Family, number>> = { ipv4: 20, ipv6: 40 };
const GRE = 4;
const GRE_CHECKSUM = 4;
/** headers of UDP and of GUE */
const GUE = 8 + 4;
/** private flags and the field of remote checksum offload */
const GUE_REMOTE = 8;

/**
 * Bytes around a packet, the outer IP header among them.
 * @param type of a tunnel; one that is not known counts as ipip
 * @param checksum `checksum`, `remote` …
 */
export function tunnelBytes(
  type: string,
  checksum: string | null | undefined,
  outer: Family,
): number {
  const header = HEADER[outer];
  if (type === 'gre') return header + GRE + (checksum === 'checksum' ? GRE_CHECKSUM : 0);
  if (type === 'gue') return header + GUE + (checksum === 'remote' ? GUE_REMOTE : 0);
  return header;
}
