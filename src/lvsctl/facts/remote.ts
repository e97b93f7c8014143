// Facts of other machines by the user's own ssh: `lvsctl doctor --facts` there.
import { formatAddress } from '../../model/address.js';
import type { Config } from '../config/file.js';
import { reasonOf } from '../failure.js';
import type { World } from '../world.js';
import { parseFacts } from './json.js';
import type { MachineFacts } from './types.js';

/** seconds that a machine may take to answer at all */
const CONNECT_S = 5;

/** The addresses of the real servers, of the file or else of the table. */
export function serversOf(config: Config | undefined, { services }: MachineFacts): string[] {
  const addresses = config
    ? config.services.flatMap(({ servers }) => servers.map(({ address }) => formatAddress(address)))
    : (services ?? []).flatMap(({ servers }) => servers.map(({ address }) => address));
  return [...new Set(addresses)];
}

/** The addresses of the directors of the file that this machine is not. */
export function otherDirectors(
  config: Config | undefined,
  { addresses }: Pick<MachineFacts, 'addresses'>,
): string[] {
  const own = new Set(addresses.map(({ address }) => address));
  return (config?.ha?.peers ?? []).map(formatAddress).filter((address) => !own.has(address));
}

/** What other machines answered. */
export interface RemoteFacts {
  readonly facts: readonly MachineFacts[];
  /** a line for each that gave none */
  readonly notes: readonly string[];
  /** seconds since 1970, by this machine's clock: all were asked and had answered in between */
  readonly asked: { readonly from: number; readonly to: number };
}

/** Asks each machine, side by side. */
export async function remoteFacts(
  addresses: readonly string[],
  { machine, env, now }: Pick<World, 'machine' | 'env' | 'now'>,
): Promise<RemoteFacts> {
  const from = now();
  const agent = env.SSH_AUTH_SOCK ? ['-o', `IdentityAgent=${env.SSH_AUTH_SOCK}`] : [];
  const options = ['-o', 'BatchMode=yes', '-o', `ConnectTimeout=${CONNECT_S}`, ...agent];
  const answers = await machine.runEach(
    'ssh',
    addresses.map((address) => [...options, '--', address, 'lvsctl', 'doctor', '--facts']),
  );
  const to = now();
  const facts: MachineFacts[] = [];
  const notes: string[] = [];
  for (const [i, { status, stdout, stderr }] of answers.entries()) {
    const address = addresses[i] ?? '';
    if (status !== 0) {
      notes.push(`${address}: ssh: ${stderr.trim().split('\n').at(-1) || `exit status ${status}`}`);
      continue;
    }
    try {
      facts.push(parseFacts(stdout, address));
    } catch (error) {
      notes.push(reasonOf(error));
    }
  }
  return { facts, notes, asked: { from, to } };
}
