// A machine of which nothing is known but its addresses: a fresh Linux with one network interface.
// `realserver up --dry-run --as` plans for it.
import { type Address, formatAddress } from '../../model/address.js';
import { fullPrefix, samePrefix } from '../../model/prefix.js';
import { LvsctlError } from '../errors.js';
import type { ExecResult, Machine } from './machine.js';
import type { RecordDirectory } from './recorddirectory.js';

/** its interface */
export const DEVICE = 'eth0';
const MTU = 1500;
/** networks are taken to be at least as small as that */
const NETWORK = { ipv4: 24, ipv6: 64 } as const;
/** rp_filter as most distributions set it; the rest as the kernel does */
const SYSCTL = /^\/proc\/sys\/net\/ipv4\/conf\/(?:all|default|lo|eth0)\/(\w+)$/;

/**
 * A machine that only answers questions of a plan.
 * @param addresses its own
 * @param gateways that are in its networks
 */
export function imaginedMachine(
  addresses: readonly Address[],
  gateways: readonly Address[],
): Machine {
  const list = JSON.stringify([
    { ifname: 'lo', flags: ['LOOPBACK', 'UP'], addr_info: [] },
    {
      ...{ ifname: DEVICE, flags: ['UP'] },
      addr_info: addresses.map((one) => ({
        local: formatAddress(one),
        prefixlen: prefixFor(one, gateways),
      })),
    },
  ]);
  const links = JSON.stringify([
    { ifindex: 1, ifname: 'lo', flags: ['LOOPBACK', 'UP'], mtu: 65536, link_type: 'loopback' },
    { ifindex: 2, ifname: DEVICE, flags: ['UP', 'LOWER_UP'], mtu: MTU, link_type: 'ether' },
  ]);
  const run = (program: string, args: readonly string[]): ExecResult => {
    const line = [program, ...args].join(' ');
    if (line === 'ip -json addr show') return answer(0, list);
    if (line === 'ip -json link show') return answer(0, links);
    // no route, no port of gue; nft is there, with no table
    return answer(program === 'nft' && args[0] === 'list' ? 1 : 0, '');
  };
  return {
    run,
    runEach: async (program, lists) => lists.map((args) => run(program, args)),
    read(path) {
      const [, name] = SYSCTL.exec(path) ?? [];
      return name === undefined ? undefined : name === 'rp_filter' ? '1\n' : '0\n';
    },
    write: () => {},
    list: () => [],
    backend: () => Promise.reject(new LvsctlError('BACKEND', 'the rules of this machine')),
    hasKernelRules: true,
    ownsModules: true,
  };
}

/** The records of a machine where nothing was changed yet. */
export function noRecords(real: RecordDirectory): RecordDirectory {
  return { ...real, list: () => [], read: () => '', lock: () => () => {} };
}

const answer = (status: number, stdout: string): ExecResult => ({ status, stdout, stderr: '' });

/** The prefix of the network of an address: its gateways are in it. */
function prefixFor(address: Address, gateways: readonly Address[]): number {
  const full = fullPrefix(address.family);
  const shared = gateways
    .filter(({ family }) => family === address.family)
    .map((gateway) => {
      let length = full - 1;
      while (length > 0 && !samePrefix(address, gateway, length)) length--;
      return length;
    });
  return Math.min(NETWORK[address.family], ...shared);
}
