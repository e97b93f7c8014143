// What the build makes of the tables (`build/module.ts`), so that neither is written twice. The
// code is for processors that have the low byte first.
import type { Layout } from '../render/layouts.js';

/** Words of a row. */
export const WIDTH: number;
/** Where the settings of a real server are in its row; an address takes four words. */
export const COLUMNS: {
  readonly address: number;
  readonly port: number;
  readonly family: number;
  readonly forwarding: number;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
};

/**
 * Reads the attributes of a real server's reply into a row that is zero. Attributes without a place
 * in the row are skipped, but their lengths are checked.
 * @param words the bytes of the datagram; from..to-1 are bytes of the reply in it
 * @param counted whether counters are read too
 * @returns false where the general decoder must decide: what is missing, too short or repeated
 */
export function readDestination(
  words: Int32Array,
  from: number,
  to: number,
  rows: Int32Array,
  row: number,
  counted: boolean,
): boolean;

/** What prints the columns behind a real server's address, by layout; those absent have none. */
export const PRINTERS: Partial<
  Record<
    Layout,
    (out: Uint8Array, at: number, rows: Int32Array, row: number, exact: boolean) => number
  >
>;

/**
 * The attributes of a request for a real server of IPv4 that is zero, and where in it the numbers
 * of a service and of the server begin.
 */
export const SERVER_REQUEST: {
  readonly template: readonly number[];
  readonly protocol: number;
  readonly serviceAddress: number;
  readonly servicePort: number;
  readonly address: number;
  readonly port: number;
  readonly forwarding: number;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
};
