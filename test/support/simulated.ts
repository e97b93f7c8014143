// A world whose time passes only when told to, for the monitor: no sleeping, no sockets.
import type { Runtime } from '../../src/lvsctl/monitor/runtime.js';
import type { ProbeOutcome } from '../../src/system/probe/outcome.js';
import type { Probe } from '../../src/system/probe/spec.js';

export interface SimulatedRuntime extends Runtime {
  /** Lets time pass; everything due happens in order, and everything that follows from it. */
  pass(ms: number): Promise<void>;
  readonly files: Map<string, string>;
  /** timers set and not yet due */
  pending(): number;
  /** As if whoever set them had died. */
  forgetTimers(): void;
}

export const PASSES: ProbeOutcome = { outcome: 'pass' };
export const fails = (reason: string): ProbeOutcome => ({ outcome: 'fail', reason });

export interface Simulation {
  /** Answers a probe to `address:port`: its outcome and how long it takes. */
  readonly probe: (
    server: string,
    nowMs: number,
  ) => { readonly outcome: ProbeOutcome; readonly tookMs: number };
  readonly random?: () => number;
}

export function simulatedRuntime({ probe, random = () => 0.5 }: Simulation): SimulatedRuntime {
  let now = 0;
  let serial = 0;
  const timers = new Map<number, { readonly due: number; readonly work: () => void }>();
  const files = new Map<string, string>();
  const after = (delayMs: number, work: () => void) => {
    const id = serial++;
    timers.set(id, { due: now + delayMs, work });
    return () => void timers.delete(id);
  };
  const timer = (work: () => void) => {
    let cancel = () => {};
    const clear = () => cancel();
    const set = (delayMs: number) => {
      cancel();
      cancel = after(delayMs, work);
    };
    return { set, clear };
  };
  const simulate: Probe = (spec, target) =>
    new Promise((resolve) => {
      const { LVS_RIP: host = target.address } = spec.kind === 'exec' ? spec.environment : {};
      const { outcome, tookMs } = probe(`${host}:${target.port}`, now);
      after(Math.min(tookMs, target.timeoutMs), () =>
        resolve(tookMs >= target.timeoutMs ? fails('no answer') : outcome),
      );
    });
  return {
    clock: { now: () => now, date: () => new Date(Date.UTC(2026, 0, 1) + now), after, timer },
    keepMemoryLow: () => {},
    probe: simulate,
    netnsIdentity: (name) => name ?? 'own',
    localAddresses: () => undefined,
    endProbes: () => {},
    endPrograms: () => {},
    run: async () => undefined,
    pid: 1,
    random,
    files,
    onSignal: () => () => {},
    uid: 0,
    readFile(path) {
      const text = files.get(path);
      return text === undefined ? undefined : { text, mode: 0o600, uid: 0 };
    },
    fileStamp: (path) => files.get(path) ?? '',
    readConfigFile: (path) => files.get(path) ?? '',
    leaveLostTerminal: () => {},
    readKeys: () => () => {},
    openScreen: () => ({
      write: () => {},
      size: () => ({ columns: 80, rows: 24 }),
      onResize: () => () => {},
      leave: () => {},
      enter: () => {},
      close: () => {},
    }),
    createLogOutput: () => ({ write: () => {} }),
    writeText: (path, text) => void files.set(path, text),
    appendText: (path, text) => void files.set(path, (files.get(path) ?? '') + text),
    certificateError: () => undefined,
    keyPairError: () => undefined,
    userError: () => undefined,
    isExecutable: () => true,
    serve: async () => ({ close: () => {} }),
    // no monitor is running
    ask: async () => {
      throw Object.assign(new Error('connect ENOENT'), { code: 'ENOENT', syscall: 'connect' });
    },
    follow: () => ({ answer: Promise.resolve(200), end: () => {} }),
    notify: async () => undefined,
    watchdogMs: undefined,
    pending: () => timers.size,
    forgetTimers: () => timers.clear(),
    async pass(ms) {
      const end = now + ms;
      await settled();
      for (;;) {
        let first: number | undefined;
        for (const [id, { due }] of timers)
          if (due <= end && (first === undefined || due < (timers.get(first)?.due ?? 0)))
            first = id;
        const timer = first === undefined ? undefined : timers.get(first);
        if (first === undefined || timer === undefined) break;
        timers.delete(first);
        now = Math.max(now, timer.due);
        timer.work();
        await settled();
      }
      now = end;
    },
  };
}

/** Until every promise that can go on has done so. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A runtime whose time passes at once when a command waits for it. */
export async function hastyRuntime(): Promise<Runtime> {
  const runtime = simulatedRuntime({ probe: () => ({ outcome: PASSES, tookMs: 1 }) });
  const { clock } = runtime;
  const after = (delayMs: number, work: () => void) => {
    const cancel = clock.after(delayMs, work);
    void runtime.pass(delayMs);
    return cancel;
  };
  return { ...runtime, clock: { ...clock, after } };
}
