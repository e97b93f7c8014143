// Faults of the rules of a director.
import type { Destination } from '../../model/destination.js';
import type { ServiceId } from '../../model/service.js';
import { serverKey, serviceKey } from '../../model/table.js';
import type { FindingRule } from './finding.js';
import type { Inspection } from './inspection.js';
import { typed } from './repair.js';

export const RULE_CHECKS: readonly FindingRule[] = [
  {
    id: 'port-mapping',
    role: 'director',
    why: 'Only NAT changes ports: in DR and TUN the packet arrives with the port that the client asked for.',
    find: ({ live = [] }) =>
      live.flatMap(({ service: { id }, destinations }) =>
        destinations
          .filter((one) => isMapped(id, one))
          .map((one) => {
            const port = id.kind === 'address' ? id.port : 0;
            const what =
              `${serviceKey(id)}: server ${serverKey(one)} ` +
              `(${one.forwarding}) has another port than the service`;
            return {
              what,
              repair: [
                typed({ kind: 'delete-destination', id, destination: one }),
                typed({ kind: 'add-destination', id, destination: { ...one, port } }),
              ],
            };
          }),
      ),
  },
  {
    id: 'weights',
    role: 'director',
    why: 'Servers of weight 0 take no new connections, so the service refuses them.',
    find: ({ live = [], expected }) => {
      const known = byKey(expected);
      return live
        .filter(
          ({ destinations }) =>
            destinations.length > 0 && destinations.every(({ weight }) => weight === 0),
        )
        .map(({ service: { id }, destinations }) => ({
          what: `${serviceKey(id)}: all servers have weight 0`,
          repair: destinations.map((one) =>
            typed({
              kind: 'edit-destination',
              id,
              destination: { ...one, weight: expectedWeight(id, one, known) },
            }),
          ),
        }));
    },
  },
  {
    id: 'no-servers',
    role: 'director',
    why: 'A service without servers refuses every connection.',
    find: ({ live = [], expected, config }) => {
      const known = byKey(expected);
      return live
        .filter(({ destinations }) => destinations.length === 0)
        .map(({ service: { id } }) => {
          const servers = config ? (known.get(serviceKey(id))?.destinations ?? []) : [];
          const add = servers.map((destination) =>
            typed({ kind: 'add-destination', id, destination }),
          );
          const what = `${serviceKey(id)}: no servers`;
          return add.length > 0
            ? { what, repair: add }
            : { what, repair: [], advice: addServer(id) };
        });
    },
  },
  {
    id: 'service',
    role: 'director',
    why: 'The kernel does not balance a service or a server of the file that is not in the table.',
    find: ({ config, live, expected }) => {
      if (!config || !live) return [];
      const present = new Set(live.map(({ service: { id } }) => serviceKey(id)));
      return expected
        .filter(({ service }) => !present.has(serviceKey(service.id)))
        .map(({ service, destinations }) => ({
          what: `${serviceKey(service.id)}: not in the table`,
          repair: [
            typed({ kind: 'add-service', service }),
            ...destinations.map((destination) =>
              typed({ kind: 'add-destination', id: service.id, destination }),
            ),
          ],
        }));
    },
  },
];

/** Which servers it is to have is not known; to delete it helps none of its clients. */
function addServer(id: ServiceId): string {
  const remove = typed({ kind: 'delete-service', id });
  return `${remove.replace(' -D ', ' -a ')} -r SERVER adds a server; to delete the service instead: ${remove}`;
}

function isMapped(id: ServiceId, { forwarding, port }: Destination): boolean {
  return (
    (forwarding === 'direct' || forwarding === 'tunnel') &&
    // one of a mark means nothing: packets keep theirs
    id.kind === 'address' &&
    port !== id.port
  );
}

type ExpectedByKey = ReadonlyMap<string, Inspection['expected'][number]>;

function byKey(expected: Inspection['expected']): ExpectedByKey {
  return new Map(expected.map((one) => [serviceKey(one.service.id), one]));
}

function expectedWeight(id: ServiceId, server: Destination, expected: ExpectedByKey): number {
  return (
    expected.get(serviceKey(id))?.destinations.find((one) => serverKey(one) === serverKey(server))
      ?.weight || 1
  );
}
