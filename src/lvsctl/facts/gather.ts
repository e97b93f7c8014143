// One reading of this machine: about a dozen processes and some files, at any size.
import { readEntries } from '../../backend/readtable.js';
import type { Connection } from '../../model/connection.js';
import { IpvsError } from '../../model/errors.js';
import { parseConnection } from '../../render/connections.js';
import { shellLine } from '../../render/shell.js';
import { VERSION } from '../../render/version.js';
import { CAP_NET_ADMIN, isEffective } from '../../system/capability.js';
import { CommandError } from '../plan/command.js';
import type { Machine } from '../plan/machine.js';
import { hasRules } from '../plan/rules.js';
import { shownTable } from '../show/table.js';
import type { World } from '../world.js';
import { connectionFacts } from './connections.js';
import { addressFacts, type IpLink, linkFacts, neighbourFacts, udpTunnelFacts } from './links.js';
import { parseListeners, withSockets } from './listeners.js';
import { packetFilterFact } from './packetfilter.js';
import { type IpRoute, type IpRule, routeFacts, routingRuleFacts } from './routes.js';
import { sysctlKeys } from './sysctls.js';
import {
  type ConnectionFacts,
  type DaemonFact,
  FACTS_FORMAT,
  FACTS_VERSION,
  type ListenerFact,
  type MachineFacts,
} from './types.js';

type FactsSource = Pick<World, 'machine' | 'lines' | 'netns' | 'now'>;

/** Reads everything. @throws CommandError when `ip` fails; BackendError as the backend does */
export async function gatherMachineFacts(source: FactsSource): Promise<MachineFacts> {
  const { machine } = source;
  const missing: string[] = [];
  const links = askIp(machine, ['-details', 'addr', 'show']) as readonly IpLink[];
  const names = links.flatMap(({ ifname }) => (ifname === undefined ? [] : [ifname]));
  const table = await tableFacts(machine, missing);
  const read = (path: string) => machine.read(path)?.trim();
  return {
    format: FACTS_FORMAT,
    version: FACTS_VERSION,
    machine: read('/proc/sys/kernel/hostname') ?? 'this machine',
    namespace: source.netns ?? null,
    program: VERSION,
    time: new Date(source.now() * 1000).toISOString(),
    kernel: read('/proc/sys/kernel/osrelease') ?? null,
    container: read('/run/systemd/container') ?? null,
    links: linkFacts(links),
    addresses: addressFacts(links),
    ...routing(machine),
    neighbours: neighbourFacts(askIp(machine, ['neigh', 'show']) as []),
    udp_tunnels: udpTunnels(machine),
    sysctls: Object.fromEntries(
      sysctlKeys(names).flatMap((key) => {
        const value = read(`/proc/sys/${key}`);
        return value === undefined ? [] : [[key, value]];
      }),
    ),
    packet_filter: packetFilterFact(machine, missing, links),
    conntrack: conntrack(read),
    kernel_rules: machine.hasKernelRules,
    owns_modules: machine.ownsModules,
    may_administer: mayAdminister(machine),
    table_bits: Number(read('/sys/module/ip_vs/parameters/conn_tab_bits') ?? 0) || null,
    ...table,
    connections: table.services === null ? null : await connections(source, missing),
    modules: modules(machine),
    listeners: listeners(
      machine,
      links.some(({ linkinfo }) => linkinfo?.info_kind === 'vrf'),
    ),
    missing,
  };
}

/** Routes and routing rules of both families. */
function routing(machine: Machine): Pick<MachineFacts, 'routes' | 'rules'> {
  const both = (['ipv4', 'ipv6'] as const).map((family) => {
    const option = family === 'ipv4' ? '-4' : '-6';
    const routes = askIp(machine, [option, 'route', 'show', 'table', 'all']) as IpRoute[];
    const rules = askIp(machine, [option, 'rule', 'show']) as IpRule[];
    return { routes: routeFacts(routes, family), rules: routingRuleFacts(rules, family) };
  });
  return {
    routes: both.flatMap(({ routes }) => routes),
    rules: both.flatMap(({ rules }) => rules),
  };
}

function askIp(machine: Machine, args: readonly string[]): unknown {
  const all = ['-json', ...args];
  const { status, stdout, stderr } = machine.run('ip', all);
  if (status !== 0)
    throw new CommandError(
      `${shellLine(['ip', ...all])}: ${stderr.trim() || `exit status ${status}`}`,
    );
  return JSON.parse(stdout.trim() || '[]');
}

