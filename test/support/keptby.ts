// A running monitor as other commands see it: who keeps which service.
import { simulatedRuntime } from './simulated.js';

/** A runtime whose monitor of /etc/lvs.yaml, pid 99, keeps these services. */
export function keptBy(...services: readonly string[]) {
  return {
    ...simulatedRuntime({ probe: () => ({ outcome: { outcome: 'pass' }, tookMs: 1 }) }),
    ask: async () => ({
      status: 200,
      body: JSON.stringify({
        ...{ version: 1, file: '/etc/lvs.yaml', pid: 99, started: '2026-01-01T00:00:00.000Z' },
        ...{ templates_expire: false, error: null },
        services: services.map((service) => ({
          ...{ name: 'web', service, up: true, standby: false, weight_up: 0, quorum: 1 },
          ...{ hysteresis: 0, servers: [], sorry: null, unmanaged: [] },
        })),
      }),
    }),
  };
}
