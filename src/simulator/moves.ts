// Clients that another server got after the first incident, though theirs was still there.
import { type Address, formatAddress } from '../model/address.js';
import { type ServerKey, serverKey } from '../model/table.js';
import type { LiveServer } from './server.js';

export class Moves {
  readonly #before = new Map<string, ServerKey>();
  readonly #after = new Set<string>();
  #moved = 0;

  /**
   * A connection of a client.
   * @param after it came after the first incident
   * @param servers those of the service now
   */
  add(client: Address, server: LiveServer, after: boolean, servers: readonly LiveServer[]): void {
    const name = formatAddress(client);
    const now = serverKey(server.destination);
    if (!after) this.#before.set(name, now);
    else if (this.#before.has(name) && !this.#after.has(name)) {
      this.#after.add(name);
      const previous = this.#before.get(name);
      const isThere = servers.some(
        (one) => one.weight > 0 && serverKey(one.destination) === previous,
      );
      if (previous !== now && isThere) this.#moved++;
    }
  }

  /** Clients that came before and after, and those of them that moved. */
  counts(): { readonly seen: number; readonly moved: number } {
    return { seen: this.#after.size, moved: this.#moved };
  }
}