/** The module is loaded only where such a port was opened. */
function udpTunnels(machine: Machine) {
  if (!machine.list('/sys/module').includes('fou')) return [];
  const { status, stdout } = machine.run('ip', ['-json', 'fou', 'show']);
  return status === 0 ? udpTunnelFacts(JSON.parse(stdout.trim() || '[]')) : [];
}

async function tableFacts(
  machine: Machine,
  missing: string[],
): Promise<Pick<MachineFacts, 'services' | 'daemons'>> {
  if (!hasRules(machine)) return { services: [], daemons: [] };
  if (machine.hasKernelRules && !mayAdminister(machine)) {
    missing.push(NOT_PERMITTED);
    return { services: null, daemons: [] };
  }
  try {
    const backend = await machine.backend();
    const services = shownTable(await readEntries(backend));
    const daemons = (await backend.daemons()).map(
      ({ role, interface: device, syncId }): DaemonFact => ({
        role,
        interface: device,
        syncid: syncId,
      }),
    );
    return { services, daemons };
  } catch (error) {
    if (!(error instanceof IpvsError) || error.code !== 'EPERM') throw error;
    missing.push(NOT_PERMITTED);
    return { services: null, daemons: [] };
  }
}

const NOT_PERMITTED = 'the rules of the kernel: no CAP_NET_ADMIN';

/** Whether this process has CAP_NET_ADMIN. */
export function mayAdminister(machine: Machine): boolean {
  return isEffective(CAP_NET_ADMIN, machine.read('/proc/self/status')) ?? false;
}

async function connections(
  { machine, lines }: FactsSource,
  missing: string[],
): Promise<ConnectionFacts | null> {
  if (!machine.hasKernelRules)
    return connectionFacts((await (await machine.backend()).connections()) ?? []);
  const path = '/proc/net/ip_vs_conn';
  if (machine.list('/proc/net').includes('ip_vs_conn')) return connectionFacts(parsed(lines(path)));
  if (hasRules(machine)) missing.push(`connections: ${path} is not there`);
  return null;
}

function* parsed(lines: Iterable<string>): Generator<Connection> {
  for (const line of lines) {
    const connection = line.startsWith('Pro ') ? undefined : parseConnection(line);
    if (connection) yield connection;
  }
}

/** Those that matter here, loaded or part of the kernel. */
function modules(machine: Machine): string[] {
  const release = machine.read('/proc/sys/kernel/osrelease')?.trim() ?? '';
  const builtIn = machine.read(`/lib/modules/${release}/modules.builtin`) ?? '';
  const names = [
    ...machine.list('/sys/module'),
    ...[...builtIn.matchAll(/\/([^/\n]+)\.ko/g)].map(([, name = '']) => name.replaceAll('-', '_')),
  ];
  return [...new Set(names)].filter((name) =>
    /^(?:ip_vs|nf_conntrack|nf_tables$|ipip$|fou)/.test(name),
  );
}

function conntrack(read: (path: string) => string | undefined): MachineFacts['conntrack'] {
  const count = read('/proc/sys/net/netfilter/nf_conntrack_count');
  const max = read('/proc/sys/net/netfilter/nf_conntrack_max');
  return count === undefined || max === undefined
    ? null
    : { count: Number(count), max: Number(max) };
}

/** More is asked for where it may decide: of sockets for both families, and of VRFs. */
function listeners(machine: Machine, hasVrf: boolean): ListenerFact[] | null {
  const files = (['tcp', 'udp'] as const).flatMap((protocol) =>
    ['', '6'].map((six) => ({ protocol, text: machine.read(`/proc/net/${protocol}${six}`) })),
  );
  if (files.every(({ text }) => text === undefined)) return null;
  const found = files.flatMap(({ protocol, text }) => parseListeners(text ?? '', protocol));
  const isOpen = ({ port, protocol }: ListenerFact) =>
    found.some(
      (one) => one.address === '0.0.0.0' && one.port === port && one.protocol === protocol,
    );
  const isAsked = hasVrf || found.some((one) => one.address === '::' && !isOpen(one));
  if (!isAsked) return found;
  const { status, stdout } = machine.run('ss', ['-H', '-l', '-n', '-t', '-u', '-e']);
  return status === 0 ? withSockets(found, stdout) : found;
}
