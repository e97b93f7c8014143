// One connection of a simulated run: the server that got it, and why.
import { Chalk } from 'chalk';
import { formatAddress } from '../../model/address.js';
import { type ServerKey, serverKey } from '../../model/table.js';
import type { Candidate, Load, Reason } from '../../schedulers/scheduler.js';
import type { ConnectionDecision, Happened, Seen, ServerSeen, Why } from '../../simulator/watch.js';
import type { Terminal } from '../terminal.js';
import { renderTable } from './table.js';

/** columns of `10.0.255.255:65535`, and of a time below 1000 s */
const CLIENT_WIDTH = 18;
const TIME_WIDTH = 7;
/** more loads are not printed */
const MOST_LOADS = 4;

/** Titles for `decisionLine`. */
export function decisionTitles(servers: readonly ServerKey[], terminal: Terminal): string {
  const { bold } = new Chalk({ level: terminal.colour ? 1 : 0 });
  const cells = ['time'.padStart(TIME_WIDTH), 'client'.padEnd(CLIENT_WIDTH)];
  return `${bold([...cells, 'server'.padEnd(serverWidth(servers)), 'why'].join('  '))}\n`;
}

/**
 * One line for a connection or an event.
 * @param servers of the service, for the width of their column
 */
export function decisionLine(
  seen: Seen,
  servers: readonly ServerKey[],
  terminal: Terminal,
): string {
  const { red, yellow } = new Chalk({ level: terminal.colour ? 1 : 0 });
  const time = seconds(seen.at).padStart(TIME_WIDTH);
  const width = serverWidth(servers);
  if (seen.kind === 'event') {
    const blank = ' '.repeat(CLIENT_WIDTH);
    const name = serverKey(seen.server).padEnd(width);
    return `${time}  ${blank}  ${yellow(`${name}  ${eventText(seen)}`)}\n`;
  }
  const name = (seen.server ? serverKey(seen.server) : 'refused').padEnd(width);
  const cells = [time, clientText(seen).padEnd(CLIENT_WIDTH), seen.server ? name : red(name)];
  return `${[...cells, whyText(seen)].join('  ')}\n`;
}

/** A block for a connection: what is decided, and the servers as the scheduler saw them. */
export function decisionBlock(seen: Seen, number: number, terminal: Terminal): string {
  if (seen.kind === 'event')
    return `${seconds(seen.at)} s: ${serverKey(seen.server)} ${eventText(seen)}\n`;
  const { bold, red } = new Chalk({ level: terminal.colour ? 1 : 0 });
  const chosen = seen.server && serverKey(seen.server);
  const head = `${number}. ${seconds(seen.at)} s, client ${clientText(seen)}: `;
  const columns = ['', 'server', 'weight', 'active', 'inactive'].map((title, i) => ({
    title,
    align: i > 1 ? ('right' as const) : ('left' as const),
  }));
  const rows = [...seen.servers]
    .reverse()
    .map((one) => [
      one.server === chosen ? '->' : '',
      one.server,
      one.weight,
      one.active,
      one.inactive,
    ]);
  return (
    `${head}${chosen ? bold(chosen) : red('refused')}\n   ` +
    `${whyText(seen)}\n${renderTable(columns, rows, terminal)}`
  );
}

/** The same for programs: `why` is the text, `rule` stays the same in later versions. */
export function decisionJson(seen: Seen): object {
  const { kind, at } = seen;
  if (kind === 'event')
    return { kind, time: at, server: serverKey(seen.server), what: eventText(seen) };
  return {
    kind,
    time: at,
    client: seen.client,
    clientPort: seen.clientPort,
    server: seen.server ? serverKey(seen.server) : null,
    rule: seen.why.rule === 'scheduler' ? seen.why.reason.rule : seen.why.rule,
    why: whyText(seen),
    servers: [...seen.servers].reverse(),
  };
}

function serverWidth(servers: readonly ServerKey[]): number {
  return Math.max('refused'.length, ...servers.map(({ length }) => length));
}

const seconds = (at: number) => at.toFixed(3);

function clientText({ client, clientPort }: ConnectionDecision): string {
  const text = formatAddress(client);
  return client.family === 'ipv6' ? `[${text}]:${clientPort}` : `${text}:${clientPort}`;
}

function eventText({ what }: Happened): string {
  if (what === 'remove') return 'is removed';
  return what === 'add' ? 'is added' : `gets weight ${what}`;
}

