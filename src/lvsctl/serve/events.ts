// The events of the monitor, for as long as one is running: the latest, and how often each server
// changed.
import { followEvents } from '../monitor/client/events.js';
import type { NumberedEvent } from '../monitor/process/feed.js';
import type { Runtime } from '../monitor/runtime.js';

export interface EventLog {
  /** oldest first */
  readonly latest: readonly NumberedEvent[];
  /** changes up or down, by name of the service and server */
  readonly changes: ReadonlyMap<string, ReadonlyMap<string, number>>;
  close(): void;
}

const KEPT = 100;
/** until the next attempt, while no monitor is running */
const AGAIN_MS = 2000;
const HEALTH = new Set(['up', 'down']);

/** @param take gets each new event */
export function followMonitor(
  runtime: Pick<Runtime, 'follow' | 'clock'>,
  socket: string,
  take: (event: NumberedEvent) => void,
): EventLog {
  const latest: NumberedEvent[] = [];
  const changes = new Map<string, Map<string, number>>();
  let closed = false;
  let end = () => {};
  let known: NumberedEvent | undefined;
  /** earlier events are not counted, though they are shown */
  const began = runtime.clock.date().toISOString();

  function add(event: NumberedEvent): void {
    // a monitor that began anew counts from 1 again
    if (known && event.id <= known.id && event.time <= known.time) return;
    known = event;
    latest.push(event);
    if (latest.length > KEPT) latest.shift();
    if (event.time >= began) count(event);
    take(event);
  }
  function count({ event, service, server }: NumberedEvent): void {
    if (!HEALTH.has(event) || service === undefined || server === undefined) return;
    const servers = changes.get(service) ?? new Map<string, number>();
    servers.set(server, (servers.get(server) ?? 0) + 1);
    changes.set(service, servers);
  }
  async function connect(): Promise<void> {
    const options = { since: known?.id ?? 0, follow: true };
    const { done, end: hangUp } = followEvents(runtime, socket, options, add);
    end = hangUp;
    // why it ended is in each sample: the monitor's state is asked as well
    await done.catch(() => {});
    if (!closed) end = runtime.clock.after(AGAIN_MS, () => void connect());
  }
  void connect();
  return {
    latest,
    changes,
    close() {
      closed = true;
      end();
    },
  };
}
