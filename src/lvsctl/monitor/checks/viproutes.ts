// How a check reaches the VIP on one real server: from a network namespace that does not have the
// VIP, with a route to each server that is chosen by the port a check comes from.
import { formatAddress } from '../../../model/address.js';
import type { Destination } from '../../../model/destination.js';
import { rowOf } from '../../checks/table.js';
import type { Check } from '../../config/checks.js';
import { type DesiredService, desiredServices } from '../../config/desired.js';
import type { Config } from '../../config/file.js';

/** How the checks of one server reach the VIP there. */
export interface VipRoute {
  readonly netns: string;
  /** ports from which the checks of this server begin, both ends included */
  readonly ports: readonly [number, number];
}

/** VipRoutes by service name and place of the server. */
export type VipRoutes = ReadonlyMap<string, readonly VipRoute[]>;

const FIRST_PORT = 20_000;
const LAST_PORT = 65_535;
/** one after the other, so that a port rests before its next turn */
const PORTS_EACH = 64;
/** routing tables and preferences of rules, by server */
const FIRST_TABLE = 20_000;
const MAIN = 32_766;
/** in names of tunnels, without and with checksum */
const LETTERS: Readonly<Record<string, string>> = {
  'gre ': 'g',
  'gre csum': 'h',
  'gue ': 'u',
  'gue csum': 'v',
};

/** Whether a check needs a route to the VIP. */
export function needsRoute(check: Check): boolean {
  return check.target === 'vip' && rowOf(check).vip === 'route';
}

/**
 * The routes of a file; undefined where nothing needs one.
 * @throws RangeError when there are more servers than ports
 */
export function vipRoutesOf(config: Config): VipRoutes | undefined {
  const netns = config.monitor.check_netns;
  const services = withRoutes(config);
  if (netns === undefined || services.length === 0) return undefined;
  let port = FIRST_PORT;
  return new Map(
    services.map(({ source, destinations }) => [
      source.name,
      destinations.map((): VipRoute => {
        const ports = [port, port + PORTS_EACH - 1] as const;
        port += PORTS_EACH;
        if (ports[1] > LAST_PORT) {
          throw new RangeError(
            'checks of the VIP: at most ' +
              `${Math.floor((LAST_PORT + 1 - FIRST_PORT) / PORTS_EACH)} servers have ports`,
          );
        }
        return { netns, ports };
      }),
    ]),
  );
}

/** What the namespace must have, as lines for `ip -batch`. */
export interface RoutePlan {
  /** tunnels by name; a name identifies all of its tunnel */
  readonly links: ReadonlyMap<string, string>;
  readonly families: readonly {
    readonly family: '-4' | '-6';
    readonly rules: readonly RoutingRule[];
    readonly routes: readonly string[];
  }[];
}

/** One rule, as `ip rule add` takes it and as `ip rule show` prints it. */
interface RoutingRule {
  readonly add: string;
  readonly shown: string;
}

export function planRoutes(config: Config, routes: VipRoutes): RoutePlan {
  const links = new Map<string, string>();
  const families = (['-4', '-6'] as const).map((family) => {
    const main = { add: `pref ${MAIN} lookup main`, shown: `${MAIN}:\tfrom all lookup main` };
    return { family, rules: [main], routes: [] as string[] };
  });
  let table = FIRST_TABLE;
  for (const { source, destinations } of withRoutes(config)) {
    const mine = families[source.address.family === 'ipv4' ? 0 : 1];
    for (const [i, server] of destinations.entries()) {
      const route = routes.get(source.name)?.[i];
      const number = table++;
      if (route === undefined || mine === undefined) continue;
      const ports = route.ports.join('-');
      mine.rules.push({
        add: `pref ${number} sport ${ports} lookup ${number}`,
        shown: `${number}:\tfrom all sport ${ports} lookup ${number}`,
      });
      const tunnel = tunnelTo(server);
      if (tunnel) links.set(tunnel.name, tunnel.add);
      const via = tunnel ? `dev ${tunnel.name}` : `via ${formatAddress(server.address)}`;
      mine.routes.push(`${formatAddress(source.address)} ${via} table ${number}`);
    }
  }
  return { links, families };
}

/** Runs `ip` with these arguments, and lines for it to read. */
export type RunIp = (
  args: readonly string[],
  input?: string,
) => { readonly status: number; readonly stdout: string; readonly stderr: string };

/**
 * Makes the routes, in a namespace that is the monitor's own: rules and tunnels of previous files
 * are removed. What is right is left as it is, so that checks in progress do not notice; routes,
 * which go with their link, are set in any case.
 * @returns whether all was right before
 * @throws RangeError with the command and why it failed
 */
