// lvsctl simulate [RULES]: arrivals through the rules, and what each real server got. Changes
// nothing, but for --keep.
import { InvalidArgumentError, Option, type Command as Program } from 'commander';
import type { PacketSink } from '../../backend/packetsink.js';
import { SCHEDULER_NAMES } from '../../model/scheduler.js';
import { familyOf, type Service } from '../../model/service.js';
import { serverKey } from '../../model/table.js';
import { fairness } from '../../simulator/fairness.js';
import { type Result, type Scenario, simulate } from '../../simulator/simulation.js';
import { type Arrival, arrivalsOf, type Workload } from '../../simulator/workload.js';
import { LOG_LIMIT } from '../limits.js';
import { readArrivals, readIncidents, readLog } from '../simulate/input.js';
import { keep, sinkToKeep } from '../simulate/keep.js';
import { type Display, displayOf } from '../simulate/show.js';
import { chooseService, readRules } from '../simulate/source.js';
import type { Subcommand } from '../subcommand.js';
import { compareTable, resultTable } from '../view/bars.js';
import { chart } from '../view/svg.js';
import type { World } from '../world.js';
import { number, whole } from './numbers.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';

interface Options extends Workload, VariableOptions {
  readonly service?: string;
  readonly compare?: readonly string[];
  readonly log?: string;
  readonly arrivals?: string;
  readonly events?: string;
  readonly json?: boolean;
  readonly svg?: string;
  readonly keep?: boolean;
  readonly show?: boolean;
  readonly step?: boolean;
}

/** a picture holds no rules */
const PUBLIC = 0o644;

export const configure: Subcommand['configure'] = (program, finish) => {
  addVariables(program.argument('[rules]', 'file of rules, - for stdin (default: the live table)'));
  program.option(
    '--service <name>',
    'the service, if there are several: 192.0.2.1:80, or a part of its name',
  );
  addWorkload(program);
  addOutput(program);
  program.action((rules: string | undefined, options: Options) =>
    finish((world) => run(rules, options, world)),
  );
};

/** What arrives, and what happens at the same time. */
function addWorkload(program: Program): void {
  program
    .option('--connections <n>', 'number of connections', whole(1, 1e9), 10_000)
    .option('--rate <n>', 'connections per second', number(1e-6, 1e7), 100)
    .option('--clients <n>', 'number of clients', whole(1, 16_000_000), 1000)
    .addOption(
      new Option('--distribution <name>', 'how connections are distributed over clients')
        .choices(['uniform', 'zipf'])
        .default('uniform'),
    )
    .option('--session <seconds>', 'mean duration of a session', number(0, 1e6), 10)
    .option(
      '--seed <n>',
      'seed of the random numbers: the same seed gives the same run',
      whole(0, 2 ** 32 - 1),
      1,
    )
    .option('--log <file>', 'take clients from a log: the first address of each line, at --rate')
    .option('--arrivals <file>', 'take arrivals from a file')
    .option('--events <file>', 'file of events: servers that fail, return, drain, change weight');
}

/** What is compared, printed and kept. */
function addOutput(program: Program): void {
  program
    .option(
      '--compare <schedulers>',
      'send the same arrivals through several schedulers, like wrr,wlc,sh,mh',
      schedulers,
    )
    .option('--show', 'print each connection as it is decided: time, client, server, why')
    .option(
      '--step',
      'the same one by one, with the servers: ENTER for the next one, a number for so many, q ends',
    )
    .option(
      '--json',
      'print JSON; with --show a line for each connection, and the report as the last',
    )
    .option('--svg <file>', 'write a chart over time')
    .option(
      '--keep',
      'leave connections and counters in the table file (LVS_BACKEND=file:PATH), for ipvsadm to list',
    );
}

