// Timeouts and sync daemons, one line each.
import { formatAddress } from '../model/address.js';
import type { Daemon } from '../model/daemon.js';
import type { Timeouts } from '../model/timeouts.js';

/** `Timeout (tcp tcpfin udp): 900 120 300` */
export function renderTimeouts({ tcp, tcpFin, udp }: Timeouts): string {
  return `Timeout (tcp tcpfin udp): ${tcp} ${tcpFin} ${udp}\n`;
}

/** `master sync daemon (mcast=eth0, syncid=0, …)`; what the kernel did not report is left out. */
export function renderDaemon(daemon: Daemon): string {
  const parts = [`mcast=${daemon.interface}`, `syncid=${daemon.syncId}`];
  if (daemon.maxLength !== 0) parts.push(`maxlen=${daemon.maxLength}`);
  if (daemon.group) parts.push(`group=${formatAddress(daemon.group)}`);
  if (daemon.port !== 0) parts.push(`port=${daemon.port}`);
  if (daemon.ttl !== 0) parts.push(`ttl=${daemon.ttl}`);
  return `${daemon.role} sync daemon (${parts.join(', ')})\n`;
}
