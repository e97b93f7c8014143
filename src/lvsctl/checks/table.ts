// All kinds of checks that a file may have. A new one is a file here and a line; its socket code is
// in src/system/probe.
import { dns } from './dns.js';
import { exec } from './exec.js';
import { http } from './http.js';
import { https } from './https.js';
import { ping } from './ping.js';
import type { CheckRow } from './row.js';
import { send_expect } from './sendexpect.js';
import { smtp } from './smtp.js';
import { tcp } from './tcp.js';
import { udp } from './udp.js';

export const CHECKS = { tcp, http, https, dns, udp, smtp, send_expect, ping, exec } as const;

export type CheckKind = keyof typeof CHECKS;

/** The row of a check; its functions take checks of their own kind. */
export function rowOf({ kind }: { readonly kind: CheckKind }): CheckRow<never> {
  return CHECKS[kind] as unknown as CheckRow<never>;
}
