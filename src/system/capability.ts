// Capabilities of a process, as /proc shows them.

/** numbers in linux/capability.h */
export const CAP_NET_ADMIN = 12n;
export const CAP_NET_RAW = 13n;
/** to enter another namespace */
export const CAP_SYS_ADMIN = 21n;

/**
 * Whether a capability is in effect.
 * @param status the text of `/proc/PID/status`
 * @returns undefined when the text has no line of capabilities
 */
export function isEffective(capability: bigint, status: string | undefined): boolean | undefined {
  const bits = /^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? '')?.[1];
  return bits === undefined ? undefined : ((BigInt(`0x${bits}`) >> capability) & 1n) === 1n;
}
