// Names of the scheduler flags in listings and saves.

/** Which names bits 1, 2 and 3 have; `undefined` = no name that ipvsadm prints. */
// biome-ignore format: a table
const FLAG_NAMES: Readonly<Record<string, readonly (string | undefined)[]>> = {
  sh: ['sh-fallback', 'sh-port', undefined],
  mh: ['mh-fallback', 'mh-port', undefined],
};
const OTHERS = ['flag-1', 'flag-2', 'flag-3'];

/**
 * The flags as the listing shows them: with sh and mh, bit 3 has no name and leaves its place out.
 */
export function listedFlags(scheduler: string, flags: number): string {
  return named(
    flags,
    (Object.hasOwn(FLAG_NAMES, scheduler) ? FLAG_NAMES[scheduler] : undefined) ?? OTHERS,
  );
}

/** The flags by names that `-b` accepts for this scheduler, none left out. */
export function savedFlags(scheduler: string, flags: number): string {
  const own = Object.hasOwn(FLAG_NAMES, scheduler) ? FLAG_NAMES[scheduler] : undefined;
  return named(
    flags,
    OTHERS.map((name, i) => own?.[i] ?? name),
  );
}

function named(flags: number, names: readonly (string | undefined)[]): string {
  return names.filter((name, i) => name !== undefined && flags & (1 << i)).join(',');
}
