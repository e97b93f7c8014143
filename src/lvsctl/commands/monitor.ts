// lvsctl monitor FILE: runs health checks for a file; lvsctl monitor status: asks the running
// monitor.
import { Option } from 'commander';
import { FAILED, LvsctlError } from '../errors.js';
import { failureText } from '../failure.js';
import { askReload, askStatus } from '../monitor/client/request.js';
import { runMonitor, runOnce } from '../monitor/process/run.js';
import type { RunWorld } from '../monitor/process/world.js';
import type { Runtime } from '../monitor/runtime.js';
import { exitStatusOf, type ServiceStatus } from '../monitor/status.js';
import type { Subcommand } from '../subcommand.js';
import { serverTable, summaryOf } from '../view/servers.js';
import type { World } from '../world.js';
import { type EventsOptions, showEvents } from './monitorevents.js';
import { number, whole } from './numbers.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';

interface Options extends VariableOptions {
  readonly socket?: string;
  readonly state?: string;
  readonly onExit: 'leave' | 'remove';
  readonly once?: boolean;
}
interface StatusOptions {
  readonly socket?: string;
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly interval: number;
  readonly count: number;
}

interface SocketOption {
  readonly socket?: string;
}

const CLEAR = '\x1b[H\x1b[2J';
/** `q`, and Ctrl-C where keys are read one by one */
const END_KEYS = new Set(['q', 'Q', '\x03']);

export const configure: Subcommand['configure'] = (program, finish) => {
  addVariables(program.argument('<file>', 'the lvsctl file'))
    .option('--socket <path>', 'socket for status and control (default: below /run/lvsctl)')
    .option('--state <file>', 'file of administrative states (default: below /var/lib/lvsctl)')
    .addOption(
      new Option('--on-exit <what>', 'what to do with the services at the end')
        .choices(['leave', 'remove'])
        .default('leave'),
    )
    .option('--once', 'check until all results are known, write the table, end')
    .action((file: string, options: Options) => finish((world) => run(file, options, world)));
  program
    .command('status')
    .description('show the state of the servers, from the running monitor')
    .option('--socket <path>', 'socket of the monitor (default: below /run/lvsctl)')
    .option('--json', 'print JSON; with --watch one line each time')
    .option('--watch', 'repeat until interrupted')
    .option('--interval <seconds>', 'with --watch: time between two tables', number(0.1, 86_400), 1)
    .addOption(
      new Option('--count <n>', 'with --watch: end after this many tables')
        .argParser(whole(1, 1e9))
        .default(Number.POSITIVE_INFINITY, 'no limit'),
    )
    .action((options: StatusOptions) => finish((world) => showStatus(options, world)));
  program
    .command('reload')
    .description('have the running monitor read its file again')
    .option('--socket <path>', 'socket of the monitor (default: below /run/lvsctl)')
    .action((options: SocketOption) => finish((world) => reload(options, world)));
  program
    .command('events')
    .description('show the latest events and follow new ones, from the running monitor')
    .option('--socket <path>', 'socket of the monitor (default: below /run/lvsctl)')
    .option('--json', 'print JSON lines')
    .option('--since <id>', 'only events with a higher number', whole(0, 1e15))
    .option('--no-follow', 'end after the latest events')
    .action((options: EventsOptions) => finish((world) => showEvents(options, world)));
};

async function run(file: string, options: Options, world: World): Promise<number> {
  if (!options.once) world.ignoreOutputErrors();
  const runtime = await world.runtime();
  if (!options.once) runtime.keepMemoryLow();
  readFile(file, runtime); // a file that is not there is reported before a table that is not
  const backend = await world.openLastingBackend();
  const parts: RunWorld = {
    runtime,
    backend,
    around: fileContext(options, { ...world, readText: (path) => readFile(path, runtime) }),
    run: world.machine.run,
    sysctl: (key) => world.machine.read(`/proc/sys/${key}`),
    failureText,
  };
  const { socket, state } = world.places();
  const places = {
    file,
    socket: options.socket ?? socket,
    state: options.state ?? state,
    onExit: options.onExit,
  };
  const summarize = (services: readonly ServiceStatus[]) => {
    // cron would send it by mail
    if (world.isTerminal) world.out(`${summaryOf(services)}; the table is written\n`);
  };
  try {
    return await (options.once ? runOnce(places, parts, summarize) : runMonitor(places, parts));
  } finally {
    await backend.close();
    runtime.leaveLostTerminal();
  }
}

/** It is read again at each SIGHUP. @throws LvsctlError or a system error */
function readFile(path: string, runtime: Runtime): string {
  if (path === '-')
    throw new LvsctlError(
      'BAD_USAGE',
      'the monitor reads its file again at SIGHUP, which stdin cannot be: name a file',
    );
  return runtime.readConfigFile(path);
}

/** @throws MONITOR_REFUSED when the file has an error: the previous one stays in force */
async function reload({ socket }: SocketOption, world: World): Promise<number> {
  const { file } = await askReload(await world.runtime(), socket ?? world.places().socket);
  world.out(`${file} is in force\n`);
  return 0;
}

async function showStatus(options: StatusOptions, world: World): Promise<number> {
  const runtime = await world.runtime();
  return options.watch ? showAgain(options, runtime, world) : show(options, runtime, world);
}

/** Until it is interrupted, or stdout is closed. @returns the exit status of the last table */
async function showAgain(options: StatusOptions, runtime: Runtime, world: World): Promise<number> {
  let interrupt = () => {};
  let over = false;
  const stop = () => {
    over = true;
    interrupt();
  };
  const end = runtime.onSignal(stop);
  const release = runtime.readKeys((key) => {
    if (END_KEYS.has(key)) stop();
  });
  const pause = () =>
    new Promise<void>((resolve) => {
      const cancel = runtime.clock.after(options.interval * 1000, resolve);
      interrupt = () => {
        cancel();
        resolve();
      };
    });
  try {
    let status = await show(options, runtime, world);
    for (let shown = 1; shown < options.count && !over && world.isRead(); shown++) {
      await pause();
      if (!over) status = await showOrWhy(options, runtime, world);
    }
    return status;
  } finally {
    release();
    end();
  }
}

/** A monitor that is restarted answers again. */
async function showOrWhy(options: StatusOptions, runtime: Runtime, world: World): Promise<number> {
  try {
    return await show(options, runtime, world);
  } catch (error) {
    if (!(error instanceof LvsctlError)) throw error;
    world.err(`lvsctl: ${error.message}\n`);
    return FAILED;
  }
}

async function show(
  { socket, json, watch: again, interval }: StatusOptions,
  runtime: Runtime,
  world: World,
): Promise<number> {
  const status = await askStatus(runtime, socket ?? world.places().socket);
  if (json) world.out(`${JSON.stringify(status, undefined, again ? undefined : 2)}\n`);
  else {
    const now = runtime.clock.date();
    world.out(`${again ? watchHead(interval, now, world) : ''}${serverTable(status, now, world)}`);
  }
  return exitStatusOf(status.services);
}

/** The line above each table of `--watch`. */
function watchHead(interval: number, now: Date, { screen }: World): string {
  const time = `${now.toISOString().slice(0, -5)}Z`;
  return screen
    ? `${CLEAR}${time}, every ${interval} s, q ends\n\n`
    : `${time}, every ${interval} s\n`;
}
