// What the page shows, as pure functions of what came from the server.
import type { Watched, WatchedServer, WatchedService } from '../../sample/watched.js';
import { scaled } from '../../view/scaled.js';
import type { TextKey } from './texts.js';

/** All but the services, of these those that changed, and the keys of all where they changed. */
export type WatchedChange = Watched & { readonly keys: readonly string[] | null };

/** The state after a change. @returns undefined when it does not fit: the whole is needed again */
export function applied(watched: Watched, { keys, ...change }: WatchedChange): Watched | undefined {
  const known = new Map(watched.services.map((one) => [one.service, one]));
  for (const one of change.services) known.set(one.service, one);
  const order = keys ?? watched.services.map(({ service }) => service);
  const services = order.flatMap((key) => known.get(key) ?? []);
  return services.length === order.length ? { ...change, services } : undefined;
}

/** A text's key, and how it is coloured. */
export interface Shown {
  readonly text: TextKey;
  readonly mood: 'up' | 'down' | 'warn' | '';
}

const MOODS: Readonly<Record<NonNullable<WatchedServer['state']>, Shown['mood']>> = {
  up: 'up',
  down: 'down',
  held: 'warn',
  'forced-up': 'warn',
  checking: 'warn',
  disabled: 'warn',
  drained: 'warn',
};

export function serverState({ state, sorry, weight }: WatchedServer, hasMonitor: boolean): Shown {
  if (state !== null) return { text: state, mood: MOODS[state] };
  if (sorry) return { text: 'sorry', mood: 'warn' };
  if (hasMonitor) return { text: 'unmanaged', mood: '' };
  return weight === 0 ? { text: 'drained', mood: 'warn' } : { text: 'inTable', mood: '' };
}

export function serviceState({ up, sorry, in_table }: WatchedService): Shown {
  if (!in_table) return { text: 'absent', mood: 'down' };
  if (sorry?.active) return { text: 'sorryOn', mood: 'down' };
  if (up === null) return { text: 'inTable', mood: '' };
  return up ? { text: 'up', mood: 'up' } : { text: 'down', mood: 'down' };
}

/** Something that an administrator should see. */
export function hasProblem(service: WatchedService): boolean {
  return (
    serviceState(service).mood === 'down' ||
    service.servers.some(({ state }) => state !== null && MOODS[state] !== 'up')
  );
}

export interface Summary {
  readonly servicesUp: readonly [up: number, all: number] | null;
  readonly serversUp: readonly [up: number, all: number] | null;
  readonly sorry: number;
  readonly active: number;
  readonly connections: number | null;
  readonly bytesIn: number | null;
  readonly bytesOut: number | null;
}

export function summaryOf({ services, total, monitor }: Watched): Summary {
  const kept = services.filter(({ quorum }) => quorum !== null);
  const servers = kept.flatMap((one) => one.servers.filter(({ state }) => state !== null));
  return {
    servicesUp: monitor && [kept.filter(({ up }) => up).length, kept.length],
    serversUp: monitor && [servers.filter(({ state }) => state === 'up').length, servers.length],
    sorry: services.filter(({ sorry }) => sorry?.active).length,
    active: services.reduce((sum, one) => sum + one.active + one.inactive, 0),
    connections: total.rates?.connections ?? null,
    bytesIn: total.rates?.in_bytes ?? null,
    bytesOut: total.rates?.out_bytes ?? null,
  };
}

/** `9999`, `12.3k`, `-` for what is not known. */
export function short(value: number | null): string {
  return value === null ? '-' : scaled(value);
}
