// Connections through a service, without a kernel.

import { formatAddress } from '../model/address.js';
import { familyOf } from '../model/service.js';
import { DEFAULT_TIMEOUTS } from '../model/timeouts.js';
import { simulate as run } from '../simulator/simulation.js';
import { arrivalsOf } from '../simulator/workload.js';
import type * as Api from './api.js';
import { LvsError } from './errors.js';
import { toVirtualServer } from './shapes.js';

export const simulate: typeof Api.simulate = (virtual, workload = {}) => {
  const {
    connections = 10_000,
    rate = 100,
    clients = 1000,
    distribution = 'uniform',
    session = 10,
    seed = 1,
  } = workload;
  for (const [name, value] of Object.entries({ connections, rate, clients, session }))
    if (!(value > 0 && Number.isFinite(value)))
      throw new LvsError('INVALID', `${name}: ${value} is not a number above 0`);
  const { service, destinations } = toVirtualServer(virtual);
  const until = connections / rate;
  const scenario = {
    service,
    destinations,
    timeouts: DEFAULT_TIMEOUTS,
    incidents: [],
    until,
    seed,
  };
  const arrivals = arrivalsOf(
    { connections, rate, clients, distribution, session, seed },
    familyOf(service.id),
  );
  const result = run(scenario, arrivals);
  return {
    arrivals: result.arrivals,
    refused: result.refused,
    servers: result.servers.map(({ destination: { address, port }, connections: count, peak }) => ({
      server: { address: formatAddress(address), port },
      connections: count,
      peak,
    })),
  };
};
