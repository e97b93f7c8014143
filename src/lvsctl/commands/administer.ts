// disable, enable and drain: an administrator's word on servers, to the monitor at work or into its
// record.
import type { Command as Program } from 'commander';
import { readConfig } from '../config/read.js';
import { wantedTable } from '../config/wanted.js';
import { hasCode, LvsctlError } from '../errors.js';
import { openAdminRecord, selectServers, withRemembered } from '../health/admin.js';
import { askMonitor } from '../health/ask.js';
import { type AdminAnswer, type AdminRequest, toAdmin } from '../health/control.js';
import { waitEmpty } from '../health/drain.js';
import type { Outside } from '../health/outside.js';
import type { AdminState } from '../health/service.js';
import { formatServer } from '../plan/diff.js';
import type { Finish } from '../program.js';
import type { World } from '../world.js';

interface Options {
  readonly service?: string;
  readonly file?: string;
  readonly socket?: string;
  readonly state?: string;
  readonly reason?: string;
  readonly wait?: boolean;
  /** seconds */
  readonly timeout?: number;
}

const HELP = `
SERVER is an address, in all services and ports, or an address with its port: 10.0.0.1, 10.0.0.1:80, 2001:db8::1, [2001:db8::1]:80.
What is said outlives the monitor; without one at work name its file with --file, and the word counts from its start.`;

/** Adds what the three have in common. */
export function configureAdmin(
  program: Program,
  finish: Finish,
  state: AdminState | null,
): Program {
  return program
    .argument('<server>', 'the real server')
    .option('--netns <name>', 'of this named network namespace')
    .option('--service <name>', 'only in this service')
    .option('--file <file>', 'the lvsctl file, when no monitor is at work')
    .option('--socket <path>', 'where the monitor is reached')
    .option('--state <file>', 'where administrative states are kept, when no monitor is at work')
    .addHelpText('after', HELP)
    .action((server: string, options: Options) =>
      finish((world) => administer(server, state, options, world)),
    );
}

async function administer(
  server: string,
  state: AdminState | null,
  options: Options,
  world: World,
): Promise<number> {
  if (options.timeout !== undefined && !options.wait)
    throw new LvsctlError('BAD_USAGE', '--timeout goes with --wait');
  const outside = await world.outside();
  const request: AdminRequest = {
    state,
    server,
    service: options.service ?? null,
    reason: options.reason ?? '',
  };
  const socket = options.socket ?? world.places().socket;
  let servers: AdminAnswer['servers'];
  let trouble: string | null = null;
  try {
    ({ servers, trouble } = await askMonitor<AdminAnswer>(outside, socket, {
      ask: 'admin',
      ...request,
    }));
  } catch (error) {
    if (!hasCode(error, 'NO_MONITOR') || options.file === undefined || options.wait) throw error;
    servers = remember(request, options.file, outside, options, world);
    world.err(`lvsctl: ${error.message}; what was said counts from its start\n`);
  }
  for (const { service, server: name } of servers)
    world.out(`${service} ${name} ${state ?? 'enabled'}\n`);
  if (trouble !== null)
    throw new LvsctlError(
      'COMMAND_FAILED',
      `remembered, but the table does not have it: ${trouble}`,
    );
  if (!options.wait) return 0;
  return waitEmpty(servers, options.timeout, socket, outside, world.err);
}

/** Writes the record that the next monitor reads. */
function remember(
  request: AdminRequest,
  file: string,
  outside: Outside,
  options: Options,
  world: World,
): AdminAnswer['servers'] {
  const all = wantedTable(readConfig(world.readText(file), file)).map(
    ({ source, destinations }) => ({
      service: source.name,
      servers: destinations.map(formatServer),
    }),
  );
  const record = openAdminRecord(outside, options.state ?? world.places().record);
  const known = request.state === null ? withRemembered(all, record) : all;
  const servers = selectServers(known, request.server, request.service ?? undefined);
  record.set(servers, toAdmin(request, outside.clock.date()));
  return servers;
}
