// What the owner of the table saw and did -> events.
import { messageFor } from '../../render/messages.js';
import { formatServer } from '../plan/diff.js';
import { createDriftLog } from './driftlog.js';
import type { MonitorEvent } from './events.js';
import type { Observer } from './owner.js';

export function reporter(tell: (event: MonitorEvent) => void, now: () => number): Observer {
  const report = createDriftLog(now, tell);
  return {
    foreign: ({ source }, { server, what }, respected) =>
      report({
        service: source.name,
        server,
        what: `${what} by somebody else`,
        outcome: respected ? 'respected' : 'repaired',
      }),
    stranger: ({ source }, destination) =>
      report({
        service: source.name,
        server: formatServer(destination),
        what: `is there with weight ${destination.weight}, and the file does not name it`,
        outcome: 'left alone',
      }),
    sorry: ({ source, sorry }, active) =>
      tell({
        event: active ? 'sorry-in' : 'sorry-out',
        service: source.name,
        ...(sorry ? { server: formatServer(sorry) } : {}),
      }),
    refused: (wanted, change, error) =>
      tell({
        event: 'refused',
        ...(wanted ? { service: wanted.source.name } : {}),
        ...('destination' in change ? { server: formatServer(change.destination) } : {}),
        reason: `${change.kind}: ${messageFor(error)}`,
      }),
  };
}
