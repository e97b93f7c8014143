// Services and servers by their names in the file: of the file that a command names, of the running
// monitor, else of /etc/lvs.yaml.
import { serverKey } from '../../model/table.js';
import { fileContext } from '../commands/variables.js';
import { desiredServices } from '../config/desired.js';
import { readConfig } from '../config/read.js';
import { expectedError } from '../failure.js';
import { askStatus } from '../monitor/client/request.js';
import type { World } from '../world.js';
import { type CompletedLine, type CompletionCandidate, givenValue } from './line.js';

const DEFAULT_FILE = '/etc/lvs.yaml';

interface Named {
  readonly service: string;
  readonly servers: readonly { readonly name: string | null; readonly server: string }[];
}

export async function fileServices(
  asked: CompletedLine,
  world: World,
): Promise<readonly CompletionCandidate[]> {
  return (await servicesOf(asked, world)).map(({ service, servers }) => ({
    name: service,
    help: servers.map(({ name, server }) => name ?? server).join(', '),
  }));
}

/** Names first, then addresses with and without port; of one service with `--service`. */
export async function fileServers(
  asked: CompletedLine,
  world: World,
): Promise<readonly CompletionCandidate[]> {
  const all = await servicesOf(asked, world);
  const chosen = givenValue(asked.args, '--service');
  const within = all.filter(({ service }) => chosen === undefined || service === chosen);
  const rows = within.flatMap(({ service, servers }) =>
    servers.map(({ name, server }) => ({ name, server, service })),
  );
  const found = new Map<string, Set<string>>();
  const add = (name: string, help: string) =>
    found.set(name, (found.get(name) ?? new Set()).add(help));
  for (const { name, server } of rows) if (name !== null) add(name, server);
  for (const { server, service } of rows) add(addressOf(server), service);
  for (const { server, service } of rows) add(server, service);
  return [...found].map(([name, help]) => ({ name, help: [...help].join(', ') }));
}

/** `10.0.0.1` of `10.0.0.1:80`, `2001:db8::1` of `[2001:db8::1]:80` */
function addressOf(server: string): string {
  return server.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

async function servicesOf({ args }: CompletedLine, world: World): Promise<readonly Named[]> {
  const file = givenValue(args, '--file');
  if (file !== undefined) return fromFile(file, world);
  const socket = givenValue(args, '--socket') ?? world.places().socket;
  try {
    const { services } = await askStatus(await world.runtime(), socket);
    return services.map(({ name, servers }) => ({ service: name, servers }));
  } catch (error) {
    if (expectedError(error) === undefined) throw error;
    return fromFile(DEFAULT_FILE, world); // no monitor is running
  }
}

function fromFile(file: string, world: World): readonly Named[] {
  return desiredServices(readConfig(world.readText(file), file, fileContext({}, world))).map(
    ({ source, destinations, serverNames }) => ({
      service: source.name,
      servers: destinations.map((one) => {
        const server = serverKey(one);
        return { server, name: serverNames.get(server) ?? null };
      }),
    }),
  );
}
