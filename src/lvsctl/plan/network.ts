// What `ip` sets: addresses, tunnel devices, ports that take gue, the default route.
import type { Family } from '../../model/address.js';
import { shellLine } from '../../render/shell.js';
import { type AddressInfo, addressArgs } from './addressargs.js';
import type { PlanCommand } from './command.js';
import { CommandError } from './command.js';
import type { Machine } from './machine.js';
import type { ResourceType } from './resourcetype.js';
import { once } from './snapshot.js';

const ip = (...args: readonly string[]): PlanCommand => ({ kind: 'run', program: 'ip', args });
const option = (family: Family) => (family === 'ipv6' ? ['-6'] : []);

export interface AddressResource {
  readonly device: string;
  /** `192.0.2.1/32` */
  readonly address: string;
}

/** State: whether the address is there. */
export const ADDRESS: ResourceType<AddressResource, boolean> = {
  shared: false,
  title: ({ device, address }) => `address ${address} on ${device}`,
  show: (state) => (state ? 'there' : 'missing'),
  read: async ({ device, address }, machine) =>
    once(
      machine,
      'addresses by device',
      () => new Set(localAddresses(machine).map((one) => `${one.device} ${prefixed(one)}`)),
    ).has(`${device} ${address}`),
  same: (actual, desired) => actual === desired,
  commands({ device, address }, from, to) {
    if (from === to) return [];
    if (!to) return [ip('addr', 'del', address, 'dev', device)];
    // usable at once, and never the source of what the machine itself begins
    const flags = address.includes(':') ? ['nodad', 'preferred_lft', '0'] : [];
    return [ip('addr', 'add', address, 'dev', device, ...flags)];
  },
};

export interface LocalAddress {
  readonly device: string;
  readonly address: string;
  readonly prefix: number;
  readonly up: boolean;
  /** the kernel removes it with the first address of the same network */
  readonly secondary: boolean;
  /** what `ip addr add` takes behind address and interface to make it as it is */
  readonly args: readonly string[];
}

/** `192.0.2.1/32` */
export function prefixed({ address, prefix }: Pick<LocalAddress, 'address' | 'prefix'>): string {
  return `${address}/${prefix}`;
}

/** The addresses of this machine. @throws CommandError when `ip` fails */
export function localAddresses(machine: Machine): LocalAddress[] {
  type Info = AddressInfo & {
    readonly local?: string;
    readonly prefixlen?: number;
    readonly secondary?: boolean;
  };
  type Link = {
    readonly ifname?: string;
    readonly flags?: readonly string[];
    readonly addr_info?: readonly Info[];
  };
  return (askIp(machine, ['-json', 'addr', 'show']) as readonly Link[]).flatMap(
    ({ ifname, flags = [], addr_info: infos = [] }) =>
      infos.flatMap(({ local, prefixlen, secondary = false, ...info }) =>
        ifname !== undefined && local !== undefined && prefixlen !== undefined
          ? [
              {
                device: ifname,
                address: local,
                prefix: prefixlen,
                up: flags.includes('UP'),
                secondary,
                args: addressArgs(info, ifname),
              },
            ]
          : [],
      ),
  );
}

export interface LinkState {
  readonly name: string;
  /** the kernel's number, which stays when the interface is renamed; 0 = not known */
  readonly index: number;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly mtu: number;
  /** `ether`, `loopback`, `ipip`, `sit`, `tunnel6` … */
  readonly type: string;
  /** whether neighbours can ask here for its addresses */
  readonly asked: boolean;
  /** the ends of a tunnel, when it has them */
  readonly local: string;
  readonly remote: string;
}

/** The network interfaces. @throws CommandError when `ip` fails */
export function links(machine: Machine): LinkState[] {
  type Link = {
    readonly ifindex?: number;
    readonly ifname?: string;
    readonly flags?: readonly string[];
    readonly mtu?: number;
    readonly link_type?: string;
    readonly address?: string;
    readonly broadcast?: string;
  };
  return (askIp(machine, ['-json', 'link', 'show']) as readonly Link[]).map(
    ({ ifindex = 0, ifname = '', flags = [], mtu = 0, ...link }) => ({
      name: ifname,
      index: ifindex,
      up: flags.includes('UP'),
      carrier: flags.includes('LOWER_UP'),
      mtu,
      type: link.link_type ?? '',
      asked: ifname !== 'lo' && !flags.includes('NOARP') && !flags.includes('LOOPBACK'),
      local: link.address ?? '',
      remote: link.broadcast ?? '',
    }),
  );
}

