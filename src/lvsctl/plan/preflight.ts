// What is checked before a machine takes a role, and after it gave one up without a record.

import { formatAddress } from '../../model/address.js';
import { serviceKey } from '../../model/table.js';
import { desiredServices } from '../config/desired.js';
import type { Config } from '../config/file.js';
import type { Comparison } from './engine.js';
import { type Facts, holdersOf } from './facts.js';
import type { Machine } from './machine.js';
import { localAddresses } from './network.js';
import { partsOf } from './realserver.js';
import { hasRules } from './rules.js';
import { hostPrefix } from './vips.js';

/** A director that is one of its own real servers is rare; the wrong machine is not. */
export function directorWarnings(config: Config, facts: Facts): string[] {
  const own = config.services.flatMap(({ name, servers }) =>
    servers.flatMap(({ address }) => {
      const [holder] = holdersOf(address, facts);
      const vip = config.vips.some((one) => formatAddress(one.address) === formatAddress(address));
      return holder && !vip ? [{ name, holder }] : [];
    }),
  );
  return own.map(
    ({ name, holder: { address, device } }) =>
      `warning: ${address}, a real server of service ${name}, is this machine (${device}): ` +
      'did you mean realserver up?',
  );
}

/** Without the gateway of a nat service answers have no route back through the director. */
export function realServerWarnings(config: Config, facts: Facts): string[] {
  const names = partsOf(config, facts)
    .filter(({ mode, service }) => mode === 'nat' && service.gateway === undefined)
    .map(({ service }) => service.name);
  return [...new Set(names)].map(
    (name) =>
      `warning: service ${name} is nat and has no gateway in the file: this server gets no route ` +
      'from it, and answers that do not pass the director are lost',
  );
}

/** The VIPs that another program adds and removes: where they are now. */
export function unmanagedVips(config: Config, machine: Machine): Comparison[] {
  const unmanaged = config.vips.filter(({ managed }) => !managed);
  if (unmanaged.length === 0) return [];
  const addresses = localAddresses(machine);
  return unmanaged.map(({ address, interface: device }): Comparison => {
    const holders = holdersOf(address, { addresses });
    const actual = holders.some((holder) => holder.device === device);
    const elsewhere = holders.map((holder) => `on ${holder.device}`).join(', ');
    return {
      resource: { kind: 'address', device, address: hostPrefix(address) },
      title: `address ${hostPrefix(address)} on ${device}`,
      desired: 'left to another program',
      actual: actual ? 'there' : elsewhere || 'missing',
      same: true,
      states: { desired: null, actual },
    };
  });
}

/** VIPs and services of a file that are on this machine. */
export async function directorRemains(config: Config, machine: Machine): Promise<string[]> {
  const addresses = localAddresses(machine);
  const vips = config.vips.flatMap(({ address, managed }) =>
    managed ? holdersOf(address, { addresses }).map(({ device }) => describe(address, device)) : [],
  );
  if (!hasRules(machine)) return vips;
  const present = (await (await machine.backend()).services('rules')).map(({ service }) =>
    serviceKey(service.id),
  );
  const ids = new Set(desiredServices(config).map(({ service }) => serviceKey(service.id)));
  return [...vips, ...present.filter((id) => ids.has(id)).map((id) => `service ${id}`)];
}

/** VIPs of a file that are on this machine, which serves them without owning them. */
export async function realServerRemains(config: Config, machine: Machine): Promise<string[]> {
  const addresses = localAddresses(machine);
  const vips = partsOf(config, { addresses })
    .filter(({ mode }) => mode !== 'nat')
    .flatMap(({ service: { address } }) =>
      holdersOf(address, { addresses }).map(({ device }) => describe(address, device)),
    );
  return [...new Set(vips)];
}

function describe(address: Config['vips'][number]['address'], device: string): string {
  return `VIP ${formatAddress(address)} on ${device}`;
}
