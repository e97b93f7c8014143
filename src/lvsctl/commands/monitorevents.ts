// lvsctl monitor events: the latest events of the running monitor, then new ones as they come.
import { followEvents } from '../monitor/client/events.js';
import { type MonitorEvent, renderEvent } from '../monitor/state/events.js';
import type { World } from '../world.js';

export interface EventsOptions {
  readonly socket?: string;
  readonly json?: boolean;
  readonly since?: number;
  readonly follow: boolean;
}

/** Until it is interrupted, stdout is closed or the monitor ends. */
export async function showEvents(
  { socket, json, since, follow }: EventsOptions,
  world: World,
): Promise<number> {
  const runtime = await world.runtime();
  const following = followEvents(
    runtime,
    socket ?? world.places().socket,
    { since: since ?? 0, follow },
    ({ id, time, ...event }) => {
      world.out(
        json
          ? `${JSON.stringify({ id, time, ...event })}\n`
          : renderEvent(event as MonitorEvent, new Date(time), 'text'),
      );
      if (!world.isRead()) following.end();
    },
  );
  const release = runtime.onSignal(() => following.end());
  try {
    await following.done;
    return 0;
  } finally {
    release();
  }
}
