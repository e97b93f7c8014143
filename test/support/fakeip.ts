// A machine in memory with the programs that plans run: `ip`, `nft`, `iptables`, `modprobe`. What
// they do is what the real ones were seen to do in the lab.
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import type { ExecResult } from '../../src/lvsctl/plan/machine.js';
import { type FakeMachine, fakeMachine } from './machine.js';

type Answer = Partial<ExecResult>;
const ERROR = (stderr: string): Answer => ({ status: 2, stderr });

export interface WholeMachine extends FakeMachine {
  readonly addresses: Set<string>;
  /** up or down, by name */
  readonly devices: Map<string, 'up' | 'down'>;
  readonly ports: Set<string>;
  /** words of default routes by family, in the order in which `ip route` shows them */
  readonly routes: { readonly ipv4: string[]; readonly ipv6: string[] };
  readonly tables: Map<string, string>;
  readonly rules: Set<string>;
  readonly modules: Set<string>;
  /** the MAC that answers neighbour solicitations, by IPv6 address */
  readonly neighbours: Map<string, string>;
  /** Everything that plans can change, as text. */
  dump(): Promise<string>;
}

/** eth0 and lo, no forwarding, no rules. */
export function wholeMachine(): WholeMachine {
  const addresses = new Set<string>();
  const devices = new Map<string, 'up' | 'down'>([
    ['lo', 'up'],
    ['eth0', 'up'],
  ]);
  const ports = new Set<string>();
  const routes = { ipv4: [] as string[], ipv6: [] as string[] };
  const tables = new Map<string, string>();
  const rules = new Set<string>();
  const modules = new Set<string>();
  const neighbours = new Map<string, string>();
  const backend = new MemoryBackend();

  const programs = {
    ip: (args: readonly string[]) => {
      // it may stand in front and at the end
      const six = args.includes('-6');
      return ip(
        args.filter((one) => one !== '-6'),
        six ? 'ipv6' : 'ipv4',
      );
    },
    nft: ([verb, ...rest]: readonly string[]) => nft(verb ?? '', rest),
    iptables: (args: readonly string[]) => iptables(args),
    modprobe: ([first = '', second = '']: readonly string[]) => {
      if (first === '-r') modules.delete(second);
      else modules.add(first);
      return {};
    },
    rmmod: ([name = '']: readonly string[]) => (modules.delete(name) ? {} : ERROR('not loaded')),
  };
  const files = {
    '/proc/sys/net/ipv4/ip_forward': '0',
    '/proc/sys/net/ipv4/conf/all/accept_redirects': '1',
    '/proc/sys/net/ipv4/conf/default/forwarding': '0',
    '/proc/sys/net/ipv4/conf/eth0/forwarding': '0',
    '/proc/sys/net/ipv4/conf/eth0/arp_ignore': '0',
    '/proc/sys/net/ipv6/conf/all/forwarding': '0',
    '/proc/sys/net/ipv6/conf/eth0/forwarding': '0',
  };
  const machine = fakeMachine(files, programs, backend);
  const write = machine.write.bind(machine);
  machine.write = (path, text) => {
    const before = machine.files.get(path);
    write(path, text);
    if (before !== text) alongWith(path, text);
  };
  const list = machine.list.bind(machine);
  machine.list = (path) =>
    modules.has(path.replace('/sys/module/', '')) ? ['refcnt'] : list(path);

  /** A switch of forwarding is written to every interface; redirects are for hosts. */
  function alongWith(path: string, text: string): void {
    const family = path === '/proc/sys/net/ipv4/ip_forward' ? 'ipv4' : 'ipv6';
    if (family === 'ipv6' && path !== '/proc/sys/net/ipv6/conf/all/forwarding') return;
    for (const name of machine.files.keys())
      if (new RegExp(`/net/${family}/conf/[^/]+/forwarding$`).test(name))
        machine.files.set(name, text);
    if (family === 'ipv4')
      machine.files.set('/proc/sys/net/ipv4/conf/all/accept_redirects', text === '0' ? '1' : '0');
  }

  function ip(args: readonly string[], family: 'ipv4' | 'ipv6'): Answer {
    const [object = '', verb = '', ...rest] = args[0] === '-json' ? args.slice(1) : args;
    switch (`${object} ${verb}`) {
      case 'addr show':
        return { stdout: JSON.stringify([...devices.keys()].map(shown)) };
      case 'link show':
        return {
          stdout: JSON.stringify(
            [...devices].map(([ifname, state], i) => ({
              ifname,
              ifindex: i + 1,
              flags: state === 'up' ? ['UP'] : [],
            })),
          ),
        };
      case 'addr add':
        return addAddress(`${rest[2]} ${rest[0]}`);
      case 'addr del':
        return addresses.delete(`${rest[2]} ${rest[0]}`) ? {} : ERROR('Cannot assign address');
      case 'link add':
        devices.set(rest[0] ?? '', 'down');
        return {};
      case 'link set':
        devices.set(rest[0] ?? '', rest[1] as 'up' | 'down');
        return {};
      case 'link del':
        return devices.delete(rest[0] ?? '') ? {} : ERROR('Cannot find device');
      case 'neigh replace':
      case 'neigh del':
        return {};
      case 'neigh show': {
        const mac = neighbours.get(rest[1] ?? '');
        return { stdout: `${rest[1]} ${mac ? `lladdr ${mac} REACHABLE` : 'FAILED'} \n` };
      }
      case 'fou show':
        return { stdout: [...ports].join('\n') };
      case 'fou add':
        ports.add(`port ${rest[1]} gue${family === 'ipv6' ? ' -6' : ''}`);
        return {};
      case 'fou del':
        ports.delete(`port ${rest[1]} gue${family === 'ipv6' ? ' -6' : ''}`);
        return {};
      case 'route show':
        return { stdout: routes[family].map((route) => `default ${route} \n`).join('') };
      case 'route replace':
        return replaceRoute(routes[family], rest.slice(1).join(' '));
      case 'route del':
        return deleteRoute(routes[family], rest.slice(1).join(' '));
      default:
        return ERROR(`ip ${args.join(' ')}: not known`);
    }
  }

  function shown(device: string): object {
    const own = [...addresses].filter((one) => one.startsWith(`${device} `));
    return {
      ifname: device,
      flags: ['UP'],
      addr_info: own.map((one) => {
        const [local = '', prefixlen = ''] = one.slice(device.length + 1).split('/');
        return { local, prefixlen: Number(prefixlen) };
      }),
    };
  }

  function addAddress(address: string): Answer {
    if (addresses.has(address)) return ERROR('RTNETLINK answers: File exists');
    addresses.add(address);
    return {};
  }

  function nft(verb: string, rest: readonly string[]): Answer {
    if (verb === 'list') {
      const text = tables.get(rest.slice(1).join(' '));
      return text === undefined ? ERROR('no such table') : { stdout: text };
    }
    const name = /^(?:add|delete) table (\S+ \S+?)(?:;|$)/.exec(verb)?.[1] ?? '';
    if (verb.startsWith('delete')) return tables.delete(name) ? {} : ERROR('no such table');
    tables.set(name, verb);
    return {};
  }

  function iptables(args: readonly string[]): Answer {
    const rule = args.filter((_, i) => i !== 2).join(' ');
    if (args[2] === '-A') rules.add(rule);
    else if (args[2] === '-D') return rules.delete(rule) ? {} : ERROR('no such rule');
    else return rules.has(rule) ? {} : { status: 1 };
    return {};
  }

  async function dump(): Promise<string> {
    const services = await Promise.all(
      (await backend.services()).map(async ({ service }) => [
        service,
        (await backend.destinations(service.id)).map(({ destination }) => destination),
      ]),
    );
    return JSON.stringify(
      {
        files: [...machine.files].sort(),
        addresses: [...addresses].sort(),
        devices: [...devices].sort(),
        ports: [...ports].sort(),
        routes,
        tables: [...tables].sort(),
        rules: [...rules].sort(),
        modules: [...modules].sort(),
        services,
        timeouts: await backend.timeouts(),
        daemons: await backend.daemons(),
      },
      undefined,
      1,
    );
  }

  return Object.assign(machine, {
    addresses,
    devices,
    ports,
    routes,
    tables,
    rules,
    modules,
    neighbours,
    dump,
    hasKernelRules: false,
  });
}

const metric = (route: string) => / metric (\d+)/.exec(route)?.[1] ?? '0';

/** In the place of the route of the same metric. */
function replaceRoute(routes: string[], route: string): Answer {
  const at = routes.findIndex((one) => metric(one) === metric(route));
  if (at < 0) routes.push(route);
  else routes[at] = route;
  return {};
}

function deleteRoute(routes: string[], route: string): Answer {
  const at = routes.indexOf(route);
  if (at < 0) return ERROR('RTNETLINK answers: No such process');
  routes.splice(at, 1);
  return {};
}
