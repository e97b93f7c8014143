// Connection states: what a packet makes of one, how long it lasts, and whether it counts as
// active.
import type { KnownProtocol } from '../model/service.js';
import { SCTP_TABLES, type SctpChunk, type SctpState } from './sctp.js';

/**
 * The direction of a packet; `in-only` while the director has seen no reply, which with direct
 * routing and tunnels it never does.
 */
export type Direction = 'in' | 'out' | 'in-only';
export type TcpEvent = 'syn' | 'fin' | 'ack' | 'rst';

// biome-ignore-start format: tables
const TCP_STATES = {
  NO: { name: 'NONE', seconds: 2, active: false },
  ES: { name: 'ESTABLISHED', seconds: 900, active: true },
  SS: { name: 'SYN_SENT', seconds: 120, active: true },
  SR: { name: 'SYN_RECV', seconds: 60, active: true },
  FW: { name: 'FIN_WAIT', seconds: 120, active: false },
  TW: { name: 'TIME_WAIT', seconds: 120, active: false },
  CL: { name: 'CLOSE', seconds: 10, active: false },
  CW: { name: 'CLOSE_WAIT', seconds: 60, active: false },
  LA: { name: 'LAST_ACK', seconds: 30, active: false },
  LI: { name: 'LISTEN', seconds: 120, active: false },
  SA: { name: 'SYNACK', seconds: 120, active: true },
} as const;
type Tcp = keyof typeof TCP_STATES;

/** state: next state for SYN FIN ACK RST, in the three directions */
const TCP_NEXT: Readonly<Record<Tcp, Readonly<Record<Direction, string>>>> = {
  NO: { in: 'SR CL ES CL', out: 'SS TW ES CL', 'in-only': 'SR CL ES CL' },
  ES: { in: 'ES CW ES CL', out: 'ES FW ES CL', 'in-only': 'ES FW ES CL' },
  SS: { in: 'ES SS SS CL', out: 'SS SS SS SS', 'in-only': 'ES SS SS CL' },
  SR: { in: 'SR TW ES SR', out: 'SR TW ES CL', 'in-only': 'SR TW ES SR' },
  FW: { in: 'SR TW FW CL', out: 'SS FW FW CL', 'in-only': 'SR FW FW CL' },
  TW: { in: 'SR TW TW CL', out: 'SS TW TW TW', 'in-only': 'SR TW TW CL' },
  CL: { in: 'SR CL CL CL', out: 'SS CL CL CL', 'in-only': 'SR CL CL CL' },
  CW: { in: 'SR CW CW CL', out: 'SS TW CW CL', 'in-only': 'SR CW CW CL' },
  LA: { in: 'SR LA CL LA', out: 'SS LA LA CL', 'in-only': 'SR LA CL LA' },
  LI: { in: 'SR LI LI LI', out: 'LI LI ES CL', 'in-only': 'SR LI LI LI' },
  SA: { in: 'SR TW ES SR', out: 'SR TW ES CL', 'in-only': 'SR TW ES CL' },
};

/** where the stricter table of secure_tcp 2 and 3 differs */
const TCP_SECURE: Readonly<Record<string, Tcp>> = {
  'in SA syn': 'SA',
  'in SA fin': 'SA',
  'in SR ack': 'SR',
  'in SA ack': 'SA',
  'in SA rst': 'CL',
  'out SR syn': 'SA',
  'out SA syn': 'SA',
  'in-only NO syn': 'SA',
  'in-only FW syn': 'SA',
  'in-only TW syn': 'SA',
  'in-only CL syn': 'SA',
  'in-only CW syn': 'SA',
  'in-only LA syn': 'SA',
  'in-only LI syn': 'SA',
  'in-only SA syn': 'SA',
};

const SCTP_STATES: Readonly<
  Record<SctpState, { readonly name: string; readonly seconds: number; readonly active: boolean }>
