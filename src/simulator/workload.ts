// Arrivals: when which client comes and how long it stays.
import { type Address, type Family, ipv4, ipv6 } from '../model/address.js';
import { seeded } from './random.js';

export interface Arrival {
  /** seconds from the start; never smaller than the one before */
  readonly at: number;
  readonly client: Address;
  readonly clientPort: number;
  /** the port was given, not drawn: no other one will do */
  readonly isPortGiven?: boolean;
  /** seconds that the session lasts */
  readonly seconds: number;
}

export interface Workload {
  readonly connections: number;
  /** connections a second, on average */
  readonly rate: number;
  readonly clients: number;
  /**
   * `uniform`: all clients equally often; `zipf`: the n-th client comes 1/n as often as the first
   */
  readonly distribution: 'uniform' | 'zipf';
  /** mean length of a session, seconds; lengths are exponential */
  readonly session: number;
  readonly seed: number;
}

/** the ports that clients use, from this one on */
export const FIRST_PORT = 1024;
export const PORTS = 64512;
/** 10.0.0.0 and fd00::, where the invented clients live */
const NET4 = 0x0a000000;
const NET6 = 0xfd000000;

/**
 * The arrivals of a described workload, one after the other: random in time, client and length, the
 * same for the same seed.
 */
export function* arrivalsOf(
  { connections, rate, clients, distribution, session, seed }: Workload,
  family: Family,
): Generator<Arrival> {
  const random = seeded(seed);
  const draw =
    distribution === 'zipf' ? zipf(clients, random) : () => Math.floor(random() * clients);
  let at = 0;
  for (let i = 0; i < connections; i++) {
    at += exponential(1 / rate, random);
    const client = draw() + 1;
    yield {
      at,
      client: family === 'ipv4' ? ipv4(NET4 + client) : ipv6(NET6, 0, 0, client),
      clientPort: FIRST_PORT + Math.floor(random() * PORTS),
      seconds: exponential(session, random),
    };
  }
}

function exponential(mean: number, random: () => number): number {
  return -Math.log(1 - random()) * mean;
}

/** By a table of sums, which is searched by halves. */
function zipf(count: number, random: () => number): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += 1 / (i + 1);
    sums[i] = sum;
  }
  return () => {
    const drawn = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
