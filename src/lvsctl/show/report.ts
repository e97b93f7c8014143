// What `lvsctl show` knows: the table from the kernel, or from /proc where the kernel answers only
// to root. Its shapes are those of share/schema/show-1.json.
import type { Backend } from '../../backend/backend.js';
import { readEntries } from '../../backend/readtable.js';
import { formatAddress } from '../../model/address.js';
import { IpvsError } from '../../model/errors.js';
import { LvsctlError } from '../errors.js';
import type { World } from '../world.js';
import { parseProcStats, parseProcTable } from './proc.js';
import { type ShownService, shownProc, shownTable, type Totals } from './table.js';

/** Version of the JSON: it grows when something in it changes its meaning or goes. */
export const VERSION = 1;

export interface Report {
  /** `1.2.1` */
  readonly ipvs: string;
  readonly table_size: number;
  /** what only root can see, as text; empty when nothing is missing */
  readonly missing: readonly string[];
  readonly services: readonly ShownService[];
  /** of all services, removed ones included; null where none are kept */
  readonly total: Totals | null;
  readonly timeouts: ShownTimeouts | null;
  readonly daemons: readonly ShownDaemon[] | null;
}

/** seconds */
export interface ShownTimeouts {
  readonly tcp: number;
  readonly tcp_fin: number;
  readonly udp: number;
}

/** Keys as those of `sync` in the lvsctl file; null where the kernel reports nothing. */
export interface ShownDaemon {
  readonly role: string;
  readonly interface: string;
  readonly syncid: number;
  readonly max_length: number | null;
  readonly group: string | null;
  readonly port: number | null;
  readonly ttl: number | null;
}

const ROOT_ONLY = [
  'counters of services and servers',
  'scheduler flags',
  'persistence timeout and engine',
  'family of firewall marks',
  'thresholds',
  'persistent connections',
  'tunnel options',
  'timeouts',
  'sync daemons',
];

/**
 * Reads all of it. Without the right to ask the kernel, what /proc gives to every user.
 * @param open the backend, by default that of the machine
 * @throws what the backend throws, when /proc has no table either
 */
export async function readReport(
  world: World,
  open: () => Promise<Backend> = () => world.machine.backend(),
): Promise<Report> {
  try {
    return await fromBackend(await open(), world);
  } catch (error) {
    const isDenied = error instanceof IpvsError && error.code === 'EPERM';
    const text = isDenied ? world.machine.read(procPath(world, 'ip_vs')) : undefined;
    if (text === undefined) throw error;
    const table = parseProcTable(text);
    if (table === undefined)
      throw new LvsctlError('SYSTEM', `${procPath(world, 'ip_vs')}: a line makes no sense`);
    return {
      ipvs: table.ipvs,
      table_size: table.tableSize,
      missing: ROOT_ONLY,
      services: shownProc(table.services),
      total: procTotals(world),
      timeouts: null,
      daemons: null,
    };
  }
}

async function fromBackend(backend: Backend, world: World): Promise<Report> {
  const { version, connectionTableSize } = await backend.info();
  const daemons = await backend.daemons();
  const { tcp, tcpFin, udp } = await backend.timeouts();
  return {
    ipvs: `${version >>> 16}.${(version >>> 8) & 255}.${version & 255}`,
    table_size: connectionTableSize,
    missing: [],
    services: shownTable(await readEntries(backend)),
    total: world.machine.hasKernelRules ? procTotals(world) : null,
    timeouts: { tcp, tcp_fin: tcpFin, udp },
    daemons: daemons.map((daemon) => ({
      role: daemon.role,
      interface: daemon.interface,
      syncid: daemon.syncId,
      max_length: daemon.maxLength || null,
      group: daemon.group ? formatAddress(daemon.group) : null,
      port: daemon.port || null,
      ttl: daemon.ttl || null,
    })),
  };
}

function procTotals(world: World): Totals | null {
  return parseProcStats(world.machine.read(procPath(world, 'ip_vs_stats')) ?? '') ?? null;
}

/** LVS_PROCFS names another place of /proc, as for `ipvsadm -L -c`. */
export function procPath({ env }: Pick<World, 'env'>, name: string): string {
  return `${env.LVS_PROCFS || '/proc'}/net/${name}`;
}
