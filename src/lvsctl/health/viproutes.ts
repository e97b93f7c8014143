// How a check reaches the VIP on one real server: from a network namespace that does not have the VIP, with a way to each server that is
// chosen by the port a check comes from.
import { formatAddress } from '../../model/address.js';
import type { Destination } from '../../model/destination.js';
import type { Check } from '../config/checks.js';
import type { Config } from '../config/file.js';
import { type WantedService, wantedTable } from '../config/wanted.js';

export interface Way {
  readonly netns: string;
  /** ports from which the checks of this server begin, both ends included */
  readonly ports: readonly [number, number];
}

/** Ways by service name and place of the server. */
export type Ways = ReadonlyMap<string, readonly Way[]>;

const FIRST_PORT = 20_000;
const LAST_PORT = 65_535;
/** one after the other, so that a port rests before its next turn */
const PORTS_EACH = 64;
/** routing tables and preferences of rules, by server */
const FIRST_TABLE = 20_000;
const MAIN = 32_766;

/** Whether a check needs a way to the VIP. */
export function needsWay(check: Check): boolean {
  return check.target === 'vip' && check.kind !== 'exec';
}

/** The ways of a file; undefined where nothing needs one. @throws RangeError when there are more servers than ports */
export function waysOf(config: Config): Ways | undefined {
  const netns = config.monitor.check_netns;
  const services = concerned(config);
  if (netns === undefined || services.length === 0) return undefined;
  let port = FIRST_PORT;
  return new Map(
    services.map(({ source, destinations }) => [
      source.name,
      destinations.map((): Way => {
        const ports = [port, port + PORTS_EACH - 1] as const;
        port += PORTS_EACH;
        if (ports[1] > LAST_PORT) {
          throw new RangeError(`checks of the VIP: at most ${Math.floor((LAST_PORT + 1 - FIRST_PORT) / PORTS_EACH)} servers have ports`);
        }
        return { netns, ports };
      }),
    ]),
  );
}

/** One command of `ip`. */
export interface IpCommand {
  readonly words: readonly string[];
  /** it fails where there is nothing to take away */
  readonly mayFail: boolean;
}

/** What makes the ways: the namespace is the monitor's own, so that what was there before goes. */
export function wayCommands(config: Config, ways: Ways): readonly IpCommand[] {
  const netns = config.monitor.check_netns ?? '';
  const ip = (...words: string[]): IpCommand => ({ words: ['-n', netns, ...words], mayFail: false });
  const fresh = (['-4', '-6'] as const).flatMap((family) => [
    ip(family, 'rule', 'flush'),
    ip(family, 'rule', 'add', 'pref', String(MAIN), 'lookup', 'main'),
  ]);
  let number = 0;
  const each = concerned(config).flatMap(({ source, destinations }) =>
    destinations.flatMap((server, i) => {
      const way = ways.get(source.name)?.[i];
      const table = String(FIRST_TABLE + number++);
      if (way === undefined) return [];
      const family = source.address.family === 'ipv4' ? '-4' : '-6';
      const vip = formatAddress(source.address);
      const { commands, via } = exitTo(server, `lvsc${number}`, ip);
      return [
        ...commands,
        ip(family, 'route', 'replace', vip, ...via, 'table', table),
        ip(family, 'rule', 'add', 'pref', table, 'sport', way.ports.join('-'), 'lookup', table),
      ];
    }),
  );
  return [...fresh, ...each];
}

/** Why a server cannot be reached that way; undefined = it can. */
export function noWay({ address, forwarding, tunnel }: Destination, family: 'ipv4' | 'ipv6'): string | undefined {
  if (forwarding !== 'tunnel' || (address.family === 'ipv4' && family === 'ipv4')) return undefined;
  return `check of the VIP: through a tunnel (${tunnel.type}) only IPv4 within IPv4 is possible, not to ${formatAddress(address)}; use exec`;
}

/** DR: the server is the next hop. TUN: a tunnel of its own leads there. */
function exitTo(
  { address, forwarding, tunnel }: Destination,
  device: string,
  ip: (...words: string[]) => IpCommand,
): { readonly commands: readonly IpCommand[]; readonly via: readonly string[] } {
  const rip = formatAddress(address);
  if (forwarding !== 'tunnel') return { commands: [], via: ['via', rip] };
  const kind = tunnel.type === 'gre' ? 'gre' : 'ipip';
  const checksum = tunnel.flags !== 0;
  const gue = ['encap', 'gue', 'encap-sport', 'auto', 'encap-dport', String(tunnel.port), checksum ? 'encap-csum' : 'noencap-csum'];
  const extra = tunnel.type === 'gue' ? gue : tunnel.type === 'gre' && checksum ? ['csum'] : [];
  return {
    commands: [
      { ...ip('link', 'del', device), mayFail: true },
      ip('link', 'add', device, 'type', kind, 'remote', rip, ...extra),
      ip('link', 'set', device, 'up'),
    ],
    via: ['dev', device],
  };
}

function concerned(config: Config): readonly WantedService[] {
  return wantedTable(config).filter(({ source }) => source.checks.some(needsWay));
}
