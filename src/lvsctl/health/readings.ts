// What the checks of each server found last, and its last failure, which stays after its return.
import type { Reading } from './status.js';

export interface Readings {
  /** @param check its place among the service's checks */
  add(service: string, server: string, check: number, reading: Reading, label: string): void;
  /** in the order of the service's checks */
  of(service: string, server: string): readonly (Reading | undefined)[];
  /** with its check: `http /health: status 500` */
  lastError(service: string, server: string): string | undefined;
  /** Forgets all other servers; a service's checks may be others now, so their readings go too. */
  keep(servers: readonly { readonly service: string; readonly servers: readonly string[] }[]): void;
}

export function createReadings(): Readings {
  const latest = new Map<string, (Reading | undefined)[]>();
  const errors = new Map<string, string>();
  const key = (service: string, server: string) => `${service} ${server}`;
  return {
    add(service, server, check, reading, label) {
      const name = key(service, server);
      const row = latest.get(name) ?? [];
      row[check] = reading;
      latest.set(name, row);
      if (reading.error !== undefined) errors.set(name, `${label}: ${reading.error}`);
    },
    of: (service, server) => latest.get(key(service, server)) ?? [],
    lastError: (service, server) => errors.get(key(service, server)),
    keep(servers) {
      latest.clear();
      const kept = new Set(servers.flatMap(({ service, servers: all }) => all.map((server) => key(service, server))));
      for (const name of errors.keys()) if (!kept.has(name)) errors.delete(name);
    },
  };
}
