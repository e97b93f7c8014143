// bird.conf for one of many directors: each VIP is a protocol of its own, so that the monitor can
// withdraw it while a service behind it has no server.
import { type Address, formatAddress } from '../../model/address.js';
import type { Config } from '../config/file.js';
import type { Ha } from '../config/ha.js';
import type { Director } from './own.js';

/** `lvsctl_vip_192_0_2_1`: the protocol that announces a VIP */
export function protocolOf(vip: Address): string {
  return `lvsctl_vip_${formatAddress(vip).replace(/[^0-9a-f]/g, '_')}`;
}

/** `lvsctl_router_1`: the session to a neighbor, by its place in the file from 0 */
export function sessionOf(neighbor: number): string {
  return `lvsctl_router_${neighbor + 1}`;
}

/** Arguments of birdc. */
export function birdcArgs({ control }: Pick<Ha, 'control'>, ...command: string[]): string[] {
  return [...(control === undefined ? [] : ['-s', control]), ...command];
}

/**
 * The text of bird.conf (BIRD 2). VIPs are withdrawn until the monitor finds their services up; a
 * dead director is detected by BFD in one and a half seconds, and sessions come back within
 * seconds instead of a minute.
 */
export function birdConf(config: Config, ha: Ha, own: Director): string {
  return `# Made by lvsctl ha render for the director ${formatAddress(own.address)}.
router id ${routerId(own)};

protocol device {
}
${ha.bfd ? BFD : ''}${config.vips.map(({ address, interface: device }) => announcement(address, device)).join('')}${ha.neighbors
  .map((neighbor, i) => session(neighbor, i, ha, own))
  .join('')}`;
}

const BFD = `
protocol bfd {
  interface "*" { min rx interval 300 ms; min tx interval 300 ms; multiplier 5; };
}
`;

/** IPv6 addresses have more bits than a router id; the place in the list is unique. */
function routerId({ address, index }: Director): string {
  return address.family === 'ipv4' ? formatAddress(address) : `0.0.0.${index + 1}`;
}

function announcement(vip: Address, device: string): string {
  const prefix = `${formatAddress(vip)}/${vip.family === 'ipv4' ? 32 : 128}`;
  return `
# enabled by lvsctl monitor while every service of the VIP is up
protocol static ${protocolOf(vip)} {
  disabled;
  ${vip.family} { };
  route ${prefix} via "${device}";
}
`;
}

/** VIPs go to the neighbors of their family. */
function session(
  neighbor: Ha['neighbors'][number],
  i: number,
  { as: ownAs = 0, bfd }: Ha,
  { address }: Director,
): string {
  const { family } = neighbor.address;
  const local = neighbor.address.family === address.family ? `${formatAddress(address)} ` : '';
  return `
protocol bgp ${sessionOf(i)} {
  local ${local}as ${ownAs};
  neighbor ${formatAddress(neighbor.address)} as ${neighbor.as};
  connect delay time 1;
  error wait time 1, 5;
${bfd ? '  bfd on;\n' : ''}  ${family} {
    import none;
    export where source = RTS_STATIC && proto ~ "lvsctl_vip_*";
    next hop self;
  };
}
`;
}
