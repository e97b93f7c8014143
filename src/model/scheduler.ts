// Everything that is known of a scheduler beside its algorithm: the memory model, lvsctl's file,
// listings, saves, the parser of -b and the help text read these rows.

/** One row per scheduler of the kernel, in the order in which help texts name them. */
export interface SchedulerRow {
  /** names that bits 1 and 2 of its flags have; bit 3 has none of its own */
  readonly flags?: readonly [string, string];
  /** its choice depends on the inactive connections of a server too */
  readonly countsInactive?: true;
  /** weight 0 refuses the clients of that server instead of sending them to another one */
  readonly hashes?: true;
  /** the first kernel that has it; absent = all that have IPVS in their tree */
  readonly since?: string;
  /** Debian's kernels are built without its module, and the memory model is one of them */
  readonly absent?: true;
}

// biome-ignore format: a table
const ROWS = {
  rr: {},
  wrr: {},
  lc: { countsInactive: true },
  wlc: { countsInactive: true },
  lblc: { countsInactive: true },
  lblcr: { countsInactive: true },
  dh: { hashes: true },
  sh: { hashes: true, flags: ['sh-fallback', 'sh-port'] },
  sed: {},
  nq: {},
  fo: { since: '3.18' },
  ovf: { since: '4.3' },
  mh: { hashes: true, flags: ['mh-fallback', 'mh-port'], since: '4.18' },
  twos: { countsInactive: true, since: '5.12', absent: true },
} as const satisfies Record<string, SchedulerRow>;

export type SchedulerName = keyof typeof ROWS;
export const SCHEDULERS: Readonly<Record<SchedulerName, SchedulerRow>> = ROWS;
export const SCHEDULER_NAMES = Object.keys(ROWS) as readonly SchedulerName[];

/** The row of a name, which may be any text; undefined for `none` and unknown ones. */
export function schedulerRow(name: string): SchedulerRow | undefined {
  return Object.hasOwn(SCHEDULERS, name) ? SCHEDULERS[name as SchedulerName] : undefined;
}

/**
 * Whether weight 0 of a server refuses its clients although others could serve them: a scheduler
 * that hashes, without its flag to fall back.
 */
export function refusesAtZero(scheduler: string, flags: number): boolean {
  const row = schedulerRow(scheduler);
  return row?.hashes === true && !(row.flags !== undefined && flags & SCHEDULER_FLAGS.flag1);
}

/** The kernel module of a scheduler. */
export function schedulerModule(name: string): string {
  return `ip_vs_${name}`;
}

/** The bits of scheduler flags 1, 2 and 3, as `Service` keeps them. */
export const SCHEDULER_FLAGS = { flag1: 1, flag2: 2, flag3: 4 } as const;

export interface FlagName {
  readonly name: string;
  readonly bit: number;
  /** the only scheduler that takes it; undefined = any */
  readonly scheduler?: SchedulerName;
}

/** Every name that `-b` takes: those of all schedulers, then those that one scheduler gives. */
export const FLAG_NAMES: readonly FlagName[] = [
  { name: 'flag-1', bit: SCHEDULER_FLAGS.flag1 },
  { name: 'flag-2', bit: SCHEDULER_FLAGS.flag2 },
  { name: 'flag-3', bit: SCHEDULER_FLAGS.flag3 },
  ...SCHEDULER_NAMES.flatMap((scheduler) =>
    (SCHEDULERS[scheduler].flags ?? []).map((name, i) => ({ name, bit: 1 << i, scheduler })),
  ),
];

/**
 * The names of flag bits for a scheduler, in the order of the bits: its own where it has some.
 * @param flags bits; those above 3 have no name
 */
export function flagNames(scheduler: string, flags: number): string[] {
  const own = schedulerRow(scheduler)?.flags;
  return ['flag-1', 'flag-2', 'flag-3'].flatMap((name, i) =>
    flags & (1 << i) ? [own?.[i] ?? name] : [],
  );
}

/** The row of a flag's name; undefined when there is none. */
export function flagRow(name: string): FlagName | undefined {
  return FLAG_NAMES.find((row) => row.name === name);
}

/** The bits of flags by name; names without a row count for nothing. */
export function flagBits(names: readonly string[]): number {
  return names.reduce((bits, name) => bits | (flagRow(name)?.bit ?? 0), 0);
}
