// Which servers an argument of an administrator means.
import { formatAddress, parseAddress } from '../../../model/address.js';
import type { ServerKey, ServiceKey } from '../../../model/table.js';
import { didYouMean, nearest } from '../../../render/nearest.js';
import { LvsctlError } from '../../errors.js';
import type { AdminState, MonitorState, RememberedServer, ServerId } from './state.js';

/** A service and its servers, for people by name. */
export interface NamedService {
  readonly service: ServiceKey;
  readonly name: string;
  readonly servers: readonly ServerKey[];
  /** names that the file gives to servers */
  readonly serverNames?: ReadonlyMap<ServerKey, string>;
}

/** A server with the name of its service. */
export interface NamedServer extends ServerId {
  readonly name: string;
}

/** The servers of the file. */
export function namedServices({
  services,
}: Pick<MonitorState, 'services'>): readonly NamedService[] {
  return services.map(({ key, name, spec, servers }) => ({
    service: key,
    name,
    servers: servers.map((server) => server.key),
    serverNames: spec.serverNames,
  }));
}

/**
 * Beside the file's servers those that have an administrative state: it can be ended when they are
 * not in the file any more.
 */
export function withRememberedServers(
  all: readonly NamedService[],
  remembered: readonly RememberedServer[],
): readonly NamedService[] {
  const services = new Map(all.map((one) => [one.service, one]));
  for (const { service, name, server } of remembered) {
    const known = services.get(service) ?? { service, name, servers: [] };
    if (!known.servers.includes(server))
      services.set(service, { ...known, servers: [...known.servers, server] });
  }
  return [...services.values()];
}

/**
 * The servers that an argument means: a name of the file or an address, in all services and ports,
 * or an address with its port.
 * @param service name or key; only there
 * @throws NOT_FOUND when there is none, naming those there are; BAD_USAGE
 */
export function selectServers(
  all: readonly NamedService[],
  argument: string,
  service: string | undefined,
): readonly NamedServer[] {
  const named = all.some((one) => [...namesOf(one)].includes(argument));
  const key = named
    ? ''
    : readServer(
        argument,
        all.flatMap((one) => [...namesOf(one)]),
      );
  const inside =
    service === undefined
      ? all
      : all.filter((one) => one.name === service || one.service === service);
  if (inside.length === 0) {
    throw new LvsctlError(
      'NOT_FOUND',
      `no service ${service ?? ''}; there are ${all.map(({ name }) => name).join(', ') || 'none'}`,
    );
  }
  const found = inside.flatMap((one) =>
    one.servers
      .filter((server) =>
        named ? one.serverNames?.get(server) === argument : [server, hostOf(server)].includes(key),
      )
      .map((server): NamedServer => ({ service: one.service, name: one.name, server })),
  );
  if (found.length > 0) return found;
  const there = [...new Set(inside.flatMap((one) => [...namesOf(one), ...one.servers]))].slice(
    0,
    20,
  );
  throw new LvsctlError(
    'NOT_FOUND',
    `no server ${argument}; there are ${there.join(', ') || 'none'}`,
  );
}

function namesOf({ serverNames = new Map() }: NamedService): Iterable<string> {
  return serverNames.values();
}

/** Of these servers those that a request changes: the others are so already, with that reason. */
export function changing<S extends ServerId>(
  servers: readonly S[],
  admin: AdminState | undefined,
  states: readonly RememberedServer[],
): readonly S[] {
  const known = new Map(states.map((one) => [`${one.service} ${one.server}`, one.admin]));
  return servers.filter(({ service, server }) => {
    const before = known.get(`${service} ${server}`);
    if (before === undefined || admin === undefined) return before !== admin;
    const sameReason = ['', before.reason].includes(admin.reason);
    return before.state !== admin.state || before.until !== admin.until || !sameReason;
  });
}

/**
 * `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:DB8::1]:80` as keys and `hostOf` have them.
 */
function readServer(argument: string, names: readonly string[]): string {
  const [, bracketed, plain = bracketed, port] =
    /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(argument) ??
    ([undefined, undefined, argument] as const);
  const address = parseAddress(plain ?? '');
  if (address === undefined)
    throw new LvsctlError(
      'BAD_USAGE',
      `${argument}: not the address of a server, with or without its port${nameHint(argument, names)}`,
    );
  const host = formatAddress(address);
  if (port === undefined) return host;
  return address.family === 'ipv6' ? `[${host}]:${Number(port)}` : `${host}:${Number(port)}`;
}

/** For what is no address: the server of that name, or that the file has none. */
function nameHint(argument: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  return `, and no name of one${didYouMean(nearest(argument, names))}`;
}

/** The address in `10.0.0.1:80` or `[2001:db8::1]:80`. */
function hostOf(server: ServerKey): string {
  return server.replace(/:\d+$/, '').replace(/[[\]]/g, '');
}
