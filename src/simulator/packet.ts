// A packet as IPVS reads it, what may become of it, and the settings that decide.
import type { FlowTuple } from './keys.js';
import type { SctpChunk } from './sctp.js';
import type { LiveServer } from './server.js';
import type { TcpEvent } from './states.js';

/** The sysctls of /proc/sys/net/ipv4/vs that change what becomes of a packet. */
export interface Sysctls {
  expire_nodest_conn: number;
  expire_quiescent_template: number;
  conn_reuse_mode: number;
  lblc_expiration: number;
  lblcr_expiration: number;
  sloppy_tcp: number;
  sloppy_sctp: number;
  secure_tcp: number;
}

export const DEFAULT_SYSCTLS: Readonly<Sysctls> = {
  expire_nodest_conn: 0,
  expire_quiescent_template: 0,
  conn_reuse_mode: 1,
  lblc_expiration: 86400,
  lblcr_expiration: 86400,
  sloppy_tcp: 0,
  sloppy_sctp: 0,
  secure_tcp: 0,
};

/** A packet by the client's side of its connection, in both directions. */
export interface Packet extends FlowTuple {
  readonly direction: 'in' | 'out';
  /** firewall mark, 0 = none */
  readonly mark: number;
  /** flags of a TCP packet; undefined = no flag at all */
  readonly tcp?: TcpEvent | undefined;
  /** first chunk of an SCTP packet */
  readonly sctp?: SctpChunk | undefined;
  /** length of the IP packet */
  readonly bytes: number;
  /** Call-ID of a SIP datagram */
  readonly callId?: string | undefined;
}

export type Verdict =
  /** to this server and port */
  | {
      readonly kind: 'forwarded';
      readonly server: LiveServer;
      readonly port: number;
      readonly scheduled: boolean;
    }
  /** no server: the client gets a refusal (RST or ICMP) */
  | { readonly kind: 'refused' }
  /** silently */
  | { readonly kind: 'dropped' }
  /** not for IPVS */
  | { readonly kind: 'passed' };

export const REFUSED: Verdict = { kind: 'refused' };
export const DROPPED: Verdict = { kind: 'dropped' };
export const PASSED: Verdict = { kind: 'passed' };
