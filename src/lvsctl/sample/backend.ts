// The table for a command that stays: opened when it is first needed, and again when it has failed.
import type { Backend } from '../../backend/backend.js';
import { hasRules } from '../plan/rules.js';
import type { World } from '../world.js';

/** @returns a world whose machine has it, and `close`: an open table keeps the process alive */
export function withLastingBackend(world: World): {
  readonly world: World;
  readonly close: () => Promise<void>;
} {
  let lasting: Promise<Backend> | undefined;
  let failed: { readonly error: unknown } | undefined;
  const backend = () => {
    // each attempt loads the module, and modprobe prints why it cannot: once is enough
    if (failed && !hasRules(world.machine)) return Promise.reject(failed.error);
    lasting ??= world.openLastingBackend().catch((error) => {
      lasting = undefined;
      failed = { error };
      throw error;
    });
    return lasting;
  };
  return {
    world: { ...world, machine: { ...world.machine, backend } },
    async close() {
      // one that could not be opened was reported where it was needed
      await (await lasting?.catch(() => undefined))?.close();
    },
  };
}
