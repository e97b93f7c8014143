// The columns of ipvsadm's six layouts as data: the general printer reads these rows, and the build
// makes printers of bytes from them.
import type { Counters } from '../model/counters.js';

export type Layout = 'plain' | 'stats' | 'rate' | 'thresholds' | 'persistent-conn' | 'tun-info';

/** Settings and numbers of connections, by the names they have in messages; `tunnel` is made. */
export type ColumnField =
  | 'forwarding'
  | 'tunnel'
  | 'weight'
  | 'upperThreshold'
  | 'lowerThreshold'
  | 'activeConnections'
  | 'inactiveConnections'
  | 'persistentConnections';

/**
 * `left`: a blank, then the value with blanks behind it. `counter`: as the view shows counters,
 * of 64 bits or of the low 32. `number`: the low 32 bits in nine columns, never scaled.
 */
export type ListingCell =
  | { readonly form: 'left'; readonly field: ColumnField; readonly width: number }
  | { readonly form: 'counter'; readonly field: keyof Counters; readonly bits: 32 | 64 }
  | { readonly form: 'number'; readonly field: keyof Counters };

export interface LayoutRow {
  readonly titles: readonly [string, string];
  /** undefined = scheduler and settings */
  readonly service: readonly (keyof Counters)[] | undefined;
  readonly destination: readonly ListingCell[];
}

export const HEAD_WIDTH = 33;
export const SERVER_WIDTH = 28;
export const METHOD_WIDTH = 7;

const left = (width: number, field: ColumnField): ListingCell => ({ form: 'left', field, width });
const counter = (field: keyof Counters, bits: 32 | 64): ListingCell => ({
  form: 'counter',
  field,
  bits,
});
const number = (field: keyof Counters): ListingCell => ({ form: 'number', field });

const METHOD = left(METHOD_WIDTH, 'forwarding');
const WEIGHT = left(6, 'weight');
const ACTIVE = left(10, 'activeConnections');
const INACTIVE = left(10, 'inactiveConnections');
const COUNTED = 'Prot LocalAddress:Port';

// biome-ignore format: a table
export const LAYOUTS: Readonly<Record<Layout, LayoutRow>> = {
  plain: {
    titles: ['Prot LocalAddress:Port Scheduler Flags', '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn'],
    service: undefined,
    destination: [METHOD, WEIGHT, ACTIVE, INACTIVE],
  },
  'tun-info': {
    titles: ['Prot LocalAddress:Port Scheduler Flags', '  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn'],
    service: undefined,
    destination: [METHOD, left(13, 'tunnel'), WEIGHT, ACTIVE, INACTIVE],
  },
  stats: {
    titles: [`${COUNTED.padEnd(HEAD_WIDTH)}    Conns   InPkts  OutPkts  InBytes OutBytes`, '  -> RemoteAddress:Port'],
    service: ['connections', 'inPackets', 'outPackets', 'inBytes', 'outBytes'],
    // of a server, all but the bytes are read as 32 bits
    destination: [
      counter('connections', 32), counter('inPackets', 32), counter('outPackets', 32), counter('inBytes', 64), counter('outBytes', 64),
    ],
  },
  rate: {
    titles: [`${COUNTED.padEnd(HEAD_WIDTH)}      CPS    InPPS   OutPPS    InBPS   OutBPS`, '  -> RemoteAddress:Port'],
    service: ['connectionsPerSecond', 'inPacketsPerSecond', 'outPacketsPerSecond', 'inBytesPerSecond', 'outBytesPerSecond'],
    // of a server, the first three are never scaled
    destination: [
      number('connectionsPerSecond'), number('inPacketsPerSecond'), number('outPacketsPerSecond'),
      counter('inBytesPerSecond', 32), counter('outBytesPerSecond', 32),
    ],
  },
  thresholds: {
    titles: [`${COUNTED.padEnd(HEAD_WIDTH)} Uthreshold Lthreshold ActiveConn InActConn `, '  -> RemoteAddress:Port'],
    service: undefined,
    destination: [left(10, 'upperThreshold'), left(10, 'lowerThreshold'), ACTIVE, INACTIVE],
  },
  'persistent-conn': {
    titles: [`${COUNTED.padEnd(HEAD_WIDTH)} Weight    PersistConn ActiveConn InActConn `, '  -> RemoteAddress:Port'],
    service: undefined,
    destination: [left(9, 'weight'), left(11, 'persistentConnections'), ACTIVE, INACTIVE],
  },
};
