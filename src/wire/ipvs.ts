// The attribute tables of the IPVS family. Names, numbers and types are those of <linux/ip_vs.h>.
import {
  type Attributes,
  address128,
  attributes,
  be16,
  be32,
  cstring,
  flagBits,
  u8,
  u16,
  u32,
  u32Counter,
  u64,
} from './codec.js';

export const IPVS = { family: 'IPVS', version: 1 } as const;

// biome-ignore format: a table
export const COMMAND = {
  newService: 1, setService: 2, deleteService: 3, getService: 4,
  newDestination: 5, setDestination: 6, deleteDestination: 7, getDestination: 8,
  newDaemon: 9, deleteDaemon: 10, getDaemon: 11,
  setConfig: 12, getConfig: 13, getInfo: 15, zero: 16, flush: 17,
} as const;

/** Service flag bits; the scheduler's flags 1, 2, 3 are bits 3 and up. */
export const SERVICE_FLAG = {
  persistent: 1,
  hashed: 2,
  onePacket: 4,
  schedulerShift: 3,
  schedulerMask: 0x38,
} as const;

// biome-ignore format: a table
const counters = <C extends typeof u32Counter>(narrow: C) => attributes({
  connections: [1, narrow], inPackets: [2, narrow], outPackets: [3, narrow], inBytes: [4, u64], outBytes: [5, u64],
  connectionsPerSecond: [6, narrow], inPacketsPerSecond: [7, narrow], outPacketsPerSecond: [8, narrow],
  inBytesPerSecond: [9, narrow], outBytesPerSecond: [10, narrow],
});
export const STATS = counters(u32Counter);
export const STATS64 = counters(u64);

/**
 * What one sets on a service. `netmask`: IPv4 in network order; an IPv6 prefix length is in host
 * order (`swapped`).
 */
// biome-ignore format: a table
const SERVICE_SETTINGS = {
  family: [1, u16], protocol: [2, u16], address: [3, address128], port: [4, be16], fwmark: [5, u32], scheduler: [6, cstring],
  flags: [7, flagBits], timeout: [8, u32], netmask: [9, be32], engine: [11, cstring],
} as const;
export const SERVICE = attributes({
  ...SERVICE_SETTINGS,
  stats: [10, STATS],
  stats64: [12, STATS64],
});

// biome-ignore format: a table
const DESTINATION_SETTINGS = {
  address: [1, address128], port: [2, be16], forwarding: [3, u32], weight: [4, u32], upperThreshold: [5, u32], lowerThreshold: [6, u32],
  activeConnections: [7, u32], inactiveConnections: [8, u32], persistentConnections: [9, u32], family: [11, u16],
  tunnelType: [13, u8], tunnelPort: [14, be16], tunnelFlags: [15, u16],
} as const;
export const DESTINATION = attributes({
  ...DESTINATION_SETTINGS,
  stats: [10, STATS],
  stats64: [12, STATS64],
});

/** `port` is in host order, unlike every other port of this family. */
// biome-ignore format: a table
export const DAEMON = attributes({
  state: [1, u32], interface: [2, cstring], syncId: [3, u32], maxLength: [4, u16], group: [5, be32], group6: [6, address128], port: [7, u16], ttl: [8, u8],
});

/** The attributes at the top of a message. */
// biome-ignore format: a table
export const TOP = attributes({
  service: [1, SERVICE], destination: [2, DESTINATION], daemon: [3, DAEMON], timeoutTcp: [4, u32], timeoutTcpFin: [5, u32], timeoutUdp: [6, u32],
});

/** The same for readers that need no counters, which are most of a message. */
export const TOP_WITHOUT_COUNTERS = attributes({
  service: [1, attributes(SERVICE_SETTINGS)],
  destination: [2, attributes(DESTINATION_SETTINGS)],
});

/** Replies to GET_INFO have a numbering of their own. */
export const INFO = attributes({
  version: [1, u32],
  connectionTableSize: [2, u32],
});

export type WireStats = Attributes<typeof STATS.table>;
export type WireService = Attributes<typeof SERVICE.table>;
export type WireDestination = Attributes<typeof DESTINATION.table>;
export type WireDaemon = Attributes<typeof DAEMON.table>;
export type WireTop = Attributes<typeof TOP.table>;
export type WireInfo = Attributes<typeof INFO.table>;
