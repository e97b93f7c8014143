// keepalived.conf(5) for one director of a pair: VRRP alone, since lvsctl has the services.
import { type Address, formatAddress } from '../../model/address.js';
import type { Config } from '../config/file.js';
import type { Ha } from '../config/ha.js';
import type { Director } from './own.js';

/** of the first peer; each further one has one less */
const HIGHEST_PRIORITY = 200;
/** addresses in an advertisement; the others go with them unnamed */
const MOST_ADDRESSES = 20;
/** of the VRRP instance, and of what it tracks */
export const INSTANCE = 'lvsctl';

export interface RenderPaths {
  /** a file with 1 while this director must not have the VIPs */
  readonly standby: string;
  /** the program lvsctl */
  readonly lvsctl: string;
}

/**
 * The text of keepalived.conf. VRRPv3, because version 2 rounds times to whole seconds; unicast,
 * because switches filter multicast; nopreempt, because a director that returns does not know the
 * connections.
 */
export function keepalivedConf(
  config: Config,
  ha: Ha,
  own: Director,
  { standby, lvsctl }: RenderPaths,
): string {
  const { interface: link = '', id, advertise } = ha;
  const moving = movingAddresses(config, ha);
  const { named, unnamed } = addressLines(moving, own.address.family);
  // a director that has lost the network of clients or servers must not keep the VIPs
  const tracked = [...new Set(moving.map(({ device }) => device))].filter((one) => one !== link);
  const others = ha.peers.filter((_, i) => i !== own.index).map(formatAddress);
  return `# Made by lvsctl ha render for the director ${formatAddress(own.address)}.
global_defs {
  vrrp_version 3
  script_user root
  enable_script_security
}

# 1 while this director must not have the VIPs: lvsctl ha drain
track_file ${INSTANCE}_standby {
  file "${standby}"
  weight 0
  init_file 0
}

vrrp_instance ${INSTANCE} {
  state BACKUP
  interface ${link}
  virtual_router_id ${id}
  priority ${HIGHEST_PRIORITY - own.index}
  advert_int ${advertise}
  nopreempt
  unicast_src_ip ${formatAddress(own.address)}
  unicast_peer {
${indented(others)}
  }
  track_file {
    ${INSTANCE}_standby
  }
${tracked.length > 0 ? `  track_interface {\n${indented(tracked)}\n  }\n` : ''}  virtual_ipaddress {
${indented(named)}
  }
${unnamed.length > 0 ? `  virtual_ipaddress_excluded {\n${indented(unnamed)}\n  }\n` : ''}  notify "${lvsctl} ha notify"
}
`;
}

interface MovingAddress {
  readonly address: Address;
  readonly device: string;
}

/** The VIPs and the gateways of nat services. */
function movingAddresses(
  { vips, services }: Config,
  { gateway_interface: inner = '' }: Ha,
): readonly MovingAddress[] {
  const gateways = services.flatMap(({ gateway }) =>
    gateway ? [{ address: gateway, device: inner }] : [],
  );
  return [...vips.map(({ address, interface: device }) => ({ address, device })), ...gateways];
}

/** Advertisements name addresses of one family only. */
function addressLines(
  moving: readonly MovingAddress[],
  family: Address['family'],
): { readonly named: readonly string[]; readonly unnamed: readonly string[] } {
  const lines = (own: boolean) => [
    ...new Set(
      moving
        .filter(({ address }) => (address.family === family) === own)
        .map(
          ({ address, device }) =>
            `${formatAddress(address)}/${BITS[address.family]} dev ${device}`,
        ),
    ),
  ];
  const named = lines(true);
  return {
    named: named.slice(0, MOST_ADDRESSES),
    unnamed: [...named.slice(MOST_ADDRESSES), ...lines(false)],
  };
}

const BITS = { ipv4: 32, ipv6: 128 } as const;

function indented(lines: readonly string[]): string {
  return lines.map((line) => `    ${line}`).join('\n');
}
