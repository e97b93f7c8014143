// Where events go: lines on stderr and in a file, and the hook.
import { reasonOf } from '../../failure.js';
import type { Runtime } from '../runtime.js';
import { type MonitorEvent, renderEvent } from '../state/events.js';
import { createHooks, type HookSettings } from './hooks.js';

export interface LogSettings extends HookSettings {
  readonly log: { readonly format: 'text' | 'json'; readonly file: string | undefined };
}

export interface Log {
  emit(event: MonitorEvent): void;
  /**
   * Resolves when the hook program has run for each event, or after ten seconds. None is started
   * afterwards; the one that still runs is left to `endPrograms`.
   */
  done(): Promise<void>;
}

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

  const hooks = createHooks(settings, runtime, (reason) => write({ event: 'error', reason }));
  return {
    emit(event) {
      write(event);
      hooks.run(event);
    },
    done: () => hooks.done(),
  };
}
