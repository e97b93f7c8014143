// Every kind of probe behind one function of plain data.
import { createWheel, type Wheel } from '../wheel.js';
import { openNone } from './attempt.js';
import type { ProbeOf } from './kind.js';
import { notMade } from './outcome.js';
import { createRemote } from './remote.js';
import type { Probe, ProbeKind, ProbeSpec } from './spec.js';
import { KINDS } from './table.js';

/** @returns the probe, and what ends those in progress */
export function createProbe(wheel: Wheel = createWheel()): {
  readonly probe: Probe;
  readonly end: () => void;
} {
  const open = openNone(wheel);
  const made = Object.fromEntries(
    Object.entries(KINDS).map(([kind, { make }]) => [kind, make(open)]),
  ) as Readonly<Record<string, ProbeOf<never>>> as Readonly<Record<ProbeKind, ProbeOf<ProbeSpec>>>;
  const remotes = new Map<string, ReturnType<typeof createRemote>>();
  return {
    async probe(spec, target) {
      const { netns } = target;
      if (netns === undefined) return made[spec.kind](spec, target);
      if (!KINDS[spec.kind].inNetns)
        return notMade(`a probe of kind ${spec.kind} cannot be made in a network namespace`);
      const remote = remotes.get(netns) ?? createRemote(netns, open);
      remotes.set(netns, remote);
      return remote.probe(spec, target);
    },
    end() {
      open.over = true;
      for (const close of [...open.ends]) close();
      for (const remote of remotes.values()) remote.end();
    },
  };
}