export function makeRoutes(netns: string, { links, families }: RoutePlan, run: RunIp): boolean {
  const inside = insideOf(netns, run);
  let wasRight = makeLinks(links, inside);
  for (const family of families) if (!makeFamily(family, inside)) wasRight = false;
  return wasRight;
}

/** `ip` in the namespace, with lines of a batch where there are any; gives what it prints. */
type InsideIp = (args: readonly string[], lines?: readonly string[]) => string;

function insideOf(netns: string, run: RunIp): InsideIp {
  return (args, lines = []) => {
    const { status, stdout, stderr } = run(
      ['-n', netns, ...args],
      lines.map((line) => `${line}\n`).join(''),
    );
    if (status === 0) return stdout;
    const [, at] = /^Command failed -:(\d+)$/m.exec(stderr) ?? [];
    const command = at === undefined ? args.join(' ') : (lines[Number(at) - 1] ?? '');
    throw new RangeError(
      `ip -n ${netns} ${command}: ${stderr.trim().split('\n')[0] || `status ${status}`}`,
    );
  };
}

function batch(family: readonly string[], lines: readonly string[], inside: InsideIp): void {
  if (lines.length > 0) inside([...family, '-batch', '-'], lines);
}

/** Tunnels of previous files go, those that are missing come. @returns whether all were there */
function makeLinks(links: RoutePlan['links'], inside: InsideIp): boolean {
  const there = new Set(
    [...inside(['-o', 'link', 'show']).matchAll(/^\d+: (lvs[iguhv][\da-z]{7,11})[@:]/gm)].map(
      ([, name = '']) => name,
    ),
  );
  const removed = [...there].filter((name) => !links.has(name)).map((name) => `link del ${name}`);
  const made = [...links].flatMap(([name, add]) => [
    ...(there.has(name) ? [] : [`link add ${name} ${add}`]),
    `link set ${name} up`,
  ]);
  batch([], [...removed, ...made], inside);
  return [...links.keys()].every((name) => there.has(name));
}

/** Rules and routes of one family. @returns whether all was right before */
function makeFamily(
  { family, rules, routes }: RoutePlan['families'][number],
  inside: InsideIp,
): boolean {
  // but for the time that routes from a router have left
  const show = () => inside([family, 'route', 'show', 'table', 'all']).replace(/ expires \S+/g, '');
  const shown = () => (routes.length > 0 ? show().split('\n').sort().join('\n') : '');
  const before = shown();
  const lines = inside([family, 'rule', 'show'])
    .split('\n')
    .map((line) => line.trim())
    // the first one cannot be removed
    .filter((line) => line !== '' && !line.startsWith('0:'));
  const right = lines.length === rules.length && rules.every(({ shown }) => lines.includes(shown));
  const ruleLines = right ? [] : ['rule flush', ...rules.map(({ add }) => `rule add ${add}`)];
  batch([family], [...ruleLines, ...routes.map((route) => `route replace ${route}`)], inside);
  return right && shown() === before;
}

/**
 * TUN: a tunnel leads to the server, one for all services that use the same kind; DR: the server is
 * the next hop, and needs none.
 */
function tunnelTo({
  address,
  forwarding,
  tunnel,
}: Destination): { readonly name: string; readonly add: string } | undefined {
  if (forwarding !== 'tunnel' || address.family !== 'ipv4') return undefined;
  const kind = tunnel.type === 'gre' ? 'gre' : 'ipip';
  const checksum = tunnel.flags !== 0;
  const gue =
    `encap gue encap-sport auto encap-dport ${tunnel.port} ` +
    `${checksum ? 'encap-csum' : 'noencap-csum'}`;
  const extra = tunnel.type === 'gue' ? gue : tunnel.type === 'gre' && checksum ? 'csum' : '';
  const add = `type ${kind} remote ${formatAddress(address)} ${extra}`.trim();
  // fifteen letters are all that a name has
  const digits = (value: number, length: number) =>
    (value >>> 0).toString(36).padStart(length, '0');
  const letter = LETTERS[`${tunnel.type} ${checksum ? 'csum' : ''}`] ?? 'i';
  return {
    name: `lvs${letter}${digits(address.value, 7)}${tunnel.type === 'gue' ? digits(tunnel.port, 4) : ''}`,
    add,
  };
}

function withRoutes(config: Config): readonly DesiredService[] {
  return desiredServices(config).filter(({ checks }) =>
    [...new Set(checks.values())].flat().some(needsRoute),
  );
}
