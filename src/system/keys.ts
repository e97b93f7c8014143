// Keys of a terminal, read as they are pressed.
import { readFileSync } from 'node:fs';

const CTRL_C = '\x03';
const CTRL_Z = '\x1a';

/** What is done with the screen around a stop of the process. */
interface StoppedScreen {
  leave(): void;
  enter(): void;
}

/**
 * Reads keys from stdin where it is a terminal and this process is in its foreground: one in the
 * background would be stopped. Ctrl-Z stops the process as usual.
 * @param press takes a key; Ctrl-C is `'\x03'`
 * @param screen is given back while the process is stopped, by SIGTSTP too
 * @returns what gives the terminal back
 */
export function readKeys(press: (key: string) => void, screen?: StoppedScreen): () => void {
  const { stdin } = process;
  if (!stdin.isTTY || !isInForeground()) return () => {};
  const listen = (text: string) => {
    for (const key of text) {
      if (key === CTRL_Z) suspend();
      else press(key);
    }
  };
  const raw = () => {
    stdin.setRawMode(true);
    screen?.enter();
  };
  const suspend = () => {
    screen?.leave();
    stdin.setRawMode(false);
    // with a handler for SIGTSTP that signal would stop nothing
    process.kill(process.pid, screen ? 'SIGSTOP' : 'SIGTSTP');
  };
  const hangUp = () => press(CTRL_C);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8').on('data', listen).on('error', hangUp).on('end', hangUp).resume();
  process.on('SIGCONT', raw);
  if (screen) process.on('SIGTSTP', suspend);
  return () => {
    process.off('SIGCONT', raw).off('SIGTSTP', suspend);
    stdin.off('data', listen).off('end', hangUp).pause();
    try {
      stdin.setRawMode(false);
    } catch {
      // the terminal is closed
    }
  };
}

/** The process group of the terminal is that of this process: fields 5 and 8 of proc(5) stat. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foreground;
  } catch {
    return true; // no /proc
  }
}
