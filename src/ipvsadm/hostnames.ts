// Names of this machine's resolver, as both commands need them.
import { type Address, formatAddress, parseAddress } from '../model/address.js';
import type { ReverseNames } from '../render/names.js';
import { lookUpAddresses, lookUpHosts, readServices } from '../system/names.js';
import type { IpvsadmWorld } from './world.js';

const resolve: IpvsadmWorld['names']['resolve'] = async ({ hosts, services }) => {
  const found = await lookUpHosts(hosts);
  const table = services ? readServices() : undefined;
  return {
    host(name) {
      const address = parseAddress(found.get(name) ?? '');
      return address?.family === 'ipv4' ? address : undefined;
    },
    port: (name, protocol) => table?.port(name, protocol),
  };
};

const reverse: IpvsadmWorld['names']['reverse'] = async (
  addresses: readonly Address[],
): Promise<ReverseNames> => {
  const found = await lookUpAddresses(addresses.map(formatAddress));
  const services = readServices();
  return {
    host: (address) => found.get(formatAddress(address)),
    port: (port, protocol) => services.name(port, protocol),
  };
};

/** The machine's own resolver. */
export const systemNames: IpvsadmWorld['names'] = { resolve, reverse };
