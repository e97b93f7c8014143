// Host and service names from the machine's resolver: hosts by getaddrinfo and getnameinfo
// (nsswitch, /etc/hosts, DNS), services from
// /etc/services, which is what the C library reads.
import { readFileSync } from 'node:fs';
import { fromBytes, toBytes } from './bytes.js';

const SERVICES = '/etc/services';
/** the most threads that Node's pool can have */
const MOST_THREADS = 1024;

/**
 * The first IPv4 address of each name, those that have none left out. Look-ups run side by side.
 */
export async function lookUpHosts(names: Iterable<string>): Promise<Map<string, string>> {
  const queried = [...names].filter(isHostName);
  const found = new Map<string, string>();
  if (queried.length === 0) return found;
  widenPool(queried.length);
  const { lookup } = await import('node:dns');
  await side(queried, (name, done) =>
    lookup(name, { family: 4 }, (error, address) => {
      if (!error && address) found.set(name, address);
      done();
    }),
  );
  return found;
}

/**
 * The canonical name of each numeric address, those that have none left out. Look-ups run side by
 * side, so a dead DNS is waited for once.
 */
export async function lookUpAddresses(addresses: Iterable<string>): Promise<Map<string, string>> {
  const queried = [...new Set(addresses)];
  const found = new Map<string, string>();
  if (queried.length === 0) return found;
  widenPool(queried.length);
  const { lookupService } = await import('node:dns');
  await side(queried, (address, done) =>
    lookupService(address, 0, (error, hostname) => {
      if (!error && hostname !== address) found.set(address, toBytes(hostname));
      done();
    }),
  );
  return found;
}

/**
 * Names of no host: empty, or with bytes that no host name has (Node would translate them to
 * another name).
 */
function isHostName(name: string): boolean {
  return name === fromBytes(name) && /^[!-~]+$/.test(name);
}

function side<T>(
  items: readonly T[],
  start: (item: T, done: () => void) => void,
): Promise<unknown> {
  return Promise.all(items.map((item) => new Promise<void>((resolve) => start(item, resolve))));
}

/**
 * The resolver blocks a thread per look-up. Node has four unless the variable is set before their
 * first use, and lends look-ups half of them.
 */
function widenPool(lookUps: number): void {
  process.env.UV_THREADPOOL_SIZE ??= String(Math.min(MOST_THREADS, Math.max(4, 2 * lookUps)));
}

export interface Services {
  port(name: string, protocol: string): number | undefined;
  name(port: number, protocol: string): string | undefined;
}

/** The services of this machine, by exact name or alias; the first line of a port names it. */
export function readServices(path = SERVICES): Services {
  let text = '';
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    // no data base, no names
  }
  return parseServices(text);
}

/** Reads the lines of a services file: `name port/protocol aliases… # comment`. */
export function parseServices(text: string): Services {
  const ports = new Map<string, number>();
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [name, where = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const [, digits, protocol] = /^([0-9]+)\/(\S+)$/.exec(where) ?? [];
    if (!name || digits === undefined || protocol === undefined) continue;
    const port = Number(digits);
    for (const alias of [name, ...aliases])
      if (!ports.has(`${alias}/${protocol}`)) ports.set(`${alias}/${protocol}`, port);
    if (!names.has(`${port}/${protocol}`)) names.set(`${port}/${protocol}`, name);
  }
  return {
    port: (name, protocol) => ports.get(`${name}/${protocol}`),
    name: (port, protocol) => names.get(`${port}/${protocol}`),
  };
}
