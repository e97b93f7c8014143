// An address that the machine must not have in this form: a VIP where it answers ARP, or with the
// prefix of a whole network. It is removed, and can be restored as it was.
import { type Address, parseAddress } from '../../model/address.js';
import { samePrefix } from '../../model/prefix.js';
import type { PlanCommand } from './command.js';
import type { Machine } from './machine.js';
import { type LocalAddress, localAddresses, prefixed } from './network.js';
import type { ResourceType } from './resourcetype.js';

export interface ExtraAddressResource {
  readonly device: string;
  /** `192.0.2.1/24` */
  readonly address: string;
}

/** null = it is not there */
export type ExtraAddressState = {
  /** what `ip addr add` takes behind address and interface to make it as it was */
  readonly args: readonly string[];
  /** other addresses of the interface go with it, unless the kernel is set to keep them */
  readonly leads: boolean;
} | null;

export const EXTRA_ADDRESS: ResourceType<ExtraAddressResource, ExtraAddressState> = {
  shared: false,
  title: ({ device, address }) => `address ${address} on ${device}`,
  show: (state) => (state === null ? 'absent' : 'there'),
  async read({ device, address }, machine) {
    const all = localAddresses(machine);
    const found = all.find((one) => one.device === device && prefixed(one) === address);
    return found ? { args: found.args, leads: leads(found, all, machine) } : null;
  },
  same: (actual, desired) => (actual === null) === (desired === null),
  commands({ device, address }, from, to) {
    if ((from === null) === (to === null)) return [];
    if (from === null) {
      const args = (to?.args ?? []).filter((_, i, all) => fitsDevice(all, i, device));
      return [ip('add', address, 'dev', device, ...args)];
    }
    const remove = ip('del', address, 'dev', device);
    if (!from.leads) return [remove];
    const key = promoteKey(device);
    // seen in the lab: without it the secondary addresses of the same network are removed too
    return [{ kind: 'sysctl', key, value: '1' }, remove, { kind: 'sysctl', key, value: '0' }];
  },
};

const ip = (verb: string, ...args: readonly string[]): PlanCommand => ({
  kind: 'run',
  program: 'ip',
  args: ['addr', verb, ...args],
});

const promoteKey = (device: string) => `net/ipv4/conf/${device}/promote_secondaries`;

/** Whether the kernel removes other addresses with this one. */
function leads(one: LocalAddress, all: readonly LocalAddress[], machine: Machine): boolean {
  if (one.secondary) return false;
  const promoted = ['all', one.device].some(
    (device) => machine.read(`/proc/sys/${promoteKey(device)}`)?.trim() === '1',
  );
  const own = parseAddress(one.address);
  return (
    !promoted &&
    all.some(
      ({ device, secondary, prefix, address }) =>
        device === one.device &&
        secondary &&
        prefix === one.prefix &&
        sameNetwork(own, address, prefix),
    )
  );
}

function sameNetwork(own: Address | undefined, text: string, prefix: number): boolean {
  const other = parseAddress(text);
  return own !== undefined && other !== undefined && samePrefix(own, other, prefix);
}

/** A label begins with the name of its interface, which may be another one by now. */
function fitsDevice(args: readonly string[], i: number, device: string): boolean {
  const label = args[i] === 'label' ? args[i + 1] : args[i - 1] === 'label' ? args[i] : undefined;
  return label === undefined || label.startsWith(device);
}
