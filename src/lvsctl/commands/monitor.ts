// lvsctl monitor FILE: watches the real servers of a file; lvsctl monitor status: asks the one at
// work.
import { Option } from 'commander';
import { FAILED, LvsctlError } from '../errors.js';
import { failureText } from '../failure.js';
import { askStatus } from '../health/ask.js';
import type { Outside } from '../health/outside.js';
import { once, type RunWorld, watch } from '../health/run.js';
import { exitStatusOf, type ServiceStatus } from '../health/status.js';
import type { Subcommand } from '../program.js';
import { serverTable, summaryOf } from '../view/servers.js';
import type { World } from '../world.js';
import { number, whole } from './numbers.js';

interface Options {
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

const CLEAR = '\x1b[H\x1b[2J';
/** `q`, and Ctrl-C where keys are read one by one */
const END_KEYS = new Set(['q', 'Q', '\x03']);
const HELP = `
SIGHUP reads the file again; a broken one is refused and the former stays. SIGTERM and SIGINT end.
Exit status: 0 ended as told; 2 could not begin. With --once and for status: 0 all servers are up; 1 one is out, or not yet
known; 3 a service has none of its own servers; 2 a bad file or command line, no table, no monitor.`;

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .argument('<file>', 'the lvsctl file')
    .option('--netns <name>', 'work in this named network namespace')
    .option('--socket <path>', 'where others reach this monitor (default: below /run/lvsctl)')
    .option(
      '--state <file>',
      'where administrative states are kept (default: below /var/lib/lvsctl)',
    )
    .addOption(
      new Option('--on-exit <what>', 'what becomes of the services at the end')
        .choices(['leave', 'remove'])
        .default('leave'),
    )
    .option('--once', 'check everybody until it is certain, write the table, end')
    .addHelpText('after', HELP)
    .action((file: string, options: Options) => finish((world) => run(file, options, world)));
  program
    .command('status')
    .description('how the servers are, from the monitor at work')
    .option('--netns <name>', 'of this named network namespace')
    .option('--socket <path>', 'where the monitor is reached')
    .option('--json', 'as JSON; with --watch a line each')
    .option('--watch', 'again and again, until interrupted')
    .option('--interval <seconds>', 'between two tables', number(0.1, 86_400), 1)
    .addOption(
      new Option('--count <n>', 'so many tables')
        .argParser(whole(1, 1e9))
        .default(Number.POSITIVE_INFINITY, 'no end'),
    )
    .action((options: StatusOptions) => finish((world) => showStatus(options, world)));
};

async function run(file: string, options: Options, world: World): Promise<number> {
  if (!options.once) world.ignoreOutputErrors();
  const backend = await world.openLastingBackend();
  const outside = await world.outside();
  const parts: RunWorld = {
    outside,
    backend,
    readText: (path) => readSettings(path, outside),
    run: world.machine.run,
    sysctl: (key) => world.machine.read(`/proc/sys/${key}`),
    failureText,
  };
  const { socket, record } = world.places();
  const places = {
    file,
    socket: options.socket ?? socket,
    record: options.state ?? record,
    onExit: options.onExit,
  };
  const summarize = (services: readonly ServiceStatus[]) => {
    // cron would send it by mail
    if (world.isTerminal) world.out(`${summaryOf(services)}; the table is written\n`);
  };
  try {
    return await (options.once ? once(places, parts, summarize) : watch(places, parts));
  } finally {
    await backend.close();
    outside.leaveLostTerminal();
  }
}

/** It is read again at each SIGHUP. @throws LvsctlError or a system error */
function readSettings(path: string, outside: Outside): string {
  if (path === '-')
    throw new LvsctlError(
      'BAD_USAGE',
      'the monitor reads its file again at SIGHUP, which stdin cannot be: name a file',
    );
  return outside.readSettings(path);
}

async function showStatus(options: StatusOptions, world: World): Promise<number> {
  const outside = await world.outside();
  return options.watch ? showAgain(options, outside, world) : show(options, outside, world);
}

/** Until it is interrupted, or nobody reads any more. @returns the exit status of the last table */
async function showAgain(options: StatusOptions, outside: Outside, world: World): Promise<number> {
  let interrupt = () => {};
  let over = false;
  const stop = () => {
    over = true;
    interrupt();
  };
  const end = outside.onSignal(stop);
  const release = outside.readKeys((key) => {
    if (END_KEYS.has(key)) stop();
  });
  const pause = () =>
    new Promise<void>((resolve) => {
      const cancel = outside.clock.after(options.interval * 1000, resolve);
      interrupt = () => {
        cancel();
        resolve();
      };
    });
  try {
    let status = await show(options, outside, world);
    for (let shown = 1; shown < options.count && !over && world.isRead(); shown++) {
      await pause();
      if (!over) status = await showOrWhy(options, outside, world);
    }
    return status;
  } finally {
    release();
    end();
  }
}

/** A monitor that is started again comes back. */
async function showOrWhy(options: StatusOptions, outside: Outside, world: World): Promise<number> {
  try {
    return await show(options, outside, world);
  } catch (error) {
    if (!(error instanceof LvsctlError)) throw error;
    world.err(`lvsctl: ${error.message}\n`);
    return FAILED;
  }
}

async function show(
  { socket, json, watch: again, interval }: StatusOptions,
  outside: Outside,
  world: World,
): Promise<number> {
  const status = await askStatus(outside, socket ?? world.places().socket);
  if (json) world.out(`${JSON.stringify(status, undefined, again ? undefined : 2)}\n`);
  else {
    const now = outside.clock.date();
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
