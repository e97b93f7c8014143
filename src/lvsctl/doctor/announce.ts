// What a director is to do after another machine has stopped answering for a VIP: neighbours still
// have that machine's MAC, the router of the clients among them.
import { type Address, formatAddress } from '../../model/address.js';
import { answers, askedDevices } from '../path/arp.js';
import type { PathHost } from '../path/host.js';
import type { Found } from './finding.js';
import { shell } from './repair.js';

/**
 * Announces the VIP, so that neighbours learn the director's MAC at once and not when their entry
 * times out: 47 and 49 s of a Linux router that kept sending, in the lab.
 *
 * @returns nothing for IPv6: no common program sends such an advertisement
 */
export function announced(director: PathHost, vip: Address): Pick<Found, 'afterwards'> {
  if (vip.family === 'ipv6') return {};
  const repair = askedDevices(director, vip)
    .filter((device) => answers(director, device, vip) === true)
    .map((device) => announcement(vip, device));
  return repair.length > 0 ? { afterwards: { repair } } : {};
}

/** More than one, since a neighbour keeps an entry that is younger than a second. */
export function announcement(vip: Address, device: string): string {
  return shell('arping', '-U', '-c', '3', '-I', device, formatAddress(vip));
}
