// A machine whose lists are read once: thousands of settings are compared with one list of
// addresses, not with one process each.
import type { Machine } from './machine.js';

export interface MachineSnapshot extends Machine {
  /** The result of a reading, which is done once until `refresh`. */
  once<T>(name: string, read: () => T): T;
  /** Forgets what was read. */
  refresh(): void;
}

/**
 * @returns the same machine; what its commands change of the lists is read again, but for the one
 *   address or rule that a command names: no plan reads that twice
 */
export function snapshot(machine: Machine): MachineSnapshot {
  const known = new Map<string, unknown>();
  return {
    run(program, args, input) {
      if (changesLists(program, args)) known.clear();
      return machine.run(program, args, input);
    },
    runEach: (program, lists) => machine.runEach(program, lists),
    read: (path) => machine.read(path),
    write: (path, text) => machine.write(path, text),
    list: (path) => machine.list(path),
    backend: () => machine.backend(),
    hasKernelRules: machine.hasKernelRules,
    ownsModules: machine.ownsModules,
    once<T>(name: string, read: () => T): T {
      if (!known.has(name)) known.set(name, read());
      return known.get(name) as T;
    },
    refresh: () => known.clear(),
  };
}

/** Devices come and go with their addresses, and modules with their devices. */
function changesLists(program: string, args: readonly string[]): boolean {
  if (program === 'ip') return ['link', 'fou'].includes(args[0] ?? '');
  return program === 'modprobe' || program === 'rmmod';
}

/** A reading of a machine, done once where that machine is a snapshot. */
export function once<T>(machine: Machine, name: string, read: () => T): T {
  return 'once' in machine ? (machine as MachineSnapshot).once(name, read) : read();
}