function whyText({ why, server, servers }: ConnectionDecision): string {
  const key = server && serverKey(server);
  const closed = servers.filter((one) => one.weight <= 0 || one.overloaded);
  if (key === undefined && servers.length === 0) return 'the service has no servers';
  if (key === undefined && closed.length === servers.length)
    return `no server takes connections: ${namesOf(closed)}`;
  const text = why.rule === 'scheduler' ? reasonText(why.reason, key) : otherText(why);
  const passedOver = closed.filter((one) => one.server !== key);
  const asked = why.rule === 'scheduler' && why.reason.rule !== 'hash';
  return asked && passedOver.length > 0 ? `${text}; not ${namesOf(passedOver)}` : text;
}

function namesOf(servers: readonly ServerSeen[]): string {
  const names = servers
    .slice(0, MOST_LOADS)
    .map((one) => `${one.server} (${one.weight <= 0 ? 'weight 0' : 'over its threshold'})`);
  return [...names, ...moreThan(servers.length)].join(', ');
}

const moreThan = (count: number) => (count > MOST_LOADS ? [`${count - MOST_LOADS} more`] : []);

function otherText(why: Exclude<Why, { rule: 'scheduler' }>): string {
  switch (why.rule) {
    case 'template':
      return `persistence: the client has this server, for ${why.seconds} s more`;
    case 'connection':
      return 'the connection of this address and port goes on';
    case 'dropped':
      return 'dropped: the server of its connection was removed';
    case 'passed':
      return 'not for this service';
    case 'refused':
      return 'no server';
    default:
      return why satisfies never;
  }
}

function reasonText(reason: Reason, key: ServerKey | undefined): string {
  switch (reason.rule) {
    case 'turn':
      return 'the next in turn';
    case 'bar':
      return `the next in turn with a weight of at least ${reason.bar}`;
    case 'least_connections':
      return `fewest connections: ${loadsText(reason.loads, key)}`;
    case 'shortest_wait':
      return `shortest wait: ${loadsText(reason.loads, key)}`;
    case 'idle':
      return 'idle: no active connection';
    case 'largest_weight':
      return largestText(reason.full, key);
    case 'hash':
      return hashText(reason, key);
    case 'remembered':
      return 'remembered for this virtual address';
    case 'not_remembered':
      return `new virtual address, fewest connections: ${loadsText(reason.loads, key)}`;
    case 'remembered_unusable':
      return `the remembered one has too many, fewest connections: ${loadsText(reason.loads, key)}`;
    case 'drawn':
      return `drawn: ${loadsText(reason.loads, key)}`;
    default:
      return reason satisfies never;
  }
}

function largestText(full: readonly Candidate[], key: ServerKey | undefined): string {
  if (full.length === 0) return 'the largest weight';
  const more = 'more active connections than their weight';
  return (
    `${key === undefined ? 'none is left' : 'the largest weight that is left'}; ${more}: ` +
    `${keys(full)}`
  );
}

function hashText(
  { of, bucket, buckets, owner }: Extract<Reason, { rule: 'hash' }>,
  key: ServerKey | undefined,
): string {
  const place = `hash of ${of}: bucket ${bucket} of ${buckets}`;
  if (owner === undefined || keyOf(owner) === key) return place;
  const reason =
    owner.weight <= 0 ? 'weight 0' : owner.overloaded ? 'over its threshold' : 'removed';
  return `${place}, of ${keyOf(owner)} (${reason})${key === undefined ? '' : '; another bucket'}`;
}

/** The chosen one first: `3/2 < 2/1`. */
function loadsText(loads: readonly Load[], key: ServerKey | undefined): string {
  const mine = loads.filter(({ server }) => keyOf(server) === key);
  const others = loads.filter(({ server }) => keyOf(server) !== key);
  const texts = others.slice(0, MOST_LOADS).map(loadText);
  const rest = [...texts, ...moreThan(others.length)].join(', ');
  const own = mine.slice(0, 1).map(loadText).join('');
  return rest === '' ? own : `${own}, others ${rest}`;
}

const loadText = ({ load, per }: Load) => (per === undefined ? String(load) : `${load}/${per}`);

const keyOf = ({ address, port }: Candidate) => serverKey({ address, port });

const keys = (servers: readonly Candidate[]) => servers.map(keyOf).join(', ');
