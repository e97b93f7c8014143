// One probe from its beginning to a verdict: within its time limit, and nothing of it left open afterwards.

/** Why a probe failed, in a few words; undefined = it passed. */
export type Verdict = string | undefined;

/** Where a probe goes, from where, and for how long. */
export interface Target {
  readonly address: string;
  readonly port: number;
  readonly source: string | undefined;
  readonly timeoutMs: number;
  /** from which port, where that matters; chosen from `ports` */
  readonly localPort?: number;
  /** from a port of this range, both ends included: by it a network namespace finds the way to one server */
  readonly ports?: readonly [number, number];
}

export interface Attempt {
  /** Ends the probe; only the first verdict counts. */
  done(verdict: Verdict): void;
  /** What must be closed when the probe ends. */
  onEnd(close: () => void): void;
  /** What is waited for now: `no ${what} within 3 s`. */
  await(what: string): void;
}

/** Probes under way. */
export interface Open {
  /** what ends each */
  readonly ends: Set<() => void>;
  /** none begins any more */
  over: boolean;
}

/** Begins a probe. Never rejects. */
export function attempt(open: Open, timeoutMs: number, begin: (attempt: Attempt) => void): Promise<Verdict> {
  return new Promise((resolve) => {
    const closers: (() => void)[] = [];
    let awaited = 'answer';
    let ended = false;
    const done = (verdict: Verdict) => {
      if (ended) return;
      ended = true;
      clearTimeout(late);
      open.ends.delete(end);
      for (const close of closers) close();
      resolve(verdict);
    };
    const end = () => done('the check was ended');
    const late = setTimeout(() => done(`no ${awaited} within ${timeoutMs / 1000} s`), timeoutMs);
    open.ends.add(end);
    if (open.over) return end();
    try {
      begin({
        done,
        onEnd: (close) => void (ended ? close() : closers.push(close)),
        await(what) {
          awaited = what;
        },
      });
    } catch (error) {
      done(describe(error));
    }
  });
}

// biome-ignore-start format: a table
const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'no answer',
  EADDRNOTAVAIL: "the source address is not this machine's",
  EMFILE: 'too many open files on the director',
  ENOTFOUND: 'no such name',
  ENODATA: 'no such record',
  ESERVFAIL: 'the server failed',
  EREFUSED: 'the server refused the query',
  EFORMERR: 'the server did not understand the query',
  ETIMEOUT: 'no answer',
  ENOENT: 'no such program',
  EACCES: 'not permitted',
};
// biome-ignore-end format: a table

/** An error in words that fit a log line. */
export function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return CODES[code ?? ''] ?? message ?? String(error);
}
