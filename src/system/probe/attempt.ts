// One probe from its beginning to its outcome: within its time limit, and nothing of it left open
// afterwards.
import type { Wheel } from '../wheel.js';
import { failed, notMade, type ProbeOutcome } from './outcome.js';
import { cleanReason } from './reason.js';

export interface Attempt {
  /** Ends the probe; only the first outcome counts. */
  done(outcome: ProbeOutcome): void;
  /** What must be closed when the probe ends. */
  onEnd(close: () => void): void;
  /** What is waited for now: `no ${what} within 3 s`. */
  await(what: string): void;
}

/** Probes that are running. */
export interface Open {
  /** what ends each */
  readonly ends: Set<() => void>;
  /** none begins any more */
  over: boolean;
  /** for their time limits */
  readonly wheel: Wheel;
}

/** No probes yet. */
export function openNone(wheel: Wheel): Open {
  return { ends: new Set(), over: false, wheel };
}

/** Begins a probe. Never rejects. */
export function attempt(
  open: Open,
  timeoutMs: number,
  begin: (attempt: Attempt) => void,
): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const closers: (() => void)[] = [];
    let awaited = 'answer';
    let ended = false;
    const done = (outcome: ProbeOutcome) => {
      if (ended) return;
      ended = true;
      cancelLate();
      open.ends.delete(end);
      for (const close of closers) close();
      resolve(
        outcome.outcome === 'pass' ? outcome : { ...outcome, reason: cleanReason(outcome.reason) },
      );
    };
    const end = () => done(failed('the check was ended'));
    // what has come already is read first
    const tooLate = () =>
      setImmediate(() => done(failed(`no ${awaited} within ${timeoutMs / 1000} s`)));
    const { wheel } = open;
    const busyBefore = wheel.busyMs();
    let cancelLate = wheel.after(timeoutMs, () => {
      const busy = wheel.busyMs() - busyBefore;
      // a server is not to blame for the time in which this process did not listen to it
      if (busy > timeoutMs / 2) cancelLate = wheel.after(Math.min(busy, timeoutMs), tooLate);
      else tooLate();
    });
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
      done(outcomeOf(error));
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
  ENOTFOUND: 'no such name',
  ENODATA: 'no such record',
  ESERVFAIL: 'the server failed',
  EREFUSED: 'the server refused the query',
  EFORMERR: 'the server did not understand the query',
  ETIMEOUT: 'no answer',
  EBADRESP: 'the answer makes no sense',
  ENOTIMP: 'the server does not know such queries',
  EBADNAME: 'no possible name',
  ENOENT: 'no such file',
  EACCES: 'not permitted',
};
// biome-ignore-end format: a table

/** What is wrong here and not with the server. */
const LOCAL: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: "the source address is not this machine's, or all its ports are in use",
  EADDRINUSE: 'the port to ask from is in use',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  ENOMEM: 'out of memory',
  ENOBUFS: 'out of buffers',
  EAGAIN: 'too many processes',
};

/** What a system error means for a probe. */
export function outcomeOf(error: unknown): ProbeOutcome {
  const local = LOCAL[(error as NodeJS.ErrnoException).code ?? ''];
  return local === undefined ? failed(describe(error)) : notMade(local);
}

/** Why it did not pass; undefined = it did. */
export function reasonOf(outcome: ProbeOutcome): string | undefined {
  return outcome.outcome === 'pass' ? undefined : outcome.reason;
}

/** letters of an error's message that are read */
const LONGEST_MESSAGE = 1000;

/** An error as text that fits a log line. */
export function describe(error: unknown): string {
  const { code, message: whole } = error as NodeJS.ErrnoException;
  // names of a certificate are in it, of which there may be thousands
  const message = whole?.slice(0, LONGEST_MESSAGE);
  // `write EPROTO 80FC28D9AF7F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version
  // number:…`
  const tls = /:error:[\dA-F]+:[^:]*:[^:]*:([^:]+)/.exec(message ?? '')?.[1];
  return tls === undefined ? (CODES[code ?? ''] ?? message ?? String(error)) : `TLS: ${tls}`;
}
