// What administrators said of servers: which servers a word means, and the record that survives a
// restart.
import { formatAddress, parseAddress } from '../../model/address.js';
import { LvsctlError } from '../errors.js';
import type { Outside } from './outside.js';
import type { Admin, AdminState } from './service.js';
import { listOf, moment, objectOf, oneOf, text, textThat } from './shape.js';
import type { Rename, ServersOf } from './succession.js';

export interface AdminEntry extends Admin {
  readonly service: string;
  readonly server: string;
}

export interface ServerId {
  readonly service: string;
  /** as `formatServer` writes it */
  readonly server: string;
}

export interface AdminRecord {
  find(service: string, server: string): Admin | undefined;
  /**
   * Remembers, or forgets when there is nothing to remember.
   * @throws a system error when it cannot be written
   */
  set(servers: readonly ServerId[], admin: Admin | undefined): void;
  /**
   * What was said of a service's servers goes on under its new name; what was said of another one
   * that had that name is forgotten.
   * @throws a system error when it cannot be written
   */
  rename(services: readonly Rename[]): void;
  entries(): readonly AdminEntry[];
}

const VERSION = 1;

/**
 * Reads the record; a missing file is an empty one.
 * @throws BAD_RECORD when it cannot be understood: guessing would put a server back that somebody
 *   took out
 */
export function openAdminRecord(
  files: Pick<Outside, 'readFile' | 'writeText' | 'uid'>,
  path: string,
): AdminRecord {
  const read = (): readonly AdminEntry[] => {
    const file = files.readFile(path);
    return file === undefined ? [] : parseRecord(file, path, files.uid);
  };
  let entries = read();
  function write(next: readonly AdminEntry[]): void {
    files.writeText(path, `${JSON.stringify({ version: VERSION, servers: next }, undefined, 2)}\n`);
    entries = next;
  }
  return {
    find: (service, server) =>
      entries.find((entry) => entry.service === service && entry.server === server),
    entries: () => entries,
    set(servers, admin) {
      const named = new Set(servers.map(({ service, server }) => `${service} ${server}`));
      // others may have written to it meanwhile
      const others = read().filter(({ service, server }) => !named.has(`${service} ${server}`));
      const said = admin
        ? servers.map(({ service, server }) => ({ service, server, ...admin }))
        : [];
      write([...others, ...said]);
    },
    rename(services) {
      const to = new Map(services.map((one) => [one.from, one.to]));
      const taken = new Set(to.values());
      const all = read();
      if (all.some(({ service }) => to.has(service) || taken.has(service))) {
        const left = all.filter(({ service }) => to.has(service) || !taken.has(service));
        write(left.map((entry) => ({ ...entry, service: to.get(entry.service) ?? entry.service })));
      }
    },
  };
}

/**
 * Beside the file's servers those of which something was said: it can be taken back when they are
 * not in the file any more.
 */
export function withRemembered(
  all: readonly ServersOf[],
  record: AdminRecord,
): readonly ServersOf[] {
  const servers = new Map(all.map((one) => [one.service, new Set(one.servers)]));
  for (const { service, server } of record.entries())
    servers.set(service, (servers.get(service) ?? new Set()).add(server));
  return [...servers].map(([service, names]) => ({ service, servers: [...names] }));
}

/**
 * The servers that a word means: an address in all services and ports, or an address with its port.
 * @param service only there
 * @throws NOT_FOUND when there is none, naming those there are
 */
export function selectServers(
  all: readonly ServersOf[],
  word: string,
  service: string | undefined,
): readonly ServerId[] {
  const wanted = readServer(word);
  const inside = service === undefined ? all : all.filter((one) => one.service === service);
  if (inside.length === 0) {
    throw new LvsctlError(
      'NOT_FOUND',
      `no service ${service ?? ''}; there are ${all.map((one) => one.service).join(', ') || 'none'}`,
    );
  }
  const found = inside.flatMap((one) =>
    one.servers
      .filter((server) => server === wanted || hostOf(server) === wanted)
      .map((server) => ({ service: one.service, server })),
  );
  if (found.length > 0) return found;
  const there = [...new Set(inside.flatMap(({ servers }) => servers))].slice(0, 20);
  throw new LvsctlError('NOT_FOUND', `no server ${word}; there are ${there.join(', ') || 'none'}`);
}

/**
 * `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:DB8::1]:80` as `formatServer` and `hostOf` write
 * them.
 */
function readServer(word: string): string {
  const [, bracketed, plain = bracketed, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(
    word,
  ) ?? [undefined, undefined, word];
  const address = parseAddress(plain ?? '');
  if (address === undefined)
    throw new LvsctlError(
      'BAD_USAGE',
      `${word}: not the address of a server, with or without its port`,
    );
  const host = formatAddress(address);
  if (port === undefined) return host;
  return address.family === 'ipv6' ? `[${host}]:${Number(port)}` : `${host}:${Number(port)}`;
}

/** The address in `10.0.0.1:80` or `[2001:db8::1]:80`. */
function hostOf(server: string): string {
  return server.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

/** Of these servers those that the request changes: others are so already, with that reason. */
export function changing(
  servers: readonly ServerId[],
  admin: Admin | undefined,
  record: AdminRecord,
): readonly ServerId[] {
  return servers.filter(({ service, server }) => {
    const former = record.find(service, server);
    if (former === undefined || admin === undefined) return former !== admin;
    return former.state !== admin.state || !['', former.reason].includes(admin.reason);
  });
}

/** Only what root or this user wrote, and nobody else could, is believed. */
function parseRecord(
  { text, mode, uid }: { readonly text: string; readonly mode: number; readonly uid: number },
  path: string,
  ownUid: number,
): readonly AdminEntry[] {
  if (uid !== 0 && uid !== ownUid) throw damaged(path, `owned by user ${uid}`);
  if ((mode & 0o022) !== 0)
    throw damaged(path, `mode ${mode.toString(8).padStart(4, '0')}: other users may write to it`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path, 'not JSON');
  }
  const problem = RECORD(value, '') ?? repeated((value as RecordFile).servers);
  if (problem !== undefined) throw damaged(path, problem);
  return (value as RecordFile).servers;
}

interface RecordFile {
  readonly version: number;
  readonly servers: readonly AdminEntry[];
}

const RECORD = objectOf<RecordFile>({
  version: oneOf([VERSION]),
  servers: listOf(
    objectOf<AdminEntry>({
      service: textThat('the name of a service', (name) => name !== ''),
      server: textThat('an address with its port', isServer),
      state: oneOf(['disabled', 'drained'] satisfies AdminState[]),
      reason: text,
      since: moment,
    }),
  ),
});

/** As `formatServer` writes it: another spelling would never be found. */
function isServer(word: string): boolean {
  // an IPv6 address without a port ends like one with a port
  if (parseAddress(word) !== undefined) return false;
  try {
    const [, port] = /:(\d+)$/.exec(word) ?? [];
    return port !== undefined && Number(port) <= 65_535 && readServer(word) === word;
  } catch {
    return false;
  }
}

function repeated(entries: readonly AdminEntry[]): string | undefined {
  const names = new Set<string>();
  for (const [i, { service, server }] of entries.entries()) {
    const name = `${service} ${server}`;
    if (names.has(name)) return `servers[${i}]: the server is there twice`;
    names.add(name);
  }
  return undefined;
}

function damaged(path: string, problem: string): LvsctlError {
  return new LvsctlError(
    'BAD_RECORD',
    `${path}: the record of disabled and drained servers is not used: ${problem}`,
    'move the file away: then no server is disabled or drained, until you do it again',
  );
}
