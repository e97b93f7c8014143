// Which service a packet belongs to, and whether it may begin a connection or end an old one.
import type { Flow } from './connections.js';
import { lookupKey } from './keys.js';
import type { Packet, Sysctls } from './packet.js';
import type { LiveService } from './server.js';

export const FTP_PORT = 21;
const FTP_DATA_PORT = 20;
const FIRST_FREE_PORT = 1024;

/** The service that a packet without a connection belongs to: mark, port, FTP's, port 0. */
export function findService(
  services: ReadonlyMap<string, LiveService>,
  { protocol, virtual, virtualPort, mark }: Packet,
): LiveService | undefined {
  const at = (port: number) =>
    services.get(lookupKey({ kind: 'address', protocol, address: virtual, port }));
  const marked =
    mark === 0
      ? undefined
      : services.get(lookupKey({ kind: 'fwmark', mark, family: virtual.family }));
  const ftp =
    protocol === 'tcp' && (virtualPort === FTP_DATA_PORT || virtualPort >= FIRST_FREE_PORT);
  return marked ?? at(virtualPort) ?? (ftp ? at(FTP_PORT) : undefined) ?? at(0);
}

/** Whether a packet that belongs to no connection may begin one. */
export function mayBegin({ protocol, tcp, sctp, clientPort }: Packet, sysctls: Sysctls): boolean {
  if (clientPort === FTP_DATA_PORT) return false;
  if (protocol === 'tcp') return tcp === 'syn' || (sysctls.sloppy_tcp !== 0 && tcp !== 'rst');
  if (protocol === 'sctp')
    return sctp === 'init' || (sysctls.sloppy_sctp !== 0 && sctp !== 'abort');
  return true;
}

/** Whether a packet ends its connection and is scheduled anew. */
export function mustReschedule(flow: Flow, packet: Packet, sysctls: Sysctls): boolean {
  if (!flow.server.available) return true;
  const { expire_nodest_conn: expire, conn_reuse_mode: mode } = sysctls;
  if (!begins(packet)) return false;
  if (expire !== 0 && flow.server.weight === 0) return true;
  if (mode === 0 || flow.template) return false;
  const { state } = flow;
  const closed =
    packet.protocol === 'sctp' ? state === 'CLOSED' : state === 'TIME_WAIT' || state === 'CLOSE';
  return closed || ((mode & 2) !== 0 && state === 'FIN_WAIT' && !flow.bidirectional);
}

function begins({ protocol, tcp, sctp }: Packet): boolean {
  return protocol === 'tcp' ? tcp === 'syn' : protocol === 'sctp' && sctp === 'init';
}
