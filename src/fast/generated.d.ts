// What the build makes of the tables (`build/module.ts`), so that neither is written twice. The
// code is for processors that have the low byte first.
import type { Layout } from '../render/layouts.js';

/** The code of `wasm/`, from a file beside the bundle. */
export function code(): Uint8Array;

/** The number in that code; a file of another version has another one, or none. */
export const VERSION: number;

/** The layouts that it prints, by the numbers it knows them by. */
export const PRINTED: Partial<Record<Layout, number>>;

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
