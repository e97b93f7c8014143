// What is probed: plain data, which goes as it is to a process in another network namespace. The
// monitor makes it, the kinds of table.ts carry it out.
import type { ProbeOutcome, ProbeTarget } from './outcome.js';
import type { KINDS } from './table.js';

type Kinds = typeof KINDS;
export type ProbeKind = keyof Kinds;

/** What one kind is asked to do. */
export type ProbeSpecOf<K extends ProbeKind> = { readonly kind: K } & Parameters<
  ReturnType<Kinds[K]['make']>
>[0];

export type ProbeSpec = { readonly [K in ProbeKind]: ProbeSpecOf<K> }[ProbeKind];

/** Makes a probe. Never rejects; ends within its time limit. */
export type Probe = (spec: ProbeSpec, target: ProbeTarget) => Promise<ProbeOutcome>;
