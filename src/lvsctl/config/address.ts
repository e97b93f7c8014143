// Fields of the lvsctl file that hold an IP address.
import { isMap } from 'yaml';
import { type Address, parseAddress } from '../../model/address.js';
import { addressHint, endpointHint, vipHint } from './addresshint.js';
import { textMap } from './collections.js';
import type { Field } from './fieldtype.js';
import { follow } from './place.js';
import { parsed } from './scalar.js';

const anAddress = (hint: (value: string) => string | undefined): Field<Address> =>
  parsed('an IPv4 or IPv6 address', parseAddress, { type: 'string' }, hint);

export const address = anAddress(addressHint);
/** one with a port beside it */
export const endpointAddress = anAddress(endpointHint);
export const vipAddress = anAddress(vipHint);

const isAddress = (text: string) => parseAddress(text) !== undefined;
const addressMap = textMap(
  'the address of a server',
  isAddress,
  'an IPv4 or IPv6 address',
  isAddress,
);

/** One address, or one for each server: pairs of the address of a server and another. */
export type AddressOrMap =
  | Address
  | { readonly byServer: readonly (readonly [Address, Address])[] };

/** An address, or a map from the addresses of servers to addresses. */
export const addressOrMap: Field<AddressOrMap> = {
  read(place) {
    if (!isMap(follow(place))) return address.read(place);
    const map = addressMap.read(place);
    return (
      map && {
        byServer: Object.entries(map).map(
          (pair) => pair.map((text) => parseAddress(text) as Address) as [Address, Address],
        ),
      }
    );
  },
  schema: { type: ['string', 'object'], additionalProperties: { type: 'string' } },
};
