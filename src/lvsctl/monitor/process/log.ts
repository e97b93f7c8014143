// Where events go: lines on stderr and in a file, and a program of the file's owner.
import { reasonOf } from '../../failure.js';
import type { Environment, Runtime } from '../runtime.js';
import { EVENTS, type MonitorEvent, renderEvent } from '../state/events.js';

export interface LogSettings {
  readonly log: { readonly format: 'text' | 'json'; readonly file: string | undefined };
  readonly hook: readonly string[] | undefined;
  readonly hook_user?: string | undefined;
}

export interface Log {
  emit(event: MonitorEvent): void;
  /**
   * Resolves when the hook program has run for each event, or after ten seconds. None is started
   * afterwards; the one that still runs is left to `endPrograms`.
   */
  done(): Promise<void>;
}

/** a hook that takes longer is ended */
const HOOK_LIMIT_MS = 30_000;
/** at the end they all together get */
const LAST_HOOKS_MS = 10_000;
/** events that wait for their hook; further ones are dropped, which is logged */
const HOOKS_WAITING = 1000;

/**
 * @param settings of the file in force
 * @param add takes each event as well
 */
export function createLog(
  settings: () => LogSettings,
  runtime: Pick<Runtime, 'clock' | 'appendText' | 'run' | 'createLogOutput'>,
  add: (event: MonitorEvent, time: Date) => void = () => {},
): Log {
  const { write: err } = runtime.createLogOutput((lines) => {
    const reason = `stderr could not be written: ${lines} line${lines === 1 ? '' : 's'} lost`;
    return renderEvent({ event: 'error', reason }, runtime.clock.date(), settings().log.format);
  });
  let fileError: string | undefined;
  let waiting = 0;
  let over = false;
  let hooks: Promise<void> = Promise.resolve();

  function write(event: MonitorEvent): void {
    const { format, file } = settings().log;
    const time = runtime.clock.date();
    const line = renderEvent(event, time, format);
    err(line);
    add(event, time);
    if (file === undefined) return;
    try {
      runtime.appendText(file, line);
      fileError = undefined;
    } catch (error) {
      const text = reasonOf(error);
      if (text !== fileError)
        err(renderEvent({ event: 'error', reason: `log file: ${text}` }, time, format));
      fileError = text;
    }
  }

  /** One after the other, so that the program sees them in their order. */
  function hook(event: MonitorEvent): void {
    const { hook: command, hook_user: user } = settings();
    if (command === undefined || !EVENTS[event.event].hook) return;
    const report = (reason: string) =>
      write({ event: 'error', reason: `hook ${command[0]}: ${reason}` });
    if (waiting >= HOOKS_WAITING) {
      report(`${HOOKS_WAITING} events are waiting, dropped ${event.event}`);
      return;
    }
    waiting++;
    const environment = hookEnvironment(event, runtime.clock.date());
    hooks = hooks.then(async () => {
      if (over) return;
      const failed = await runtime.run(command, environment, HOOK_LIMIT_MS, user);
      waiting--;
      if (failed !== undefined && !over) report(failed);
    });
  }

  return {
    emit(event) {
      write(event);
      hook(event);
    },
    async done() {
      let cancel = () => {};
      const late = new Promise<void>((resolve) => {
        cancel = runtime.clock.after(LAST_HOOKS_MS, resolve);
      });
      await Promise.race([hooks, late]);
      cancel();
      over = true;
      if (waiting > 0)
        write({
          event: 'error',
          reason: `hook: ${waiting} event${waiting === 1 ? '' : 's'} not reported at the end`,
        });
    },
  };
}

/** What a hook program finds in its environment, beside PATH; absent values are empty. */
function hookEnvironment(
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
