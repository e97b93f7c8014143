// lvsctl show: the live table, its traffic and its connections, for people and as JSON.
import { jsonText } from '../json.js';
import { createSampler } from '../sample/sampler.js';
import { readSnapshot } from '../sample/snapshot.js';
import { idOf } from '../show/rates.js';
import { type Report, readReport, VERSION } from '../show/report.js';
import type { ShownService } from '../show/table.js';
import type { Subcommand } from '../subcommand.js';
import { daemonsText, ratesText, servicesText, statsText, timeoutsText } from '../view/show.js';
import type { World } from '../world.js';
import { number } from './numbers.js';
import { configureConnections } from './showconnections.js';

/** What can be shown of one reading: its help, its part of the JSON, its text. */
// biome-ignore format: a table
const PARTS: readonly { readonly name: string; readonly help: string; readonly json: (report: Report) => object; readonly text: (report: Report, world: World) => string }[] = [
  { name: 'services', help: 'show services and servers with their settings and connections', json: ({ ipvs, table_size, services }) => ({ ipvs, table_size, services }), text: servicesText },
  { name: 'stats', help: 'show the traffic since the last zero', json: ({ services, total }) => ({ services: services.map(statsOf), total }), text: statsText },
  { name: 'timeouts', help: 'show the idle timeouts of connections', json: ({ timeouts }) => ({ timeouts }), text: ({ timeouts }, world) => timeoutsText(timeouts, world) },
  { name: 'daemons', help: 'show the sync daemons', json: ({ daemons }) => ({ daemons }), text: ({ daemons }, world) => daemonsText(daemons, world) },
  { name: 'all', help: 'show all of it but connections and rates', json: ({ ipvs, table_size, services, total, timeouts, daemons }) => ({ ipvs, table_size, services, total, timeouts, daemons }), text: allText },
];

/** rates need at least two moves of the kernel's counters, which come every two seconds */
const SHORTEST_S = 4;

export const configure: Subcommand['configure'] = (program, finish) => {
  for (const { name, help, json, text } of PARTS)
    program
      .command(name)
      .description(help)
      .option('--json', 'print JSON')
      .action((options: { json?: boolean }) =>
        finish(async (world) => {
          const report = await readReport(world);
          if (options.json) world.out(document(name, report, json(report)));
          else world.out(`${text(report, world)}${missingText(report)}`);
          return 0;
        }),
      );
  program
    .command('rates')
    .description('show the traffic a second, from two readings of the counters')
    .option('--json', 'print JSON')
    .option(
      '--interval <seconds>',
      'time between the two readings',
      number(SHORTEST_S, 3600),
      SHORTEST_S,
    )
    .action((options: RateOptions) => finish((world) => showRates(options, world)));
  configureConnections(program, finish);
};

function document(what: string, { missing }: Report, parts: object): string {
  return `${jsonText({ format: `lvs ${what}`, version: VERSION, missing, ...parts }, 2)}\n`;
}

function statsOf(service: ShownService): object {
  const servers = service.servers.map(({ server, address, port, counters }) => ({
    server,
    address,
    port,
    counters,
  }));
  return { ...idOf(service), counters: service.counters, servers };
}

function allText(report: Report, world: World): string {
  return [
    `IPVS ${report.ipvs}, connection table of ${report.table_size} entries\n`,
    servicesText(report, world),
    statsText(report, world),
    timeoutsText(report.timeouts, world),
    daemonsText(report.daemons, world),
  ].join('\n');
}

function missingText({ missing }: Report): string {
  return missing.length === 0 ? '' : 'from /proc, which any user may read; root sees the rest\n';
}

interface RateOptions {
  readonly json?: boolean;
  readonly interval: number;
}

async function showRates({ json, interval }: RateOptions, world: World): Promise<number> {
  const runtime = await world.runtime();
  const sampler = createSampler({
    clock: runtime.clock,
    windowMs: interval * 1000,
    read: () => readSnapshot({ world, runtime, socket: undefined }),
  });
  const { report, error, seconds, rated: services, total_rates: total } = await sampler.rated(0);
  if (report === undefined) throw error;
  if (json) {
    const interval_seconds = Math.round((seconds ?? interval) * 1000) / 1000;
    world.out(document('rates', report, { interval_seconds, services, total }));
  } else world.out(`${ratesText(services, total, world)}${missingText(report)}`);
  return 0;
}
