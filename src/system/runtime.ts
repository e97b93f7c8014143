// What a daemon needs of the machine: clock, probes, signals, a socket, systemd.
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { createSecureContext } from 'node:tls';
import { makeDirectory } from './directory.js';
import { readKeys } from './keys.js';
import { leaveLostTerminal, logOutput } from './logoutput.js';
import { netnsIdentity } from './netns.js';
import { describe, reasonOf } from './probe/attempt.js';
import { createProbe } from './probe/probe.js';
import { createExec } from './probe/program.js';
import { userError } from './probe/user.js';
import { type RegularFile, readRegularFile } from './regular.js';
import { replaceFile } from './replace.js';
import { askLine, type SocketEvent, serveLines } from './socket.js';

const NOTIFY = '/usr/bin/systemd-notify';
const NOTIFY_LIMIT_MS = 5000;
const STDERR = 2;
/** bytes of a file that is read whole: more than any settings of a person */
const LONGEST_FILE = 64 * 1024 * 1024;
type HandledSignal = 'SIGHUP' | 'SIGTERM' | 'SIGINT';
const SIGNALS: readonly HandledSignal[] = ['SIGHUP', 'SIGTERM', 'SIGINT'];

/** @param env of this process: NOTIFY_SOCKET and WATCHDOG_USEC are systemd's */
export function createRuntime(env: NodeJS.ProcessEnv) {
  const { probe, end } = createProbe();
  // apart from the probes: neither waits for them nor ends with them
  const open = { ends: new Set<() => void>(), over: false };
  const exec = createExec(open);
  const runProgram = async (
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    timeoutMs: number,
    user?: string,
  ) => {
    const as = user === undefined ? {} : { user };
    return reasonOf(await exec({ command, environment, ...as }, timeoutMs));
  };
  // the last notification is that it ends
  const notifier = createExec({ ends: new Set(), over: false });
  return {
    clock: {
      now: () => performance.now(),
      date: () => new Date(),
      after(delayMs: number, work: () => void) {
        // setTimeout knows no longer delays, and calls at once then
        const timer = setTimeout(work, Math.min(delayMs, 2 ** 31 - 1));
        return () => clearTimeout(timer);
      },
    },
    probe,
    netnsIdentity,
    pid: process.pid,
    endProbes: end,
    endPrograms() {
      open.over = true;
      for (const close of [...open.ends]) close();
    },
    run: runProgram,
    random: () => Math.random(),
    onSignal(handle: (signal: HandledSignal) => void) {
      const listen = (signal: NodeJS.Signals) => handle(signal as HandledSignal);
      for (const signal of SIGNALS) process.on(signal, listen);
      return () => {
        for (const signal of SIGNALS) process.off(signal, listen);
      };
    },
    uid: process.getuid?.() ?? 0,
    readFile(path: string): RegularFile | undefined {
      try {
        return readRegularFile(path, LONGEST_FILE);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    readConfigFile: (path: string) => readRegularFile(path, LONGEST_FILE).text,
    writeText(path: string, text: string) {
      makeDirectory(dirname(path));
      replaceFile(path, text);
    },
    appendText(path: string, text: string) {
      try {
        append(path, text);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        makeDirectory(dirname(path));
        append(path, text);
      }
    },
    leaveLostTerminal,
    readKeys,
    createLogOutput: (lost: (lines: number) => string) => logOutput(STDERR, lost),
    certificateError(path: string) {
      try {
        const text = readFileSync(path, 'utf8');
        createSecureContext({ ca: text }); // throws when it is garbled
        return /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/.test(text)
          ? undefined
          : 'no certificate is in it';
      } catch (error) {
        return describe(error);
      }
    },
    keyPairError(cert: string, key: string) {
      try {
        const pem = (path: string) => ({ path, text: readFileSync(path, 'utf8') });
        const [one, other] = [pem(cert), pem(key)];
        createSecureContext({ cert: one.text, key: other.text }); // throws when they do not fit
        return undefined;
      } catch (error) {
        const { path = `${cert}, ${key}` } = error as NodeJS.ErrnoException;
        return `${path}: ${describe(error)}`;
      }
    },
    userError,
    isExecutable(path: string) {
      try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
      } catch {
        return false; // absent, or not for this user
      }
    },
    serve: (
      path: string,
      answer: (line: string) => Promise<string>,
      report: (event: SocketEvent) => void,
    ) => serveLines(path, answer, report),
    ask: askLine,
    async notify(args: readonly string[]) {
      const { NOTIFY_SOCKET } = env;
      if (!NOTIFY_SOCKET) return undefined;
      const program = { command: [NOTIFY, ...args], environment: { NOTIFY_SOCKET } };
      return reasonOf(await notifier(program, NOTIFY_LIMIT_MS));
    },
    watchdogMs: watchdogOf(env),
  };
}

/** Never waits: a FIFO without a reader is an error. */
function append(path: string, text: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0o600);
  try {
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** systemd's WATCHDOG_USEC, when it is set for this process. */
function watchdogOf({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const microseconds = Number(WATCHDOG_USEC);
  if (!WATCHDOG_USEC || !(microseconds > 0)) return undefined;
  return WATCHDOG_PID && Number(WATCHDOG_PID) !== process.pid ? undefined : microseconds / 1000;
}
