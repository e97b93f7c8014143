// Where a VIP is on this machine, and where it must not be.
import { type Address, formatAddress } from '../../model/address.js';
import { fullPrefix } from '../../model/prefix.js';
import { type Facts, holdersOf } from './facts.js';
import { type LocalAddress, prefixed } from './network.js';
import { type Setting, setting } from './resources.js';

/** `192.0.2.1/32` or `2001:db8::1/128` */
export function hostPrefix(address: Address): string {
  return `${formatAddress(address)}/${fullPrefix(address.family)}`;
}

type Known = Pick<Facts, 'addresses' | 'links'>;

/**
 * The VIP of a real server: on this device, or on another one without neighbours, for this
 * host alone. Everything else is removed: on an interface with neighbours it answers ARP, and
 * with the prefix of a network this machine takes that network for itself (both seen in the lab).
 * @param anywhere whether another device without neighbours will do
 */
export function quietVip(
  vip: Address,
  device: string,
  facts: Known,
  { anywhere }: { readonly anywhere: boolean },
): Setting[] {
  const holders = holdersOf(vip, facts);
  const quiet = holders.filter((one) => isQuiet(one, vip, facts));
  const [other] = anywhere && !quiet.some((one) => one.device === device) ? quiet : [];
  return [
    ...holders
      .filter((one) => !quiet.includes(one))
      .map((one) => setting('extra_address', { device: one.device, address: prefixed(one) }, null)),
    setting('address', { device: other?.device ?? device, address: hostPrefix(vip) }, true),
  ];
}

function isQuiet(one: LocalAddress, vip: Address, facts: Known): boolean {
  return one.up && !isAsked(one, facts) && one.prefix === fullPrefix(vip.family);
}

function isAsked({ device }: LocalAddress, { links }: Known): boolean {
  return links.find(({ name }) => name === device)?.asked ?? device !== 'lo';
}

/**
 * The VIP of a director: on the interface of the file, with any prefix, since the kernel takes its
 * packets with each. On one that has no neighbours (lo, dummy, a tunnel) it is as good for IPv4 when
 * this machine answers ARP for all its addresses; neighbour solicitations are answered for those of
 * the interface alone.
 */
export function servedVip(vip: Address, device: string, facts: Facts): Setting {
  const exact = { device, address: hostPrefix(vip) };
  const holders = holdersOf(vip, facts);
  const here = holders.filter((one) => one.device === device);
  if (here.length === 0 && !answersForAll(vip, device, facts))
    return setting('address', exact, true);
  const places = here.length > 0 ? here : holders.filter((one) => one.up && !isAsked(one, facts));
  const found = places.find((one) => prefixed(one) === exact.address) ?? places[0];
  if (!found) return setting('address', exact, true);
  return setting('address', { device: found.device, address: prefixed(found) }, true);
}

/** Whether ARP requests on an interface are answered for addresses of other ones. */
function answersForAll({ family }: Address, device: string, facts: Facts): boolean {
  return family === 'ipv4' && ignored('all', facts) === 0 && ignored(device, facts) === 0;
}

function ignored(device: string, facts: Facts): number {
  return facts.sysctl(`net/ipv4/conf/${device}/arp_ignore`) ?? 0;
}
