// The rules of a run of the director on a machine of a test, with no history and no monitor.
import type { Reporter } from '../../src/lvsctl/plan/executor.js';
import type { Machine } from '../../src/lvsctl/plan/machine.js';
import { DirectorRules } from '../../src/lvsctl/transaction/directorrun.js';
import { simulatedRuntime } from './simulated.js';

export function rulesOf(
  machine: Machine,
  report: Reporter,
  verb: 'up' | 'down' = 'up',
): DirectorRules {
  const runtime = simulatedRuntime({ probe: () => ({ outcome: { outcome: 'pass' }, tookMs: 1 }) });
  return new DirectorRules(
    {
      role: 'director',
      verb,
      file: '/etc/lvs.yaml',
      state_dir: null,
      command: 'director up lvs.yaml',
      dryRun: false,
      force: false,
    },
    report,
    {
      machine,
      transactions: () => undefined,
      runtime: async () => runtime,
      places: () => ({ socket: '/run/monitor.sock', state: '/var/monitor.json' }),
      err: () => {},
      env: {},
      now: () => 1_000_000,
    },
  );
}
