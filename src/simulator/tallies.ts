// What a run reports of each server: connections, sessions now and at most, sessions over time.
import type { Destination } from '../model/destination.js';
import { type ServerKey, serverKey } from '../model/table.js';
import type { LiveServer } from './server.js';

export interface Tally {
  connections: number;
  sessions: number;
  peak: number;
  readonly timeline: number[];
}

/** moments at which the chart takes samples */
export const SAMPLES = 120;

export class Tallies {
  readonly #byKey = new Map<ServerKey, Tally>();
  /** looked up once a server: a key costs more than the rest of a connection */
  readonly #byServer = new Map<LiveServer, Tally>();
  readonly #step: number;
  #nextSample = 0;

  /** @param until time of the last sample, seconds */
  constructor(destinations: readonly Destination[], until: number) {
    this.#step = until / (SAMPLES - 1) || 1;
    for (const destination of destinations) this.#add(serverKey(destination));
  }

  /** A connection begins. @returns what ends its session */
  begin(server: LiveServer): Tally {
    const tally = this.#of(server);
    tally.connections++;
    tally.sessions++;
    if (tally.sessions > tally.peak) tally.peak = tally.sessions;
    return tally;
  }

  /** Takes the samples that are due. */
  sample(now: number): void {
    while (this.#nextSample < SAMPLES && this.#nextSample * this.#step <= now) {
      for (const tally of this.#byKey.values()) tally.timeline.push(tally.sessions);
      this.#nextSample++;
    }
  }

  of(destination: Destination): Tally {
    const key = serverKey(destination);
    return this.#byKey.get(key) ?? this.#add(key);
  }

  #of(server: LiveServer): Tally {
    const known = this.#byServer.get(server);
    if (known) return known;
    const tally = this.of(server.destination);
    this.#byServer.set(server, tally);
    return tally;
  }

  #add(key: ServerKey): Tally {
    const tally: Tally = { connections: 0, sessions: 0, peak: 0, timeline: [] };
    this.#byKey.set(key, tally);
    return tally;
  }
}
