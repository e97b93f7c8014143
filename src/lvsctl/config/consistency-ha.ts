// What the key `ha` and the rest of the file mean together.
import { formatAddress } from '../../model/address.js';
import { serverMode } from './desired.js';
import { below } from './field.js';
import type { Config } from './file.js';
import { DUMMY_PREFIX, type Ha } from './ha.js';
import { once } from './once.js';
import { fail, type Place } from './place.js';

/** Reports what does not fit together, at its place. */
export function checkHa(config: Config, root: Place): void {
  const { ha, vips } = config;
  if (ha === undefined) return;
  const at = below(root, 'ha');
  once(ha.peers, formatAddress, 'peer', (i) => below(at, 'peers', i));
  const family = ha.peers[0]?.family;
  for (const [i, peer] of ha.peers.entries()) {
    const address = formatAddress(peer);
    if (peer.family !== family) fail(below(at, 'peers', i), 'peers are of one address family');
    if (vips.some((vip) => formatAddress(vip.address) === address))
      fail(below(at, 'peers', i), `${address} is a VIP; a peer is an address of one director`);
    if (NO_HOST.test(address))
      fail(below(at, 'peers', i), `${address} is no address by which a director can be reached`);
  }
  checkKeys(ha, at);
  if (ha.engine === 'keepalived') checkPair(ha, config, root, at);
  else checkAnycast(ha, config, root, at);
}

/** loopback, multicast, unspecified, and addresses of one link, which need an interface with them */
const NO_HOST = /^(?:0\.|127\.|22[4-9]\.|23\d\.|2[45]\d\.|169\.254\.|::1?$|ff|fe[89ab])/;

/** Keys of one engine that the other would ignore. */
function checkKeys(ha: Ha, at: Place): void {
  const set = (key: 'as' | 'control' | 'interface' | 'gateway_interface' | 'neighbors') =>
    key === 'neighbors' ? ha.neighbors.length > 0 : ha[key] !== undefined;
  const others =
    ha.engine === 'bird'
      ? (['interface', 'gateway_interface'] as const)
      : (['as', 'neighbors', 'control'] as const);
  for (const key of others.filter(set))
    fail(
      below(at, key),
      `not for engine ${ha.engine}; remove it, or set engine: ` +
        `${ha.engine === 'bird' ? 'keepalived' : 'bird'}`,
    );
}

function checkPair(ha: Ha, { services, sync }: Config, root: Place, at: Place): void {
  if (ha.interface === undefined) fail(at, "engine keepalived needs `interface'");
  if (ha.interface === 'lo') fail(below(at, 'interface'), 'lo has no other hosts');
  if (ha.sync && sync.length > 0)
    fail(
      below(root, 'sync'),
      "`ha.sync' sets both sync daemons; remove `sync', or set it to false",
    );
  const gateways = services.some(({ gateway }) => gateway !== undefined);
  if (gateways && ha.gateway_interface === undefined)
    fail(
      at,
      "nat services have a gateway, which must move with the VIPs: `gateway_interface' is missing",
    );
}

function checkAnycast(ha: Ha, { vips, services }: Config, root: Place, at: Place): void {
  if (ha.as === undefined) fail(at, "engine bird needs `as', the autonomous system");
  if (ha.neighbors.length === 0) fail(at, "engine bird needs `neighbors', the routers");
  const address = (one: (typeof ha.neighbors)[number]) => formatAddress(one.address);
  once(ha.neighbors, address, 'neighbor', (i) => below(at, 'neighbors', i));
  for (const [i, one] of ha.neighbors.entries())
    if (ha.peers.some((peer) => formatAddress(peer) === address(one)))
      fail(below(at, 'neighbors', i), `${address(one)} is a peer; a neighbor is a router`);
  for (const [i, { interface: device }] of vips.entries())
    if (!device.startsWith(DUMMY_PREFIX))
      fail(
        below(root, 'vips', i, 'interface'),
        'with engine bird this is a dummy device that director up makes; its name must begin ' +
          `with ${DUMMY_PREFIX}`,
      );
  for (const [i, { address }] of vips.entries())
    if (
      ha.neighbors.length > 0 &&
      !ha.neighbors.some((one) => one.address.family === address.family)
    )
      fail(below(root, 'vips', i), `no neighbor of family ${address.family} takes this VIP`);
  for (const [i, service] of services.entries())
    if (service.servers.some((server) => serverMode(service, server) === 'nat'))
      fail(
        below(root, 'services', i, 'mode'),
        'mode nat cannot be announced by several directors: answers must pass the director ' +
          'that had the request; use dr or tun, or engine keepalived',
      );
}
