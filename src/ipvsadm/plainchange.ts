// Reads what nearly every command line and every line of a restore is: one change, with IPv4
// addresses and plain numbers. It has no table of options and makes no tokens, so one command loads
// less and a restore takes less time. Everything else is left to the general reader.
import type { Change } from '../model/change.js';
import { IPIP, type KnownForwarding } from '../model/forwarding.js';
import { fullNetmask, type KnownProtocol, type ServiceId } from '../model/service.js';
import { DEFAULT_SCHEDULER, LONGEST_SCHEDULER, LONGEST_TIMEOUT, MOST } from './limits.js';

const [ZERO, NINE] = [48, 57];
const [LOWEST_LETTER, HIGHEST_LETTER] = [97, 122];
const MOST_DIGITS = 10;

/** The options of each command that are read here. */
const TAKES: ReadonlyMap<string, string> = new Map([
  ['-A', 'tusp'],
  ['-E', 'tusp'],
  ['-D', 'tu'],
  ['-a', 'turgimwxy'],
  ['-e', 'turgimwxy'],
  ['-d', 'tur'],
]);

interface Ipv4Endpoint {
  readonly value: number;
  readonly port: number;
}

/** What the options have set so far. */
interface Given {
  protocol?: KnownProtocol;
  service?: Ipv4Endpoint | undefined;
  server?: Ipv4Endpoint | undefined;
  forwarding?: KnownForwarding;
  scheduler?: string;
  timeout?: number;
  weight?: number;
  upperThreshold?: number;
  lowerThreshold?: number;
}

/**
 * The change that a command line asks for, the same as the general reader's; undefined when only
 * that one can decide.
 */
export function plainChange(args: readonly string[]): Change | undefined {
  const command = args[0] ?? '';
  const takes = TAKES.get(command);
  if (takes === undefined) return undefined;
  const given: Given = {};
  for (let at = 1; at < args.length; ) {
    const option = args[at] as string;
    if (option.length !== 2 || option[0] !== '-' || !takes.includes(option[1] as string))
      return undefined;
    const used = take(given, option, args[at + 1] ?? '');
    if (used === 0) return undefined;
    at += used;
  }
  return changeOf(command, given);
}

/**
 * Takes one option.
 * @returns how many arguments it is; 0 = it is left to the general reader
 */
function take(given: Given, option: string, value: string): number {
  switch (option) {
    case '-t':
    case '-u':
      if (given.service !== undefined) return 0;
      given.protocol = option === '-t' ? 'tcp' : 'udp';
      given.service = endpointOf(value);
      return given.service === undefined ? 0 : 2;
    case '-r':
      // without a port it is that of the service, where that comes first
      if (given.server !== undefined || given.service === undefined) return 0;
      given.server = endpointOf(value, given.service.port);
      return given.server === undefined ? 0 : 2;
    case '-g':
      return takeForwarding(given, 'direct');
    case '-i':
      return takeForwarding(given, 'tunnel');
    case '-m':
      return takeForwarding(given, 'masquerade');
    case '-s':
      if (given.scheduler !== undefined || !isScheduler(value)) return 0;
      given.scheduler = value;
      return 2;
    case '-p':
      return takeNumber(given, 'timeout', value, LONGEST_TIMEOUT);
    case '-w':
      return takeNumber(given, 'weight', value, MOST);
    case '-x':
      return takeNumber(given, 'upperThreshold', value, MOST);
    case '-y':
      return takeNumber(given, 'lowerThreshold', value, MOST);
    default:
      return 0;
  }
}

function takeForwarding(given: Given, method: KnownForwarding): number {
  if (given.forwarding !== undefined) return 0;
  given.forwarding = method;
  return 1;
}

function takeNumber(
  given: Given,
  name: 'timeout' | 'weight' | 'upperThreshold' | 'lowerThreshold',
  value: string,
  most: number,
): number {
  if (given[name] !== undefined) return 0;
  const number = numberIn(value, 0, value.length, most);
  if (number < 0) return 0;
  given[name] = number;
  return 2;
}

function changeOf(command: string, given: Given): Change | undefined {
  const { protocol, service, server } = given;
  if (protocol === undefined || service === undefined) return undefined;
  const address = { family: 'ipv4', value: service.value } as const;
  const id = { kind: 'address', protocol, address, port: service.port } as const;
  if (command === '-D') return { kind: 'delete-service', id };
  if (command === '-A' || command === '-E') return serviceChange(command, id, given);
  if (server === undefined) return undefined;
  const target = { family: 'ipv4', value: server.value } as const;
  if (command === '-d')
    return { kind: 'delete-destination', id, destination: { address: target, port: server.port } };
  const { forwarding = 'direct', weight = 1, upperThreshold = 0, lowerThreshold = 0 } = given;
  return {
    kind: command === '-a' ? 'add-destination' : 'edit-destination',
    id,
    destination: {
      address: target,
      // only masquerading can change the port
      port: forwarding === 'masquerade' ? server.port : service.port,
      forwarding,
      tunnel: IPIP,
      weight,
      upperThreshold,
      lowerThreshold,
    },
  };
}

function serviceChange(
  command: '-A' | '-E',
  id: Extract<ServiceId, { kind: 'address' }>,
  { scheduler = DEFAULT_SCHEDULER, timeout }: Given,
): Change | undefined {
  // both are refused
  if (timeout === 0 || (timeout === undefined && id.port === 0)) return undefined;
  return {
    kind: command === '-A' ? 'add-service' : 'edit-service',
    service: {
      id,
      scheduler,
      schedulerFlags: 0,
      persistence: timeout === undefined ? undefined : { timeout },
      netmask: fullNetmask('ipv4'),
      engine: undefined,
      onePacket: false,
    },
  };
}

/**
 * Four numbers and a port.
 * @param port where the text has none; undefined = it must have one
 */
function endpointOf(text: string, port?: number): Ipv4Endpoint | undefined {
  const colon = text.indexOf(':');
  if (colon < 0 && port === undefined) return undefined;
  const end = colon < 0 ? text.length : colon;
  let value = 0;
  let from = 0;
  for (let part = 0; part < 4; part++) {
    const dot = part === 3 ? end : text.indexOf('.', from);
    const number = dot < 0 ? -1 : numberIn(text, from, dot, 255);
    if (number < 0) return undefined;
    value = value * 256 + number;
    from = dot + 1;
  }
  const own = colon < 0 ? port : numberIn(text, colon + 1, text.length, 65535);
  return own === undefined || own < 0 ? undefined : { value, port: own };
}

/** The digits of a text from `from` to `to`; -1 = others, zeros in front, or more than `most`. */
function numberIn(text: string, from: number, to: number, most: number): number {
  const zeros = to - from > 1 && text.charCodeAt(from) === ZERO;
  if (to <= from || to - from > MOST_DIGITS || zeros) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (!(code >= ZERO && code <= NINE)) return -1;
    value = value * 10 + code - ZERO;
  }
  return value > most ? -1 : value;
}

function isScheduler(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < LOWEST_LETTER || code > HIGHEST_LETTER) return false;
  }
  return text !== '' && text.length <= LONGEST_SCHEDULER;
}
