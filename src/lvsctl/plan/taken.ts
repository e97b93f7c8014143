// Before addresses are added or taken away: whether another machine has a VIP, and whether this one
// is the director whose VIP would go.
import { formatAddress } from '../../model/address.js';
import { serviceKey } from '../../model/table.js';
import { LvsctlError } from '../errors.js';
import type { Reporter } from './executor.js';
import type { Machine } from './machine.js';
import { localAddresses, prefixed } from './network.js';
import type { Setting } from './resources.js';
import { hasRules } from './rules.js';

interface AddedVip {
  readonly device: string;
  readonly vip: string;
}

/**
 * Asks the neighbours, by ARP or neighbour solicitation, whether another machine has a VIP that is
 * about to be added. What could not be asked is a warning.
 * @throws LvsctlError WRONG_MACHINE when one answers
 */
export async function refuseTakenVips(
  settings: readonly Setting[],
  machine: Machine,
  report: Reporter,
): Promise<void> {
  const addresses = localAddresses(machine);
  const present = new Set(addresses.map((one) => `${one.device} ${prefixed(one)}`));
  const added = settings.flatMap(({ resource }): AddedVip[] =>
    resource.kind === 'address' && !present.has(`${resource.device} ${resource.address}`)
      ? [{ device: resource.device, vip: resource.address.replace(/\/\d+$/, '') }]
      : [],
  );
  const six = added.filter(({ vip }) => vip.includes(':'));
  const taken = [
    ...(await askArp(
      added.filter(({ vip }) => !vip.includes(':')),
      machine,
      report,
    )),
    ...(await solicit(six, machine, report)),
  ];
  if (taken.length > 0)
    throw new LvsctlError(
      'WRONG_MACHINE',
      `${taken.join('\n')}\nnothing was changed`,
      'take the VIP from that machine first, or add --force',
    );
}

const NOT_INSTALLED = 127;

async function askArp(
  added: readonly AddedVip[],
  machine: Machine,
  report: Reporter,
): Promise<string[]> {
  if (added.length === 0) return [];
  const answers = await machine.runEach(
    'arping',
    added.map(({ device, vip }) => ['-D', '-c', '2', '-w', '1', '-I', device, vip]),
  );
  if (answers.some(({ status }) => status === NOT_INSTALLED))
    report.warn(
      'whether another machine has a VIP was not asked: arping is not installed ' +
        '(Debian: iputils-arping)',
    );
  return added.flatMap(({ device, vip }, i) => {
    const { status, stdout } = answers[i] ?? { status: 0, stdout: '' };
    const mac = /\[([0-9A-Fa-f:]{17})\]/.exec(stdout)?.[1]?.toLowerCase();
    return status === 1 && mac !== undefined ? [`VIP ${vip}: ${mac} answers ARP on ${device}`] : [];
  });
}

/** how often the kernel's answer is read: it asks at once, and again after a second */
const LOOKS = 4;
const LOOK_MS = 300;

/**
 * Has the kernel look for a neighbour with each address, and reads what it found. The kernel asks
 * for a neighbour that is marked as in use, by the interface that is named, by any routes.
 * @see ip-neighbour(8), `use`
 */
async function solicit(
  added: readonly AddedVip[],
  machine: Machine,
  report: Reporter,
): Promise<string[]> {
  if (added.length === 0) return [];
  const place = ({ device, vip }: AddedVip) => [vip, 'dev', device];
  const asked = await machine.runEach(
    'ip',
    added.map((one) => ['-6', 'neigh', 'replace', ...place(one), 'use']),
  );
  const open = added.filter((_, i) => asked[i]?.status === 0);
  if (open.length < added.length)
    report.warn(
      'whether another machine has an IPv6 VIP was not asked: this ip cannot mark a neighbour as ' +
        'in use (iproute2 5.16 can)',
    );
  const found = await lookFor(open, machine);
  await machine.runEach(
    'ip',
    open.map((one) => ['-6', 'neigh', 'del', ...place(one)]),
  );
  return found;
}

async function lookFor(open: readonly AddedVip[], machine: Machine): Promise<string[]> {
  let left = open;
  const found: string[] = [];
  for (let look = 0; look < LOOKS && left.length > 0; look++) {
    const answers = await machine.runEach(
      'ip',
      left.map(({ device, vip }) => ['-6', 'neigh', 'show', 'to', vip, 'dev', device]),
    );
    const states = left.map((one, i) => ({ one, text: answers[i]?.stdout ?? '' }));
    for (const { one, text } of states) {
      const mac = / lladdr (\S+)/.exec(text)?.[1];
      if (mac !== undefined)
        found.push(`VIP ${one.vip}: ${mac} answers neighbour solicitations on ${one.device}`);
    }
    left = states.filter(({ text }) => text.includes(' INCOMPLETE')).map(({ one }) => one);
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return found;
}

/**
 * A director has the VIP on an interface that is asked for it; as a real server it must not.
 * @throws LvsctlError WRONG_MACHINE when a VIP is to be taken away that the table has services for
 */
export async function refuseDirectorsVip(
  settings: readonly Setting[],
  machine: Machine,
): Promise<void> {
  const extra = new Map(
    settings.flatMap(({ resource }) =>
      resource.kind === 'extra_address'
        ? [[resource.address.replace(/\/\d+$/, ''), resource.device] as const]
        : [],
    ),
  );
  if (extra.size === 0 || !hasRules(machine)) return;
  for (const { service } of await (await machine.backend()).services('rules')) {
    const { id } = service;
    const device = id.kind === 'address' ? extra.get(formatAddress(id.address)) : undefined;
    if (device === undefined) continue;
    throw new LvsctlError(
      'WRONG_MACHINE',
      `${serviceKey(id)} is in the table of this machine, which has the VIP on ${device}: ` +
        'it is the director\nnothing was changed',
      'lvsctl director down first, or ipvsadm -D, when it is to be a real server',
    );
  }
}
