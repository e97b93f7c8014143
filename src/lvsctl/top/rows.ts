// Which lines `lvsctl top` shows, in which order.
import type { Watched, WatchedService } from '../sample/watched.js';
import { fitsFilter } from '../view/fits.js';
import { TOP_COLUMNS, type TopRow } from './columns.js';
import type { TopState } from './state.js';

/** The lines of services and servers after filter, order and folding. */
export function rowsOf(watched: Watched, state: TopState): TopRow[] {
  const services = watched.services
    .filter(({ service }) => state.only === undefined || service === state.only)
    .filter((one) => fitsFilter(one, state.filter))
    .map((service): TopRow => ({ key: service.service, service, server: undefined }));
  return sorted(services, state).flatMap((row) => [row, ...serverRows(row.service, state)]);
}

function serverRows(service: WatchedService, state: TopState): TopRow[] {
  if (state.folded.has(service.service)) return [];
  const rows = service.servers.map(
    (server): TopRow => ({ key: `${service.service} ${server.server}`, service, server }),
  );
  return sorted(rows, state);
}

/** What is not known comes last, in either direction; equals keep the order of the table. */
function sorted(rows: readonly TopRow[], { order, ascending }: TopState): TopRow[] {
  const value = TOP_COLUMNS.find(({ name }) => name === order)?.value;
  if (value === undefined) return ascending ? rows.toReversed() : [...rows];
  const sign = ascending ? 1 : -1;
  return rows.toSorted((a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return sign * (one - other);
  });
}
