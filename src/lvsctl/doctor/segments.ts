// Whether the segments that clients send fit the tunnel: what the server offers in its answer.
import { type Address, formatAddress } from '../../model/address.js';
import { traverse } from '../filter/evaluate.js';
import { holders } from '../path/host.js';
import { printCommand } from '../plan/command.js';
import { FIREWALL } from '../plan/firewall.js';
import { segmentSize } from '../plan/realserver.js';
import type { Found } from './finding.js';
import { type Inspection, isTunnelDevice } from './inspection.js';
import { type ServedVip, servedVips } from './served.js';

/** bytes of the headers that a tunnel without options adds: IPv4, IPv6 */
const OUTER = 20;

/** A finding for each VIP whose segments the tunnel has no room for. */
export function unclamped(inspection: Inspection): Found[] {
  const found = servedVips(inspection)
    .filter(({ mode }) => mode === 'tun')
    .flatMap((served) => ofVip(served, inspection));
  return [...new Map(found.map((one) => [one.what, one])).values()];
}

function ofVip(served: ServedVip, inspection: Inspection): Found[] {
  const { vip } = served;
  const { facts } = inspection;
  const size = served.part ? segmentSize(served.part, facts) : byDevice(served, inspection);
  const route = facts.routes(vip.family) ?? '';
  const advertised = Number(/ advmss (\d+)/.exec(route)?.[1] ?? Number.POSITIVE_INFINITY);
  if (size === undefined || advertised <= size || offered(vip, inspection) <= size) return [];
  const resource = {
    tool: facts.firewallTool(),
    rule: { kind: 'mss', address: vip, size },
  } as const;
  const what =
    `VIP ${formatAddress(vip)} offers segments that the tunnel has ` +
    `no room for; ${size} bytes fit`;
  return [{ what, repair: FIREWALL.commands(resource, false, true).map(printCommand) }];
}

/** Without a file: the outer interface is that of the largest packets. */
function byDevice({ vip }: ServedVip, { host }: Inspection): number | undefined {
  const device = holders(host, vip).find((one) => isTunnelDevice(host, one.device))?.device;
  const link = device === undefined ? undefined : host.link(device);
  if (link === undefined || link.kind === null || link.mtu === 0) return undefined;
  const outer = host.facts.links.filter(
    ({ name, tunnel, kind }) => name !== 'lo' && tunnel === null && kind !== 'dummy',
  );
  const mtu = Math.max(0, ...outer.map((one) => one.mtu));
  const room = link.kind === 'gre' ? OUTER + 4 : OUTER;
  return mtu === 0 ? undefined : mtu - room - (vip.family === 'ipv4' ? 40 : 60);
}

/** The size that rules of the packet filter put into the answer to a SYN. */
function offered(vip: Address, { host, facts }: Inspection): number {
  const { family } = vip;
  const outDevice = / dev (\S+)/.exec(` ${facts.routes(family) ?? ''}`)?.[1];
  const packet = {
    family,
    protocol: 'tcp',
    source: vip,
    sourcePort: undefined,
    destination: undefined,
    destinationPort: undefined,
    mark: 0,
    state: 'established',
    flags: ['syn', 'ack'],
    inDevice: undefined,
    outDevice,
    sourceMac: undefined,
  } as const;
  const { hooks } = host.rules(family);
  const { changes } = traverse([...hooks.output, ...hooks.postrouting], packet, (one) =>
    host.isLocal(one),
  );
  const sizes = changes.flatMap(({ action }) =>
    action.kind === 'segment' ? [action.size ?? 0] : [],
  );
  // a size by the route of the answer knows nothing of the tunnel
  const fixed = sizes.filter((size) => size > 0);
  return fixed.length > 0 ? Math.min(...fixed) : Number.POSITIVE_INFINITY;
}