async function run(file: string | undefined, options: Options, world: World): Promise<number> {
  const display = displayOf(file, options, world);
  const sink = options.keep ? await sinkToKeep(file, options, world) : undefined;
  const rules = await readRules(file, world, fileContext(options, world));
  const { service, destinations } = chooseService(rules, options.service);
  const incidents =
    options.events === undefined
      ? []
      : readIncidents(world.readText(options.events), options.events, destinations);
  const from = source(options, service, world);
  const { until } = from;
  const shown = display?.(destinations);
  const scenario: Scenario = {
    service,
    destinations,
    timeouts: rules.timeouts,
    incidents,
    until,
    seed: options.seed,
    show: shown?.show,
  };
  const results = await play(scenario, from, sink, shown, options, world);
  world.progress?.(undefined);
  shown?.finish();
  if (options.svg !== undefined)
    world.writeText(options.svg, chart(results[0] as Result, until), PUBLIC);
  report(results, options, world);
  return 0;
}

/** One run, or one for each scheduler to compare. */
async function play(
  scenario: Scenario,
  { arrivals, count }: ArrivalSource,
  sink: PacketSink | undefined,
  shown: Display | undefined,
  { compare }: Options,
  world: World,
): Promise<readonly Result[]> {
  const played = shown ? () => shown.arrivals(arrivals()) : arrivals;
  // the lines are the progress
  const progressOf = (share: (done: number) => number) =>
    shown ? undefined : progress(world, share);
  if (sink) {
    const part = progressOf((done) => done / count);
    return [await keep(sink, scenario, played, part, shown?.restart)];
  }
  shown?.restart();
  const all = compare ?? [scenario.service.scheduler];
  return all.map((scheduler, i) =>
    simulate(
      withScheduler(scenario, scheduler),
      played(),
      progressOf((done) => (i + done / count) / all.length),
    ),
  );
}

function report(results: readonly Result[], options: Options, world: World): void {
  const { json, compare, show, step } = options;
  const [first] = results as readonly [Result];
  if (json && (show || step))
    world.out(`${JSON.stringify({ kind: 'report', ...asJson(first) })}\n`);
  else if (json) world.out(`${JSON.stringify(results.map(asJson), undefined, 2)}\n`);
  else world.out(compare ? compareTable(results, world) : resultTable(first, world));
}

function withScheduler(scenario: Scenario, scheduler: string): Scenario {
  const { service } = scenario;
  const schedulerFlags = scheduler === service.scheduler ? service.schedulerFlags : 0;
  return { ...scenario, service: { ...service, scheduler, schedulerFlags } };
}

interface ArrivalSource {
  arrivals(): Iterable<Arrival>;
  readonly count: number;
  /** seconds */
  readonly until: number;
}

function source(options: Options, service: Service, { readText }: World): ArrivalSource {
  const { log, arrivals: file, rate, session, connections } = options;
  if (log === undefined && file === undefined) {
    return {
      arrivals: () => arrivalsOf(options, familyOf(service.id)),
      count: connections,
      until: connections / rate,
    };
  }
  const list =
    file === undefined
      ? readLog(readText(log ?? '', LOG_LIMIT), log ?? '', rate, session)
      : readArrivals(readText(file, LOG_LIMIT), file, session);
  return { arrivals: () => list, count: list.length, until: list.at(-1)?.at ?? 0 };
}

function progress(
  world: World,
  share: (done: number) => number,
): ((done: number) => void) | undefined {
  const { progress: show } = world;
  return show && ((done) => show(share(done)));
}

function asJson(result: Result): object {
  const { servers, ...rest } = result;
  return {
    ...rest,
    fairness: fairness(result),
    servers: servers.map(({ destination, ...counted }) => ({
      server: serverKey(destination),
      weight: destination.weight,
      ...counted,
    })),
  };
}

/**
 * A scheduler that the rules name may be unknown to this program; those to compare with may not.
 */
function schedulers(text: string): readonly string[] {
  const names = text.split(',');
  const strange = names.find((name) => !(SCHEDULER_NAMES as readonly string[]).includes(name));
  if (strange !== undefined)
    throw new InvalidArgumentError(
      `no scheduler ${strange}; there are ${SCHEDULER_NAMES.join(', ')}`,
    );
  return names;
}
