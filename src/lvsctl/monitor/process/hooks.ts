// A program of the file's owner that is run for events, one after the other.
import type { Environment, Runtime } from '../runtime.js';
import { EVENTS, type MonitorEvent } from '../state/events.js';

export interface HookSettings {
  readonly hook: readonly string[] | undefined;
  readonly hook_user?: string | undefined;
}

export interface Hooks {
  /** Runs the program for an event that has a hook, after those before it. */
  run(event: MonitorEvent): void;
  /**
   * Resolves when the program has run for each event, or after ten seconds. None is started
   * afterwards.
   */
  done(): Promise<void>;
}

/** a hook that takes longer is ended */
const LIMIT_MS = 30_000;
/** at the end they all together get */
const LAST_MS = 10_000;
/** events that wait for their hook; further ones are dropped, which is reported */
const WAITING = 1000;

/** @param report takes why the program failed, or was not run */
export function createHooks(
  settings: () => HookSettings,
  runtime: Pick<Runtime, 'clock' | 'run'>,
  report: (reason: string) => void,
): Hooks {
  let waiting = 0;
  let over = false;
  let chain: Promise<void> = Promise.resolve();
  return {
    run(event) {
      const { hook: command, hook_user: user } = settings();
      if (command === undefined || !EVENTS[event.event].hook) return;
      const failed = (reason: string) => report(`hook ${command[0]}: ${reason}`);
      if (waiting >= WAITING)
        return failed(`${WAITING} events are waiting, dropped ${event.event}`);
      waiting++;
      const environment = environmentOf(event, runtime.clock.date());
      chain = chain.then(async () => {
        if (over) return;
        const reason = await runtime.run(command, environment, LIMIT_MS, user);
        waiting--;
        if (reason !== undefined && !over) failed(reason);
      });
    },
    async done() {
      let cancel = () => {};
      const late = new Promise<void>((resolve) => {
        cancel = runtime.clock.after(LAST_MS, resolve);
      });
      await Promise.race([chain, late]);
      cancel();
      over = true;
      if (waiting > 0)
        report(`hook: ${waiting} event${waiting === 1 ? '' : 's'} not reported at the end`);
    },
  };
}

/** What the program finds in its environment, beside PATH; absent values are empty. */
function environmentOf(
  { event, service = '', server = '', vip = '', check = '', reason = '' }: MonitorEvent,
  time: Date,
): Environment {
  return {
    LVS_EVENT: event,
    LVS_TIME: time.toISOString(),
    LVS_SERVICE: service,
    LVS_SERVER: server,
    LVS_VIP: vip,
    LVS_CHECK: check,
    LVS_REASON: reason.replaceAll('\0', ' '),
  };
}
