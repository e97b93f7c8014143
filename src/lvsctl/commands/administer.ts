// disable, enable and drain: set the administrative state of servers, by the running monitor or in
// the state file of the next one.
import type { Command as Program } from 'commander';
import type { Service } from '../../model/service.js';
import { serverKey, serviceKey } from '../../model/table.js';
import { desiredServices } from '../config/desired.js';
import { readConfig } from '../config/read.js';
import { hasCode, LvsctlError } from '../errors.js';
import { loginName } from '../login.js';
import { waitEmpty } from '../monitor/client/drain.js';
import { lastServers } from '../monitor/client/lastservers.js';
import { askAdmin, askStatus } from '../monitor/client/request.js';
import { type AdminAnswer, type AdminRequest, toAdmin } from '../monitor/process/control.js';
import { withState } from '../monitor/process/places.js';
import { openStore } from '../monitor/process/store.js';
import type { Runtime } from '../monitor/runtime.js';
import { rememberedOf, withRemembered } from '../monitor/state/lasting.js';
import { changing, selectServers, withRememberedServers } from '../monitor/state/select.js';
import type { AdminState } from '../monitor/state/state.js';
import type { Finish } from '../subcommand.js';
import type { World } from '../world.js';
import { hashingIn, hashingWarnings } from './hashing.js';
import { addVariables, fileContext, type VariableOptions } from './variables.js';
import { withoutMonitor } from './withoutmonitor.js';

interface Options extends VariableOptions {
  readonly service?: string;
  readonly file?: string;
  readonly socket?: string;
  readonly state?: string;
  readonly reason?: string;
  /** seconds */
  readonly for?: number;
  readonly wait?: boolean;
  /** seconds */
  readonly timeout?: number;
}

/** Adds what the three have in common. */
export function configureAdmin(
  program: Program,
  finish: Finish,
  state: AdminState['state'] | null,
): Program {
  return addVariables(
    program.argument('<server>', 'its address, with or without its port, or its name in the file'),
  )
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
  state: AdminState['state'] | null,
  options: Options,
  world: World,
): Promise<number> {
  if (options.timeout !== undefined && !options.wait)
    throw new LvsctlError('BAD_USAGE', '--timeout needs --wait');
  const runtime = await world.runtime();
  const request: AdminRequest = {
    state,
    server,
    service: options.service ?? null,
    reason: options.reason ?? '',
    by: loginName(world),
    for_seconds: options.for ?? null,
  };
  const socket = options.socket ?? world.places().socket;
  const { servers, error, services } = await apply(request, socket, runtime, options, world);
  if (state === 'drained')
    for (const line of services
      ? hashingIn(servers, services)
      : await hashingWarnings(servers, world))
      world.err(`lvsctl: warning: ${line}\n`);
  for (const { name, server: key, changed } of servers)
    world.out(`${name} ${key} ${changed ? '' : 'already '}${state ?? 'enabled'}\n`);
  if (error !== null)
    throw new LvsctlError('COMMAND_FAILED', `remembered, but the table does not have it: ${error}`);
  if (!options.wait) return 0;
  return waitEmpty(servers, options.timeout, socket, runtime, world.err);
}

/** With the services of the file, where no monitor is running. */
type AppliedState = AdminAnswer & { readonly services?: readonly Service[] };

/** By the running monitor; without one in its record, where its file is named. */
async function apply(
  request: AdminRequest,
  socket: string,
  runtime: Runtime,
  options: Options,
  world: World,
): Promise<AppliedState> {
  try {
    if (request.state !== null)
      for (const line of lastServers(await askStatus(runtime, socket), request))
        world.err(`lvsctl: warning: ${line}\n`);
    return await askAdmin(runtime, socket, request);
  } catch (error) {
    if (!hasCode(error, 'NO_MONITOR')) throw error;
    if (options.file === undefined || options.wait)
      throw new LvsctlError(
        error.code,
        error.message,
        await withoutMonitor(request, options, world),
      );
    const path = options.file;
    const config = readConfig(world.readText(path), path, fileContext(options, world));
    const desired = desiredServices(config);
    const servers = remember(request, desired, runtime, options, world);
    world.err(`lvsctl: ${error.message}: this takes effect when the monitor starts\n`);
    return { servers, error: null, services: desired.map(({ service }) => service) };
  }
}

/** Writes the state file that the next monitor reads. */
function remember(
  request: AdminRequest,
  desired: ReturnType<typeof desiredServices>,
  runtime: Runtime,
  options: Options,
  world: World,
): AdminAnswer['servers'] {
  const path = options.state ?? world.places().state;
  const store = openStore(runtime, path);
  const lasting = withState(path, () => store.load());
  const states = rememberedOf(lasting);
  const all = desired.map(({ service, source, destinations, serverNames }) => ({
    service: serviceKey(service.id),
    name: source.name,
    servers: destinations.map(serverKey),
    serverNames,
  }));
  const known = request.state === null ? withRememberedServers(all, states) : all;
  const servers = selectServers(known, request.server, request.service ?? undefined);
  const admin = toAdmin(request, runtime.clock.date());
  const changed = changing(servers, admin, states);
  const names = new Set(changed.map(({ service, server }) => `${service} ${server}`));
  const others = states.filter(({ service, server }) => !names.has(`${service} ${server}`));
  const next = admin ? changed.map((one) => ({ ...one, admin })) : [];
  if (changed.length > 0)
    withState(path, () => store.save(withRemembered(lasting, [...others, ...next])));
  return servers.map((one) => ({ ...one, changed: changed.includes(one) }));
}