> = {
  NONE: { name: 'NONE', seconds: 2, active: false },
  INIT1: { name: 'INIT1', seconds: 4, active: false },
  INIT: { name: 'INIT', seconds: 61, active: false },
  'C-SENT': { name: 'C-SENT', seconds: 61, active: false },
  'C-REPLIED': { name: 'C-REPLIED', seconds: 61, active: false },
  'C-WAIT': { name: 'C-WAIT', seconds: 61, active: false },
  COOKIE: { name: 'COOKIE', seconds: 61, active: false },
  'C-ECHOED': { name: 'C-ECHOED', seconds: 61, active: false },
  ESTABLISHED: { name: 'ESTABLISHED', seconds: 900, active: true },
  'S-SENT': { name: 'S-SENT', seconds: 61, active: false },
  'S-RECEIVED': { name: 'S-RECEIVED', seconds: 61, active: false },
  'S-ACK-SENT': { name: 'S-ACK-SENT', seconds: 61, active: false },
  REJECTED: { name: 'REJECTED', seconds: 4, active: false },
  CLOSED: { name: 'CLOSED', seconds: 61, active: false },
};
// biome-ignore-end format: tables

/** Of all protocols, as listings of connections have them. */
export const STATE_NAMES: readonly string[] = [
  ...new Set([...Object.values(TCP_STATES), ...Object.values(SCTP_STATES)].map((row) => row.name)),
  'UDP',
];

const EVENTS: readonly TcpEvent[] = ['syn', 'fin', 'ack', 'rst'];
const COLUMN = new Map(EVENTS.map((event, i) => [event, 3 * i]));
const KEY_BY_NAME = new Map(
  Object.entries(TCP_STATES).map(([key, { name }]) => [name as string, key as Tcp]),
);

export interface TimeoutSettings {
  readonly tcp: number;
  readonly tcpFin: number;
  readonly udp: number;
}

/**
 * The state that a TCP packet leads to; `undefined` stands for a packet without any of the flags,
 * which closes.
 */
export function nextTcp(
  state: string,
  event: TcpEvent | undefined,
  direction: Direction,
  secure: boolean,
): string {
  if (event === undefined) return TCP_STATES.CL.name;
  const key = KEY_BY_NAME.get(state) ?? 'NO';
  const strict = secure ? TCP_SECURE[`${direction} ${key} ${event}`] : undefined;
  const column = COLUMN.get(event) ?? 0;
  return TCP_STATES[strict ?? (TCP_NEXT[key][direction].slice(column, column + 2) as Tcp)].name;
}

/** The state that an SCTP packet leads to, by its first chunk. */
export function nextSctp(state: string, chunk: SctpChunk, direction: Direction): string {
  return SCTP_TABLES[direction][chunk][state as SctpState] ?? state;
}

/** Seconds that a connection lasts in a state without another packet. */
export function secondsIn(
  protocol: KnownProtocol,
  state: string,
  timeouts: TimeoutSettings,
): number {
  if (protocol === 'udp') return timeouts.udp;
  if (protocol === 'sctp') return SCTP_STATES[state as SctpState]?.seconds ?? 0;
  if (state === TCP_STATES.ES.name) return timeouts.tcp;
  if (state === TCP_STATES.FW.name) return timeouts.tcpFin;
  return TCP_STATES[KEY_BY_NAME.get(state) ?? 'NO'].seconds;
}

/** Whether a connection in a state counts as active. UDP never does. */
export function isActive(protocol: KnownProtocol, state: string): boolean {
  if (protocol === 'udp') return false;
  if (protocol === 'sctp') return SCTP_STATES[state as SctpState]?.active ?? false;
  return TCP_STATES[KEY_BY_NAME.get(state) ?? 'NO'].active;
}

/** The state before the first packet. */
export function firstState(protocol: KnownProtocol): string {
  return protocol === 'udp' ? 'UDP' : 'NONE';
}
