// Which of the directors of a file this machine is.
import { type Address, formatAddress } from '../../model/address.js';
import type { Config } from '../config/file.js';
import type { Ha } from '../config/ha.js';
import { LvsctlError } from '../errors.js';
import { type Facts, holdersOf } from '../plan/facts.js';

/** One director of a file. */
export interface Director {
  readonly address: Address;
  /** in `ha.peers`, from 0 */
  readonly index: number;
}

/** @throws LvsctlError BAD_FILE when the file is about one director alone */
export function haOf({ ha }: Config, file: string): Ha {
  if (ha === undefined)
    throw new LvsctlError('BAD_FILE', `${file}: no \`ha': the file is about one director alone`);
  return ha;
}

/**
 * The director that this machine is.
 * @throws LvsctlError WRONG_MACHINE when it has none of the addresses, or several
 */
export function ownDirector({ peers }: Ha, facts: Pick<Facts, 'addresses'>): Director {
  const own = directors(peers).filter(({ address }) => holdersOf(address, facts).length > 0);
  const [first, second] = own;
  if (first && !second) return first;
  throw new LvsctlError(
    'WRONG_MACHINE',
    first
      ? `this machine has several addresses of \`ha.peers': ` +
          `${own.map(({ address }) => formatAddress(address)).join(', ')}`
      : `this machine has none of the addresses of \`ha.peers': ` +
          `${peers.map(formatAddress).join(', ')}`,
    'name the director: --as ADDRESS',
  );
}

/** @throws LvsctlError NOT_FOUND when the file has no such director */
export function directorAt({ peers }: Ha, address: string): Director {
  const found = directors(peers).find((one) => formatAddress(one.address) === address);
  if (found) return found;
  throw new LvsctlError(
    'NOT_FOUND',
    `${address} is not one of \`ha.peers': ${peers.map(formatAddress).join(', ')}`,
  );
}

export function directors(peers: readonly Address[]): Director[] {
  return peers.map((address, index) => ({ address, index }));
}
