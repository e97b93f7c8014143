// What the checks of each server found last, and its last failure, which stays after its return.
import { nameOf, type Place } from './jobs.js';
import type { Reading } from './status.js';

export interface Readings {
  add(place: Place, reading: Reading, label: string): void;
  find(place: Place): Reading | undefined;
  /** with its check: `http /health: status 500` */
  lastError(server: Omit<Place, 'check'>): string | undefined;
  /** Forgets all others. */
  keep(places: readonly Place[]): void;
}

export function createReadings(): Readings {
  const latest = new Map<string, Reading>();
  const errors = new Map<string, string>();
  const serverOf = ({ service, server }: Omit<Place, 'check'>) => `${service} ${server}`;
  return {
    add(place, reading, label) {
      latest.set(nameOf(place), reading);
      if (reading.error !== undefined) errors.set(serverOf(place), `${label}: ${reading.error}`);
    },
    find: (place) => latest.get(nameOf(place)),
    lastError: (server) => errors.get(serverOf(server)),
    keep(places) {
      retain(latest, new Set(places.map(nameOf)));
      retain(errors, new Set(places.map(serverOf)));
    },
  };
}

function retain(map: Map<string, unknown>, names: ReadonlySet<string>): void {
  for (const name of map.keys()) if (!names.has(name)) map.delete(name);
}
