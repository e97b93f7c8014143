// What a daemon needs of the machine: clock, probes, signals, a socket, systemd.
import type { HttpHandler } from './connections.js';
import * as files from './daemonfiles.js';
import { keepMemoryLow } from './heap.js';
import { readKeys } from './keys.js';
import { localAddresses } from './localaddresses.js';
import { leaveLostTerminal, logOutput } from './logoutput.js';
import { netnsIdentity } from './netns.js';
import { openNone, reasonOf } from './probe/attempt.js';
import { createProbe } from './probe/probe.js';
import { createExec } from './probe/program.js';
import { userError } from './probe/user.js';
import { openScreen } from './screen.js';
import { type SocketEvent, serveSocket } from './socket.js';
import { askSocket, followSocket } from './socketclient.js';
import { createWheel, type Wheel } from './wheel.js';

const NOTIFY = '/usr/bin/systemd-notify';
const NOTIFY_LIMIT_MS = 5000;
const STDERR = 2;
type HandledSignal = 'SIGHUP' | 'SIGTERM' | 'SIGINT';
const SIGNALS: readonly HandledSignal[] = ['SIGHUP', 'SIGTERM', 'SIGINT'];

/** @param env of this process: NOTIFY_SOCKET and WATCHDOG_USEC are systemd's */
export function createRuntime(env: NodeJS.ProcessEnv) {
  const wheel = createWheel();
  const { probe, end } = createProbe(wheel);
  const { run, endPrograms } = createPrograms(wheel);
  // the last notification is that it ends
  const notifier = createExec(openNone(wheel));
  return {
    clock: clockOf(wheel),
    keepMemoryLow,
    probe,
    netnsIdentity,
    localAddresses,
    pid: process.pid,
    endProbes: end,
    endPrograms,
    run,
    random: () => Math.random(),
    onSignal,
    uid: process.getuid?.() ?? 0,
    ...files,
    leaveLostTerminal,
    readKeys,
    openScreen,
    createLogOutput: (lost: (lines: number) => string) => logOutput(STDERR, lost),
    userError,
    serve: (path: string, handle: HttpHandler, report: (event: SocketEvent) => void) =>
      serveSocket(path, handle, report),
    ask: askSocket,
    follow: followSocket,
    async notify(args: readonly string[]) {
      const { NOTIFY_SOCKET } = env;
      if (!NOTIFY_SOCKET) return undefined;
      const program = { command: [NOTIFY, ...args], environment: { NOTIFY_SOCKET } };
      return reasonOf(await notifier(program, NOTIFY_LIMIT_MS));
    },
    watchdogMs: watchdogOf(env),
  };
}

function clockOf(wheel: Wheel) {
  return {
    now: () => wheel.now(),
    date: () => new Date(),
    after: (delayMs: number, work: () => void, now?: number) => wheel.after(delayMs, work, now),
    timer: (work: () => void) => wheel.timer(work),
  };
}

/** Programs that are no probes: neither wait for these nor end with them. */
function createPrograms(wheel: Wheel) {
  const open = openNone(wheel);
  const exec = createExec(open);
  return {
    async run(
      command: readonly string[],
      environment: Readonly<Record<string, string>>,
      timeoutMs: number,
      user?: string,
    ) {
      const as = user === undefined ? {} : { user };
      return reasonOf(await exec({ command, environment, ...as }, timeoutMs));
    },
    endPrograms() {
      open.over = true;
      for (const close of [...open.ends]) close();
    },
  };
}

function onSignal(handle: (signal: HandledSignal) => void): () => void {
  const listen = (signal: NodeJS.Signals) => handle(signal as HandledSignal);
  for (const signal of SIGNALS) process.on(signal, listen);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listen);
  };
}

/** systemd's WATCHDOG_USEC, when it is set for this process. */
function watchdogOf({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const microseconds = Number(WATCHDOG_USEC);
  if (!WATCHDOG_USEC || !(microseconds > 0)) return undefined;
  return WATCHDOG_PID && Number(WATCHDOG_PID) !== process.pid ? undefined : microseconds / 1000;
}
