// The whole screen of a terminal for a command that stays. It is given back at any end but SIGKILL.
import { writeSync } from 'node:fs';

const STDOUT = 1;
/** the alternate screen without a cursor, lines that do not wrap */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
/** end the process without its handlers of `exit` */
const DEADLY = ['SIGQUIT', 'SIGABRT'] as const;

export interface WholeScreen {
  write(text: string): void;
  size(): { readonly columns: number; readonly rows: number };
  /** @returns what ends it */
  onResize(work: () => void): () => void;
  /** Gives the screen back while the process is stopped, and takes it again. */
  leave(): void;
  enter(): void;
  close(): void;
}

export function openScreen(): WholeScreen {
  const { stdout } = process;
  let isOpen = false;
  const enter = () => {
    isOpen = true;
    writeNow(ENTER);
  };
  const leave = () => {
    if (!isOpen) return;
    isOpen = false;
    writeNow(LEAVE);
  };
  const die = (signal: NodeJS.Signals) => {
    close();
    // at an end of its own Node does this itself
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    process.kill(process.pid, signal);
  };
  const close = () => {
    process.off('exit', leave).off('uncaughtException', leave);
    for (const signal of DEADLY) process.off(signal, die);
    leave();
  };
  // before the fault is printed
  process.on('exit', leave).prependListener('uncaughtException', leave);
  for (const signal of DEADLY) process.on(signal, die);
  enter();
  return {
    write: (text) => void stdout.write(text),
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    onResize(work) {
      stdout.on('resize', work);
      return () => void stdout.off('resize', work);
    },
    leave,
    enter,
    close,
  };
}

/** At once, for the process may end next. */
function writeNow(text: string): void {
  try {
    writeSync(STDOUT, text);
  } catch {
    // the terminal is closed
  }
}
