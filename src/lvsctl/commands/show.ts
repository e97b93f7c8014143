// lvsctl show: the live table, its traffic and its connections, for people and as JSON.

import { takeReading } from '../sample/reading.js';
import { createSampler } from '../sample/sampler.js';
import { type DocumentName, documentText, ratesDocument } from '../show/documents.js';
import { type Report, readReport } from '../show/report.js';
import type { Subcommand } from '../subcommand.js';
import { daemonsText, ratesText, servicesText, statsText, timeoutsText } from '../view/show.js';
import type { World } from '../world.js';
import { number } from './numbers.js';
import { configureConnections } from './showconnections.js';

/** What can be shown of one reading: its help, its text. */
// biome-ignore format: a table
const PARTS: readonly { readonly name: DocumentName; readonly help: string; readonly text: (report: Report, world: World) => string }[] = [
  { name: 'services', help: 'show services and servers with their settings and connections', text: servicesText },
  { name: 'stats', help: 'show the traffic since the last zero', text: statsText },
  { name: 'timeouts', help: 'show the idle timeouts of connections', text: ({ timeouts }, world) => timeoutsText(timeouts, world) },
  { name: 'daemons', help: 'show the sync daemons', text: ({ daemons }, world) => daemonsText(daemons, world) },
  { name: 'all', help: 'show all of it but connections and rates', text: allText },
];

/** rates need at least two moves of the kernel's counters, which come every two seconds */
const SHORTEST_S = 4;

export const configure: Subcommand['configure'] = (program, finish) => {
  for (const { name, help, text } of PARTS)
    program
      .command(name)
      .description(help)
      .option('--json', 'print JSON')
      .action((options: { json?: boolean }) =>
        finish(async (world) => {
          const report = await readReport(world);
          if (options.json) world.out(documentText(name, report, 2));
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
    read: () => takeReading({ world, runtime, socket: undefined }),
  });
  const sample = await sampler.rated(0);
  const { report, error, rated, total_rates } = sample;
  if (report === undefined) throw error;
  if (json) world.out(ratesDocument(sample, report, 2));
  else world.out(`${ratesText(rated, total_rates, world)}${missingText(report)}`);
  return 0;
}
