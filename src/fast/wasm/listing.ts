// Rows as lines of a listing or of a save, and as requests. Compiled by AssemblyScript when the
// bundle is built, together with `tables`, which `build/tables.ts` makes of the attributes and
// layouts.
import { endpoint, IPV4 } from './addresses';
import { count, isIpv4, placed } from './rows';
import { isPersistent, placedService } from './services';
import {
  ADDRESS,
  addServer,
  addService,
  arrow,
  columns,
  ENTRY,
  FORWARDING,
  fillRequest,
  HEAD_WIDTH,
  hasCounters,
  LOWER_THRESHOLD,
  lower,
  option,
  PORT,
  persistent,
  protocol,
  protocolOption,
  SERVER_WIDTH,
  SERVICE_ADDRESS,
  SERVICE_FAMILY,
  SERVICE_PORT,
  SERVICE_PROTOCOL,
  SERVICE_SCHEDULER,
  SERVICE_TIMEOUT,
  savedScheduler,
  savedTimeout,
  server,
  serviceColumns,
  UPPER_THRESHOLD,
  upper,
  WEIGHT,
  weight,
} from './tables';
import { digits, pad } from './text';

export { connections, LINES, LINES_BYTES, ROWS, rowsEnd } from './connections';
export { INPUT, INPUT_BYTES } from './messages';
export { arrange, begin, count, keep, placed, rowAt, take } from './rows';
export {
  arrangeServices,
  beginServices,
  keepService,
  placedService,
  serviceAt,
  services,
  takeServices,
} from './services';
export {
  ENTRY,
  REQUEST,
  SERVICE_ADDRESS,
  SERVICE_ENTRY,
  SERVICE_FAMILY,
  SERVICE_PORT,
  SERVICE_PROTOCOL,
  SERVICE_WIDTH,
  WIDTH,
} from './tables';
export { VERSION } from './version';

/** What is printed, gathered in memory. */
export const OUT: usize = memory.data(65536 + 2048);
/** Behind so many bytes no further line begins; there is room for one. */
export const FULL: usize = 65536;
/** How each line of a server in a save begins. */
export const PREFIX: usize = memory.data(256);
/** how much of it there is */
export let prefix: usize = 0;

const NEWLINE: u8 = 10;
const BLANK: u8 = 32;

/** the place behind the rows that are printed */
export let next: u32 = 0;

/** Sets how lines of servers begin. */
export function setPrefix(length: usize): void {
  prefix = length;
}

/** Prints the line of a service. @returns where it ends */
export function listService(place: u32, layout: u32, full: bool, begin: usize): usize {
  const row = placedService(place);
  let at = serviceEndpoint(protocol(begin, load<u32>(row + SERVICE_PROTOCOL)), row);
  if (hasCounters(layout)) at = serviceColumns(layout, pad(at, begin + HEAD_WIDTH), row, full);
  else {
    store<u8>(at, BLANK);
    at = scheduler(at + 1, row);
    if (isPersistent(row)) at = digits(persistent(at), load<u32>(row + SERVICE_TIMEOUT));
  }
  store<u8>(at, NEWLINE);
  return at + 1;
}

/** Prints the rule of a service, and sets how the rules of its servers begin. */
export function saveService(place: u32, begin: usize): usize {
  const row = placedService(place);
  const name = addService(begin);
  let at = serviceName(name, row);
  const end = addServer(PREFIX);
  memory.copy(end, name, at - name);
  prefix = server(end + at - name) - PREFIX;
  at = scheduler(savedScheduler(at), row);
  if (isPersistent(row)) at = digits(savedTimeout(at), load<u32>(row + SERVICE_TIMEOUT));
  store<u8>(at, NEWLINE);
  return at + 1;
}

/** Fills in the attributes that name a service in a request. @returns their length */
export function request(place: u32): usize {
  return fillRequest(placedService(place));
}

/** `-t 10.0.0.1:80` */
function serviceName(at: usize, row: usize): usize {
  return serviceEndpoint(protocolOption(at, load<u32>(row + SERVICE_PROTOCOL)), row);
}

function serviceEndpoint(at: usize, row: usize): usize {
  const ofIpv4 = load<i32>(row + SERVICE_FAMILY) === IPV4;
  return endpoint(at, row + SERVICE_ADDRESS, ofIpv4, load<u32>(row + SERVICE_PORT));
}

function scheduler(at: usize, row: usize): usize {
  const length = load<u32>(row + SERVICE_SCHEDULER);
  memory.copy(at, row + SERVICE_SCHEDULER + 4, length);
  return at + length;
}

/**
 * Prints rows in their order from `from` on, up to one that is kept as an entry, or until enough is
 * gathered. `next` is the place of the first that is not printed.
 * @returns where the text ends
 */
export function list(from: u32, layout: u32, full: bool, begin: usize): usize {
  let at = begin;
  for (next = from; isNext(at); next++) {
    const row = placed(next);
    at = arrow(at);
    const end = at + SERVER_WIDTH;
    at = columns(layout, pad(serverEndpoint(at, row), end), row, full);
    store<u8>(at++, NEWLINE);
  }
  return at;
}

/** Prints rows as rules, as `list` does. */
export function save(from: u32, begin: usize): usize {
  let at = begin;
  for (next = from; isNext(at); next++) {
    const row = placed(next);
    memory.copy(at, PREFIX, prefix);
    at = option(serverEndpoint(at + prefix, row), load<u32>(row + FORWARDING));
    at = digits(weight(at), load<u32>(row + WEIGHT));
    const most = load<u32>(row + UPPER_THRESHOLD);
    const least = load<u32>(row + LOWER_THRESHOLD);
    if (most !== 0) at = digits(upper(at), most);
    if (least !== 0) at = digits(lower(at), least);
    store<u8>(at++, NEWLINE);
  }
  return at;
}

function isNext(at: usize): bool {
  return next < count && at < OUT + FULL && load<u32>(placed(next) + ENTRY) === 0;
}

function serverEndpoint(at: usize, row: usize): usize {
  return endpoint(at, row + ADDRESS, isIpv4(row), load<u32>(row + PORT));
}
