// Rates from two readings of the counters. The kernel's own estimates move every two seconds and
// are exponential means; these are plain: what came, divided by the time it took.
import type { ShownId, ShownService, Totals } from './table.js';

/** A second; null where the counters are not known, or were reset in between. */
export interface Rates {
  readonly connections: number;
  readonly in_packets: number;
  readonly out_packets: number;
  readonly in_bytes: number;
  readonly out_bytes: number;
}
export interface RatedService extends ShownId {
  readonly rates: Rates | null;
  readonly servers: readonly RatedServer[];
}
export interface RatedServer {
  readonly server: string;
  readonly address: string;
  readonly port: number;
  readonly rates: Rates | null;
}

/** The rates of the services that there are now. @param seconds between the two readings */
export function ratesOf(
  before: readonly ShownService[],
  after: readonly ShownService[],
  seconds: number,
): RatedService[] {
  const earlier = new Map(before.map((one) => [one.service, one]));
  return after.map((now) => {
    const { servers, counters } = now;
    const then = now.service === null ? undefined : earlier.get(now.service);
    const serversThen = new Map(then?.servers.map((one) => [one.server, one]));
    return {
      ...idOf(now),
      rates: rateOf(then?.counters, counters, seconds),
      servers: servers.map(({ server, address, port, counters: now }) => ({
        server,
        address,
        port,
        rates: rateOf(serversThen.get(server)?.counters, now, seconds),
      })),
    };
  });
}

/** Only what names the service. */
export function idOf({ service, protocol, address, port, mark, family }: ShownId): ShownId {
  return {
    service,
    ...(mark === undefined
      ? {
          ...(protocol === undefined ? {} : { protocol }),
          ...(address === undefined ? {} : { address }),
          ...(port === undefined ? {} : { port }),
        }
      : { mark }),
    family,
  };
}

/** @returns null where one of the readings is missing, or a counter went back to a smaller value */
export function rateOf(
  then: Totals | null | undefined,
  now: Totals | null,
  seconds: number,
): Rates | null {
  if (!then || !now || seconds <= 0) return null;
  const keys = Object.keys(now) as (keyof Totals)[];
  if (keys.some((key) => now[key] < then[key])) return null;
  const rate = (key: keyof Totals) =>
    Math.round((Number(now[key] - then[key]) / seconds) * 1000) / 1000;
  return {
    connections: rate('connections'),
    in_packets: rate('in_packets'),
    out_packets: rate('out_packets'),
    in_bytes: rate('in_bytes'),
    out_bytes: rate('out_bytes'),
  };
}
