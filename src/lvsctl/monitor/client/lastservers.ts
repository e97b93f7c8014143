// Services that a request of an administrator leaves without a server.
import type { AdminRequest } from '../process/control.js';
import { selectServers } from '../state/select.js';
import type { ServerStatus, ServiceStatus, Status } from '../status.js';

/**
 * Warnings, a line each: no server of the service gets new connections afterwards.
 * @throws NOT_FOUND or BAD_USAGE as the monitor would
 */
export function lastServers({ services }: Status, request: AdminRequest): readonly string[] {
  const all = services.map(({ service, name, servers }) => ({
    service,
    name,
    servers: servers.map(({ server }) => server),
    serverNames: new Map(
      servers.flatMap((one) => (one.name === null ? [] : [[one.server, one.name] as const])),
    ),
  }));
  const chosen = selectServers(all, request.server, request.service ?? undefined);
  return services.flatMap((service) => {
    const serving = service.servers.filter(({ weight_desired: weight }) => (weight ?? 0) > 0);
    const leaving = serving.filter(({ server }) =>
      chosen.some((one) => one.service === service.service && one.server === server),
    );
    if (leaving.length > 0 && leaving.length < serving.length && fallsBelow(service, leaving))
      return [
        `${service.name} falls below its quorum of ${service.quorum}: ${consequence(service)}`,
      ];
    return leaving.length > 0 && leaving.length === serving.length
      ? [`${service.name} has no other server that is up: ${consequence(service)}`]
      : [];
  });
}

/** Whether the service goes down without these servers. */
function fallsBelow(
  { up, weight_up: sum, quorum, hysteresis }: ServiceStatus,
  leaving: readonly ServerStatus[],
): boolean {
  const weights = leaving.reduce((all, { weight_desired: weight }) => all + (weight ?? 0), 0);
  return up === true && sum - weights < quorum - hysteresis;
}

function consequence({ sorry }: ServiceStatus): string {
  return sorry === null
    ? 'new connections are refused'
    : `new connections go to its sorry server ${sorry.server}`;
}