export interface LinkResource {
  readonly name: string;
  /** arguments of `ip link add NAME` */
  readonly args: readonly string[];
}

/** A tunnel or dummy device. State: null = there is none. */
export const LINK: ResourceType<LinkResource, 'up' | 'down' | null> = {
  shared: false,
  title: ({ name, args }) =>
    `${args[0] === 'type' && args[1] === 'dummy' ? 'dummy' : 'tunnel'} device ${name}`,
  show: (state) => state ?? 'missing',
  async read({ name }, machine) {
    const found = links(machine).find((link) => link.name === name);
    return found ? (found.up ? 'up' : 'down') : null;
  },
  same: (actual, desired) => actual === desired,
  commands({ name, args }, from, to) {
    if (from === to) return [];
    if (to === null) return [ip('link', 'del', name)];
    return [
      ...(from === null ? [ip('link', 'add', name, ...args)] : []),
      ...(from === null && to === 'down' ? [] : [ip('link', 'set', name, to)]),
    ];
  },
};

export interface FouResource {
  readonly port: number;
  readonly family: Family;
}

/** A UDP port that takes gue. State: whether it is open. */
export const FOU: ResourceType<FouResource, boolean> = {
  shared: false,
  title: ({ port, family }) => `UDP port ${port} for gue (${family})`,
  show: (state) => (state ? 'open' : 'missing'),
  async read({ port, family }, machine) {
    const { status, stdout } = once(machine, 'fou', () => machine.run('ip', ['fou', 'show']));
    if (status !== 0) return false; // the module is not loaded
    return stdout
      .split('\n')
      .some(
        (line) =>
          new RegExp(`^port ${port}\\b`).test(line) && /\s-6\b/.test(line) === (family === 'ipv6'),
      );
  },
  same: (actual, desired) => actual === desired,
  commands: ({ port, family }, from, to) =>
    from === to
      ? []
      : [
          ip(
            'fou',
            to ? 'add' : 'del',
            'port',
            String(port),
            ...(to ? ['gue'] : []),
            ...option(family),
          ),
        ],
};

export interface RouteResource {
  readonly family: Family;
}

/**
 * The default route of the lowest metric. State: as `ip route` prints it, `via 10.0.0.1 dev eth0`;
 * null = none.
 */
export const ROUTE: ResourceType<RouteResource, string | null> = {
  shared: true,
  title: ({ family }) => `default route (${family})`,
  show: (state) => state ?? 'none',
  read: async ({ family }, machine) => defaultRoute(family, machine),
  same: (actual, desired) => actual === desired,
  commands({ family }, from, to) {
    if (from === to) return [];
    if (to === null)
      return from === null
        ? []
        : [ip(...option(family), 'route', 'del', 'default', ...from.split(' '))];
    return [ip(...option(family), 'route', 'replace', 'default', ...to.split(' '))];
  },
};

/**
 * The default route of the lowest metric as arguments of `ip route add default`; null when
 * there is none.
 */
export function defaultRoute(family: Family, machine: Machine): string | null {
  const { status, stdout, stderr } = machine.run('ip', [
    ...option(family),
    'route',
    'show',
    'default',
  ]);
  if (status !== 0) throw new CommandError(`ip route show: ${stderr.trim()}`);
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('default '))
    .map((line) => line.slice('default '.length).replace(DISPLAY_ONLY, '').trim());
  return lines.sort((a, b) => metricOf(a) - metricOf(b))[0] ?? null;
}

/** what `ip route` prints beside what can be set */
const DISPLAY_ONLY = / (?:expires \d+sec|pref \w+|linkdown|dead|error -?\d+)(?= |$)/g;

/** The metric among the arguments of a route, 0 when there is none. */
export function metricOf(route: string): number {
  return Number(/ metric (\d+)/.exec(` ${route}`)?.[1] ?? 0);
}

function askIp(machine: Machine, args: readonly string[]): unknown {
  return once(machine, args.join(' '), () => readIp(machine, args));
}

function readIp(machine: Machine, args: readonly string[]): unknown {
  const { status, stdout, stderr } = machine.run('ip', args);
  if (status !== 0)
    throw new CommandError(
      `${shellLine(['ip', ...args])}: ${stderr.trim() || `exit status ${status}`}`,
    );
  return JSON.parse(stdout || '[]');
}
