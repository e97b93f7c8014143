// Commands after which a real server takes packets for the VIP, and no neighbour is answered for it.
import { type Address, formatAddress } from '../../model/address.js';
import { holders, type PathHost } from '../path/host.js';
import { hostPrefix } from '../plan/vips.js';
import type { ShownServer } from '../show/table.js';
import { shell } from './repair.js';

/** A server of nat needs no VIP; those of dr and tun have it where no neighbour is answered. */
export function silenced(host: PathHost, vip: Address, server: ShownServer): string[] {
  const { family } = vip;
  const six = family === 'ipv6' ? ['-6'] : [];
  const held = holders(host, vip);
  const asked = held.filter(({ device }) => device !== 'lo' && !host.link(device)?.noarp);
  const moved = server.mode === 'nat' ? held : asked;
  const away = moved.map(({ device, prefix }) =>
    shell('ip', ...six, 'addr', 'del', `${formatAddress(vip)}/${prefix}`, 'dev', device),
  );
  if (server.mode === 'nat') return away;
  const isLeft = held.length > asked.length;
  return [...quietSettings(vip), ...away, ...(isLeft ? [] : [onLoopback(vip)])];
}

/** In dr neighbours must not be answered for it. */
export function quietVip(vip: Address, { mode }: ShownServer): string[] {
  return [...(mode === 'dr' ? quietSettings(vip) : []), onLoopback(vip)];
}

/** Neighbours of IPv6 are answered for addresses of the interface itself alone. */
function quietSettings({ family }: Address): string[] {
  const settings = ['arp_ignore=1', 'arp_announce=2'].map((one) => `net.ipv4.conf.all.${one}`);
  return family === 'ipv4' ? [`sysctl -w ${settings.join(' ')}`] : [];
}

function onLoopback(vip: Address): string {
  return shell('ip', 'addr', 'add', hostPrefix(vip), 'dev', 'lo');
}
