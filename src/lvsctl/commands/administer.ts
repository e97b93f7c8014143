// disable, enable and drain: set the administrative state of servers, by the running monitor or in
// its record.
import type { Command as Program } from 'commander';
import { readConfig } from '../config/read.js';
import { wantedTable } from '../config/wanted.js';
import { hasCode, LvsctlError } from '../errors.js';
import { changing, openAdminRecord, selectServers, withRemembered } from '../health/admin.js';
import { askAdmin, askStatus } from '../health/ask.js';
import { type AdminAnswer, type AdminRequest, toAdmin } from '../health/control.js';
import { waitEmpty } from '../health/drain.js';
import { lastServers } from '../health/lastservers.js';
import type { Outside } from '../health/outside.js';
import { withState } from '../health/places.js';
import type { AdminState } from '../health/service.js';
import { formatServer } from '../plan/diff.js';
import type { Finish } from '../program.js';
import type { World } from '../world.js';
import { withoutMonitor } from './withoutmonitor.js';

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

/** Adds what the three have in common. */
export function configureAdmin(
  program: Program,
  finish: Finish,
  state: AdminState | null,
): Program {
  return program
    .argument('<server>', 'the real server')
    .option('--service <name>', 'only in this service')
    .option('--file <file>', 'the lvsctl file, if no monitor is running')
    .option('--socket <path>', 'socket of the monitor (default: below /run/lvsctl)')
    .option('--state <file>', 'file of administrative states, if no monitor is running')
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
  const { servers, trouble } = await apply(request, socket, outside, options, world);
  for (const { service, server: name, changed } of servers)
    world.out(`${service} ${name} ${changed ? '' : 'already '}${state ?? 'enabled'}\n`);
  if (trouble !== null)
    throw new LvsctlError(
      'COMMAND_FAILED',
      `remembered, but the table does not have it: ${trouble}`,
    );
  if (!options.wait) return 0;
  return waitEmpty(servers, options.timeout, socket, outside, world.err);
}

/** By the running monitor; without one in its record, where its file is named. */
async function apply(
  request: AdminRequest,
  socket: string,
  outside: Outside,
  options: Options,
  world: World,
): Promise<AdminAnswer> {
  try {
    if (request.state !== null)
      for (const line of lastServers(await askStatus(outside, socket), request))
        world.err(`lvsctl: warning: ${line}\n`);
    return await askAdmin(outside, socket, request);
  } catch (error) {
    if (!hasCode(error, 'NO_MONITOR')) throw error;
    if (options.file === undefined || options.wait)
      throw new LvsctlError(
        error.code,
        error.message,
        await withoutMonitor(request, options, world),
      );
    const servers = remember(request, options.file, outside, options, world);
    world.err(`lvsctl: ${error.message}: this takes effect when the monitor starts\n`);
    return { servers, trouble: null };
  }
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
  const path = options.state ?? world.places().record;
  const record = withState(path, () => openAdminRecord(outside, path));
  const known = request.state === null ? withRemembered(all, record) : all;
  const servers = selectServers(known, request.server, request.service ?? undefined);
  const admin = toAdmin(request, outside.clock.date());
  const changed = changing(servers, admin, record);
  if (changed.length > 0) withState(path, () => record.set(changed, admin));
  return servers.map((one) => ({ ...one, changed: changed.includes(one) }));
}
