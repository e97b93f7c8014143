// A server of nat needs no VIP. Where it has one, it may answer ARP for it in place of the director.
import { formatAddress } from '../../model/address.js';
import { answers, askedDevices } from '../path/arp.js';
import { holders } from '../path/host.js';
import { partsOf } from '../plan/realserver.js';
import type { Found } from './finding.js';
import type { Inspection } from './inspection.js';
import { shell } from './repair.js';

/** VIPs of nat that neighbours reach here; those that this machine balances are its own. */
export function natVips({ config, facts, host, live }: Inspection): Found[] {
  const parts = config ? partsOf(config, facts) : [];
  const balanced = (live ?? []).flatMap(({ service: { id } }) =>
    id.kind === 'address' ? [formatAddress(id.address)] : [],
  );
  const quiet = parts.filter(({ mode }) => mode !== 'nat');
  // what dr and tun need there is checked by itself
  const others = new Set([
    ...balanced,
    ...quiet.map((part) => formatAddress(part.service.address)),
  ]);
  const vips = new Map(
    parts.map(({ service: { address } }) => [formatAddress(address), address] as const),
  );
  return [...vips].flatMap(([text, vip]): Found[] => {
    const held = others.has(text) ? [] : holders(host, vip);
    const on = askedDevices(host, vip).find((device) => answers(host, device, vip) === true);
    if (held.length === 0 || on === undefined) return [];
    const places = held.map(({ device }) => device).join(', ');
    return [
      {
        what: `VIP ${text} is on ${places}, and neighbours get an answer for it on ${on}: a server of nat needs none`,
        repair: held.map(({ prefix, device }) =>
          shell('ip', 'addr', 'del', `${text}/${prefix}`, 'dev', device),
        ),
      },
    ];
  });
}
