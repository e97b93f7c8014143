// What followers of the status page get: one whole sample, then what changed in each later one.
// A change is written once, however many follow.
import { jsonText } from '../json.js';
import type { NumberedEvent } from '../monitor/process/feed.js';
import { createHistory, type History } from '../sample/history.js';
import type { Sample, Sampler } from '../sample/sampler.js';
import { type Watched, watchedOf } from '../sample/watched.js';
import type { Rates } from '../show/rates.js';

/** ten minutes of samples */
const MOMENTS = 300;
/** of more services only the totals are kept */
const MOST_SERVICES = 200;
/** the row of the totals; no service has an empty key */
const ALL = '';

type Write = (piece: Uint8Array) => void;

export interface Live {
  /** The latest sample, joined; undefined before the first. */
  latest(): { readonly sample: Sample; readonly watched: Watched } | undefined;
  /** What a chart shows: values of each row by time. */
  history(): object;
  /** Sends messages of server-sent events. @returns what ends it */
  follow(write: Write): () => void;
  event(event: NumberedEvent): void;
  close(): void;
}

/** Takes samples for as long as it lives, so that the charts have a past. */
export function createLive(
  sampler: Sampler,
  host: string,
  events: () => readonly NumberedEvent[],
): Live {
  const history = createHistory(MOMENTS);
  const followers = new Set<Write>();
  let latest: { readonly sample: Sample; readonly watched: Watched } | undefined;
  let texts: ReadonlyMap<string, string> = new Map();
  /** what a new follower gets, for all that come before the next sample */
  let first: Uint8Array | undefined;

  const send = (message: string) => {
    if (followers.size === 0) return;
    const bytes = Buffer.from(message);
    for (const write of [...followers]) write(bytes);
  };
  const end = sampler.follow((sample) => {
    const watched = watchedOf(sample, host);
    latest = { sample, watched };
    first = undefined;
    remember(history, watched);
    if (followers.size === 0) {
      texts = new Map(); // the first change for a follower has all
      return;
    }
    const now = new Map(watched.services.map((one) => [one.service, jsonText(one)]));
    send(message('change', changeText(watched, texts, now)));
    texts = now;
  });
  return {
    latest: () => latest,
    history: () => historyOf(history),
    follow(write) {
      for (const event of events()) write(Buffer.from(message('event', jsonText(event))));
      first ??= Buffer.from(firstText(historyOf(history), latest?.watched));
      write(first);
      followers.add(write);
      return () => void followers.delete(write);
    },
    event: (event) => send(message('event', jsonText(event))),
    close: end,
  };
}

function firstText(history: object, watched: Watched | undefined): string {
  const whole = watched ? message('watch', jsonText(watched)) : '';
  return `${message('history', jsonText(history))}${whole}`;
}

/** One message; JSON in one line has no line end in it. */
function message(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`;
}

/** All but the services, of these what changed, and the keys of all in their order. */
function changeText(
  watched: Watched,
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): string {
  const { services: _, ...rest } = watched;
  const keys = [...now.keys()];
  const same = before.size === now.size && [...before.keys()].every((key, i) => key === keys[i]);
  const changed = [...now].filter(([key, text]) => before.get(key) !== text);
  const head = jsonText({ ...rest, keys: same ? null : keys });
  return `${head.slice(0, -1)},"services":[${changed.map(([, text]) => text).join(',')}]}`;
}

function remember(history: History, { time, total, services }: Watched): void {
  const rows = new Map([[ALL, pointOf(total.rates)]]);
  if (services.length <= MOST_SERVICES)
    for (const { service, rates } of services) rows.set(service, pointOf(rates));
  history.add(Date.parse(time) / 1000, rows);
}

/** Connections, packets and bytes a second, as `HISTORY_KEYS` names them. */
function pointOf(rates: Rates | null): readonly (number | null)[] {
  return HISTORY_KEYS.map((key) => rates?.[key] ?? null);
}
const HISTORY_KEYS = ['connections', 'in_packets', 'out_packets', 'in_bytes', 'out_bytes'] as const;

function historyOf(history: History): object {
  const none = HISTORY_KEYS.map(() => null);
  return {
    format: 'lvs history',
    version: 1,
    keys: HISTORY_KEYS,
    times: history.times,
    total: history.of(ALL).map((point) => point ?? none),
    services: history
      .rows()
      .filter((row) => row !== ALL)
      .map((service) => ({ service, points: history.of(service).map((point) => point ?? none) })),
  };
}
