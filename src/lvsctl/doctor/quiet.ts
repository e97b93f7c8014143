// Commands after which a real server takes packets for the VIP, and no neighbour is answered for it.
import { type Address, formatAddress } from '../../model/address.js';
import { holders, type PathHost } from '../path/host.js';
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
  const settings = ['arp_ignore=1', 'arp_announce=2'].map((one) => `net.ipv4.conf.all.${one}`);
  const quiet = family === 'ipv4' ? [`sysctl -w ${settings.join(' ')}`] : [];
  const isLeft = held.length > asked.length;
  return [...quiet, ...away, ...(isLeft ? [] : quietVip(formatAddress(vip), server).slice(-1))];
}

/** In dr neighbours must not be answered for it. */
export function quietVip(vip: string, { mode }: ShownServer): string[] {
  const six = vip.includes(':');
  const settings = ['arp_ignore=1', 'arp_announce=2'].map((one) => `net.ipv4.conf.all.${one}`);
  return [
    ...(mode === 'dr' && !six ? [`sysctl -w ${settings.join(' ')}`] : []),
    `ip addr add ${vip}/${six ? 128 : 32} dev lo`,
  ];
}
