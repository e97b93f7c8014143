// The table of facts as the rules that ipvsadm types.
import { parseAddress, parseDottedQuad } from '../../model/address.js';
import type { Destination } from '../../model/destination.js';
import {
  CHECKSUMS,
  type Forwarding,
  IPIP,
  type Tunnel,
  type TunnelType,
} from '../../model/forwarding.js';
import { flagBits } from '../../model/scheduler.js';
import { familyOf, fullNetmask, type Service } from '../../model/service.js';
import { parseServiceKey } from '../../model/table.js';
import type { ShownServer, ShownService } from '../show/table.js';

const METHODS: Readonly<Record<string, Forwarding>> = {
  nat: 'masquerade',
  dr: 'direct',
  tun: 'tunnel',
};

/** A service as the model has it; undefined when its key is not known. */
export function toService(shown: ShownService): Service | undefined {
  const id = parseServiceKey(shown.service ?? '');
  if (id === undefined) return undefined;
  const { persistence } = shown;
  const mask = persistence?.netmask;
  const netmask = typeof mask === 'string' ? parseDottedQuad(mask)?.value : mask;
  return {
    id,
    scheduler: shown.scheduler,
    schedulerFlags: flagBits(shown.flags ?? []),
    persistence: persistence ? { timeout: persistence.timeout ?? 0 } : undefined,
    netmask: netmask ?? fullNetmask(familyOf(id)),
    engine: persistence?.engine ?? undefined,
    onePacket: shown.one_packet,
  };
}

/** A server as the model has it. */
export function toDestination(shown: ShownServer): Destination | undefined {
  const address = parseAddress(shown.address);
  if (address === undefined) return undefined;
  return {
    address,
    port: shown.port,
    forwarding: METHODS[shown.mode] ?? (shown.mode as Forwarding),
    tunnel: shown.tunnel ? toTunnel(shown.tunnel) : IPIP,
    weight: shown.weight,
    upperThreshold: shown.upper ?? 0,
    lowerThreshold: shown.lower ?? 0,
  };
}

function toTunnel({ type, port, checksum }: NonNullable<ShownServer['tunnel']>): Tunnel {
  const name = checksum as keyof typeof CHECKSUMS | null;
  return {
    type: type as TunnelType,
    port: port ?? 0,
    flags: name === null ? 0 : CHECKSUMS[name].kernel,
  };
}
