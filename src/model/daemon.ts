// The connection synchronisation daemon: a master multicasts connections, a backup takes them over.
import type { Address } from './address.js';

/** Kernel numbers of the two roles. */
export const DAEMON_ROLES = {
  master: { kernel: 1 },
  backup: { kernel: 2 },
} as const;
export type DaemonRole = keyof typeof DAEMON_ROLES;

/** What one asks for; what is undefined takes the kernel's default. */
export interface DaemonRequest {
  readonly role: DaemonRole;
  readonly interface: string;
  /** 0..255 */
  readonly syncId: number;
  /** bytes of one message */
  readonly maxLength: number | undefined;
  readonly group: Address | undefined;
  readonly port: number | undefined;
  readonly ttl: number | undefined;
}

/** A running daemon; 0 or undefined where the kernel reports nothing. */
export interface Daemon {
  readonly role: DaemonRole;
  readonly interface: string;
  readonly syncId: number;
  readonly maxLength: number;
  readonly group: Address | undefined;
  readonly port: number;
  readonly ttl: number;
}
