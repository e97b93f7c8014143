// Whether a machine answers a neighbour that asks for an address, and whether it announces it. Facts:
// the kernel's ip-sysctl document; seen in the lab.
import { type Address, sameAddress } from '../../model/address.js';
import { samePrefix } from '../../model/prefix.js';
import { devicesOn, holders, type PathHost } from './host.js';

/** Whether it answers on a device for an address; undefined = not known. */
export function answers(host: PathHost, device: string, address: Address): boolean | undefined {
  const link = host.link(device);
  if (link === undefined || link.noarp || !link.up) return false;
  const isOnIt = holders(host, address).some((one) => one.device === device);
  if (host.rulesOfArp) return undefined;
  // neighbour solicitations are answered for addresses of the interface itself alone, and for others
  // by entries of `ip neigh add proxy`, which are not read
  if (address.family === 'ipv6') return isOnIt || (isProxy(host, device) ? undefined : false);
  const isLocal = host.isLocal(address);
  if (!isLocal) return isLocal;
  switch (host.conf(device, 'arp_ignore')) {
    case undefined:
    case 0:
      return true;
    case 1:
    case 2:
      return isOnIt;
    case 3:
      return undefined; // by the scope of the address, which is not read
    case 8:
      return false;
    default:
      return true; // 4 to 7 are reserved: nothing is ignored
  }
}

function isProxy(host: PathHost, device: string): boolean {
  return ['all', device].some((one) => host.sysctl(`net/ipv6/conf/${one}/proxy_ndp`) === 1);
}

/** Whether an address is here, and neighbours on its network get no answer for it. */
export function isSilent(host: PathHost, address: Address): boolean {
  if (host.isLocal(address) !== true) return false;
  const devices = askedDevices(host, address);
  // an interface that is down is another fault
  const connected = devicesOn(host, address).filter(
    ({ device }) => devices.includes(device) && host.link(device)?.up,
  );
  return (
    connected.length > 0 &&
    connected.every(({ device }) => answers(host, device, address) === false)
  );
}

/**
 * Whether the machine, when it asks for a neighbour, names an address as its own: others then send
 * packets for that address to it.
 */
export function announces(host: PathHost, device: string, address: Address): boolean {
  if (address.family === 'ipv6' || host.link(device)?.noarp) return false;
  const value = host.conf(device, 'arp_announce') ?? 0;
  if (value >= 2) return false;
  if (value === 0) return true;
  return host.addresses.some(
    (one) => one.device === device && samePrefix(one.address, address, one.prefix),
  );
}

/** The devices on which others may ask for an address: those of its network, else all outer ones. */
export function askedDevices(host: PathHost, address: Address): string[] {
  const isOuter = (name: string) => {
    const link = host.link(name);
    return name !== 'lo' && link !== undefined && !link.noarp && link.tunnel === null;
  };
  const on = devicesOn(host, address)
    .map(({ device }) => device)
    .filter((name) => isOuter(name) && host.link(name)?.kind !== 'dummy');
  if (on.length > 0) return [...new Set(on)];
  return host.facts.links
    .filter(({ name, kind }) => isOuter(name) && kind !== 'dummy')
    .map(({ name }) => name)
    .filter((name) => isNumbered(host, name, address) || isOpen(host, name));
}

function isNumbered(host: PathHost, device: string, address: Address): boolean {
  return host.addresses.some(
    (one) =>
      one.device === device &&
      one.address.family === address.family &&
      !sameAddress(one.address, address),
  );
}

/**
 * An interface without an address of a network answers too, on a network that is not known here. That
 * of one host states none.
 */
export function isOpen(host: PathHost, device: string): boolean {
  const link = host.link(device);
  return (
    link?.up === true &&
    link.carrier &&
    // what comes to the port of a bridge is for the bridge; a VRF changes the routing alone
    (link.master === null || host.link(link.master)?.kind === 'vrf') &&
    !host.networks.some((one) => one.device === device && one.address.family === 'ipv4')
  );
}
