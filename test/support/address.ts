// Addresses of tests as they are written.
import { type Address, parseAddress } from '../../src/model/address.js';

/** @throws Error when it is none */
export function at(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`no address: ${text}`);
  return address;
}
