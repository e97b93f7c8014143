// What a real server serves: the VIPs that are asked of it, how packets for them arrive, from the
// file, else from the addresses that the machine holds where no neighbour asks for them.
import { type Address, formatAddress } from '../../model/address.js';
import type { OuterHeader } from '../path/hop.js';
import { holders, type PathHost } from '../path/host.js';
import { tunnelExit } from '../path/tunnel.js';
import { type Part, partsOf } from '../plan/realserver.js';
import { tunnelDevice } from '../plan/tunneldevice.js';
import { type Inspection, isTunnelDevice, quietVips } from './inspection.js';

export interface ServedVip {
  readonly vip: Address;
  readonly mode: 'dr' | 'tun';
  /** where the file has it; undefined without a file */
  readonly part: Part | undefined;
}

type Known = Pick<Inspection, 'config' | 'facts' | 'host' | 'live'>;

/** The VIPs that this machine takes packets for without answering ARP for them. */
export function servedVips({ config, facts, host, live }: Known): ServedVip[] {
  if (config)
    return partsOf(config, facts).flatMap((part): ServedVip[] =>
      part.mode === 'nat' ? [] : [{ vip: part.service.address, mode: part.mode, part }],
    );
  const own = new Map(quietVips(host, live).map((one) => [formatAddress(one.address), one]));
  return [...own.values()].map(({ address, device }) => ({
    vip: address,
    mode: isTunnelDevice(host, device) ? 'tun' : 'dr',
    part: undefined,
  }));
}

/** The tunnel packet that a director sends for a part of the file. */
export function outerOf({ tunnel, address }: Part): OuterHeader {
  const type = tunnel?.type ?? 'ipip';
  const port = type === 'gue' ? tunnel?.port : undefined;
  const checksum = tunnel?.checksum === 'checksum';
  return { type, source: undefined, destination: address, port, bytes: 0, checksum };
}

/** The device that packets for a VIP come out of, when one is there. */
export function exitDevice(host: PathHost, { part, vip, mode }: ServedVip): string | undefined {
  if (mode === 'dr') return part?.device;
  if (part === undefined)
    return holders(host, vip).find(({ device }) => isTunnelDevice(host, device))?.device;
  const exit = tunnelExit(host, outerOf(part), vip.family);
  const named = host.link(tunnelDevice(part).name);
  return exit.device?.name ?? (named?.kind == null && named?.up ? named.name : undefined);
}
