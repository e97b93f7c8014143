// What keeps checks from being made at all: told when it begins and when it is over, not for each
// check anew.

export interface Troubles {
  /**
   * What a check said of the director itself; undefined = it could be made.
   * @param check tells it from all others
   */
  hear(check: string, trouble: string | undefined): void;
  /** Forgets all other checks. */
  keep(checks: { has(check: string): boolean }): void;
}

export function createTroubles(tell: {
  began(trouble: string): void;
  ended(trouble: string): void;
}): Troubles {
  const now = new Map<string, string>();
  const counts = new Map<string, number>();

  function drop(check: string): void {
    const former = now.get(check);
    if (former === undefined) return;
    now.delete(check);
    const left = (counts.get(former) ?? 1) - 1;
    if (left > 0) counts.set(former, left);
    else {
      counts.delete(former);
      tell.ended(former);
    }
  }

  return {
    hear(check, trouble) {
      if (now.get(check) === trouble) return;
      if (trouble !== undefined) {
        const count = counts.get(trouble) ?? 0;
        counts.set(trouble, count + 1);
        if (count === 0) tell.began(trouble);
      }
      drop(check);
      if (trouble !== undefined) now.set(check, trouble);
    },
    keep(checks) {
      for (const check of now.keys()) if (!checks.has(check)) drop(check);
    },
  };
}
