// Connections that are over but still in the table.
import type { LiveServer } from './server.js';

const COMPACT_AT = 4096;

/**
 * Entries whose session is over, in the order in which they time out: all of them stay equally
 * long.
 */
export class Lingering {
  #servers: LiveServer[] = [];
  #until: number[] = [];
  #first = 0;

  add(server: LiveServer, until: number): void {
    this.#servers.push(server);
    this.#until.push(until);
  }

  expire(now: number): void {
    for (; (this.#until[this.#first] ?? Number.POSITIVE_INFINITY) <= now; this.#first++) {
      const server = this.#servers[this.#first] as LiveServer;
      server.inactive--;
      server.unbound();
    }
    if (this.#first < COMPACT_AT || this.#first * 2 < this.#until.length) return;
    this.#servers = this.#servers.slice(this.#first);
    this.#until = this.#until.slice(this.#first);
    this.#first = 0;
  }
}
