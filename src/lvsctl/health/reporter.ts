// What the owner of the table saw and did -> events.
import { messageFor } from '../../render/messages.js';
import { formatServer } from '../plan/diff.js';
import type { MonitorEvent } from './events.js';
import type { Observer } from './owner.js';

export function reporter(tell: (event: MonitorEvent) => void): Observer {
  return {
    foreign: ({ source }, { server, what }, respected) =>
      tell({
        event: 'foreign',
        service: source.name,
        ...(server === undefined ? {} : { server }),
        reason: `${what} by somebody else; ${respected ? 'respected' : 'repaired'}`,
      }),
    stranger: ({ source }, destination) =>
      tell({
        event: 'foreign',
        service: source.name,
        server: formatServer(destination),
        reason: `is there with weight ${destination.weight}, and the file does not name it; left alone`,
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
