// What a simulation reads besides rules: events, arrivals, a log of clients. Each error is named
// with its line.
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import type { Destination } from '../../model/destination.js';
import { serverKey } from '../../model/table.js';
import type { Incident } from '../../simulator/incidents.js';
import type { Arrival } from '../../simulator/workload.js';
import { lineError } from '../config/problem.js';

const DEFAULT_PORT = 1024;

/**
 * Events, one a line: `TIME fail SERVER`, `TIME return SERVER`, `TIME drain SERVER`, `TIME weight
 * SERVER N`; TIME in seconds, SERVER as `address` or `address:port`. `#` begins a comment.
 * @throws ConfigError the first line that makes no sense
 */
export function readIncidents(
  text: string,
  file: string,
  servers: readonly Destination[],
): Incident[] {
  return lines(text, file).map(({ fields, fail }) => {
    const [time, verb = '', name = '', value] = fields;
    const at = seconds(time, fail);
    const server =
      servers.find((one) => serverKey(one) === name || formatAddress(one.address) === name) ??
      fail(`no such server: ${name}`);
    if (fields.length > (verb === 'weight' ? 4 : 3)) fail(`too many fields after ${verb}`);
    if (verb === 'fail') return { at, server, what: 'remove' };
    if (verb === 'return') return { at, server, what: 'add' };
    if (verb === 'drain') return { at, server, what: 0 };
    if (verb === 'weight') return { at, server, what: weight(value, fail) };
    return fail(`${verb}: not one of fail, return, drain, weight`);
  });
}

/**
 * Arrivals, one a line: `TIME CLIENT [SECONDS]`, CLIENT as `address` or `address:port`
 * (`[v6]:port`).
 * @param session length where none is given
 * @throws ConfigError the first line that makes no sense, or is earlier than the one before
 */
export function readArrivals(text: string, file: string, session: number): Arrival[] {
  let last = 0;
  return lines(text, file).map(({ fields, fail }) => {
    const [time, name = '', length] = fields;
    const at = seconds(time, fail);
    if (at < last) fail(`${time} is before the line above`);
    last = at;
    const { address, port } = endpoint(name) ?? fail(`no address: ${name}`);
    return {
      at,
      client: address,
      clientPort: port ?? DEFAULT_PORT,
      ...(port === undefined ? {} : { isPortGiven: true }),
      seconds: length === undefined ? session : seconds(length, fail),
    };
  });
}

/**
 * The clients of a log: the first address of each line, at a steady rate. Lines without an address
 * are left out.
 * @throws ConfigError when there is none at all
 */
export function readLog(text: string, file: string, rate: number, session: number): Arrival[] {
  const clients = text.split('\n').flatMap((line) => {
    for (const field of line.split(/[\s,;"'=()<>]+/)) {
      const found = endpoint(field);
      if (found) return [found];
    }
    return [];
  });
  if (clients.length === 0) throw lineError(file, 1, 'no client address in any line');
  return clients.map(({ address, port }, i) => ({
    at: i / rate,
    client: address,
    clientPort: port ?? DEFAULT_PORT + (i % 64512),
    ...(port === undefined ? {} : { isPortGiven: true }),
    seconds: session,
  }));
}

interface Line {
  readonly fields: readonly string[];
  fail(message: string): never;
}

function lines(text: string, file: string): Line[] {
  return text.split('\n').flatMap((line, i) => {
    const fields = line.replace(/#.*/, '').trim().split(/\s+/);
    if (fields[0] === '') return [];
    const fail = (message: string): never => {
      throw lineError(file, i + 1, message, line);
    };
    return [{ fields, fail }];
  });
}

function seconds(field: string | undefined, fail: Line['fail']): number {
  return field !== undefined && /^\d+(?:\.\d+)?$/.test(field)
    ? Number(field)
    : fail(`no time in seconds: ${field ?? 'nothing'}`);
}

function weight(field: string | undefined, fail: Line['fail']): number {
  return field !== undefined && /^\d{1,10}$/.test(field) && Number(field) < 2 ** 31
    ? Number(field)
    : fail(`no weight: ${field ?? 'nothing'}`);
}

function endpoint(
  field: string,
): { readonly address: Address; readonly port: number | undefined } | undefined {
  const [, six, four, digits] =
    /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::(\d{1,5}))?$/i.exec(field) ?? [];
  const address = parseAddress(six ?? four ?? field);
  return address && { address, port: digits === undefined ? undefined : Number(digits) };
}
