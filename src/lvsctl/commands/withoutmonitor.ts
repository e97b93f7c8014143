// What to do with a server where no monitor is running: start one, or the commands of ipvsadm.

import { readTable } from '../../backend/readtable.js';
import type { Change } from '../../model/change.js';
import type { Destination } from '../../model/destination.js';
import { BackendError, IpvsError } from '../../model/errors.js';
import type { ServiceId } from '../../model/service.js';
import { serverKey } from '../../model/table.js';
import { LvsctlError } from '../errors.js';
import type { AdminRequest } from '../monitor/process/control.js';
import { selectServers } from '../monitor/state/select.js';
import type { AdminState } from '../monitor/state/state.js';
import { printCommand } from '../plan/command.js';
import type { World } from '../world.js';
import { hashingIn } from './hashing.js';

/** more commands are not listed */
const MOST = 4;

/** The hint beside "no monitor is running". */
export async function withoutMonitor(
  request: AdminRequest,
  { wait = false }: { readonly wait?: boolean },
  world: World,
): Promise<string> {
  const file = wait ? '' : ', or name its file with --file for its next start';
  const start = `start one with \`lvsctl monitor FILE\`${file}`;
  if (request.state === null) return start;
  const { commands, warnings } = await commandsFor(request.state, request, world);
  const lines = commands.length > 0 ? commands.join(' ; ') : GENERAL[request.state];
  return [`${start}; without a monitor: ${lines}`, ...warnings].join('; but ');
}

const GENERAL: Readonly<Record<AdminState['state'], string>> = {
  drained: 'ipvsadm -e -t VIP:PORT -r SERVER -w 0 (with -m, -i or -g as the server has it)',
  disabled: 'ipvsadm -d -t VIP:PORT -r SERVER',
};

interface DrainAdvice {
  readonly commands: readonly string[];
  /** what the commands do to clients where a scheduler hashes */
  readonly warnings: readonly string[];
}

const NONE: DrainAdvice = { commands: [], warnings: [] };

/** For the server in the live table; none where it cannot be read or the server is not in it. */
async function commandsFor(
  state: AdminState['state'],
  { server, service }: AdminRequest,
  world: World,
): Promise<DrainAdvice> {
  const { machine } = world;
  // asking the kernel would load the module
  if (machine.hasKernelRules && machine.read('/proc/net/ip_vs') === undefined) return NONE;
  try {
    const backend = await machine.backend();
    const table = [...(await readTable(backend))];
    const all = table.map(
      ([
        key,
        {
          service: { id },
          destinations,
        },
      ]) => ({
        id,
        service: key,
        name: key,
        destinations,
        servers: destinations.map(serverKey),
      }),
    );
    const known = selectServers(all, server, undefined);
    // a service's name is only known to its file
    const chosen = service === null ? known : [];
    const commands = chosen.flatMap((one) => {
      const found = all.find((each) => each.service === one.service);
      const destination = found?.destinations.find((each) => serverKey(each) === one.server);
      return found && destination ? [command(state, found.id, destination)] : [];
    });
    // a comment would hide what follows it
    if (commands.some((line) => line.startsWith('#'))) return NONE;
    const more = commands.length - MOST;
    const services = table.map(([, entry]) => entry.service);
    return {
      commands: [...commands.slice(0, MOST), ...(more > 0 ? [`... (${more} more)`] : [])],
      warnings: state === 'drained' ? hashingIn(known, services).slice(0, MOST) : [],
    };
  } catch (error) {
    const expected = [BackendError, IpvsError, LvsctlError].some((kind) => error instanceof kind);
    if (!expected) throw error;
    return NONE;
  }
}

function command(state: AdminState['state'], id: ServiceId, destination: Destination): string {
  const { address, port } = destination;
  const change: Change =
    state === 'drained'
      ? { kind: 'edit-destination', id, destination: { ...destination, weight: 0 } }
      : { kind: 'delete-destination', id, destination: { address, port } };
  return printCommand({ kind: 'rule', change });
}
